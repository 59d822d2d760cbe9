from __future__ import annotations

import json
import shlex

import pytest

from penchant.models import make


def test_prints_the_best_as_a_text_and_how_to_go_on(call, tiny_csv):
    result = call("tune", tiny_csv, "-m", "ease", "-s", "l2=1,10,100")
    assert result.exit_code == 0, result.stderr
    assert "The best of 3 trials" in result.stdout
    assert "Best ndcg@10 on validation" in result.stdout
    text = shlex.split(result.stdout.splitlines()[-1])
    assert text[0] == "-m"
    assert make(text[1]).l2 in (1, 10, 100)
    assert "Again: penchant tune" in result.stderr
    assert "On test" not in result.stdout
    assert call("compare", tiny_csv, *text, "--replicates", 50).exit_code == 0


def test_json_and_what_it_says_to_run_gives_the_same(call, tiny_csv):
    options = ("-m", "item-knn", "--trials", 4, "--method", "random", "--seed", 3)
    answer = json.loads(call("tune", tiny_csv, *options, "--json").stdout)
    again = json.loads(call(*shlex.split(answer["reproduce"])[1:], "--json").stdout)
    assert [t["score"] for t in again["trials"]] == [t["score"] for t in answer["trials"]]
    assert [t["values"] for t in again["trials"]] == [t["values"] for t in answer["trials"]]
    assert len(answer["trials"]) == 4
    assert make(answer["best"]["model"]).seed == 3
    assert "compared" not in answer


def test_what_is_relevant_goes_with_every_command(call, tiny_csv, tmp_path):
    options = ("-s", "l2=1,10", "--relevant", "liked", "--repeats", "allowed", "--like", "3.5")
    page = tmp_path / "tuning.html"
    result = call("tune", tiny_csv, *options, "-o", page)
    assert result.exit_code == 0, result.stderr
    following = [line for line in result.stderr.splitlines() if "penchant " in line]
    for start in ("Next: penchant compare", "Again: penchant tune"):
        (line,) = (line for line in following if start in line)
        assert "--relevant liked" in line
        assert "--repeats allowed" in line
    assert "relevant=&#39;liked&#39;" in page.read_text()
    answer = json.loads(call("tune", tiny_csv, *options, "--compare", "--json").stdout)
    assert (answer["relevant"], answer["repeats"]) == ("liked", "allowed")
    notes = answer["compared"]["tables"]["ranking"]["notes"]
    assert any("Only likes count as relevant, ratings of at least 3.5." in note for note in notes)
    plain = json.loads(call("tune", tiny_csv, "-s", "l2=1,10", "--json").stdout)
    assert plain["relevant"] == "all"
    assert [t["score"] for t in plain["trials"]] != [t["score"] for t in answer["trials"]]


def test_several_parameters_and_a_page(call, tiny_csv, tmp_path):
    page = tmp_path / "new" / "tuning.html"
    result = call(
        "tune", tiny_csv, "-m", "dot:epochs=2", "--metric", "f1", "-s", "dim=2,4,8",
        "-s", "target=rating,like>=4", "-o", page,
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    assert f"Wrote {page}." in result.stderr
    assert "for each dim (down) and target (across)" in page.read_text()


def test_a_range_is_drawn_from(call, tiny_csv):
    options = ("-s", "l2=1..50:log", "--trials", 5, "--method", "random", "--json")
    answer = json.loads(call("tune", tiny_csv, *options).stdout)
    assert answer["space"] == {"l2": {"low": 1, "high": 50, "log": True, "whole": False}}
    first, *drawn = (trial["values"]["l2"] for trial in answer["trials"])
    assert first is None  # the model as it is given, whose l2 follows the log
    assert all(1 <= l2 <= 50 for l2 in drawn)


def test_edges_are_told(call, tiny_csv):
    result = call("tune", tiny_csv, "-s", "l2=1,3,10")
    assert "l2 is best at 10, at the high end of what was tried" in result.stdout


def test_a_comparison_on_test_only_where_asked(call, tiny_csv):
    options = ("-s", "l2=1,10", "--compare")
    result = call("tune", tiny_csv, *options)
    assert result.exit_code == 0, result.stderr
    for words in ("On test events, ndcg@10 of ease:l2=", "than ease as it was given, ", "\nIt "):
        assert words in result.stdout
    answer = json.loads(call("tune", tiny_csv, *options, "--json").stdout)
    said = [*answer["compared"]["sentences"], *answer["compared"]["notes"]]
    assert len(answer["compared"]["sentences"]) == 3
    assert said == result.stdout.splitlines()[-len(said) :]
    entries = {e["model"]: e for e in answer["compared"]["tables"]["ranking"]["entries"]}
    assert {"ease", answer["best"]["model"], "popular", "recent-popular", "random"} == set(entries)
    value = entries[answer["best"]["model"]]["figures"]["ndcg@10"]["value"]
    assert f"is {value:.4f}" in answer["compared"]["sentences"][0]


def test_comparing_what_was_given_already(call, tiny_csv):
    result = call("tune", tiny_csv, "-m", "ease:l2=10", "-s", "l2=10", "--compare")
    assert len([line for line in result.stdout.splitlines() if "as it was given" in line]) == 0
    assert "On test events, ndcg@10 of ease:l2=10.0 is" in result.stdout


def test_an_interruption_shows_what_there_is(call, tiny_csv, monkeypatch):
    from penchant.models import EASE

    fit = EASE._fit

    def stopped(self, train, validation, run):
        if self.l2 == 10:
            raise KeyboardInterrupt
        fit(self, train, validation, run)

    monkeypatch.setattr(EASE, "_fit", stopped)
    result = call("tune", tiny_csv, "-s", "l2=1,10,100", "--compare")
    assert result.exit_code == 130
    assert "Interrupted after 1 of 3 trials." in result.stdout
    assert "-m ease:l2=1.0" in result.stdout
    assert "On test" not in result.stdout


def test_a_study_is_gone_on_with(call, tiny_csv, tmp_path):
    study = tmp_path / "new" / "study.jsonl"
    options = ("tune", tiny_csv, "-s", "l2=1..50:log", "--method", "random", "--study", study)
    first = call(*options, "--trials", 3, "--json")
    assert first.exit_code == 0, first.stderr
    second = call(*options, "--trials", 5, "-o", tmp_path / "page.html")
    assert second.exit_code == 0, second.stderr
    assert f"Going on with the study {study}: 3 of 5 trials are there" in second.stderr
    assert "The best of 5 trials" in second.stdout
    assert "--study" not in second.stderr.partition("Again:")[2]
    assert "drawn at random, 5 trials" in (tmp_path / "page.html").read_text()
    third = json.loads(call(*options, "--trials", 5, "--json").stdout)
    assert third["trials"][:3] == json.loads(first.stdout)["trials"]
    other = call(*options, "--metric", "recall@5")
    assert other.exit_code == 1
    assert "begun with metric NDCG(k=10), not metric Recall(k=5" in other.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("-m", "eese"), "There is no model 'eese'"),
        (("--metric", "ndgc"), "There is no metric 'ndgc'"),
        (("--metric", "rmse", "-s", "l2=1,2"), "EASE only ranks"),
        (("--metric", "coverage@10", "-s", "l2=1,2"), "describes lists"),
        (("-s", "l2"), "must be written once as"),
        (("-s", "l3=1,2"), "no parameter 'l3'"),
        (("-s", "l2=5..1"), "not from 5 to 1"),
        (("-s", "l2=1..5", "--method", "grid"), "A grid needs a list of values"),
        (("-m", "random"), "There is nothing to tune"),
        (("--validation", "0", "-s", "l2=1,2"), "the split has none"),
        (("--study", "."), "is a folder: name a file"),
        (("-o", "tuning.txt"), "must be one of .html"),
    ],
)
def test_impossible_wishes(call, tiny_csv, options, words):
    result = call("tune", tiny_csv, *options)
    assert result.exit_code == 1
    assert words in result.stderr
    assert "Traceback" not in result.stderr

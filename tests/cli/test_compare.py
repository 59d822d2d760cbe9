from __future__ import annotations

import json
import shlex

import polars as pl
import pytest

from penchant.cli import default_models as contenders
from penchant.cli.default_models import default_specs
from penchant.testing import planted_ratings

SMALL = ("-m", "ease:l2=10", "-m", "item-knn", "--replicates", "100")


def test_prints_tables_and_how_to_do_it_again(call, tiny_csv):
    result = call("compare", tiny_csv, *SMALL)
    assert result.exit_code == 0, result.stderr
    for words in ("Which items?", "ease:l2=10", "popular", "random", "beats", "Best on validation"):
        assert words in result.stdout
    assert (
        f"Again: penchant compare {tiny_csv} --model ease:l2=10 --model item-knn" in result.stderr
    )


def test_json_stands_alone_and_what_it_says_to_run_gives_the_same(call, tiny_csv):
    result = call("compare", tiny_csv, *SMALL, "--split", "random", "--seed", 3, "--json")
    answer = json.loads(result.stdout)
    assert answer["split"]["kind"] == "random"
    assert answer["best_on_validation"] in {"ease:l2=10", "item-knn"}
    again = json.loads(call(*shlex.split(answer["reproduce"])[1:], "--json").stdout)
    figures = [e["figures"] for e in answer["tables"]["ranking"]["entries"]]
    assert figures == [e["figures"] for e in again["tables"]["ranking"]["entries"]]
    assert again["reproduce"] == answer["reproduce"]


def test_findings_take_a_line_a_rule_and_all_of_them_on_request(call, tiny_csv):
    models = ("-m", "random", "-m", "dot:dim=1,epochs=1", "-m", "dot:dim=2,epochs=1")
    brief, whole = (
        call("compare", tiny_csv, *models, "--metric", "ndcg@5", "--replicates", 200, *options)
        for options in ((), ("--details",))
    )
    assert brief.stdout.count("no-better-than-trivial") == 1
    assert whole.stdout.count("no-better-than-trivial") == 2
    assert "--details" in brief.stderr
    again = next(line for line in whole.stderr.splitlines() if line.startswith("Again:"))
    assert "--details" not in again


@pytest.mark.parametrize("split", ["time", "random", "per-user", "leave-last-out"])
def test_every_split(call, tiny_csv, split):
    result = call(
        "compare", tiny_csv, "-m", "popular", "--metric", "ndcg@5", "--split", split,
        "--replicates", 50, "--json",
    )  # fmt: skip
    assert json.loads(result.stdout)["split"]["kind"] == split


def test_without_validation_nothing_is_chosen(call, tiny_csv):
    options = ("-m", "popular", "--validation", 0, "--replicates", 50)
    assert json.loads(call("compare", tiny_csv, *options, "--json").stdout)[
        "best_on_validation"
    ] is None  # fmt: skip
    assert "Best on validation" not in call("compare", tiny_csv, *options).stdout


def test_default_models_suit_the_log(call, tiny_csv, tmp_path):
    plain = tmp_path / "plain.csv"
    plain.write_text("\n".join(line.rsplit(",", 2)[0] for line in tiny_csv.read_text().split()))
    options = ("--replicates", 50, "--metric", "ndcg@10", "--quiet", "--json", "--text", "none")
    models = {
        path.stem: json.loads(call("compare", path, *options).stdout)["settings"]["models"]
        for path in (tiny_csv, plain)
    }
    rated = set(models["tiny"]) - set(models["plain"])
    assert rated == {"item-knn:similarity=pearson", "dot", "gaussian-process", "recent-popular"}
    assert {"ease", "ials", "item-knn", "user-knn", "popular", "random"} <= set(models["plain"])


def test_what_takes_long_on_a_large_log_is_not_there_unasked(monkeypatch):
    log = planted_ratings()
    assert "gaussian-process" in default_specs(log)
    monkeypatch.setattr(contenders, "_SMALL", (log.n_items, len(log) - 1))
    assert "gaussian-process" not in default_specs(log)
    monkeypatch.setattr(contenders, "_DENSE", log.n_items - 1)
    assert "ease" not in default_specs(log)


def test_liked_events_alone(call, tiny_csv):
    result = call(
        "compare", tiny_csv, "-m", "popular", "--relevant", "liked", "--like", 5,
        "--metric", "recall@5", "--replicates", 50, "--json",
    )  # fmt: skip
    assert json.loads(result.stdout)["settings"]["like"] == 5


def test_report(call, tiny_csv, tmp_path):
    page = tmp_path / "new" / "report.html"
    result = call("compare", tiny_csv, *SMALL, "-o", page)
    assert result.exit_code == 0, result.stderr
    assert "ease" in page.read_text()
    assert f"Wrote {page}." in result.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("-m", "eese"), "There is no model 'eese' (nearest: 'ease')"),
        (("-m", "ease:l3=1"), "no parameter 'l3'"),
        (("-m", "popular", "--metric", "ndgc@10"), "no metric 'ndgc@10' (nearest: 'ndcg@k')"),
        (("-m", "popular", "--test", "2"), "must leave something to train on"),
        (("-m", "popular", "-o", "report.txt"), "must be one of .html"),
        (("-m", "popular", "--min-rating", "9"), "leave no event"),
    ],
)
def test_impossible_wishes(call, tiny_csv, options, words):
    result = call("compare", tiny_csv, *options)
    assert result.exit_code == 1
    assert words in result.stderr


def test_quiet_says_nothing(call, tiny_csv):
    result = call("compare", tiny_csv, "-m", "popular", "--replicates", 50, "--quiet")
    assert result.exit_code == 0
    assert result.stderr == ""


def test_too_few_resamples_are_named(call, tiny_csv):
    options = ("-m", "ease:l2=10", "--metric", "ndcg@10", "--split", "random", "--replicates", 1)
    result = call("compare", tiny_csv, *options)
    assert "No verdict and no intervals: 1 resample of the users cannot give any" in result.stdout
    answer = json.loads(call("compare", tiny_csv, *options, "--json").stdout)
    table = answer["tables"]["ranking"]
    assert table["no_verdict"].startswith("No verdict")
    assert {entry["verdict"] for entry in table["entries"]} == {None}
    assert {entry["figures"]["ndcg@10"]["low"] for entry in table["entries"]} == {None}


def test_users_with_and_without_history_stand_apart(call, tmp_path):
    path = tmp_path / "late.csv"
    rows = [(u, (u * 7 + t * (1 + u % 2)) % 40, t) for t in range(18) for u in range(40)]
    new = [(u + 100 * (u % 3 == 0), 40 + (u * 7 + 3 * t) % 40) for t in (18, 19) for u in range(40)]
    rows += [(user, item, 18 + n // 40) for n, (user, item) in enumerate(new)]
    lines = [f"{u},{i},{10**9 + 1000 * t}" for u, i, t in rows]
    path.write_text("\n".join(["user,item,time", *lines]))
    options = ("-m", "ease:l2=10", "--metric", "ndcg@10", "--validation", 0, "--replicates", 100)
    result = call("compare", path, *options)
    assert "ndcg@10 by the users' history" in result.stdout
    assert "26 users [95 %]" in result.stdout
    assert "14 users" in result.stdout
    assert "ease:l2=10 knows nothing of the 14 test users without history" in result.stdout
    table = json.loads(call("compare", path, *options, "--json").stdout)["tables"]["ranking"]
    assert [part["users"] for part in table["segments"].values()] == [26, 14]
    assert table["segments"].keys() == {"with-history", "without-history"}


@pytest.mark.parametrize(
    ("split", "kind", "options"),
    [
        ("users", "users", ("--given", 0.5, "--test", 0.3)),
        ("cold-items", "cold-items", ("--test", 0.3)),
        ("k-fold", "fold", ("--folds", 3, "--fold", 2)),
    ],
)
def test_splits_with_options_of_their_own(call, tiny_csv, split, kind, options):
    words = ("compare", tiny_csv, "-m", "popular", "--metric", "ndcg@5", "--replicates", 50)
    result = call(*words, "--split", split, *options, "--json")
    answer = json.loads(result.stdout)
    assert answer["split"]["kind"] == kind
    again = json.loads(call(*shlex.split(answer["reproduce"])[1:], "--json").stdout)
    assert again["split"]["fingerprint"] == answer["split"]["fingerprint"]


def test_a_fold_that_is_not_there(call, tiny_csv):
    result = call("compare", tiny_csv, "-m", "popular", "--split", "k-fold", "--fold", 6)
    assert result.exit_code == 1
    assert "from --fold 1 to --fold 5" in result.stderr


def test_files_that_are_given(call, tmp_path):
    train, test, validation = (tmp_path / f"{name}.txt" for name in ("train", "test", "valid"))
    lines = [[user, *((user % 3 + 3 * n) % 30 for n in range(5 + user % 4))] for user in range(40)]
    train.write_text("\n".join(" ".join(map(str, line)) for line in lines))
    test.write_text("\n".join(f"{user} {(user % 3 + 27) % 30}" for user in range(40)))
    validation.write_text("\n".join(f"{user} {(user % 3 + 24) % 30}" for user in range(40)))
    words = ("compare", train, "-m", "ease:l2=10", "--metric", "hr@5", "--replicates", 50)
    files = ("--test", test, "--validation", validation)
    result = call(*words, *files, "--json")
    assert result.exit_code == 0, result.stderr
    facts = json.loads(result.stdout)
    n_train = sum(len(line) - 1 for line in lines)
    assert (facts["split"]["train"], facts["split"]["validation"], facts["split"]["test"]) == (
        n_train, 40, 40,
    )  # fmt: skip
    assert facts["split"]["kind"] == "predefined"
    assert str(test) in facts["reproduce"]
    assert "--split" not in facts["reproduce"]
    assert "As given by train and valid and test." in result.stderr
    drawn = call(*words, "--test", test, "--validation", 0.2, "--seed", 3, "--json")
    split = json.loads(drawn.stdout)["split"]
    assert (split["train"], split["validation"]) == (n_train - 52, 52)  # of 260
    assert (
        "20% of the training events, drawn at random (seed 3), are for validation." in drawn.stderr
    )
    again = call(*shlex.split(json.loads(drawn.stdout)["reproduce"])[1:], "--json")
    assert json.loads(again.stdout)["split"] == split
    assert json.loads(call(*words, "--test", test, "--json").stdout)["split"]["validation"] == 0
    for options, sentence in (
        (("--split", "random", *files), "--split cannot be used with --test"),
        (("--k-core", 2, *files), "--k-core cannot be used with --test"),
        (("--validation", validation), "goes with a file of test events"),
        (("--test", tmp_path / "nothing.txt"), "There is no file"),
    ):
        refused = call(*words, *options)
        assert refused.exit_code == 1
        assert sentence in refused.stderr


def test_files_of_sequences(call, tmp_path):
    train, test = tmp_path / "train.txt", tmp_path / "test.txt"
    lines = [f"{n % 4} {n % 5 + 4} {n % 3 + 9}" + " 2" * (n % 3) for n in range(30)]
    train.write_text("\n".join(lines))
    test.write_text("0 4 9\n1 5\n3 6 10 11\n")
    options = ("--layout", "sequences", "--metric", "hr@5", "--replicates", 50, "--json")
    result = call("compare", train, "-m", "popular", "--test", test, *options)
    facts = json.loads(result.stdout)["split"]
    assert (facts["test"], facts["given"], facts["test_users"]) == (3, 2 + 1 + 3, 3)
    words = ("compare", train, "-m", "popular", "--test", test, "--validation", 0.1, *options)
    facts = json.loads(call(*words).stdout)["split"]
    assert facts["validation"] == 3
    assert "last items of the latest 3 of 30 training sequences" in facts["sentence"]
    facts = json.loads(call(*words, "--augment").stdout)
    assert facts["split"]["validation"] > 3
    assert "every item but the first" in facts["split"]["sentence"]
    assert "--augment" in facts["reproduce"]
    refused = call("compare", train, "-m", "popular", "--test", test, "--augment", *options)
    assert "or with a share for validation of sequences" in refused.stderr


def test_sessions_and_the_order_of_rows(call, tmp_path):
    log = tmp_path / "log.csv"
    rows = [f"{n % 5},{n % 11},{n * 700},{n}" for n in range(40)]
    log.write_text("\n".join(["user,item,time,visit", *rows]))
    options = ("-m", "popular", "--metric", "hr@2", "--replicates", 50, "--json")
    for more in (("--session", "visit"), ("--session-gap", "1h")):
        result = call("compare", log, "--split", "leave-last-out", *more, *options)
        facts = json.loads(result.stdout)
        assert (facts["split"]["test"], facts["split"]["repeats"]) == (5, "excluded")
        assert " ".join(more) in facts["reproduce"]
    words = ("compare", log, "--session", "visit", "--split", "sessions", "--augment", *options)
    refused = call(*words)
    assert "no session with two events or more begins" in refused.stderr
    words = ("compare", log, "--session-gap", "2h", "--split", "sessions", "--augment", *options)
    facts = json.loads(call(*words, "--test", 0.4).stdout)
    assert facts["split"]["kind"] == "sessions"
    assert "--augment" in facts["reproduce"]
    refused = call("compare", log, "--augment", *options)
    assert "--augment goes with --split sessions, or" in refused.stderr
    lines = tmp_path / "lines.txt"
    lines.write_text("\n".join(f"{n % 5} {n % 11}" for n in range(40)))
    result = call("compare", lines, "--order", "rows", "--split", "per-user", *options)
    assert "latest" in json.loads(result.stdout)["split"]["sentence"]
    refused = call("compare", log, "--order", "rows", *options)
    assert refused.exit_code == 1
    assert "times say in which order" in refused.stderr


def test_tuning_and_auditing_on_these_splits(call, tiny_csv):
    tuned = call(
        "tune", tiny_csv, "-m", "ease", "-s", "l2=1,100", "--metric", "ndcg@5",
        "--split", "users", "--validation", 0.2, "--json",
    )  # fmt: skip
    assert tuned.exit_code == 0, tuned.stderr
    audited = call("audit", tiny_csv, "--split", "cold-items", "--test", 0.2, "--json")
    assert "Items held out whole" in audited.stdout


def test_all_folds_judge_in_turn(call, tiny_csv, tmp_path):
    options = ("-m", "item-knn", "--metric", "ndcg@5", "--replicates", 50)
    page = tmp_path / "folds.html"
    result = call("compare", tiny_csv, *options, "--split", "k-fold", "--folds", 3, "-o", page)
    assert "ndcg@5 of each fold" in result.stdout
    assert "fold 3" in result.stdout
    assert page.exists()
    answer = json.loads(
        call("compare", tiny_csv, *options, "--split", "k-fold", "--folds", 3, "--json").stdout
    )
    assert [each["name"] for each in answer["rounds"]] == ["fold 1", "fold 2", "fold 3"]
    refused = call("tune", tiny_csv, "-m", "item-knn", "--split", "k-fold")
    assert "Name the fold that judges" in refused.stderr


def test_refit(call, tiny_csv):
    options = (*SMALL, "--split", "random", "--refit")
    answer = json.loads(call("compare", tiny_csv, *options, "--json").stdout)
    assert answer["settings"]["refit"]
    assert "--refit" in answer["reproduce"]
    refused = call("compare", tiny_csv, *options, "--validation", 0)
    assert refused.exit_code != 0
    assert "no validation events" in refused.stderr
    folds = ("--split", "k-fold", "--folds", 2, "--validation", 0.1)
    answer = json.loads(call("compare", tiny_csv, *options, *folds, "--json").stdout)
    assert any("fitted again" in note for note in answer["rounds"][0]["notes"])


def test_given_events_of_a_split_in_files(call, tiny_csv, tmp_path):
    parts = tmp_path / "parts"
    call("split", tiny_csv, "--split", "users", "--test", 0.3, "-o", parts)
    options = ("-m", "popular", "--metric", "ndcg@5", "--replicates", 50, "--json")
    one = call("compare", tiny_csv, "--split", "users", "--test", 0.3, *options)
    files = ("--test", parts / "test.csv", "--validation", parts / "validation.csv")
    two = call("compare", parts / "train.csv", *files, "--given", parts / "given.csv", *options)
    answers = [json.loads(each.stdout) for each in (one, two)]
    for name in ("train", "validation", "given", "test", "test_users_without_history"):
        assert answers[0]["split"][name] == answers[1]["split"][name]
    figures = [
        {e["model"]: e["figures"]["ndcg@5"]["value"] for e in a["tables"]["ranking"]["entries"]}
        for a in answers
    ]
    assert figures[0]["popular"] == pytest.approx(figures[1]["popular"])
    assert "--given" in answers[1]["reproduce"]
    refused = call("compare", tiny_csv, "--split", "users", "--given", parts / "given.csv")
    assert "--given given.csv is no share" in refused.stderr
    audited = call("audit", parts, "--json")
    assert audited.exit_code == 0, audited.stderr


FAILING = ("-m", "dot:learning_rate=1e6", "-m", "ease:l2=10", "--replicates", "100")


def test_a_model_that_fails_is_named_and_the_others_are_compared(call, tiny_csv, tmp_path):
    page = tmp_path / "page.html"
    result = call("compare", tiny_csv, *FAILING, "-o", page)
    assert result.exit_code == 1
    assert "Best on validation by ndcg@10: ease:l2=10" in result.stdout
    row = next(line for line in result.stdout.splitlines() if "│ dot:learning_rate=1e6" in line)
    assert "failed" in row
    assert "dot:learning_rate=1e6 failed, and the comparison goes on without it" in result.stderr
    assert "Error" not in result.stderr
    assert "lower the learning rate" in page.read_text()
    again = json.loads(call("compare", tiny_csv, *FAILING, "--json").stdout)
    assert "lower the learning rate" in again["failed"]["dot:learning_rate=1e6"]
    assert again["best_on_validation"] == "ease:l2=10"


def test_a_model_that_fails_in_folds_is_named(call, tiny_csv):
    words = ("--split", "k-fold", "--folds", 2, "--metric", "ndcg@5")
    result = call("compare", tiny_csv, *FAILING, *words)
    assert result.exit_code == 1
    assert "dot:learning_rate=1e6 failed in fold 1 and fold 2" in result.stdout
    assert "ease:l2=10" in result.stdout


def test_where_all_models_fail_it_is_an_error(call, tiny_csv):
    result = call("compare", tiny_csv, *FAILING[:2], "--replicates", 50)
    assert result.exit_code == 1
    assert result.stderr.count("lower the learning rate") == 1
    assert "Error: " in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_values_of_single_users_go_to_a_file(call, tiny_csv, tmp_path, ending):
    path = tmp_path / f"values{ending}"
    words = ("--metric", "ndcg@5", "--metric", "rmse", "--user-values", path)
    result = call("compare", tiny_csv, *SMALL, *words, "--json")
    answer = json.loads(result.stdout)
    values = pl.read_csv(path) if ending == ".csv" else pl.read_parquet(path)
    assert values.columns == ["task", "user", "model", "ndcg@5", "rmse"]
    for task, table in answer["tables"].items():
        assert set(values.filter(task=task)["model"]) == {e["model"] for e in table["entries"]}
    mean = values.filter(task="ranking", model="item-knn")["ndcg@5"].mean()
    (entry,) = (e for e in answer["tables"]["ranking"]["entries"] if e["model"] == "item-knn")
    assert mean == pytest.approx(entry["figures"]["ndcg@5"]["value"])
    assert "--user-values" not in answer["reproduce"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--user-values", "values.txt"), "must be one of .csv, .parquet"),
        (("--user-values", "v.csv", "--split", "k-fold"), "--user-values needs one fold"),
    ],
)
def test_impossible_files_of_values(call, tiny_csv, tmp_path, monkeypatch, options, words):
    monkeypatch.chdir(tmp_path)
    result = call("compare", tiny_csv, *SMALL, *options)
    assert result.exit_code == 1
    assert words in result.stderr

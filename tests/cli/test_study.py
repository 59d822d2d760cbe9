from __future__ import annotations

import json
import os
import shlex
import sys
from functools import wraps

import pytest

from penchant import studies
from penchant.data.fetching.locate import VARIABLE, default_mirror


@pytest.fixture(autouse=True)
def _tiny(monkeypatch, tmp_path):
    monkeypatch.delitem(sys.modules, "support.tiny_study", raising=False)
    monkeypatch.setattr(studies, "TABLE", {"tiny": "support.tiny_study"})
    monkeypatch.setenv("PENCHANT_CACHE", str(tmp_path / "cache"))


def test_studies_are_listed(call, monkeypatch):
    assert call("study").stdout.split()[:2] == ["tiny", "movielens-1m"]
    (listed,) = json.loads(call("study", "--json").stdout)
    assert (listed["name"], listed["small_data"]) == ("tiny", "movielens-100k")
    assert [(o["name"], o["default"]) for o in listed["options"]] == [
        ("epochs", 3),
        ("threshold", None),
    ]
    monkeypatch.setattr(studies, "TABLE", {})
    assert call("study").stdout == "This version of penchant has no study.\n"
    assert json.loads(call("study", "--json").stdout) == []


def test_a_study_is_told_and_kept(call, tiny_csv):
    result = call("study", "tiny", tiny_csv, "-p", "epochs=2", "--full")
    assert result.exit_code == 0, result.stderr
    for words in ("Means of <b>ratings</b>", "trap", "A mean says little.", "item-knn", "epochs=2"):
        assert words in result.stdout
    assert "Kept from" not in result.stdout
    assert f"Again: penchant study tiny {tiny_csv} --option epochs=2 --seed 0" in result.stderr
    again = call("study", "tiny", tiny_csv, "-p", "epochs=2", "--full")
    assert "Reused from an earlier run: count and compare (2 of 2 steps)." in again.stdout
    assert "tiny: count was kept from an earlier run." in again.stderr
    other = call("study", "tiny", tiny_csv, "-p", "epochs=2", "--seed", 1)
    assert "Kept from" not in other.stdout
    fresh = call("study", "tiny", tiny_csv, "-p", "epochs=2", "--fresh")
    assert "Kept from" not in fresh.stdout


def test_json_stands_alone_and_what_it_says_to_run_gives_the_same(call, tiny_csv):
    result = call("study", "tiny", tiny_csv, "--seed", 3, "-p", "threshold=4", "--json")
    answer = json.loads(result.stdout)
    assert answer["settings"] == {"epochs": 3, "threshold": 4.0}
    assert answer["seed"] == 3
    assert answer["sections"][0]["charts"][1]["series"][0]["y"] == [1.0, 0.5, 1 / 3]
    again = json.loads(call(*shlex.split(answer["reproduce"])[1:], "--fresh", "--json").stdout)
    assert again["reproduce"] == answer["reproduce"]
    assert again["sections"][0] == answer["sections"][0]
    assert again["reused"] is False


def test_the_first_screen_alone_is_printed_and_where_the_rest_is(call, tiny_csv, tmp_path):
    page = tmp_path / "study.html"
    result = call("study", "tiny", tiny_csv, "-o", page)
    assert "Means of <b>ratings</b>" in result.stdout
    assert "A mean says little." not in result.stdout
    assert len(result.stdout.splitlines()) < 15
    assert f"The page with 2 chapters with all figures: {page}" in result.stdout
    assert (
        "2 chapters with all figures are printed by --full"
        in call("study", "tiny", tiny_csv).stdout
    )
    assert "--full" not in call("study", "tiny", tiny_csv, "--full").stderr


def test_the_page_is_there_from_the_first_moment(call, tiny_csv, tmp_path, monkeypatch):
    page, tiny, seen = tmp_path / "new" / "study.html", studies.find("tiny"), []

    @wraps(tiny.run)
    def run(*arguments, **options):
        seen.append(page.read_text())
        return plain(*arguments, **options)

    plain = tiny.run
    monkeypatch.setattr(tiny, "run", run)
    result = call("study", "tiny", tiny_csv, "-o", page, "--quiet")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "The log is being read." in seen[0]
    assert "A mean says little." in page.read_text()
    assert 'http-equiv="refresh"' not in page.read_text()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("tinny",), "There is no study 'tinny': did you mean tiny?"),
        (
            ("tiny", "-p", "epoch=3"),
            "no parameter 'epoch' (nearest: 'epochs'); it has epochs, threshold",
        ),
        (("tiny", "-p", "epochs=0"), "epochs cannot be '0'"),
        (("tiny", "-p", "epochs"), "must be written name=value"),
        (("tiny", "some.csv", "--small"), "leave out one"),
        (("tiny", "-o", "page.pdf"), "must be one of .html"),
        (("tiny", "none.csv"), "There is no file"),
        (("tiny", "--user", "u"), "cannot be used with the published data set movielens-1m"),
    ],
)
def test_impossible_wishes(call, words, told):
    result = call("study", *words)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    assert told in result.stderr


def test_further_data_sets_come_from_the_same_mirror(call, tiny_csv, tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, "before")
    seen = []
    tiny = studies.find("tiny")

    @wraps(tiny.run)
    def run(*arguments, **options):
        seen.append(default_mirror())
        return plain(*arguments, **options)

    plain = tiny.run
    monkeypatch.setattr(tiny, "run", run)
    call("study", "tiny", tiny_csv, "--mirror", tmp_path, "--fresh")
    call("study", "tiny", tiny_csv, "--fresh")
    assert seen == [str(tmp_path), "before"]
    assert os.environ[VARIABLE] == "before"


def test_the_small_data_set(call, mirror):
    answer = json.loads(call("study", "tiny", "--small", "--mirror", mirror, "--json").stdout)
    assert answer["log"]["name"] == "movielens-100k"
    assert answer["log"]["events"] == 100_000
    assert shlex.split(answer["reproduce"])[:4] == ["penchant", "study", "tiny", "movielens-100k"]


def test_the_small_data_set_may_come_with_options(call, mirror, monkeypatch):
    monkeypatch.setattr(studies.find("tiny"), "SMALL_OPTIONS", {"epochs": 2}, raising=False)
    words = ("study", "tiny", "--small", "--mirror", mirror, "--json")
    answer = json.loads(call(*words).stdout)
    assert answer["settings"]["epochs"] == 2
    assert "--option epochs=2" in answer["reproduce"]
    other = json.loads(call(*words, "-p", "epochs=1").stdout)
    assert other["settings"]["epochs"] == 1
    assert "epochs=2" not in other["reproduce"]


def test_without_a_seed_it_is_the_studys_own(call, tiny_csv, monkeypatch):
    found = studies.find("tiny")
    monkeypatch.setitem(found.run.__kwdefaults__, "seed", 13)
    answer = json.loads(call("study", "tiny", tiny_csv, "--json").stdout)
    assert answer["seed"] == 13
    assert "--seed 13" in answer["reproduce"]

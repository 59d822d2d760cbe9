from __future__ import annotations

import json

import polars as pl
import pytest

from penchant.testing.planted_faults.logs import synthetic_log


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """A folder with training and test files of somebody else, copies on both sides."""
    path = tmp_path_factory.mktemp("theirs")
    synthetic = synthetic_log(3)
    frame, held = synthetic.frame(), pl.Series(synthetic.rng.random(len(synthetic)) < 0.2)
    test = frame.filter(held)
    pl.concat([frame.filter(~held), test.head(60)]).write_csv(path / "train.csv")
    test.write_csv(path / "test.csv")
    test.select("user", "item", score=pl.lit(3.5)).write_csv(path / "predictions.csv")
    return path


def test_a_log_is_split_and_audited(call, tiny_csv):
    result = call("audit", tiny_csv, "--split", "random", "--seed", 2)
    assert result.exit_code == 0, result.stderr
    for words in ("Audit of tiny", "trained-on-future", "Not checkable", "Passed:"):
        assert words in result.stdout
    assert "--details" in result.stderr


def test_details_on_request(call, theirs):
    brief, details = (call("audit", theirs, *options) for options in ((), ("--details",)))
    assert brief.stdout.count("same-event") == details.stdout.count("same-event") == 1
    advice = "Drop duplicates before splitting"
    assert advice in " ".join(details.stdout.split())
    assert advice not in brief.stdout
    assert len(details.stdout) > 1.5 * len(brief.stdout)
    assert "--details" not in details.stderr


def test_others_files_and_a_folder_of_them_are_the_same(call, theirs):
    named = call(
        "audit", "--train", theirs / "train.csv", "--test", theirs / "test.csv",
        "--predictions", theirs / "predictions.csv", "--json",
    )  # fmt: skip
    found = json.loads(named.stdout)
    assert found["worst"] == "wrong"
    assert json.loads(call("audit", theirs, "--json").stdout) == found
    wrong = {f["rule"] for f in found["findings"] if f["level"] == "wrong"}
    assert wrong == {"same-event", "constant-predictions"}


def test_strict_is_for_programs(call, theirs, tiny_csv):
    assert call("audit", theirs).exit_code == 0
    assert call("audit", theirs, "--strict").exit_code == 3
    assert call("audit", tiny_csv, "--strict").exit_code == 0


def test_what_the_split_is_said_to_be(call, theirs):
    files = ("--train", theirs / "train.csv", "--test", theirs / "test.csv", "--json")
    found = {
        claimed: next(
            f["level"]
            for f in json.loads(call("audit", *files, "--claimed", claimed).stdout)["findings"]
            if f["rule"] == "trained-on-future"
        )
        for claimed in ("time", "random")
    }
    assert found == {"time": "wrong", "random": "doubtful"}


def test_report(call, theirs, tmp_path):
    result = call("audit", theirs, "-o", tmp_path / "audit.html")
    assert result.exit_code == 0, result.stderr
    page = (tmp_path / "audit.html").read_text()
    assert "What these numbers are worth" in page
    assert "same-event" in page
    assert "training row" in page


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "Name a LOG, or files"),
        (("--train", "here.csv"), "--train needs --test"),
        (("LOG", "--test", "there.csv"), "is no share"),
    ],
)
def test_impossible_wishes(call, tiny_csv, options, words):
    result = call("audit", *(tiny_csv if o == "LOG" else o for o in options))
    assert result.exit_code == 1
    assert words in result.stderr


def test_files_of_a_split_by_sessions_keep_its_promise(call, tmp_path):
    rows = [
        (s, (5 * s + n) % 30, 1_600_000_000 + 1000 * s + n) for s in range(60) for n in range(4)
    ]
    frame = pl.DataFrame(rows, schema=["session_id", "item_id", "timestamp"], orient="row")
    frame.write_csv(tmp_path / "visits.csv")
    parts = tmp_path / "parts"
    call("split", tmp_path / "visits.csv", "--split", "sessions", "-o", parts)
    for claimed in ("sessions", "time"):
        result = call("audit", parts, "--claimed", claimed, "--strict")
        assert result.exit_code == 0, result.stdout
        passed = result.stdout.partition("Passed:")[2]
        assert "trained-on-future" in passed

"""A second log on the command line."""

from __future__ import annotations

import json
import shlex

import polars as pl
import pytest


@pytest.fixture
def logs(tmp_path):
    """Two logs of the same films under other ids, of different users."""
    rows = [(u, (3 * u + n) % 12, 1 + (u + n) % 5) for u in range(30) for n in range(6)]
    frame = pl.DataFrame(rows, schema=["user", "item", "rating"], orient="row")
    titles = pl.DataFrame({"item": range(12), "title": [f"Film {n} (1999)" for n in range(12)]})
    paths = []
    for name, users, shift in (
        ("first", pl.col("user") < 15, 0),
        ("second", pl.col("user") >= 15, 50),
    ):
        folder = tmp_path / name
        folder.mkdir()
        moved = (pl.col("item") + shift).alias("item")
        frame.filter(users).with_columns(moved).write_csv(folder / f"{name}.csv")
        titles.with_columns(moved).write_csv(folder / "items.csv")
        paths.append(folder)
    return paths


def call_words(command, logs):
    first, _ = logs
    return [command, first / "first.csv", "--items", first / "items.csv"]


def also_words(logs):
    _, second = logs
    return ["--also", second / "second.csv", "--also-items", second / "items.csv"]


def test_train_learns_from_both(call, logs, tmp_path):
    words = [*call_words("train", logs), "-m", "popular", "-o", tmp_path / "bundle", "--json"]
    alone = json.loads(call(*words).stdout)
    assert "--also" not in alone["reproduce"]
    words += ["--overwrite"]
    for option in (("--also-on", "item"), ("--also-items", "x.csv"), ("--also-same-users",)):
        refused = call(*words, *option)
        assert refused.exit_code == 1
        assert f"{option[0]} is for a second log: name that with --also." in refused.stderr
    words += also_words(logs)
    result = call(*words, "--also-on", "item")
    assert result.exit_code == 1
    assert "match items in another way" in result.stderr
    result = call(*words)
    assert result.exit_code == 0, result.stderr
    both = json.loads(result.stdout)
    assert both["log"]["events"] == 2 * alone["log"]["events"] == 180
    assert "90 events of 15 users of second, 12 of whose 12 items" in result.stderr
    assert "--also" in both["reproduce"]


def test_compare_keeps_the_test_events_and_says_what_is_gained(call, logs):
    words = [*call_words("compare", logs), "-m", "ease:l2=5", "--split", "per-user"]
    words += ["--test", 0.3, "--replicates", 100, "--metric", "ndcg@5", "--json"]
    alone = json.loads(call(*words).stdout)
    result = call(*words, *also_words(logs), "--also-gain")
    assert result.exit_code == 0, result.stderr
    both = json.loads(result.stdout)
    assert both["split"]["test"] == alone["split"]["test"]
    assert both["split"]["train"] == alone["split"]["train"] + 90
    (gain,) = both["gains"]
    entries = {
        name: answer["tables"]["ranking"]["entries"]
        for name, answer in (("alone", alone), ("joined", both))
    }
    for name, each in entries.items():
        (own,) = (e for e in each if "ease:l2=5" in e.values())
        assert gain[name] == pytest.approx(own["figures"]["ndcg@5"]["value"])
    assert gain["low"] <= gain["gain"] <= gain["high"]
    again = json.loads(call(*shlex.split(both["reproduce"])[1:], "--json").stdout)
    assert again["gains"] == both["gains"]


def test_what_cannot_be(call, logs):
    words = [*call_words("compare", logs), "-m", "ease"]
    result = call(*words, "--also-gain")
    assert result.exit_code == 1
    assert "name one with --also" in result.stderr

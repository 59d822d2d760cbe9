from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.models import Popular
from penchant.testing import ListSimulator

SERVICE = ListSimulator(n_users=500, n_items=15, k=3)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Shown lists and outcomes as CSV files."""
    folder = tmp_path_factory.mktemp("experiment")
    rankings = {"popular": SERVICE.rankings(2.5), "ease": SERVICE.rankings(0.3)}
    shown, outcomes = SERVICE.run(rankings, epsilon=0.3)
    shown.write_csv(folder / "shown.csv")
    outcomes.write_csv(folder / "outcomes.csv")
    return folder


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    """A bundle whose lists are the most liked items, the same for everybody."""
    rng = np.random.default_rng(0)
    liked = rng.random((500, 15)) < SERVICE.likings
    user, item = np.nonzero(liked)
    log = pn.read(pl.DataFrame({"user": user, "item": item}))
    return pn.save(Popular().fit(log), tmp_path_factory.mktemp("bundles") / "most-liked")


def options(folder):
    return ("--shown", folder / "shown.csv", "--outcomes", folder / "outcomes.csv")


def test_two_files_are_compared(call, files):
    result = call("experiment", *options(files), "--control", "popular", "--planned-users", 500)
    assert result.exit_code == 0
    assert "'ease' is better than 'popular'" in result.stdout
    assert "The 500 planned users are reached" in result.stdout


def test_a_page_is_written(call, files, tmp_path):
    page = tmp_path / "experiment.html"
    result = call(
        "experiment", *options(files), *("--control", "popular", "--planned-users", 500), "-o", page
    )
    assert result.exit_code == 0
    text = page.read_text(encoding="utf-8")
    assert "How the difference went" in text
    assert "&#39;ease&#39; is better than &#39;popular&#39;" in text
    assert "<svg" in text


def test_json_says_the_same_as_the_library(call, files):
    answer = json.loads(
        call(
            "experiment",
            *options(files),
            *("--control", "popular", "--metric", "lists", "--success", "like"),
            *("--share", "ease=0.5", "--share", "popular=0.5", "--json"),
        ).stdout
    )
    result = pn.compare_arms(
        pl.read_csv(files / "shown.csv"),
        pl.read_csv(files / "outcomes.csv"),
        control="popular",
        metric="lists",
        success=["like"],
        shares={"ease": 0.5, "popular": 0.5},
    )
    assert answer == result.to_dict() | {"against": []}


def test_parquet_is_read_too(call, files, tmp_path):
    for name in ("shown", "outcomes"):
        pl.read_csv(files / f"{name}.csv", try_parse_dates=True).write_parquet(
            tmp_path / f"{name}.parquet"
        )
    words = ("--shown", tmp_path / "shown.parquet", "--outcomes", tmp_path / "outcomes.parquet")
    text = call("experiment", *words, "--control", "popular").stdout
    assert text == call("experiment", *options(files), "--control", "popular").stdout


def test_lists_of_a_bundle(call, files, bundles):
    result = call("experiment", *options(files), "--against", bundles)
    assert result.exit_code == 0
    assert "of equal weight" in result.stdout
    answer = json.loads(call("experiment", *options(files), "--against", bundles, "--json").stdout)
    (one,) = answer["against"]
    assert one["model"] == "most-liked"
    assert 0.9 < one["support"]["value"] < 1.1
    assert answer["verdicts"]


def test_a_store_is_read(call, tmp_path):
    store = pytest.importorskip("penchant.serving.store")
    url = f"sqlite:///{tmp_path / 'feedback.db'}"
    with store.Store.open(url) as kept:
        shown = [
            store.ShownList(
                list=f"l{n}",
                user=f"u{n}" if n else None,
                time=1_772_366_400_000_000 + n * 60_000_000,
                experiment="canary",
                arm="current" if n % 2 else "canary",
                model="m",
                items=[("x", 0.5, 1.0, False, None), ("y", None, 1.0, False, None)],
            )
            for n in range(81)
        ]
        kept.show(shown)
        kept.add(
            [
                store.Feedback(
                    user=f"u{n}", item="y", kind="like", time=1_772_366_400_000_000 + n * 61_000_000
                )
                for n in range(2, 81, 2)
            ]
        )
    result = call("experiment", url, "--control", "current", "--planned-users", 60)
    assert result.exit_code == 0, result.output
    assert "nobody who is known are left out: 1" in result.stderr
    assert "No verdict on 'canary' is possible, since users do not differ in it" in result.stdout
    missing = call("experiment", f"sqlite:///{tmp_path / 'other.db'}")
    assert missing.exit_code == 1
    assert not (tmp_path / "other.db").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "Give either the database URL"),
        (("feedback.db",), "is no database URL"),
        (("--shown", "missing.csv", "--outcomes", "missing.csv"), "There is no file 'missing.csv'"),
        (("--shown", "missing.csv"), "both --shown FILE and --outcomes FILE"),
        (("sqlite:///x.db", "--shown", "missing.csv"), "Give either the database URL"),
    ],
)
def test_places_that_are_none(call, words, message):
    result = call("experiment", *words)
    assert result.exit_code == 1
    assert message in result.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--share", "half"), "is no arm with a share"),
        (("--share", "ease=x"), "is no arm with a share"),
        (("--since", "yesterday"), "is no time"),
        (("--since", "2027-01-01"), "No list of the experiment was shown since"),
        (("--success", "clicks"), "no kind of outcome 'clicks'"),
        (("--window-days", 0), "longer than nothing"),
        (("--experiment", "other"), "No experiment 'other'"),
    ],
)
def test_impossible_options(call, files, words, message):
    result = call("experiment", *options(files), *words)
    assert result.exit_code == 1
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_file_without_a_column(call, files, tmp_path):
    path = tmp_path / "shown.csv"
    pl.read_csv(files / "shown.csv").drop("position").write_csv(path)
    result = call("experiment", "--shown", path, "--outcomes", files / "outcomes.csv")
    assert "The table of shown lists has no column 'position'" in result.stderr

"""`penchant sentiment` on the command line."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest


@pytest.fixture(scope="module")
def reviews(tmp_path_factory):
    """A file of reviews whose words tell their stars."""
    rng = np.random.default_rng(0)
    n = 400
    stars = rng.choice([1, 2, 4, 5], n, p=[0.15, 0.1, 0.25, 0.5])
    word = np.where(stars > 3, "lovely", "broken")
    frame = pl.DataFrame(
        {
            "user": rng.integers(0, 80, n),
            "item": rng.integers(0, 30, n),
            "rating": stars,
            "text": [
                f"it was {w} on day {d}" for w, d in zip(word, rng.integers(0, 99, n), strict=True)
            ],
        }
    )
    path = tmp_path_factory.mktemp("reviews") / "reviews.csv"
    frame.write_csv(path)
    return path


FEW = ("--splits", 2, "--replicates", 50)


def test_a_table_with_the_majority(call, reviews):
    result = call("sentiment", reviews, "-m", "tfidf", *FEW)
    assert result.exit_code == 0, result.stderr
    assert "majority" in result.stdout
    assert "over majority" in result.stdout
    assert "tfidf orders reviews with an AUC of 1.000" in result.stdout
    assert "Again: penchant sentiment" in result.stderr


def test_as_json_and_as_a_page(call, reviews, tmp_path):
    page = tmp_path / "out" / "page.html"
    result = call("sentiment", reviews, "-m", "tfidf", "-m", "majority", *FEW, "--json", "-o", page)
    assert result.exit_code == 0, result.stderr
    answer = json.loads(result.stdout)
    assert [one["classifier"] for one in answer["classifiers"]] == ["majority", "tfidf"]
    assert answer["classifiers"][1]["AUC"] > 0.99
    assert answer["splits"] == 2
    assert "--splits 2" in answer["reproduce"]
    assert page.stat().st_size > 10_000


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("-m", "deep"), "no classifier of sentiment 'deep'"),
        (("-o", "page.txt"), "must be one of .html"),
        (("--test", "0"), "leaves nobody"),
    ],
)
def test_impossible_wishes(call, reviews, options, words):
    result = call("sentiment", reviews, *options)
    assert result.exit_code == 1
    assert words in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_log_without_texts(call, tiny_csv):
    result = call("sentiment", tiny_csv, "-m", "tfidf")
    assert result.exit_code == 1
    assert "has no texts" in result.stderr

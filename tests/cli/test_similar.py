"""`penchant similar` on the command line."""

from __future__ import annotations

import json

import pytest

import penchant as pn
from penchant.testing import planted_ratings


@pytest.fixture(scope="session")
def ratings(tmp_path_factory):
    path = tmp_path_factory.mktemp("logs") / "ratings.csv"
    planted_ratings(n_users=40, n_items=20).frame().write_csv(path)
    return path


def test_it_says_what_python_says(call, ratings):
    answer = json.loads(call("similar", ratings, "-i", 3, "-i", 4, "-k", 2, "--json").stdout)
    found = pn.similar(pn.read(ratings), [3, 4], 2)
    assert [one["item"] for one in answer["lists"]] == [3, 4]
    assert answer["lists"][0]["similar"] == found.filter(found["item"] == 3).drop("item").to_dicts()


def test_the_most_rated_item_is_asked_for_by_default(call, ratings):
    result = call("similar", ratings, "--similarity", "correlation", "--shrinkage", 0)
    assert result.exit_code == 0, result.stderr
    log = pn.read(ratings)
    assert f"Like {log.items.ids[int(log.item_counts.argmax())]}" in result.stdout
    assert "rated both" in result.stdout


def test_nothing_similar_is_said(call, ratings):
    words = ("similar", ratings, "-i", 3, "--min-common", 1000)
    result = call(*words)
    assert result.exit_code == 0
    assert result.stdout == ""
    reason = "no item has a similarity above 0 by 1000 common raters or more"
    assert f"Item 3: {reason} (min_common=, --min-common)." in result.stderr
    (answer,) = json.loads(call(*words, "--json").stdout)["lists"]
    assert answer == {"item": 3, "similar": [], "reason": f"{reason} (min_common=, --min-common)"}


def test_wrong_questions(call, ratings):
    assert "known are cosine" in call("similar", ratings, "--similarity", "taste").stderr
    assert "has no item 777" in call("similar", ratings, "-i", 777).stderr

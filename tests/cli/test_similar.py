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


def test_logs_without_ratings_are_compared_by_who_had_both(call, tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text("customer,product\n" + "".join(f"{n % 5},p{n % 3}\n" for n in range(12)))
    result = call("similar", path, "-i", "p0")
    assert result.exit_code == 0, result.stderr
    assert "has no ratings: items are compared by cosine." in result.stderr
    heading = result.stdout.splitlines()[2]
    assert "similarity" in heading
    assert "title" not in heading  # nor other columns of which the log says nothing
    assert "brand" not in heading
    answer = json.loads(call("similar", path, "-i", "p0", "--json").stdout)
    assert answer["similarity"] == "cosine"
    assert answer["lists"][0]["similar"]
    words = ("similar", path, "--similarity", "pearson")
    assert "similarity_of='cosine' or 'jaccard' (--similarity cosine)" in call(*words).stderr


def test_unknown_items_are_answered_with_those_like_them(call, tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text("customer,product\n" + "".join(f"{n % 5},SKU-{n % 3}\n" for n in range(12)))
    error = call("similar", path, "-i", "sku-1").stderr
    assert "has no item 'sku-1' (known and like it: 'SKU-1'" in error


def test_wrong_questions(call, ratings):
    assert "known are cosine" in call("similar", ratings, "--similarity", "taste").stderr
    assert "has no item 777" in call("similar", ratings, "-i", 777).stderr

from __future__ import annotations

import itertools

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import fisher_exact
from tests.support.basket_logs import log_of_baskets

import penchant as pn
from penchant.data.dataset import Dataset
from penchant.errors import DataError, ParameterError, UnknownIdError
from penchant.models import BasketCoOccurrence

SHOP = {"x": ["ab", "abc", "d"], "y": ["ab", "c"], "z": ["cd", "ab", "ab"]}


@given(st.lists(st.sets(st.sampled_from("abcde"), min_size=1), min_size=2, max_size=12))
def test_figures_are_those_of_the_counts(baskets):
    log = log_of_baskets({"x": ["".join(sorted(basket)) for basket in baskets]})
    if all(len(basket) == 1 for basket in baskets):
        with pytest.raises(DataError, match=r"No basket .* holds two items: .*--basket"):
            pn.together(log)
        return
    n, items = len(baskets), sorted(set().union(*baskets))
    found = pn.together(log, items, k=99, min_baskets=1, shrinkage=2.0)
    rows = {(row["item"], row["together"]): row for row in found.iter_rows(named=True)}
    for one, other in itertools.permutations(items, 2):
        n_i, n_j = (sum(item in basket for basket in baskets) for item in (one, other))
        both = sum({one, other} <= basket for basket in baskets)
        if not both:
            assert (one, other) not in rows
            continue
        row, expected = rows.pop((one, other)), n_i * n_j / n
        assert (row["baskets"], row["baskets_of_other"]) == (both, n_j)
        table = [[both, n_i - both], [n_j - both, n - n_i - n_j + both]]
        chance = fisher_exact(table, alternative="greater").pvalue * len(items) * (len(items) - 1)
        assert row["p_value"] == pytest.approx(min(1, chance), rel=1e-6)
        figures = [row[name] for name in ("support", "confidence", "lift", "shrunken_lift")]
        shrunken = (both + 2) / (expected + 2)
        assert figures == pytest.approx([both / n, both / n_i, both / expected, shrunken])
    assert not rows
    for _, own in found.group_by("item", maintain_order=True):
        assert own["rank"].to_list() == [*range(1, len(own) + 1)]
        assert own["shrunken_lift"].is_sorted(descending=True)


@pytest.mark.parametrize("by", ["shrunken-lift", "lift", "confidence", "support"])
def test_the_order_is_as_asked(by):
    found = pn.together(log_of_baskets(SHOP), ["a", "c"], by=by, min_baskets=1)
    for _, own in found.group_by("item"):
        assert own[by.replace("-", "_")].is_sorted(descending=True)


def test_baskets_of_nobody_count():
    known = log_of_baskets({"x": ["a", "b"], "y": ["ab"]}).frame()
    nobody = pl.DataFrame(
        {"item": ["a", "e", "a", "e", "b"], "basket": ["n1", "n1", "n2", "n2", None]}
    )
    log = Dataset.from_frame(known, anonymous=nobody)
    found = pn.together(log, ["a"])
    assert found.select("together", "baskets").rows() == [("e", 2)]
    assert found["support"].to_list() == [2 / 5]
    model = BasketCoOccurrence(shrinkage=0.0).fit(log)
    assert model.recommend(["x"], k=1)["item"].to_list() == ["e"]


def test_items_with_nothing_beside_them_are_named(caplog):
    log = log_of_baskets(SHOP)
    assert pn.together(log, ["d", "a"])["item"].unique().to_list() == ["a"]
    assert caplog.messages == [
        "Item d: no other item is with it in 2 baskets or more (min_baskets=, --min-baskets)."
    ]


def test_bad_arguments():
    log = log_of_baskets(SHOP)
    with pytest.raises(UnknownIdError, match="no item 'q'"):
        pn.together(log, ["q"])
    for options in ({"k": 0}, {"shrinkage": 0.0}, {"min_baskets": 0}, {"by": "cosine"}):
        with pytest.raises(ParameterError):
            pn.together(log, ["a"], **options)


def test_many_items_are_looked_at_in_blocks(monkeypatch):
    log = log_of_baskets(SHOP)
    whole = pn.together(log, min_baskets=1)
    monkeypatch.setattr("penchant.association.together._BLOCK", 2)
    assert pn.together(log, min_baskets=1).equals(whole)


def test_the_model_scores_by_what_stands_with_the_last_baskets():
    log = log_of_baskets(SHOP)
    model = BasketCoOccurrence(measure="conditional", shrinkage=0.0, basket_decay=0.5).fit(log)
    counts = {"a": 5, "b": 5, "c": 3, "d": 2}
    together = {("a", "b"): 5, ("a", "c"): 1, ("b", "c"): 1, ("c", "d"): 1}
    together |= {(j, i): n for (i, j), n in together.items()}
    baskets = {"x": ["ab", "abc", "d"], "y": ["ab", "c"]}
    for user, own in baskets.items():
        wanted = dict.fromkeys("abcd", 0.0)
        for age, basket in enumerate(reversed(own)):
            for item, other in itertools.product(basket, "abcd"):
                wanted[other] += 0.5**age * together.get((item, other), 0) / counts[item]
        index = list(log.users.ids).index(user)
        scores = model.scores(log.histories.take([index]))[0]
        np.testing.assert_allclose(scores, list(wanted.values()), rtol=1e-5)
        one = log.histories.take([index])
        parts = model.contributions(one, np.arange(4, dtype=np.int32))
        np.testing.assert_allclose(parts.sum(1), scores, rtol=1e-5)

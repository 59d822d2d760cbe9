"""Ranking metrics against plain loops over users."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from penchant.errors import ParameterError
from penchant.metrics import (
    MAP,
    MRR,
    NDCG,
    HitRate,
    Precision,
    Ranked,
    RankingMetric,
    Recall,
    parse,
)

WIDTH = 6
ALL = [HitRate, Recall, Precision, NDCG, MRR, MAP]


@st.composite
def users(draw: st.DrawFn) -> tuple[list[list[int]], list[list[int]]]:
    """Per user a list of different items and the relevant items (which may repeat)."""
    item = st.integers(0, 9)
    n = draw(st.integers(1, 5))
    lists = draw(st.lists(st.lists(item, max_size=WIDTH, unique=True), min_size=n, max_size=n))
    relevant = draw(st.lists(st.lists(item, max_size=8), min_size=n, max_size=n))
    return lists, relevant


def ranked(lists: list[list[int]], relevant: list[list[int]]) -> Ranked:
    padded = np.array([row + [-1] * (WIDTH - len(row)) for row in lists], np.int32)
    offsets = np.cumsum([0] + [len(row) for row in relevant])
    return Ranked.of(padded, offsets, np.array(list(itertools.chain(*relevant)), np.int32))


def naive(metric: RankingMetric, row: list[int], relevant: set[int]) -> float:
    """The definition, one user at a time."""
    if not relevant:
        return math.nan
    k = metric.k
    hit = [item in relevant for item in row[:k]]
    best = min(k, len(relevant))
    places = [i for i, h in enumerate(hit) if h]
    match metric:
        case HitRate():
            return float(any(hit))
        case Recall():
            return sum(hit) / (best if metric.capped else len(relevant))
        case Precision():
            return sum(hit) / k
        case NDCG():
            ideal = sum(1 / math.log2(i + 2) for i in range(best))
            return sum(1 / math.log2(i + 2) for i in places) / ideal
        case MRR():
            return 1 / (places[0] + 1) if places else 0.0
        case MAP():
            return sum((n + 1) / (i + 1) for n, i in enumerate(places)) / best
    raise AssertionError(metric)


@given(case=users(), k=st.integers(1, WIDTH))
def test_metrics_equal_the_definition(case: tuple[list[list[int]], list[list[int]]], k: int):
    lists, relevant = case
    result = ranked(lists, relevant)
    for metric in [*(kind(k) for kind in ALL), Recall(k, capped=True)]:
        expected = [naive(metric, a, set(b)) for a, b in zip(lists, relevant, strict=True)]
        np.testing.assert_allclose(metric(result), expected, atol=1e-12, err_msg=metric.name)


def test_hits_of_one_user_are_not_those_of_the_next():
    result = ranked([[0, 9], [0, 9]], [[9], [0]])
    assert result.hits[:, :2].tolist() == [[False, True], [True, False]]
    assert result.n_relevant.tolist() == [1, 1]
    assert not result.hits[:, 2:].any()


def test_ndcg_equals_scikit_learn():
    rng = np.random.default_rng(0)
    score, truth = rng.random((30, 40)), rng.random((30, 40)) < 0.2
    lists = np.argsort(-score, axis=1).astype(np.int32)
    offsets = np.concatenate([[0], np.cumsum(truth.sum(axis=1))])
    result = Ranked.of(lists, offsets, np.nonzero(truth)[1].astype(np.int32))
    expected = [ndcg_score(truth[[u]], score[[u]], k=10) for u in range(30)]
    np.testing.assert_allclose(NDCG(10)(result), expected)


@given(
    st.lists(st.lists(st.integers(0, 12), min_size=1, max_size=5), min_size=1, max_size=5),
    st.integers(1, 6),
)
def test_ranks_without_ties_equal_lists(negatives_above: list[list[int]], k: int):
    """Build the list that the ranks describe: irrelevant items 100.., relevant items 0.."""
    lists, relevant = [], []
    for above in negatives_above:
        order = sorted(above)
        row: list[int] = []
        for i, n in enumerate(order):
            row += [100 + j for j in range(len(row) - i, n)] + [i]
        lists.append((row + [200 + i for i in range(WIDTH)])[:WIDTH])
        relevant.append(list(range(len(above))))
    listed = ranked(lists, relevant)
    offsets = np.cumsum([0] + [len(row) for row in negatives_above])
    ranks = np.array(list(itertools.chain(*negatives_above)), np.float64)
    known = Ranked.from_ranks(ranks, offsets, WIDTH)
    for metric in [kind(k) for kind in ALL]:
        np.testing.assert_allclose(metric(known), metric(listed), err_msg=metric.name)


def test_ties_count_half():
    ranks = np.array([0.0, 9.5, 10.0, 2.5])
    result = Ranked.from_ranks(ranks, np.arange(5), 10)
    assert HitRate(10)(result).tolist() == [1, 1, 0, 1]
    gains = [1, 1 / math.log2(11.5), 0, 1 / math.log2(4.5)]
    np.testing.assert_allclose(NDCG(10)(result), gains)
    np.testing.assert_allclose(MRR(10)(result), [1, 1 / 10.5, 0, 1 / 3.5])


def test_relevant_items_do_not_push_each_other_out_of_the_ideal():
    result = Ranked.from_ranks(np.zeros(3), np.array([0, 3]), 5)
    for kind in (NDCG, MAP, Recall):
        assert kind(3)(result).tolist() == [1.0]


def test_user_without_relevant_items_is_nan():
    result = ranked([[1, 2], []], [[], [1]])
    for kind in ALL:
        values = kind(2)(result)
        assert math.isnan(values[0])
        assert values[1] == 0


def test_no_relevant_item_for_anyone_and_no_users():
    result = ranked([[1, 2]], [[]])
    assert np.isnan(NDCG(2)(result)).all()
    empty = Ranked.of(np.zeros((0, 3), np.int32), np.zeros(1, np.int64), np.zeros(0, np.int32))
    assert MAP(3)(empty).shape == (0,)


@pytest.mark.parametrize("k", [0, -1, 2.0, True])
def test_impossible_k(k: int):
    with pytest.raises(ParameterError, match="whole k"):
        NDCG(k)


def test_k_beyond_the_lists():
    with pytest.raises(ParameterError, match=f"lists of {WIDTH + 1} places"):
        NDCG(WIDTH + 1)(ranked([[1]], [[1]]))


@pytest.mark.parametrize(
    ("lists", "offsets", "items", "message"),
    [
        ([[1, 1]], [0, 1], [1], "twice"),
        ([[1, -2]], [0, 1], [1], "negative"),
        ([[1, 2]], [0, 1], [-1], "negative"),
        ([[1, 2]], [0, 2], [1], "Offsets"),
        ([[1, 2]], [0], [], "Offsets"),
        ([[1, 2], [1, 2]], [0, 2, 1], [1], "Offsets"),
        ([1, 2], [0, 1], [1], "by places"),
    ],
)
def test_lists_that_do_not_fit(
    lists: list[list[int]], offsets: list[int], items: list[int], message: str
):
    with pytest.raises(ParameterError, match=message):
        Ranked.of(np.array(lists, np.int32), np.array(offsets), np.array(items, np.int32))


@pytest.mark.parametrize("rank", [-1.0, math.nan, math.inf])
def test_impossible_rank(rank: float):
    with pytest.raises(ParameterError, match="finite and not negative"):
        Ranked.from_ranks(np.array([rank]), np.array([0, 1]), 10)


def test_names():
    assert [kind(10).name for kind in ALL] == [
        "hr@10",
        "recall@10",
        "precision@10",
        "ndcg@10",
        "mrr@10",
        "map@10",
    ]
    assert Recall(20, capped=True).name == "recall-capped@20"
    assert NDCG(10) == NDCG(10)
    assert NDCG(10) not in (NDCG(20), MAP(10))


def test_revenue_is_what_was_paid_for_listed_items():
    lists = np.array([[3, 1, 0], [2, 5, -1], [4, 0, 1]])
    offsets, items = np.array([0, 3, 4, 4]), np.array([1, 7, 1, 5])
    spend = np.array([2.5, 10, 1.5, 3], np.float32)
    ranked = Ranked.of(lists, offsets, items, spend)
    assert ranked.spend.tolist() == [[0, 4, 0], [0, 3, 0], [0, 0, 0]]
    assert ranked.total_spend.tolist() == [14, 3, 0]
    np.testing.assert_array_equal(parse("revenue@1")(ranked), [0, 0, np.nan])
    np.testing.assert_array_equal(parse("revenue@3")(ranked), [4, 3, np.nan])
    np.testing.assert_allclose(parse("revenue-share@2")(ranked), [4 / 14, 1, np.nan])
    nothing = Ranked.of(lists, offsets, items, spend * 0)
    assert np.isnan(parse("revenue-share@3")(nothing)).all()
    with pytest.raises(ParameterError, match="needs the prices of events"):
        parse("revenue@2")(Ranked.of(lists, offsets, items))

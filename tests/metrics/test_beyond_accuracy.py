"""List metrics against plain loops over users, items and pairs."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.errors import ParameterError
from penchant.metrics import (
    Catalogue,
    Coverage,
    DistinctLists,
    Gini,
    IntraListDiversity,
    Novelty,
    PopularityBias,
)

N_ITEMS, WIDTH, N_USERS = 7, 4, 10
ALL = [Coverage, Gini, DistinctLists, Novelty, PopularityBias, IntraListDiversity]


@st.composite
def catalogues(draw: st.DrawFn) -> tuple[list[list[int]], Catalogue]:
    item = st.integers(0, N_ITEMS - 1)
    lists = draw(st.lists(st.lists(item, max_size=WIDTH, unique=True), min_size=1, max_size=6))
    counts = draw(st.lists(st.integers(0, N_USERS), min_size=N_ITEMS, max_size=N_ITEMS))
    vectors = np.random.default_rng(draw(st.integers(0, 99))).normal(size=(N_ITEMS, 3))
    vectors[draw(item)] = 0
    return lists, Catalogue(N_USERS, np.array(counts), vectors.astype(np.float32))


def padded(lists: list[list[int]]) -> Any:
    return np.array([row + [-1] * (WIDTH - len(row)) for row in lists], np.int32)


@given(catalogues(), st.integers(1, WIDTH))
def test_values_per_user_equal_the_definition(case: tuple[list[list[int]], Catalogue], k: int):
    lists, catalogue = case
    counts, vectors = catalogue.counts.tolist(), catalogue.vectors
    assert vectors is not None

    def mean(values: list[float]) -> float:
        return sum(values) / len(values) if values else math.nan

    def percentile(item: int) -> float:
        return mean([(c < counts[item]) + (c == counts[item]) / 2 for c in counts])

    def cosine(a: int, b: int) -> float:
        length = float(np.linalg.norm(vectors[a]) * np.linalg.norm(vectors[b]))
        return float(vectors[a] @ vectors[b]) / length if length else 0.0

    heads = [row[:k] for row in lists]
    expected = {
        Novelty: [mean([-math.log2(max(counts[i], 1) / N_USERS) for i in row]) for row in heads],
        PopularityBias: [mean([percentile(i) for i in row]) for row in heads],
        IntraListDiversity: [
            1 - mean([cosine(a, b) for a, b in itertools.combinations(row, 2)]) for row in heads
        ],
    }
    for kind, values in expected.items():
        metric = kind(k)
        np.testing.assert_allclose(
            metric(padded(lists), catalogue), values, atol=1e-6, err_msg=metric.name
        )


@given(catalogues(), st.integers(1, WIDTH))
def test_values_of_all_equal_the_definition(case: tuple[list[list[int]], Catalogue], k: int):
    lists, catalogue = case
    heads = [tuple(row[:k]) for row in lists]
    times = [sum(row.count(i) for row in heads) for i in range(N_ITEMS)]
    assert Coverage(k)(padded(lists), catalogue) == sum(t > 0 for t in times) / N_ITEMS
    gini = math.nan
    if sum(times):
        # Half the mean absolute difference of all ordered pairs, relative to the mean.
        differences = sum(abs(a - b) for a in times for b in times)
        gini = differences / (2 * sum(times) * (N_ITEMS - 1))
    np.testing.assert_allclose(Gini(k)(padded(lists), catalogue), gini, atol=1e-12)
    filled = [row for row in heads if row]
    distinct = sum(filled.count(row) == 1 for row in filled) / len(filled) if filled else math.nan
    np.testing.assert_allclose(DistinctLists(k)(padded(lists), catalogue), distinct)


def test_extremes():
    catalogue = Catalogue(4, np.array([4, 2, 1, 0]), np.eye(4, dtype=np.float32))
    same = np.tile(np.array([[0, 1]], np.int32), (4, 1))
    assert DistinctLists(2)(same, catalogue) == 0
    assert Coverage(2)(same, catalogue) == 0.5
    assert Gini(1)(same, catalogue) == 1
    assert Gini(1)(np.arange(4, dtype=np.int32)[:, np.newaxis], catalogue) == 0
    assert IntraListDiversity(2)(same, catalogue).tolist() == [1] * 4
    assert Novelty(1)(same, catalogue).tolist() == [0] * 4
    order_counts = np.array([[0, 1], [1, 0]], np.int32)
    assert DistinctLists(2)(order_counts, catalogue) == 1
    everything = np.arange(4, dtype=np.int32)[np.newaxis]
    assert PopularityBias(4)(everything, catalogue).tolist() == [0.5]


def test_vectors_are_compared_in_blocks(monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(0)
    lists = np.argsort(rng.random((9, 6)), axis=1)[:, :3].astype(np.int32)
    catalogue = Catalogue(9, np.ones(6, np.int64), rng.normal(size=(6, 2)).astype(np.float32))
    whole = IntraListDiversity(3)(lists, catalogue)
    monkeypatch.setattr("penchant.metrics.beyond_accuracy._BLOCK_CELLS", 12)
    np.testing.assert_array_equal(IntraListDiversity(3)(lists, catalogue), whole)


def test_nothing_recommended():
    catalogue = Catalogue(3, np.array([1, 2]), np.ones((2, 2), np.float32))
    empty = np.full((2, 3), -1, np.int32)
    for kind in (Gini, DistinctLists, Novelty, PopularityBias, IntraListDiversity):
        assert np.isnan(kind(3)(empty, catalogue)).all()
    assert Coverage(3)(empty, catalogue) == 0
    for kind in ALL:
        shape = np.shape(kind(3)(empty[:0], catalogue))
        assert shape == ((0,) if kind.per_user else ())


def test_refusals():
    catalogue = Catalogue(3, np.array([1, 2]))
    lists = np.array([[0, 1]], np.int32)
    with pytest.raises(ParameterError, match="needs item vectors"):
        IntraListDiversity(2)(lists, catalogue)
    for kind in ALL:
        with pytest.raises(ParameterError, match="lists of 3 places"):
            kind(3)(lists, catalogue)
        with pytest.raises(ParameterError, match="not in the catalogue"):
            kind(2)(lists + 1, catalogue)
        with pytest.raises(ParameterError, match="not in the catalogue"):
            kind(2)(lists - 2, catalogue)


@pytest.mark.parametrize(
    ("counts", "vectors", "message"),
    [
        ([4, 1], None, "more users than there are"),
        ([-1, 1], None, "from 0 up"),
        ([1, 1], np.ones((3, 2), np.float32), "as many vectors"),
        ([1, 1], np.ones(2, np.float32), "as many vectors"),
    ],
)
def test_impossible_catalogues(counts: list[int], vectors: Any, message: str):
    with pytest.raises(ParameterError, match=message):
        Catalogue(3, np.array(counts), vectors)


def test_names():
    assert [kind(10).name for kind in ALL] == [
        "coverage@10",
        "gini@10",
        "distinct-lists@10",
        "novelty@10",
        "popularity-bias@10",
        "intra-list-diversity@10",
    ]

"""Lists of near items, and what a search in them finds."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.retrieval.clustering import clusters, unit_vectors
from penchant.retrieval.index import list_index
from penchant.run import Run

N, DIM = 3000, 8
TIES = np.random.default_rng(1).permutation(N).astype(np.int32)
ALL = np.ones(N, np.bool_)


@pytest.fixture(scope="module")
def items():
    rng = np.random.default_rng(0)
    around = rng.standard_normal((30, DIM), np.float32)[rng.integers(30, size=N)]
    vectors = around + 0.2 * rng.standard_normal((N, DIM), np.float32)
    return (vectors * rng.lognormal(0, 0.3, (N, 1))).astype(np.float32)


@pytest.fixture(scope="module")
def index(items):
    return list_index(items, np.arange(N, dtype=np.int32), seed=0, run=Run())


def queries(items):
    return items[::300] + np.float32(0.1)


def expected(items, query, k, kept):
    order = np.lexsort((TIES, -(items @ query)))
    return order[kept[order]][:k].astype(np.int32)


def test_all_lists_are_all_items(index, items):
    assert index.n_lists == 64
    for query in queries(items):
        found, scores = index.search(query, 10, index.n_lists, TIES)
        assert found.tolist() == expected(items, query, 10, ALL).tolist()
        np.testing.assert_allclose(scores, items[found] @ query, rtol=1e-5)


def test_few_lists_have_most_of_the_best_items(index, items):
    hits = 0
    for query in queries(items):
        found = index.search(query, 10, 8, TIES)[0]
        hits += len(set(found) & set(expected(items, query, 10, ALL)))
    assert hits >= 0.9 * 10 * len(queries(items))


def test_what_is_left_out_or_not_allowed_is_not_found(index, items):
    query = queries(items)[0]
    best = expected(items, query, 40, ALL)
    allowed = np.zeros(N, np.bool_)
    allowed[best] = True
    found = index.search(
        query, 20, index.n_lists, TIES, left_out=best[:20], allowed=allowed[index.order]
    )[0]
    assert found.tolist() == best[20:].tolist()
    among = index.search_among(query, 20, np.sort(best), TIES, best[:20])[0]
    assert among.tolist() == best[20:].tolist()


def test_lists_are_added_until_there_are_enough_items(index, items):
    query = queries(items)[1]
    last = expected(items, query, N, ALL)[-7:]
    allowed = np.zeros(N, np.bool_)
    allowed[last] = True
    found = index.search(query, 7, 1, TIES, allowed=allowed[index.order])[0]
    assert found.tolist() == last.tolist()
    assert len(index.search(query, 50, 1, TIES, allowed=allowed[index.order])[0]) == 7


def test_equal_scores_come_in_the_order_of_ties():
    items = np.ones((40, 3), np.float32)
    index = list_index(items, np.arange(40, dtype=np.int32), seed=0, run=Run())
    found = index.search(np.ones(3, np.float32), 5, 8, TIES[:40])[0]
    assert found.tolist() == np.argsort(TIES[:40])[:5].tolist()


def test_some_items_alone_are_in_the_index(items):
    known = np.arange(0, N, 3, dtype=np.int32)
    index = list_index(items, known, seed=0, run=Run())
    found = index.search(queries(items)[0], 50, index.n_lists, TIES)[0]
    assert set(found) <= set(known)
    assert (index.places >= 0).sum() == len(known)


def test_distances_of_unit_vectors_order_as_products_do(items):
    unit = unit_vectors(items)
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1, rtol=1e-5)
    query = np.append(queries(items)[0], 0)
    by_distance = np.argsort(np.linalg.norm(unit - query / np.linalg.norm(query), axis=1))
    assert by_distance[:20].tolist() == np.argsort(-(items @ query[:-1]))[:20].tolist()


def test_each_vector_is_in_the_cluster_of_the_nearest_centre(items):
    centres, owners = clusters(items, 20, 0, Run())
    distances = np.linalg.norm(items[:, None] - centres, axis=2)
    own = distances[np.arange(N), owners]
    assert (own <= distances.min(axis=1) + 1e-3).all()
    assert np.array_equal(owners, clusters(items, 20, 0, Run())[1])

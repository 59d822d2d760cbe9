"""Blocks of features, by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy import sparse

from penchant.models.bayesian.features import DAY, Owners, attributes, side, time_edges, time_rows
from penchant.models.bayesian.gibbs import BlockState


def test_a_side_has_ids_then_whom_it_met_then_its_table():
    seen = sparse.csr_array(np.array([[1, 1, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1]], np.float32))
    table = pl.DataFrame({"user": [1, 2, 3], "job": ["a", "a", "b"], "age": [10, 20, 90]})
    owners = Owners.of(np.array([2, 1, 4]), attributes(table, "user", 3, 2))
    block = side(seen, owners, met=True)
    np.testing.assert_allclose(
        block.matrix.toarray(),
        [
            [1, 0, 0, 2**-0.5, 2**-0.5, 0, 0, 1, 0],
            [0, 1, 0, 0, 0, 0, 0, 0, 1],
            [0, 0, 1, 0.5, 0.5, 0.5, 0.5, 0, 1],
        ],
    )
    assert [(g.start, g.stop, g.disjoint) for g in block.groups] == [
        (0, 3, True),
        (3, 7, False),
        (7, 9, True),
    ]
    alone = side(seen, Owners.of(np.array([2, 1, 4]), []), met=False)
    assert alone.matrix.toarray().tolist() == np.eye(3).tolist()


def test_owners_without_events_are_what_their_table_says():
    table = pl.DataFrame({"item": [1, 2, 3, 4], "genres": [["a"], ["b"], ["b"], ["a"]]})
    owners = Owners.of(np.array([2, 0, 3, 0]), attributes(table, "item", 4, 2))
    block = side(sparse.csr_array((2, 3), dtype=np.float32), owners, met=True)
    assert (block.n_rows, block.n_features) == (2, 2 + 3 + 2)
    state = BlockState(block, np.array([2, 3]), 4, np.random.default_rng(0))
    state.weights[:] = np.random.default_rng(1).normal(size=state.weights.shape)
    state.means[:] = np.random.default_rng(2).normal(size=state.means.shape)
    state.values[:] = (block.matrix @ state.weights.T).T
    state.squares[:] = (block.matrix.power(2) @ np.square(state.weights[:4]).T).T
    vectors, biases = state.of_all(owners)
    for row, label, known in ((0, 0, 0), (1, 1, None), (2, 1, 1), (3, 0, None)):
        of_id = state.means[:, 0] if known is None else state.weights[:, known]
        parts = np.stack([of_id, state.weights[:, 5 + label]])
        np.testing.assert_allclose(vectors[row], parts[:, :4].sum(0))
        pair = float(parts[0, :4] @ parts[1, :4])  # of the two features with each other
        np.testing.assert_allclose(biases[row], parts[:, 4].sum() + pair)


def test_several_labels_share_a_length_of_one():
    table = pl.DataFrame({"item": [1, 2, 3], "genres": [["x", "y"], ["x"], ["y", "x"]]})
    (genres,) = attributes(table, "item", 3, 2)
    np.testing.assert_allclose(genres.toarray(), [[2**-0.5, 2**-0.5], [1, 0], [2**-0.5, 2**-0.5]])


def test_days_are_never_divided():
    times = np.array([0, 1, 2, 3, 4, 5, DAY, DAY + 1, 2 * DAY, 3 * DAY], np.int64)
    assert time_edges(times, 10).tolist() == [DAY, 2 * DAY, 3 * DAY]
    edges = time_edges(times, 2)
    assert edges.tolist() == []  # more than half of the events are on the first day
    assert time_edges(times, 3).tolist() == [DAY]
    edges = np.array([DAY, 2 * DAY])
    asked = np.array([-5, DAY - 1, DAY, 9 * DAY])
    assert time_rows(edges, asked, 4).tolist() == [0, 0, 1, 2]
    assert time_rows(edges, None, 2).tolist() == [3, 3]

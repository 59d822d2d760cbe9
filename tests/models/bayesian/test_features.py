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
    vectors, biases = state.of_all(owners, typical=False)
    for row, label, known in ((0, 0, 0), (1, 1, None), (2, 1, 1), (3, 0, None)):
        of_id = state.means[:, 0] if known is None else state.weights[:, known]
        parts = np.stack([of_id, state.weights[:, 5 + label]])
        np.testing.assert_allclose(vectors[row], parts[:, :4].sum(0))
        pair = float(parts[0, :4] @ parts[1, :4])  # of the two features with each other
        np.testing.assert_allclose(biases[row], parts[:, 4].sum() + pair)
    np.testing.assert_allclose(np.append(vectors[-1], biases[-1]), state.means[:, 0])


def state_of(owners, seen, counts):
    """With weights drawn at random."""
    block = side(seen, owners, met=True)
    rng = np.random.default_rng(1)
    state = BlockState(block, counts, 3, rng)
    state.weights[:] = rng.normal(size=state.weights.shape)
    state.means[:] = rng.normal(size=state.means.shape)
    state.values[:] = (block.matrix @ state.weights.T).T
    state.squares[:] = (block.matrix.power(2) @ np.square(state.weights[:3]).T).T
    return state


def score(features, weights, partner):
    """A factorisation machine's score, pair by pair: of an owner and of the other side."""
    used = np.flatnonzero(features)
    vectors = features[used, None] * weights[:-1, used].T
    total = features @ weights[-1] + vectors.sum(0) @ partner
    return total + sum(a @ b for k, a in enumerate(vectors) for b in vectors[:k])


def test_typical_owners_without_events_are_the_mean_of_others_but_for_their_table():
    table = pl.DataFrame({"user": [1, 2, 3, 4], "job": ["a", "b", "b", "a"]})
    owners = Owners.of(np.array([2, 0, 3, 1]), attributes(table, "user", 4, 2))
    seen = sparse.csr_array(np.array([[1, 1, 0], [1, 1, 1], [0, 0, 1]], np.float32))
    state = state_of(owners, seen, np.array([2, 3, 1]))
    partner = np.array([0.3, -1.2, 0.7])
    vectors, biases = state.of_all(owners, typical=True)
    found = vectors @ partner + biases

    rows = state.block.matrix.toarray()
    wanted = [score(row, state.weights, partner) for row in rows]
    np.testing.assert_allclose(found[[0, 2, 3]], wanted, rtol=1e-5)
    np.testing.assert_allclose(found[-1], np.mean(wanted), rtol=1e-5)
    rows[:, -2:] = [0, 1]  # had all of them the job of the user without events
    wanted = [score(row, state.weights, partner) for row in rows]
    np.testing.assert_allclose(found[1], np.mean(wanted), rtol=1e-5)


def test_before_the_history_there_are_the_prior_and_the_table():
    table = pl.DataFrame({"user": [1, 2, 3, 4], "job": ["a", "b", "b", "a"]})
    owners = Owners.of(np.array([2, 0, 3, 1]), attributes(table, "user", 4, 2))
    seen = sparse.csr_array(np.array([[1, 1, 0], [1, 1, 1], [0, 0, 1]], np.float32))
    state = state_of(owners, seen, np.array([2, 3, 1]))
    partner = np.array([0.3, -1.2, 0.7])
    vector, bias = state.before_history(owners)
    weights = np.column_stack([state.means[:, 0], state.weights[:, -2:]])
    wanted = [score(np.array([1.0, *job]), weights, partner) for job in ([1, 0], [0, 1], [1, 0])]
    np.testing.assert_allclose(vector @ partner + bias, np.mean(wanted), rtol=1e-5)


def test_several_labels_share_a_length_of_one():
    table = pl.DataFrame({"item": [1, 2, 3], "genres": [["x", "y"], ["x"], ["y", "x"]]})
    (genres,) = attributes(table, "item", 3, 2)
    np.testing.assert_allclose(genres.toarray(), [[2**-0.5, 2**-0.5], [1, 0], [2**-0.5, 2**-0.5]])


def test_days_are_never_divided():
    times = np.array([0, 1, 2, 3, 4, 5, DAY, DAY + 1, 2 * DAY, 3 * DAY], np.int64)
    assert time_edges(times, 10).tolist() == [0, DAY, 2 * DAY, 3 * DAY, 4 * DAY]
    # More than half of the events are on the first day.
    assert time_edges(times, 2).tolist() == [0, 4 * DAY]
    assert time_edges(times, 3).tolist() == [0, DAY, 4 * DAY]


def test_times_outside_the_log_are_not_known():
    edges = np.array([0, DAY, 3 * DAY])
    asked = np.array([-5, 0, DAY - 1, DAY, 3 * DAY - 1, 3 * DAY, 9 * DAY])
    assert time_rows(edges, asked, 7).tolist() == [2, 0, 0, 1, 1, 2, 2]
    assert time_rows(edges, None, 2).tolist() == [2, 2]
    assert time_rows(np.empty(0, np.int64), asked, 7).tolist() == [1] * 7

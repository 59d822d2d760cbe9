"""Weights of blended lists, against grids of weights and the loss written out."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.metrics import NDCG, Ranked
from penchant.models.blend.list_weights import Candidates, fit_list_weights, softmax_weights


def made(*, n_users=60, width=25, noises=(1.0, 1.5), seed=0):
    """Candidates whose models each see what is relevant through noise of their own."""
    rng = np.random.default_rng(seed)
    relevant = rng.random((n_users, width)) < 0.15
    relevant[:, 0] = True
    scores = np.stack([relevant + rng.normal(0, noise, relevant.shape) for noise in noises])
    there = np.ones(relevant.shape, np.bool_)
    return Candidates(scores.astype(np.float32), there, relevant, relevant.sum(axis=1))


def test_ndcg_is_that_of_the_metric():
    candidates = made()
    weights = np.array([0.3, 0.7])
    sums = np.tensordot(weights, candidates.scores.astype(float), 1)
    lists = np.argsort(-sums, axis=1).astype(np.int32)
    items = [np.flatnonzero(row) for row in candidates.relevant]
    offsets = np.cumsum([0, *map(len, items)])
    found = NDCG(10)(Ranked.of(lists, offsets, np.concatenate(items).astype(np.int32)))
    assert candidates.ndcg(weights) == pytest.approx(found.mean())


def test_places_beyond_the_candidates_are_in_no_list():
    one = made(n_users=4, width=12)
    pad = ((0, 0), (0, 0), (0, 3))
    padded = Candidates(
        np.pad(one.scores, pad, constant_values=9),
        np.pad(one.there, pad[1:]),
        np.pad(one.relevant, pad[1:]),
        one.n_relevant,
    )
    weights = np.array([0.5, 0.5])
    assert padded.ndcg(weights) == pytest.approx(one.ndcg(weights))
    np.testing.assert_allclose(softmax_weights(padded), softmax_weights(one), atol=1e-4)


def test_relevant_items_that_no_model_lists_count_in_the_ideal():
    one = made(n_users=4, width=12)
    more = Candidates(one.scores, one.there, one.relevant, one.n_relevant + 5)
    assert more.ndcg(np.array([1.0, 0.0])) < one.ndcg(np.array([1.0, 0.0]))


@pytest.mark.parametrize("noises", [(1.0, 1.5), (0.5, 4.0), (2.0, 2.0)])
def test_no_weights_of_a_grid_are_better(noises):
    candidates = made(noises=noises)
    weights, reached = fit_list_weights(candidates)
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1)
    assert candidates.ndcg(weights) == pytest.approx(reached, abs=1e-6)
    grid = [candidates.ndcg(np.array([w, 1 - w])) for w in np.linspace(0, 1, 21)]
    assert reached > max(grid) - 0.01
    assert reached >= max(grid[0], grid[-1], grid[10])


def test_softmax_weights_minimise_the_loss():
    candidates = made(n_users=100, width=12, noises=(1.0, 1.4))
    scores, relevant = candidates.scores.astype(float), candidates.relevant

    def loss(weights):
        sums = np.tensordot(weights, scores, 1)
        logs = sums - np.log(np.exp(sums).sum(axis=1, keepdims=True))
        return -np.mean([row[own].mean() for row, own in zip(logs, relevant, strict=True)])

    found = softmax_weights(candidates)
    sizes = np.linspace(0.1, 4, 40)
    least = {
        share: min(loss(s * np.array([share, 1 - share])) for s in sizes)
        for share in np.linspace(0, 1, 41)
    }
    assert min(loss(s * found) for s in sizes) == pytest.approx(min(least.values()), abs=2e-3)
    assert found[0] == pytest.approx(min(least, key=least.get), abs=0.06)


def test_models_that_say_the_opposite_get_no_weight():
    candidates = made(noises=(0.7, 0.7))
    wrong = Candidates(
        candidates.scores * np.array([1, -1], np.float32)[:, None, None],
        candidates.there,
        candidates.relevant,
        candidates.n_relevant,
    )
    assert softmax_weights(wrong)[1] == 0
    assert fit_list_weights(wrong)[0].tolist() == [1, 0]


def test_one_model_has_all_the_weight():
    candidates = made(noises=(1.0,))
    assert fit_list_weights(candidates)[0].tolist() == [1]

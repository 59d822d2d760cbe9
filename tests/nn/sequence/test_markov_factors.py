"""Contexts of events, and that the steps lower the loss they say."""

from __future__ import annotations

import torch

from penchant.nn.sampled_softmax import Candidates
from penchant.nn.sequence.markov_factors import (
    MarkovFactors,
    contexts,
    markov_step,
    weighted_rows,
)

ITEMS = torch.tensor([5, 3, 1, 0, 2, 4])
STARTS = torch.tensor([0, 0, 0, 3, 3, 3])  # two sequences of three


def test_contexts_are_the_events_before_in_the_same_sequence():
    decays = torch.tensor([1.0, 0.5])
    rows, weights = contexts(ITEMS, STARTS[[0, 2, 3, 4]], torch.tensor([0, 2, 3, 4]), decays)
    assert weights[0].tolist() == [0, 0]
    assert rows[1].tolist() == [3, 5]
    assert torch.allclose(weights[1], torch.tensor([2 / 3, 1 / 3]))
    assert weights[2].tolist() == [0, 0]
    assert rows[3, 0] == 0
    assert weights[3].tolist() == [1, 0]


def test_the_end_of_all_sequences_has_a_context():
    rows, weights = contexts(ITEMS, torch.tensor([3]), torch.tensor([6]), torch.ones(2))
    assert rows.tolist() == [[4, 2]]
    assert weights.tolist() == [[0.5, 0.5]]


def test_weighted_rows_are_sums():
    table = torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
    found = weighted_rows(table, torch.tensor([[1, 2]]), torch.tensor([[0.25, 0.75]]))
    assert torch.allclose(found[0], 0.25 * table[1] + 0.75 * table[2])


def changes_of(id_dropout, learning_rate=1e-3, l2=0.0):
    """What one step of a batch of all events changes, and minus the slopes of the loss."""
    generator = torch.Generator().manual_seed(1)
    network = MarkovFactors(2, 6, 4, generator)
    decays = torch.tensor([1.0, 0.5])
    users = torch.tensor([0, 0, 0, 1, 1, 1])
    places = torch.arange(6)
    weights = torch.tensor([1.0, 2.0, 1.0, 1.0, 0.5, 1.0])
    tables = [network.base.users, network.sources, network.base.items]
    leaves = [table.clone().requires_grad_() for table in tables]
    rows, shares = contexts(ITEMS, STARTS, places, decays)
    last = (leaves[1][rows] * shares[:, :, None]).sum(1)
    p = torch.cat([leaves[0][users] * (0.0 if id_dropout else 1.0), last], 1)
    scores = p @ leaves[2][:, :-1].T + leaves[2][:, -1]
    losses = (scores.logsumexp(1) - scores[places, ITEMS]) * weights
    losses.sum().backward()
    before = [table.clone() for table in tables]
    step = markov_step(
        network,
        (ITEMS, users, STARTS),
        decays,
        Candidates(torch.ones(6), 0.0, 100, generator),
        learning_rate=learning_rate,
        l2=l2,
        id_dropout=id_dropout,
        generator=generator,
    )
    loss = step(places, weights)
    assert torch.allclose(loss, losses.mean(), atol=1e-6)
    return [t - b for t, b in zip(tables, before, strict=True)], [-leaf.grad for leaf in leaves]


def test_a_step_goes_down_the_slope_of_the_loss():
    changes, slopes = changes_of(id_dropout=0.0)
    for change, slope in zip(changes, slopes, strict=True):
        # Each row has a rate of its own, so that directions agree row by row.
        moved = slope.norm(dim=1) > 1e-6
        alike = torch.cosine_similarity(change[moved], slope[moved], dim=1)
        assert torch.allclose(alike, torch.ones_like(alike), atol=1e-3)
        assert (change[~moved].norm(dim=1) < 1e-8).all()


def test_events_without_the_users_vector_leave_it_alone():
    changes, _ = changes_of(id_dropout=1.0)
    assert (changes[0] == 0).all()
    assert (changes[1] != 0).any()

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from penchant.nn import length_batches
from penchant.nn.rbm.contrastive_divergence import value_kernel
from penchant.nn.rbm.softmax_regressions import fit_softmax_rows

KERNEL = value_kernel(np.arange(4, dtype=np.float32))


@pytest.fixture
def given():
    rng = np.random.default_rng(0)
    counts = np.array([7, 0, 40, 1, 18])
    offsets = np.append(0, counts.cumsum())
    index = rng.integers(0, 30, offsets[-1]).astype(np.int32)
    values = rng.integers(0, 4, offsets[-1])
    features = torch.from_numpy(rng.random((30, 6), np.float32))
    prior = torch.from_numpy(rng.normal(size=(4, 6)).astype(np.float32))
    return offsets, index, values, features, prior, KERNEL


def penalised(weights, given, row, l2):
    offsets, index, values, features, prior, kernel = given
    mine = slice(offsets[row], offsets[row + 1])
    x = features[torch.from_numpy(index[mine].astype(np.int64))].double()
    truth = torch.from_numpy(values[mine])
    rest = weights - prior.double()
    loss = functional.cross_entropy(x @ weights.T, truth, reduction="sum")
    return loss + l2 / 2 * torch.trace(rest.T @ torch.linalg.solve(kernel.double(), rest))


def test_the_slope_vanishes_at_the_result(given):
    found = fit_softmax_rows(*given, 0.5, steps=200)
    for row in range(5):
        weights = found[row].double().requires_grad_()
        penalised(weights, given, row, 0.5).backward()
        assert weights.grad.abs().max() < 1e-3
    assert (found - given[4]).abs().amax(dim=(1, 2))[[0, 2, 4]].min() > 0.1


def test_the_few_steps_of_the_default_come_close(given):
    few, many = (fit_softmax_rows(*given, 2.0, steps=n).double() for n in (10, 200))
    for row in (0, 2, 4):
        start, short, end = (
            float(penalised(w, given, row, 2.0)) for w in (given[4].double(), few[row], many[row])
        )
        assert short - end < 0.02 * (start - end)


def test_a_row_without_observations_is_the_prior(given):
    torch.testing.assert_close(fit_softmax_rows(*given, 0.5)[1], given[4])


def test_rows_do_not_depend_on_their_company(given, monkeypatch):
    together = fit_softmax_rows(*given, 0.5)
    monkeypatch.setattr(length_batches, "MAX_CELLS", 1)
    torch.testing.assert_close(fit_softmax_rows(*given, 0.5), together, atol=1e-5, rtol=1e-5)


def test_a_single_class_has_nothing_to_learn(given):
    offsets, index, values, features, prior, _ = given
    found = fit_softmax_rows(
        offsets, index, np.zeros_like(values), features, prior[:1], torch.ones(1, 1), 0.5
    )
    torch.testing.assert_close(found, prior[:1].expand(5, 1, 6))

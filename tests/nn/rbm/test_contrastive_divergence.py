from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import sparse

from penchant.nn.rbm.contrastive_divergence import (
    ContrastiveDivergence,
    RatingRows,
    SoftmaxRBM,
    value_kernel,
)

VALUES = np.array([1, 2, 4], np.float32)
DENSE = np.array([[1, 0, 4, 2], [0, 0, 0, 0], [0, 2, 2, 4], [4, 1, 0, 0]], np.float32)


def rated():
    return RatingRows.of(sparse.csr_array(DENSE), VALUES)


def one_hot(dense):
    return torch.from_numpy((dense[:, :, None] == VALUES).astype(np.float32)).flatten(1)


def test_ratings_become_a_unit_for_each_value():
    table = torch.randn(12, 5, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(rated().times(table), one_hot(DENSE) @ table)
    some = torch.tensor([3, 1, 0])
    torch.testing.assert_close(rated().take(some).times(table), one_hot(DENSE)[some] @ table)
    other = torch.randn(4, 5)
    torch.testing.assert_close(rated().transposed(12).times(other), one_hot(DENSE).T @ other)


def test_a_rating_becomes_the_nearest_value():
    odd = sparse.csr_array(np.array([[-3.0, 1.4, 1.6], [2.9, 3.1, 50]], np.float32))
    assert (RatingRows.of(odd, VALUES).units % 3).tolist() == [0, 0, 1, 1, 2, 2]


def test_the_kernel_ties_neighbouring_values():
    kernel = value_kernel(np.arange(1, 6, dtype=np.float32))
    assert float(kernel.trace()) == pytest.approx(5)
    torch.testing.assert_close(kernel, kernel.T)
    assert torch.linalg.eigvalsh(kernel).min() > 0
    assert (kernel[0].diff() < 0).all()
    torch.testing.assert_close(value_kernel(VALUES[:1]), torch.ones(1, 1))


@pytest.mark.parametrize("steps", [1, 2])
def test_a_step_is_the_difference_of_the_two_statistics(steps):
    generator = torch.Generator().manual_seed(5)
    network = SoftmaxRBM(torch.randn(4, 3, generator=generator), 6, generator)
    network.weight.normal_(generator=generator)
    network.hidden_bias.normal_(generator=generator)
    w, b, c = (p.clone() for p in (network.weight, network.visible_bias, network.hidden_bias))
    learn = ContrastiveDivergence(
        network,
        rated(),
        value_kernel(VALUES),
        learning_rate=0.3,
        momentum=0.5,
        l2=0.1,
        generator=torch.Generator().manual_seed(9),
    )
    learn.gibbs_steps = steps
    velocity = [torch.zeros_like(p) for p in (w, b, c)]
    same = torch.Generator().manual_seed(9)
    rows = torch.tensor([0, 2, 3])
    v0 = one_hot(DENSE)[rows]
    seen = torch.from_numpy(DENSE)[rows] > 0
    for _ in range(3):
        loss = learn(rows)
        h0 = h = torch.sigmoid(v0 @ w + c)
        for step in range(steps):
            drawn = (torch.rand(h.shape, generator=same) < h).float()
            v = torch.softmax((drawn @ w.T).view(3, 4, 3) + b, 2) * seen[:, :, None]
            if step == 0:
                expected = -(v[v0.view(3, 4, 3) > 0]).log().mean()
            v = v.flatten(1)
            h = torch.sigmoid(v @ w + c)
        tied = value_kernel(VALUES) @ (v0.T @ h0 - v.T @ h).view(4, 3, 6)
        gradients = (
            tied.view(12, 6) / 3 - 0.1 * w,
            (v0 - v).sum(0).view(4, 3) / 3,
            (h0 - h).mean(0),
        )
        velocity = [0.5 * u + g for u, g in zip(velocity, gradients, strict=True)]
        w, b, c = (p + 0.3 * u for p, u in zip((w, b, c), velocity, strict=True))
        torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(network.weight, w)
    torch.testing.assert_close(network.visible_bias, b)
    torch.testing.assert_close(network.hidden_bias, c)

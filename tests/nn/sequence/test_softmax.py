"""Losses and gradients equal those of plain formulas, whatever the blocks."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from penchant.nn.sequence import softmax
from penchant.nn.sequence.network import collisions


@pytest.fixture(autouse=True, params=[16, 2**20])
def cells(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(softmax, "_CELLS", request.param * 30)


def test_over_all_items() -> None:
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(70, 5, generator=generator, requires_grad=True)
    items = torch.randn(30, 5, generator=generator, requires_grad=True)
    targets = torch.randint(30, (70,), generator=generator)
    plain = functional.cross_entropy(hidden @ items.T, targets)
    wanted = torch.autograd.grad(3 * plain, [hidden, items])
    loss = softmax.cross_entropy(hidden, items, targets)
    found = torch.autograd.grad(3 * loss, [hidden, items])
    torch.testing.assert_close(loss, plain)
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other)


def test_rounded_factors_change_little_and_leave_other_products_as_they_are() -> None:
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(70, 32, generator=generator, requires_grad=True)
    items = torch.randn(30, 32, generator=generator, requires_grad=True)
    targets = torch.randint(30, (70,), generator=generator)
    products = getattr(torch.backends.mkldnn, "matmul", None)
    before = getattr(products, "fp32_precision", None)
    found = []
    for rounded in (False, True):
        loss = softmax.cross_entropy(hidden, items, targets, rounded=rounded)
        found.append([loss, *torch.autograd.grad(loss, [hidden, items])])
    assert getattr(products, "fp32_precision", None) == before
    for exact, near in zip(*found, strict=True):
        assert near.dtype == torch.float32
        torch.testing.assert_close(
            near, exact, rtol=0.02, atol=0.02 * float(exact.detach().abs().max())
        )


def test_over_drawn_items() -> None:
    generator = torch.Generator().manual_seed(0)
    hidden, own = (torch.randn(70, 5, generator=generator, requires_grad=True) for _ in range(2))
    others = torch.randn(12, 5, generator=generator, requires_grad=True)
    log_expected = torch.rand(12, generator=generator)
    targets = torch.randint(8, (70,), generator=generator)
    drawn = torch.tensor([3, 3, 9, 10, 0, 11, 12, 7, 20, 5, 5, 21])  # some of them twice
    scores = hidden @ others.T - log_expected
    scores = scores.masked_fill(drawn == targets[:, None], -torch.inf)
    mine = (hidden * own).sum(1)
    plain = (torch.logaddexp(mine, scores.logsumexp(1)) - mine).mean()
    wanted = torch.autograd.grad(plain, [hidden, own, others])
    loss = softmax.sampled_cross_entropy(
        hidden, own, others, log_expected, collisions(targets, drawn)
    )
    found = torch.autograd.grad(loss, [hidden, own, others])
    torch.testing.assert_close(loss, plain)
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other)


def test_large_scores_stay_finite() -> None:
    hidden = torch.full((3, 2), 1e4)
    items = torch.tensor([[1.0, 1.0], [-1.0, -1.0]])
    assert softmax.cross_entropy(hidden, items, torch.tensor([0, 0, 0])) == 0
    none = torch.empty(2, 0, dtype=torch.int64)
    loss = softmax.sampled_cross_entropy(hidden, items[[0, 0, 0]], items, torch.zeros(2), none)
    assert torch.isfinite(loss)

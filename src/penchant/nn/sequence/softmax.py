"""Cross-entropy over all items, or over some that are drawn, block by block.

A table of events × items would be gigabytes. Here the softmax of a block of events, and from it
the gradient, are computed while the block's scores are in the cache, and nothing of it is kept:
the backward pass only scales what the forward pass has found.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor

_CELLS = 2**20
"""Scores of a block: 4 MB."""


def cross_entropy(
    hidden: Tensor, items: Tensor, targets: Tensor, *, rounded: bool = False
) -> Tensor:
    """The mean of -log softmax over all items at the targets.

    Args:
        hidden: float32[n_events, dim].
        items: float32[n_items, dim].
        targets: int64[n_events].
        rounded: whether the factors of products may be rounded to bfloat16, which processors with
            instructions for it multiply several times as fast; sums are float32.
    """
    with _rounded_factors() if rounded else nullcontext():
        found: Tensor = _CrossEntropy.apply(hidden, items, targets)  # type: ignore[no-untyped-call]
    return found


@contextmanager
def _rounded_factors() -> Iterator[None]:
    """Let products of float32 matrices round their factors, where this torch can (from 2.9)."""
    products = getattr(torch.backends.mkldnn, "matmul", None)
    before = getattr(products, "fp32_precision", None)
    if products is None or before is None:
        yield
        return
    products.fp32_precision = "bf16"
    try:
        yield
    finally:
        products.fp32_precision = before


def sampled_cross_entropy(
    hidden: Tensor, own: Tensor, others: Tensor, log_expected: Tensor, collides: Tensor
) -> Tensor:
    """The mean of -log(exp s / (exp s + sum over others of exp s')), the others being drawn.

    Each of these is divided by how often it is expected to be drawn ("logQ correction"): Bengio
    and Senécal, "Adaptive Importance Sampling to Accelerate Training of a Neural Probabilistic
    Language Model" (2008), eq. 12. The own item is in it once, drawn or not.

    Args:
        hidden: float32[n_events, dim].
        own: float32[n_events, dim], vectors of the targets.
        others: float32[n_drawn, dim], of the drawn items.
        log_expected: float32[n_drawn], the logarithm of how often each is expected.
        collides: int64[2, n], the pairs of an event and a drawn item that is its target.
    """
    found: Tensor = _SampledCrossEntropy.apply(  # type: ignore[no-untyped-call]
        hidden, own, others, log_expected, collides
    )
    return found


class _CrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, items: Tensor, targets: Tensor) -> Tensor:
        n, n_items = len(hidden), len(items)
        size = max(16, _CELLS // n_items)
        scores = hidden.new_empty(min(size, n), n_items)
        to_hidden = torch.empty_like(hidden)
        to_items = items.new_zeros(items.shape[1], n_items)  # its products are faster transposed
        total = hidden.new_zeros((), dtype=torch.float64)
        for start in range(0, n, size):
            h, target = hidden[start : start + size], targets[start : start + size, None]
            some = torch.mm(h, items.T, out=scores[: len(h)])
            own = some.gather(1, target)
            highest = some.amax(1, keepdim=True)
            sums = some.sub_(highest).exp_().sum(1, keepdim=True)
            total += (sums.log() + highest - own).sum(dtype=torch.float64)
            some.div_(sums)
            some.scatter_add_(1, target, some.new_full((1, 1), -1.0).expand(len(h), 1))
            torch.mm(some, items, out=to_hidden[start : start + size])
            to_items.addmm_(h.T, some)
        ctx.save_for_backward(to_hidden, to_items)
        return (total / n).to(hidden.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:
        to_hidden, to_items = ctx.saved_tensors
        scale = gradients[0] / len(to_hidden)
        return to_hidden * scale, to_items.T * scale, None


class _SampledCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        own: Tensor,
        others: Tensor,
        log_expected: Tensor,
        collides: Tensor,
    ) -> Tensor:
        n, n_drawn = len(hidden), len(others)
        size = max(16, _CELLS // n_drawn)
        to_hidden = torch.empty_like(hidden)
        to_others = others.new_zeros(others.shape[1], n_drawn)
        own_scores = (hidden * own).sum(1)
        slopes = torch.empty_like(own_scores)
        total = hidden.new_zeros((), dtype=torch.float64)
        for start in range(0, n, size):
            h, mine = hidden[start : start + size], own_scores[start : start + size, None]
            some = torch.addmm(log_expected, h, others.T, beta=-1)
            ends = collides.new_tensor([start, start + len(h)])
            first, last = torch.searchsorted(collides[0].contiguous(), ends)
            event, drawn = collides[:, first:last]
            some[event - start, drawn] = -math.inf
            highest = torch.maximum(some.amax(1, keepdim=True), mine)
            rest = some.sub_(highest).exp_().sum(1, keepdim=True)
            sums = rest + (mine - highest).exp()
            total += (sums.log() + highest - mine).sum(dtype=torch.float64)
            some.div_(sums)
            slopes[start : start + size] = -(rest / sums)[:, 0]
            torch.mm(some, others, out=to_hidden[start : start + size])
            to_others.addmm_(h.T, some)
        to_own = slopes[:, None] * hidden
        to_hidden.addcmul_(slopes[:, None], own)
        ctx.save_for_backward(to_hidden, to_own, to_others)
        return (total / n).to(hidden.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        to_hidden, to_own, to_others = ctx.saved_tensors
        scale = gradients[0] / len(to_hidden)
        return to_hidden * scale, to_own * scale, to_others.T * scale, None, None

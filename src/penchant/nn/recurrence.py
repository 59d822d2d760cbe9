"""A recurrent layer over a sequence, for many networks with weights of their own at once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from penchant.nn.cells import Cell, Slopes, Step

WIDE = 64
"""Units from which on blocks lie side by side."""
MOST_VIEWS = 64
"""Batch shapes whose views are kept."""


class Pool:
    """Named buffers that are kept from batch to batch, because fresh memory costs time."""

    def __init__(self) -> None:
        self._buffers: dict[str, Tensor] = {}

    def take(self, name: str, *shape: int) -> Tensor:
        """float32[shape] with whatever it last held."""
        size = math.prod(shape)
        held = self._buffers.get(name)
        if held is None or held.numel() < size:
            held = self._buffers[name] = torch.empty(size)
        return held[:size].view(shape)


@dataclass(frozen=True)
class _Views:
    """The tensors of all steps of a batch of one shape, made once because making them costs."""

    hidden: Tensor  # [networks, steps + 1, rows, units + 2]
    joint: Tensor  # [networks, rows, width]
    gradient: Tensor  # [networks, steps, rows, width]
    states: Tensor  # [networks, units + 2, steps * rows]
    inputs: tuple[Tensor, ...]  # of each step [networks, rows, units + 2]
    slopes: tuple[Tensor, ...]  # of each step [networks, rows, width]
    steps: tuple[Step, ...]
    back: tuple[Slopes, ...]


class Recurrence:
    """The steps of one batch, forward and back.

    `weights`, float32[networks, units + 2, n_blocks * units], hold the recurrent weights and
    below them two rows for inputs of two values: what is added to the sums where the input is 1,
    and what is always added. So one product with [h, input, 1] gives all sums, and the product
    that gives the gradient of the weights gives that of both rows as well.

    Args:
        cell: the cell.
        units: its number of units.
        pool: where buffers come from.
    """

    def __init__(self, cell: Cell, units: int, pool: Pool) -> None:
        self.cell, self.units, self.pool = cell, units, pool
        self._views: dict[tuple[int, int, int], _Views] = {}
        self._now: _Views | None = None

    def forward(self, weights: Tensor, inputs: Tensor, projected: Tensor | None) -> Tensor:
        """The output after the last step.

        Args:
            weights: see above.
            inputs: float32[networks, steps, rows], zeros and ones.
            projected: float32[networks, steps, rows, n_blocks * units], added to the sums.

        Returns:
            float32[networks, rows, units], a view that the next call overwrites.
        """
        views = self._prepared(*inputs.shape)
        units = self.units
        views.hidden[:, :-1, :, units] = inputs
        for t, step in enumerate(views.steps):
            # There is no state before the first step.
            start = 0 if t else units
            state, below = views.inputs[t][:, :, start:], weights[:, start:]
            if projected is None:
                torch.bmm(state, below, out=views.joint)
            else:
                torch.baddbmm(projected[:, t], state, below, out=views.joint)
            self.cell.forward(step)
        return views.steps[-1].out

    def backward(self, weights: Tensor, dh: Tensor, gradient: Tensor) -> Tensor:
        """The gradient of the last output, taken back to all sums and weights.

        Args:
            weights: as given to `forward`.
            dh: float32[networks, rows, units], the gradient of the last output.
            gradient: like `weights`, written.

        Returns:
            float32[networks, steps, rows, n_blocks * units], the gradient of the sums, a buffer.
        """
        views = self._now
        assert views is not None  # forward comes first
        transposed = weights[:, : self.units].transpose(1, 2)
        views.back[-1].dh.copy_(dh)
        views.back[-1].carry.zero_()
        for t in reversed(range(len(views.steps))):
            slopes = views.back[t]
            self.cell.back(views.steps[t], slopes)
            if t:
                torch.bmm(views.slopes[t], transposed, out=slopes.dh)
                if self.cell.carries:
                    slopes.dh.add_(slopes.carry)
        torch.bmm(views.states, views.gradient.flatten(1, 2), out=gradient)
        return views.gradient

    def _prepared(self, n: int, steps: int, rows: int) -> _Views:
        """The views for a batch of this shape, with all that never changes filled in."""
        key = n, steps, rows
        views = self._views.get(key)
        if views is None:
            if len(self._views) >= MOST_VIEWS:
                self._views.clear()
            views = self._views[key] = self._make(*key)
        if views is not self._now:
            # Batches of other shapes have used the same memory.
            views.hidden[:, 0, :, : self.units] = 0
            views.hidden[..., self.units + 1] = 1
            for kept in views.steps[0].before:
                kept.zero_()
            self._now = views
        return views

    def _make(self, n: int, steps: int, rows: int) -> _Views:
        units, blocks, take = self.units, self.cell.n_blocks, self.pool.take
        width = blocks * units
        hidden = take("hidden", n, steps + 1, rows, units + 2)
        # Few units make short pieces of memory where blocks lie side by side in a row, so that
        # apart is faster, although what a product gives must be rearranged.
        if units < WIDE:
            planes = take("planes", steps, blocks, n, rows, units)
            scratch = take("slopes", blocks, n, rows, units)
        else:
            planes = take("planes", steps, n, rows, width)
            planes = planes.view(steps, n, rows, blocks, units).permute(0, 3, 1, 2, 4)
            scratch = _by_block(take("slopes", n, rows, width), blocks)
        kept = take("kept", steps + 1, self.cell.n_kept, n, rows, units)
        joint = take("joint", n, rows, width)
        gradient = take("sums", n, steps, rows, width)
        dh, carry = take("dh", n, rows, units), take("carry", n, rows, units)
        forward, back = [], []
        for t in range(steps):
            forward.append(
                Step(
                    sums=_by_block(joint, blocks),
                    planes=planes[t],
                    blocks=planes[t].unbind(),
                    last=hidden[:, t, :, :units],
                    out=hidden[:, t + 1, :, :units],
                    before=kept[t].unbind(),
                    kept=kept[t + 1].unbind(),
                )
            )
            sums = _by_block(gradient[:, t], blocks)
            back.append(Slopes(dh, carry, scratch, scratch.unbind(), sums))
        states = hidden.view(n, (steps + 1) * rows, units + 2)[:, : steps * rows]
        return _Views(
            hidden=hidden,
            joint=joint,
            gradient=gradient,
            states=states.transpose(1, 2),
            inputs=hidden.unbind(1)[:steps],
            slopes=gradient.unbind(1),
            steps=tuple(forward),
            back=tuple(back),
        )

    def output(self, weights: Tensor, tree: list[tuple[Tensor, Tensor]]) -> Tensor:
        """The output for sequences given as a tree of their beginnings, without a way back.

        Args:
            weights: see above.
            tree: for each step int64[nodes], the node of the step before that a node continues,
                and float32[nodes], its input; see `prefix_tree`.

        Returns:
            float32[networks, nodes of the last step, units].
        """
        n, units, blocks = len(weights), self.units, self.cell.n_blocks
        h = weights.new_zeros(n, 1, units)
        kept = weights.new_zeros(self.cell.n_kept, n, 1, units)
        for parent, value in tree:
            last, before = h[:, parent], kept[:, :, parent]
            ones = last.new_ones(n, len(value), 1)
            state = torch.cat([last, value[None, :, None].expand(n, -1, 1), ones], 2)
            planes = _by_block(state @ weights, blocks).contiguous()
            h, kept = torch.empty_like(last), torch.empty_like(before)
            self.cell.forward(
                Step(planes, planes, planes.unbind(), last, h, before.unbind(), kept.unbind())
            )
        return h


def prefix_tree(patterns: Tensor) -> list[tuple[Tensor, Tensor]]:
    """The distinct beginnings of sequences, step by step, so that each is computed once.

    Args:
        patterns: float32[n, steps], distinct sequences of zeros and ones, in ascending order.

    Returns:
        For each step the parent of each node among those of the step before and its input; the
        nodes of the last step are the patterns in their order.
    """
    tree = []
    above = torch.zeros(len(patterns), dtype=torch.int64)
    for t in range(patterns.shape[1]):
        key = above * 2 + patterns[:, t].long()
        nodes, here = torch.unique(key, return_inverse=True)
        tree.append((nodes // 2, (nodes % 2).float()))
        above = here
    return tree


def _by_block(joint: Tensor, blocks: int) -> Tensor:
    """[networks, rows, blocks * units] as [blocks, networks, rows, units], without a copy."""
    n, rows, width = joint.shape
    return joint.view(n, rows, blocks, width // blocks).permute(2, 0, 1, 3)

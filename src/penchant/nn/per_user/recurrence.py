"""A recurrent layer over a sequence, for many networks with weights of their own at once."""

from __future__ import annotations

import torch
from torch import Tensor

from penchant.nn.per_user.cells import Cell, Step
from penchant.nn.per_user.shared_prefixes import Rows
from penchant.nn.per_user.step_buffers import Pool, Steps, make_steps

WIDE = 64
"""Units from which on a copy of the gradient takes longer than it saves."""
MOST_VIEWS = 256
"""Batch shapes whose views are kept."""


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
        self._known: dict[tuple[int, tuple[int, ...]], Steps] = {}
        self._now: Steps | None = None

    def prepare(self, rows: Rows) -> Tensor:
        """Get ready for a batch.

        Returns:
            float32[networks, all rows, n_blocks * units], to be filled with what is added to the
            sums if something is.
        """
        n, sizes = len(rows.inputs), rows.sizes
        steps = self._known.get((n, sizes))
        if steps is None:
            if len(self._known) >= MOST_VIEWS:
                self._known.clear()
            steps = self._known[n, sizes] = make_steps(self.cell, self.units, self.pool, n, sizes)
        if steps is not self._now:
            # Batches of other shapes have used the same memory.
            steps.states[:, : sizes[0], :-2] = 0
            steps.states[..., -1] = 1
            self._now = steps
        steps.states[..., -2] = rows.inputs
        return steps.sums

    def forward(self, weights: Tensor, rows: Rows, *, add: bool) -> Tensor:
        """The output after the last step of the batch that was prepared.

        Args:
            weights: see above.
            rows: the batch.
            add: whether to add what `prepare` gave to the sums.

        Returns:
            float32[networks, rows of the last step, units], a view that the next call overwrites.
        """
        steps = self._now
        assert steps is not None  # prepare comes first
        held = steps.states.flatten(0, 1)[:, :-2]
        for t, step in enumerate(steps.forward):
            if rows.branches and (branch := rows.branches[t]) is not None:
                held.index_copy_(0, branch.to, held.index_select(0, branch.source))
            # There is no state before the first step.
            start = 0 if t else self.units
            state, below = steps.inputs[t][:, :, start:], weights[:, start:]
            if add:
                torch.baddbmm(steps.projected[t], state, below, out=step.sums)
            else:
                torch.bmm(state, below, out=step.sums)
            self.cell.forward(step)
        return steps.forward[-1].out

    def backward(self, weights: Tensor, rows: Rows, dh: Tensor, gradient: Tensor) -> Tensor:
        """The gradient of the last output, taken back to all sums and weights.

        Args:
            weights: as given to `forward`.
            rows: likewise.
            dh: float32[networks, rows of the last step, units], the gradient of the last output.
            gradient: like `weights`, written.

        Returns:
            float32[networks, all rows, n_blocks * units], the gradient of the sums, a buffer.
        """
        steps, units = self._now, self.units
        assert steps is not None  # forward comes first
        transposed = weights[:, :units].transpose(1, 2)
        self.cell.prepare_back(steps.whole, steps.scratch)
        steps.gradients[-1][0] = dh
        steps.gradients[-1][1] = 0
        for t in reversed(range(len(steps.forward))):
            self.cell.back(steps.forward[t], steps.back[t])
            if not t:
                break
            both = steps.gradients[t]
            torch.bmm(steps.projected[t], transposed, out=both[0])
            if self.cell.carries:
                both[0].add_(both[1])
            if rows.branches and (branch := rows.branches[t]) is not None:
                # What branches off was a row of its parent's until then.
                flat = both.view(-1, units)
                flat.index_add_(0, branch.parent, flat.index_select(0, branch.child))
                flat.index_fill_(0, branch.child, 0)
        states = steps.states[..., -units - 2 :].transpose(1, 2)
        if units >= WIDE:
            torch.bmm(states, steps.sums, out=gradient)
        else:
            # Small products right into parts of rows are made one by one.
            made = self.pool.take("gradient", *gradient.shape)
            torch.bmm(states, steps.sums, out=made)
            gradient.copy_(made)
        return steps.sums

    def output(self, weights: Tensor, tree: list[tuple[Tensor, Tensor]]) -> Tensor:
        """The output for sequences given as a tree of their beginnings, without a way back.

        Args:
            weights: see above.
            tree: for each step int64[nodes], the node of the step before that a node continues,
                and float32[nodes], its input; see `prefix_tree`.

        Returns:
            float32[networks, nodes of the last step, units].
        """
        n, units, gates = len(weights), self.units, self.cell.n_gates * self.units
        h = memory = weights.new_zeros(n, 1, units)
        for parent, value in tree:
            last, before = h[:, parent], memory[:, parent]
            ones = last.new_ones(n, len(value), 1)
            state = torch.cat([last, value[None, :, None].expand(n, -1, 1), ones], 2)
            sums = state @ weights
            # Not in place: what a cell activates by parts it reads once more.
            planes = torch.empty_like(sums)
            by_block = planes.view(n, len(value), -1, units)
            h, memory, kept = (torch.empty_like(last) for _ in range(3))
            self.cell.forward(
                Step(
                    sums=sums,
                    planes=planes,
                    gates=planes[..., :gates],
                    rest=planes[..., gates:],
                    blocks=by_block.unbind(2),
                    by_block=by_block,
                    last=last,
                    out=h,
                    before=before,
                    after=memory,
                    kept=kept,
                )
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

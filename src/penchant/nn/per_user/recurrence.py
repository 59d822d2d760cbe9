"""A recurrent layer over a sequence, for many networks with weights of their own at once."""

from __future__ import annotations

import torch
from torch import Tensor

from penchant.nn.per_user.cells import RecurrentCell, StepTensors
from penchant.nn.per_user.shared_prefixes import PrefixRows
from penchant.nn.per_user.step_buffers import BufferPool, StepBuffers, make_step_buffers

WIDE = 64
"""Hidden units from which on a copy of the gradient takes longer than it saves."""
MAX_BATCH_SHAPES = 256
"""Batch shapes whose views are kept."""


class RecurrentLayer:
    """The steps of one batch, forward and back.

    `weights`, float32[networks, hidden + 2, n_blocks * hidden], hold the recurrent weights and
    below them two rows for inputs of two values: what is added to the sums where the input is 1,
    and what is always added. So one product with [h, input, 1] gives all sums, and the product
    that gives the gradient of the weights gives that of both rows as well.

    Args:
        cell: the cell.
        hidden: its number of units.
        pool: where buffers come from.
    """

    def __init__(self, cell: RecurrentCell, hidden: int, pool: BufferPool) -> None:
        self.cell, self.hidden, self.pool = cell, hidden, pool
        self._buffers: dict[tuple[int, tuple[int, ...]], StepBuffers] = {}
        self._current: StepBuffers | None = None

    def prepare(self, rows: PrefixRows) -> Tensor:
        """Get ready for a batch.

        Returns:
            float32[networks, all rows, n_blocks * hidden], to be filled with what is added to the
            sums if something is.
        """
        n, sizes = len(rows.inputs), rows.sizes
        steps = self._buffers.get((n, sizes))
        if steps is None:
            if len(self._buffers) >= MAX_BATCH_SHAPES:
                self._buffers.clear()
            steps = self._buffers[n, sizes] = make_step_buffers(
                self.cell, self.hidden, self.pool, n, sizes
            )
        if steps is not self._current:
            # Batches of other shapes have used the same memory.
            steps.states[:, : sizes[0], :-2] = 0
            steps.states[..., -1] = 1
            self._current = steps
        steps.states[..., -2] = rows.inputs
        return steps.sums

    def forward(self, weights: Tensor, rows: PrefixRows, *, add: bool) -> Tensor:
        """The output after the last step of the batch that was prepared.

        Args:
            weights: see above.
            rows: the batch.
            add: whether to add what `prepare` gave to the sums.

        Returns:
            float32[networks, rows of the last step, hidden], a view that the next call overwrites.
        """
        steps = self._current
        assert steps is not None  # prepare comes first
        outputs = steps.states.flatten(0, 1)[:, :-2]
        for t, step in enumerate(steps.forward):
            if rows.new_rows and (new := rows.new_rows[t]) is not None:
                outputs.index_copy_(0, new.target, outputs.index_select(0, new.source))
            # There is no state before the first step.
            start = 0 if t else self.hidden
            state, below = steps.inputs[t][:, :, start:], weights[:, start:]
            if add:
                torch.baddbmm(steps.projected[t], state, below, out=step.sums)
            else:
                torch.bmm(state, below, out=step.sums)
            self.cell.forward(step)
        return steps.forward[-1].output

    def backward(self, weights: Tensor, rows: PrefixRows, dh: Tensor, gradient: Tensor) -> Tensor:
        """The gradient of the last output, taken back to all sums and weights.

        Args:
            weights: as given to `forward`.
            rows: likewise.
            dh: float32[networks, rows of the last step, hidden], the gradient of the last output.
            gradient: like `weights`, written.

        Returns:
            float32[networks, all rows, n_blocks * hidden], the gradient of the sums, a buffer.
        """
        steps, hidden = self._current, self.hidden
        assert steps is not None  # forward comes first
        transposed = weights[:, :hidden].transpose(1, 2)
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
            if rows.new_rows and (new := rows.new_rows[t]) is not None:
                # Until this step a new row was its parent's.
                flat = both.view(-1, hidden)
                flat.index_add_(0, new.parent, flat.index_select(0, new.child))
                flat.index_fill_(0, new.child, 0)
        states = steps.states[..., -hidden - 2 :].transpose(1, 2)
        if hidden >= WIDE:
            torch.bmm(states, steps.sums, out=gradient)
        else:
            # Small products right into parts of rows are made one by one.
            product = self.pool.take("gradient", *gradient.shape)
            torch.bmm(states, steps.sums, out=product)
            gradient.copy_(product)
        return steps.sums

    def output(self, weights: Tensor, tree: list[tuple[Tensor, Tensor]]) -> Tensor:
        """The output for sequences given as a tree of their prefixes, without gradients.

        Args:
            weights: see above.
            tree: for each step int64[nodes], the node of the step before that a node continues,
                and float32[nodes], its input; see `prefix_tree`.

        Returns:
            float32[networks, nodes of the last step, hidden].
        """
        n, hidden, gates = len(weights), self.hidden, self.cell.n_gates * self.hidden
        h = memory = weights.new_zeros(n, 1, hidden)
        for parent, value in tree:
            last, last_memory = h[:, parent], memory[:, parent]
            ones = last.new_ones(n, len(value), 1)
            state = torch.cat([last, value[None, :, None].expand(n, -1, 1), ones], 2)
            sums = state @ weights
            # Not in place: what a cell activates by parts it reads once more.
            planes = torch.empty_like(sums)
            by_block = planes.view(n, len(value), -1, hidden)
            h, memory, saved = (torch.empty_like(last) for _ in range(3))
            self.cell.forward(
                StepTensors(
                    sums=sums,
                    planes=planes,
                    gates=planes[..., :gates],
                    rest=planes[..., gates:],
                    blocks=by_block.unbind(2),
                    by_block=by_block,
                    last_output=last,
                    output=h,
                    last_memory=last_memory,
                    memory=memory,
                    saved=saved,
                )
            )
        return h

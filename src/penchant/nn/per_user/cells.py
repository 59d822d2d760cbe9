"""Recurrent cells with their gradients written out, for many networks at once.

Every tensor has a leading dimension of networks: each has weights of its own. What a cell adds up
of its inputs comes as one block a gate, side by side. All tensors of a step are views that are
made once a batch, see `penchant.nn.per_user.step_buffers`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from penchant.nn.per_user.activations import Activation


class StepTensors(NamedTuple):
    """The tensors of one step.

    Attributes:
        sums: float32[networks, rows, n_blocks * hidden], what a step's inputs add up to; scratch.
        planes: like `sums`, after activation.
        gates: the blocks of `planes` that are gates, side by side.
        rest: the other blocks.
        blocks: the blocks of `planes`, float32[networks, rows, hidden] each.
        by_block: `planes` as float32[networks, rows, n_blocks, hidden].
        last_output: float32[networks, rows, hidden], the output of the step before.
        output: likewise, the output.
        last_memory: likewise, the memory after the step before, if the cell has one besides its
            output.
        memory: likewise, the memory after this step.
        saved: likewise, a value that the way back needs.
    """

    sums: Tensor
    planes: Tensor
    gates: Tensor
    rest: Tensor
    blocks: tuple[Tensor, ...]
    by_block: Tensor
    last_output: Tensor
    output: Tensor
    last_memory: Tensor
    memory: Tensor
    saved: Tensor


class StepGradients(NamedTuple):
    """The tensors of the way back through one step; those to be overwritten come first.

    Attributes:
        dh: float32[networks, rows, hidden], the gradient of the output; may be overwritten.
        dc: likewise, of the memory.
        carry: likewise, to be written: the gradient of the last memory or, for a cell without
            memory, that of the last output which does not pass through weights.
        planes: float32[networks, rows, n_blocks * hidden], scratch.
        gates: see `StepTensors`.
        rest: see `StepTensors`.
        blocks: see `StepTensors`.
    """

    dh: Tensor
    dc: Tensor
    carry: Tensor
    planes: Tensor
    gates: Tensor
    rest: Tensor
    blocks: tuple[Tensor, ...]


class RecurrentCell(ABC):
    """One step of a recurrent layer, forward and back.

    Args:
        activation: of the candidate and of what leaves the cell.
        recurrent_activation: of the gates.
    """

    n_blocks: ClassVar[int]
    n_gates: ClassVar[int]  # blocks, the first ones, that pass through the recurrent activation
    has_memory: ClassVar[bool] = False  # besides its output
    carries: ClassVar[bool] = False  # whether `carry` adds to the gradient of the last output

    def __init__(self, activation: Activation, recurrent_activation: Activation) -> None:
        self.activation, self.recurrent_activation = activation, recurrent_activation

    @abstractmethod
    def forward(self, step: StepTensors) -> None:
        """Write planes, memory, saved and output from sums, last output and last memory."""

    def prepare_back(self, steps: StepTensors, scratch: Tensor) -> None:  # noqa: B027
        """Before the way back, work on all steps at once, if a cell has any.

        Args:
            steps: the tensors of all steps, one after the other.
            scratch: float32[networks, all rows, hidden].
        """

    @abstractmethod
    def back(self, step: StepTensors, back: StepGradients) -> None:
        """Write the gradient of the sums into `step.planes`, and the carry."""

    def remove_fixed(self, recurrent: Tensor, kernel: Tensor) -> None:  # noqa: B027
        """Set to zero the gradients of entries that are always zero; most cells have none."""

    def n_fixed(self, hidden: int, dim: int) -> int:
        """How many entries of recurrent weights and kernel are always zero."""
        return 0

    def initial_bias(self, bias: Tensor) -> None:  # noqa: B027
        """Set the initial bias, float32[networks, n_blocks, hidden], which is zero so far."""

    def _activate(self, step: StepTensors) -> None:
        if self.activation is self.recurrent_activation:
            self.activation.apply(step.sums, step.planes)
            return
        # One sigmoid for both, because going through parts of rows takes three times as long.
        inner, outer, shift = self._factors[step.blocks[0].shape[-1]]
        torch.addcmul(shift, step.sums.mul_(inner).sigmoid_(), outer, out=step.planes)

    @cached_property
    def _factors(self) -> _Factors:
        return _Factors(
            [self.recurrent_activation] * self.n_gates
            + [self.activation] * (self.n_blocks - self.n_gates)
        )

    def _slopes(self, step: StepTensors, back: StepGradients) -> None:
        """From the gradients of the activated blocks, in `back.planes`, to those of the sums."""
        if self.activation is self.recurrent_activation:
            self.activation.slope(back.planes, step.planes, step.planes)
        else:
            self.recurrent_activation.slope(back.gates, step.gates, step.gates)
            self.activation.slope(back.rest, step.rest, step.rest)


class _Factors(dict[int, tuple[Tensor, Tensor, Tensor]]):
    """For a number of hidden units, float32[n_blocks * hidden] of each factor."""

    def __init__(self, activations: list[Activation]) -> None:
        super().__init__()
        self._table = torch.tensor([[a.inner, a.outer, a.shift] for a in activations])

    def __missing__(self, hidden: int) -> tuple[Tensor, Tensor, Tensor]:
        inner, outer, shift = self._table.repeat_interleave(hidden, 0).T.contiguous()
        self[hidden] = inner, outer, shift
        return self[hidden]


class LSTM(RecurrentCell):
    """Long short-term memory (Hochreiter and Schmidhuber 1997; Gers et al. 2000).

    c = f * c' + i * g and h = o * act(c), blocks in the order i, f, o, g.
    """

    n_blocks, n_gates, has_memory = 4, 3, True

    def forward(self, step: StepTensors) -> None:
        """See `RecurrentCell.forward`; the memory is c, and act(c) is saved."""
        self._activate(step)
        i, f, o, g = step.blocks
        c = step.memory
        torch.mul(i, g, out=c)
        c.addcmul_(f, step.last_memory)
        self.activation.apply(c, step.saved)
        torch.mul(o, step.saved, out=step.output)

    def back(self, step: StepTensors, back: StepGradients) -> None:
        """See `RecurrentCell.back`."""
        i, f, o, g = step.blocks
        di, df, do, dg = back.blocks
        dh, dc, squashed = back.dh, back.dc, step.saved
        torch.mul(dh, squashed, out=do)
        self.activation.slope(o, squashed, squashed)
        dc.addcmul_(dh, squashed)
        torch.mul(dc, g, out=di)
        torch.mul(dc, step.last_memory, out=df)
        torch.mul(dc, i, out=dg)
        torch.mul(dc, f, out=back.carry)
        self._slopes(step, back)

    def initial_bias(self, bias: Tensor) -> None:
        """Forget gates start at 1 (Jozefowicz et al. 2015), as in Keras."""
        bias[:, 1] = 1


class NoForget(RecurrentCell):
    """The cell without a forget gate, and so without memory besides its output.

    i and o are gates, C = i * act(g) and h = o * act(C), blocks in the order i, o, g.
    """

    n_blocks, n_gates = 3, 2

    def forward(self, step: StepTensors) -> None:
        """See `RecurrentCell.forward`; saves act(C)."""
        self._activate(step)
        i, o, g = step.blocks
        squashed = step.saved
        torch.mul(i, g, out=squashed)
        self.activation.apply(squashed, squashed)
        torch.mul(o, squashed, out=step.output)

    def prepare_back(self, steps: StepTensors, scratch: Tensor) -> None:
        """Turn planes into the slopes of the output in the sums, which need no gradient."""
        i, o, g = steps.blocks
        squashed = steps.saved
        self.recurrent_activation.slope(squashed, o, scratch)
        self.activation.slope(o, squashed, squashed)
        o.copy_(scratch)
        torch.mul(squashed, g, out=scratch)
        squashed.mul_(i)
        self.recurrent_activation.slope(scratch, i, i)
        self.activation.slope(squashed, g, g)

    def back(self, step: StepTensors, back: StepGradients) -> None:
        """See `RecurrentCell.back`."""
        torch.mul(step.by_block, back.dh[:, :, None], out=step.by_block)


class GRU(RecurrentCell):
    """Gated recurrent unit (Cho et al. 2014), its reset gate applied after the product.

    n = act(x_n + r * h_n) and h = (1 - z) * n + z * h', as in PyTorch and Keras; blocks in the
    order z, r, h_n, x_n, where h_n sees the last output alone and x_n the input alone.
    """

    n_blocks, n_gates, carries = 4, 2, True

    def forward(self, step: StepTensors) -> None:
        """See `RecurrentCell.forward`; saves n."""
        step.planes.copy_(step.sums)
        self.recurrent_activation.apply(step.gates, step.gates)
        z, r, hn, xn = step.blocks
        n = step.saved
        torch.addcmul(xn, r, hn, out=n)
        self.activation.apply(n, n)
        torch.lerp(n, step.last_output, z, out=step.output)

    def back(self, step: StepTensors, back: StepGradients) -> None:
        """See `RecurrentCell.back`; the carry is the share of the last output that stays."""
        z, r, hn, _ = step.blocks
        dz, dr, dhn, dxn = back.blocks
        dh, n = back.dh, step.saved
        torch.sub(step.last_output, n, out=dz)
        dz.mul_(dh)
        torch.mul(dh, z, out=back.carry)
        torch.sub(dh, back.carry, out=dxn)
        self.activation.slope(dxn, n, dxn)
        torch.mul(dxn, hn, out=dr)
        torch.mul(dxn, r, out=dhn)
        self.recurrent_activation.slope(back.gates, step.gates, step.gates)
        step.rest.copy_(back.rest)

    def remove_fixed(self, recurrent: Tensor, kernel: Tensor) -> None:
        """x_n does not see the last output, h_n does not see the input."""
        hidden = recurrent.shape[-1] // 4
        recurrent[:, :hidden, 3 * hidden :] = 0
        kernel[..., 2 * hidden : 3 * hidden] = 0

    def n_fixed(self, hidden: int, dim: int) -> int:
        """A block of each: see `remove_fixed`."""
        return hidden * hidden + hidden * dim


CELLS: dict[str, type[RecurrentCell]] = {"lstm": LSTM, "no-forget": NoForget, "gru": GRU}

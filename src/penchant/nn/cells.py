"""Recurrent cells with their gradients written out, for many networks at once.

Every tensor has a leading dimension of networks: each has weights of its own. What a cell adds up
of its inputs comes as one block a gate. All tensors of a step are views that are made once and
used for every batch of the same shape, see `Step`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import torch
from torch import Tensor

from penchant.nn.activations import Activation


@dataclass(frozen=True)
class Step:
    """The tensors of one step.

    Attributes:
        sums: float32[n_blocks, networks, rows, units], what a step's inputs add up to.
        planes: like `sums`, after activation; may be the same memory.
        blocks: the blocks of `planes`.
        last: float32[networks, rows, units], the output of the step before.
        out: float32[networks, rows, units], the output.
        before: what the step before has kept, float32[networks, rows, units] each.
        kept: what this step keeps, likewise.
    """

    sums: Tensor
    planes: Tensor
    blocks: tuple[Tensor, ...]
    last: Tensor
    out: Tensor
    before: tuple[Tensor, ...]
    kept: tuple[Tensor, ...]


@dataclass(frozen=True)
class Slopes:
    """The tensors of the way back through one step.

    Attributes:
        dh: float32[networks, rows, units], the gradient of the output; may be overwritten.
        carry: float32[networks, rows, units], what goes to the step before on another way than
            through the weights; zero at the last step.
        planes: float32[n_blocks, networks, rows, units], scratch.
        blocks: the blocks of `planes`.
        sums: like `planes`, the gradient of the sums, to be written.
    """

    dh: Tensor
    carry: Tensor
    planes: Tensor
    blocks: tuple[Tensor, ...]
    sums: Tensor

    @cached_property
    def apart(self) -> bool:
        """Whether planes lie one after the other, so that work on all of them is fastest there."""
        return self.planes.is_contiguous()


class Cell(ABC):
    """One step of a recurrent layer, forward and back.

    Args:
        activation: of the candidate and of what leaves the cell.
        recurrent_activation: of the gates.
    """

    n_blocks: ClassVar[int]
    n_gates: ClassVar[int]  # blocks, the first ones, that pass through the recurrent activation
    n_kept: ClassVar[int]
    carries: ClassVar[bool] = False  # whether `carry` adds to the gradient of the last output

    def __init__(self, activation: Activation, recurrent_activation: Activation) -> None:
        self.activation, self.recurrent_activation = activation, recurrent_activation

    @abstractmethod
    def forward(self, step: Step) -> None:
        """Write planes, kept and out from sums, last and before."""

    @abstractmethod
    def back(self, step: Step, slopes: Slopes) -> None:
        """Write the gradient of the sums and the carry."""

    def remove_fixed(self, recurrent: Tensor, kernel: Tensor) -> None:
        """Set to zero the gradients of entries that are always zero; most cells have none."""

    def initial_bias(self, bias: Tensor) -> None:
        """Set the initial bias, float32[networks, n_blocks, units], which is zero so far."""

    def _activate(self, sums: Tensor, planes: Tensor) -> None:
        if self.activation is self.recurrent_activation:
            self.activation.apply(sums, planes)
        else:
            n = self.n_gates
            self.recurrent_activation.apply(sums[:n], planes[:n])
            self.activation.apply(sums[n:], planes[n:])

    def _slopes(self, step: Step, slopes: Slopes) -> None:
        """From the gradients of the activated blocks, in `slopes.planes`, to those of the sums."""
        gradient, planes, n = slopes.planes, step.planes, self.n_gates
        out = gradient if slopes.apart else slopes.sums
        if self.activation is self.recurrent_activation:
            self.activation.slope(gradient, planes, out)
        else:
            self.recurrent_activation.slope(gradient[:n], planes[:n], out[:n])
            self.activation.slope(gradient[n:], planes[n:], out[n:])
        if slopes.apart:
            slopes.sums.copy_(gradient)


class LSTM(Cell):
    """Long short-term memory (Hochreiter and Schmidhuber 1997; Gers et al. 2000).

    c = f * c' + i * g and h = o * act(c), blocks in the order i, f, o, g.
    """

    n_blocks, n_gates, n_kept = 4, 3, 2

    def forward(self, step: Step) -> None:
        """See `Cell.forward`; keeps c and act(c)."""
        self._activate(step.sums, step.planes)
        i, f, o, g = step.blocks
        c, squashed = step.kept
        torch.mul(i, g, out=c)
        c.addcmul_(f, step.before[0])
        self.activation.apply(c, squashed)
        torch.mul(o, squashed, out=step.out)

    def back(self, step: Step, slopes: Slopes) -> None:
        """See `Cell.back`; the carry is the gradient of c."""
        i, f, o, g = step.blocks
        di, df, do, dg = slopes.blocks
        dh, carry, squashed = slopes.dh, slopes.carry, step.kept[1]
        torch.mul(dh, squashed, out=do)
        dh.mul_(o)
        self.activation.slope(dh, squashed, dh)
        carry.add_(dh)
        torch.mul(carry, g, out=di)
        torch.mul(carry, step.before[0], out=df)
        torch.mul(carry, i, out=dg)
        carry.mul_(f)
        self._slopes(step, slopes)

    def initial_bias(self, bias: Tensor) -> None:
        """Forget gates start at 1 (Jozefowicz et al. 2015), as in Keras."""
        bias[:, 1] = 1


class NoForget(Cell):
    """The cell without a forget gate, and so without memory but for its output.

    i and o are gates, C = i * act(g) and h = o * act(C), blocks in the order i, o, g.
    """

    n_blocks, n_gates, n_kept = 3, 2, 1

    def forward(self, step: Step) -> None:
        """See `Cell.forward`; keeps act(C)."""
        self._activate(step.sums, step.planes)
        i, o, g = step.blocks
        squashed = step.kept[0]
        torch.mul(i, g, out=squashed)
        self.activation.apply(squashed, squashed)
        torch.mul(o, squashed, out=step.out)

    def back(self, step: Step, slopes: Slopes) -> None:
        """See `Cell.back`."""
        i, o, g = step.blocks
        di, do, dg = slopes.blocks
        dh, squashed = slopes.dh, step.kept[0]
        torch.mul(dh, squashed, out=do)
        dh.mul_(o)
        self.activation.slope(dh, squashed, dh)
        torch.mul(dh, g, out=di)
        torch.mul(dh, i, out=dg)
        self._slopes(step, slopes)


class GRU(Cell):
    """Gated recurrent unit (Cho et al. 2014), its reset gate applied after the product.

    n = act(x_n + r * h_n) and h = (1 - z) * n + z * h', as in PyTorch and Keras; blocks in the
    order z, r, h_n, x_n, where h_n sees the last output alone and x_n the input alone.
    """

    n_blocks, n_gates, n_kept, carries = 4, 2, 1, True

    def forward(self, step: Step) -> None:
        """See `Cell.forward`; keeps n."""
        self.recurrent_activation.apply(step.sums[:2], step.planes[:2])
        if step.sums.data_ptr() != step.planes.data_ptr():
            step.planes[2:].copy_(step.sums[2:])
        z, r, hn, xn = step.blocks
        n = step.kept[0]
        torch.addcmul(xn, r, hn, out=n)
        self.activation.apply(n, n)
        torch.lerp(n, step.last, z, out=step.out)

    def back(self, step: Step, slopes: Slopes) -> None:
        """See `Cell.back`; the carry is the share of the last output that stays."""
        z, r, hn, _ = step.blocks
        dz, dr, dhn, dxn = slopes.blocks
        dh, n = slopes.dh, step.kept[0]
        torch.sub(step.last, n, out=dz)
        dz.mul_(dh)
        torch.mul(dh, z, out=slopes.carry)
        torch.sub(dh, slopes.carry, out=dxn)
        self.activation.slope(dxn, n, dxn)
        torch.mul(dxn, hn, out=dr)
        torch.mul(dxn, r, out=dhn)
        self.recurrent_activation.slope(slopes.planes[:2], step.planes[:2], slopes.planes[:2])
        slopes.sums.copy_(slopes.planes)

    def remove_fixed(self, recurrent: Tensor, kernel: Tensor) -> None:
        """x_n does not see the last output, h_n does not see the input."""
        units = recurrent.shape[-1] // 4
        recurrent[:, :units, 3 * units :] = 0
        kernel[..., 2 * units : 3 * units] = 0


CELLS: dict[str, type[Cell]] = {"lstm": LSTM, "no-forget": NoForget, "gru": GRU}

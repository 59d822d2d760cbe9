"""Embedding tables of which a batch touches few rows, and the Adam that updates only those."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class RowTable(nn.Module):
    """A table of vectors whose rows are looked up by index and trained row by row.

    A dense optimiser passes over all rows for each batch, which at hundred thousands of rows and
    small batches is nearly all of the time. Here a batch gathers its distinct rows once,
    automatic differentiation adds up the gradient of each, and `RowAdam` writes them back.

    Weights and both moments of Adam lie side by side, so that one gather and one scatter move
    everything a row has.

    Args:
        weights: float32[rows, dim], the initial weights.
    """

    state: Tensor

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        state = torch.zeros(len(weights), 3, weights.shape[1])
        state[:, 0] = weights
        self.register_buffer("state", state)
        self.touched: list[tuple[Tensor, Tensor, Tensor]] = []

    @property
    def weight(self) -> Tensor:
        """float32[rows, dim], a view of the current weights."""
        return self.state[:, 0]

    def forward(self, index: Tensor) -> Tensor:
        """float32[n, dim], the vectors at int64[n]; in training they take part in gradients."""
        if not self.training or not torch.is_grad_enabled():
            return self.weight[index]
        distinct, place = torch.unique(index, return_inverse=True)
        state = self.state.index_select(0, distinct)
        rows = state[:, 0].detach().requires_grad_()
        self.touched.append((distinct, state, rows))
        return rows.index_select(0, place)


class RowAdam:
    """Adam that updates, moments included, only the rows that a batch has touched.

    The same rule as torch.optim.SparseAdam: Kingma and Ba, "Adam" (2015), algorithm 1, with the
    moments of untouched rows left as they are.

    Args:
        tables: whose rows to update.
        lr: learning rate.
        betas: decay of the two moments.
        eps: added to the root of the second moment.
    """

    def __init__(
        self,
        tables: list[RowTable],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-7,
    ) -> None:
        self.tables, self.lr, self.betas, self.eps = tables, lr, betas, eps
        self.steps = 0

    def zero_grad(self) -> None:
        """Forget what the last batch touched."""
        for table in self.tables:
            table.touched.clear()

    @torch.no_grad()
    def step(self) -> None:
        """Update every row touched since `zero_grad`."""
        self.steps += 1
        b1, b2 = self.betas
        correction = (1 - b2**self.steps) ** 0.5
        rate = self.lr * correction / (1 - b1**self.steps)
        for table in self.tables:
            for distinct, state, rows in table.touched:
                if rows.grad is None:
                    continue
                weight, first, second = state.unbind(1)
                first.lerp_(rows.grad, 1 - b1)
                second.mul_(b2).addcmul_(rows.grad, rows.grad, value=1 - b2)
                weight.addcdiv_(first, second.sqrt().add_(self.eps * correction), value=-rate)
                table.state.index_copy_(0, distinct, state)
            table.touched.clear()

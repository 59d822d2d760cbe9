"""Embedding tables of which a batch touches few rows, and the Adam that updates only those."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, distributed, nn

TouchedRows = tuple[Tensor, Tensor, Tensor]
"""int64[n] rows, float32[n, 3, dim] weights and moments, and float32[n, dim] gradients."""


class RowTable(nn.Module):
    """A table of vectors whose rows are looked up by index and trained row by row.

    A dense optimiser passes over all rows for each batch, which at hundred thousands of rows and
    small batches is nearly all of the time; sparse gradients cost sorting and merging. Here each
    look-up gathers its rows with both moments of Adam, which lie beside the weights, and
    `RowAdam` writes them back.

    Args:
        weights: float32[rows, dim], the initial weights.

    Attributes:
        n_rows: how many rows there are.
    """

    state: Tensor
    gradient: Tensor

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.n_rows = len(weights)
        state = torch.zeros(len(weights), 3, weights.shape[1])
        state[:, 0] = weights
        self.register_buffer("state", state)
        # Where gradients of rows that stand in a batch more than once are added up.
        self.register_buffer("gradient", torch.zeros_like(weights), persistent=False)
        self.touched: list[TouchedRows] = []

    @property
    def weight(self) -> Tensor:
        """float32[rows, dim], a view of the current weights."""
        return self.state[:, 0]

    def n_weights(self) -> int:
        """How many numbers all rows have."""
        return self.n_rows * self.state.shape[2]

    def forward(self, index: Tensor) -> Tensor:
        """float32[n, dim], the vectors at int64[n]; in training `RowAdam` will update them.

        The result is a leaf: after `backward` its `grad` holds the gradient of each look-up.
        """
        if not self.training:
            return self.weight[index]
        state = self.state.index_select(0, index)
        rows = state[:, 0].detach()
        if torch.is_grad_enabled():
            rows.requires_grad_()
        self.touched.append((index, state, rows))
        return rows

    def forget(self) -> None:
        """Forget what was looked up."""
        self.touched.clear()

    def take_gradients(self, replicas: int = 1) -> list[TouchedRows]:
        """What was looked up since this was asked last, with gradients.

        Args:
            replicas: processes that have the same table; of several all rows that any has looked
                up come once each, with the mean of their gradients.
        """
        found = [(i, s, r.grad) for i, s, r in self.touched if r.grad is not None]
        self.forget()
        return self._averaged(found, replicas) if replicas > 1 else found

    def _averaged(self, found: list[TouchedRows], replicas: int) -> list[TouchedRows]:
        index = torch.cat([self.gradient.new_empty(0, dtype=torch.int64), *(f[0] for f in found)])
        parts = torch.cat([self.gradient[:0], *(f[2] for f in found)])
        # Replicas touch different numbers of rows, of which only processors can make a sum.
        rows = torch.sparse_coo_tensor(
            index[None], parts, self.gradient.shape, check_invariants=False
        ).cpu()
        distributed.all_reduce(rows)
        rows = rows.coalesce()
        index = rows.indices()[0].to(index.device)
        gradient = rows.values().to(parts.device) / replicas
        return [(index, self.state.index_select(0, index), gradient)]

    def gather(self) -> bool:
        """Whether this process is to have all rows when training is over, which it then has.

        All processes that share a table call this at the same time.
        """
        return True

    def gathered(self) -> Tensor | None:
        """float32[rows, dim], the current weights of all rows, where this process is to have them.

        It is None where the table is sharded and this is not the first process.
        """
        return self.weight


class RowAdam:
    """Adam that updates, moments included, only the rows that a batch has touched.

    The same rule as torch.optim.SparseAdam: Kingma and Ba, "Adam" (2015), algorithm 1, with the
    moments of untouched rows left as they are.

    Args:
        tables: whose rows to update.
        dense: small parameters that every batch touches, such as an output layer's.
        lr: learning rate.
        betas: decay of the two moments.
        eps: added to the root of the second moment.
        every_row: whether all rows are updated, by their old moments where the batch has none of
            them, as ordinary Adam does.

    Attributes:
        replicas: processes that train the same tables, whose gradients of rows are averaged; those
            of the dense parameters are by whoever computes them.
    """

    replicas = 1

    def __init__(
        self,
        tables: Sequence[RowTable],
        dense: Sequence[nn.Parameter] = (),
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-7,
        *,
        every_row: bool = False,
    ) -> None:
        self.tables, self.lr, self.betas, self.eps = tables, lr, betas, eps
        self.every_row = every_row
        self.dense = [(p, torch.zeros_like(p), torch.zeros_like(p)) for p in dense]
        self.steps = 0

    def zero_grad(self) -> None:
        """Forget the gradients and what the last batch touched."""
        for table in self.tables:
            table.forget()
        for parameter, _, _ in self.dense:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Update every row touched since `zero_grad`, and the dense parameters."""
        self.steps += 1
        for table in self.tables:
            found = table.take_gradients(self.replicas)
            if self.every_row:
                for index, _, gradient in found:
                    table.gradient.index_add_(0, index, gradient)
                weight, first, second = table.state.unbind(1)
                self._update(weight, first, second, table.gradient)
                table.gradient.zero_()
                continue
            if not found:
                continue
            index, state, gradient = found[0]
            if len(found) > 1:  # looked up more than once, for example as positive and negative
                index, state, gradient = (torch.cat(parts) for parts in zip(*found, strict=True))
            # A row that stands here twice gets the same sum, and the same update, twice.
            table.gradient.index_add_(0, index, gradient)
            total = table.gradient.index_select(0, index)
            table.gradient.index_fill_(0, index, 0)
            weight, first, second = state.unbind(1)
            self._update(weight, first, second, total)
            table.state.index_copy_(0, index, state)
        for parameter, first, second in self.dense:
            if parameter.grad is not None:
                self._update(parameter, first, second, parameter.grad)

    def _update(self, weight: Tensor, first: Tensor, second: Tensor, gradient: Tensor) -> None:
        b1, b2 = self.betas
        correction = (1 - b2**self.steps) ** 0.5
        first.lerp_(gradient, 1 - b1)
        second.mul_(b2).addcmul_(gradient, gradient, value=1 - b2)
        scale = second.sqrt().add_(self.eps * correction)
        weight.addcdiv_(first, scale, value=-self.lr * correction / (1 - b1**self.steps))

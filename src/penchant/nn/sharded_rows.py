"""Embedding tables of which each process of a training has some rows."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, distributed, nn

from penchant.nn.embedding_rows import RowTable, TouchedRows
from penchant.nn.row_exchange import RowExchange, RowShard
from penchant.typing import AnyInt, Float32

_ROWS_AT_ONCE = 2**17  # that are drawn, and sent


class ShardedRowTable(RowTable):
    """A `RowTable` of which this process has a shard: weights, moments and gradients.

    All processes of the default group look rows up at the same time, each its own, and `RowAdam`
    updates in each process the rows that it has, by the mean of all gradients: with the rows that
    all look up it makes the step of one process that has the whole table.

    Args:
        weights: float32[n_own, dim], the initial weights of the rows of this process.
        n_rows: of the whole table.
        shard: which of them these are.
    """

    def __init__(self, weights: Tensor, n_rows: int, shard: RowShard) -> None:
        super().__init__(weights)
        self.n_rows, self.shard = n_rows, shard
        self.looked_up: list[tuple[RowExchange, Tensor]] = []
        self._whole: Tensor | None = None

    def forward(self, index: Tensor) -> Tensor:
        """float32[n, dim], the vectors at int64[n], rows of the whole table."""
        if self._whole is not None and not self.training:
            return self._whole[index]
        exchange = RowExchange(index, self.n_rows, self.shard)
        with torch.no_grad():
            rows = exchange.from_owners(self.weight.index_select(0, exchange.asked))
        if self.training:
            if torch.is_grad_enabled():
                rows.requires_grad_()
            self.looked_up.append((exchange, rows))
        return rows.index_select(0, exchange.place)

    def forget(self) -> None:
        """Forget what was looked up."""
        self.looked_up.clear()

    def take_gradients(self, replicas: int = 1) -> list[TouchedRows]:
        """The rows of this process that any has looked up, with their part of the mean gradient."""
        found = []
        for exchange, rows in self.looked_up:
            # All take part, also where a loss did not depend on its rows.
            mine = torch.zeros_like(rows) if rows.grad is None else rows.grad
            gradient = exchange.to_owners(mine) / replicas
            state = self.state.index_select(0, exchange.asked)
            found.append((exchange.asked, state, gradient))
        self.forget()
        return found

    def gather(self) -> bool:
        """Have all rows in the first process, which then looks them up without the others."""
        self._whole = self.gathered()
        return self._whole is not None

    def gathered(self) -> Tensor | None:
        """float32[n_rows, dim], all rows, in the first process, block by block; None in others."""
        n, own = self.shard.n, self.weight.detach()
        first = self.shard.rank == 0
        whole = torch.empty(self.n_rows, own.shape[1]) if first else None
        for rank in range(n):
            size = self.shard.size(self.n_rows, rank)
            for start in range(0, size, _ROWS_AT_ONCE):
                some = slice(start, min(start + _ROWS_AT_ONCE, size))
                if whole is None:
                    if rank == self.shard.rank:
                        distributed.send(own[some].cpu().contiguous(), 0)
                    continue
                block = (
                    own[some].cpu()
                    if rank == 0
                    else whole.new_empty(some.stop - start, own.shape[1])
                )
                if rank:
                    distributed.recv(block, rank)
                whole[rank::n][some] = block
        return None if whole is None else whole.to(own.device)


def row_table(n_rows: int, draw: Callable[[int], Tensor], shard: RowShard | None) -> RowTable:
    """A table whose initial rows are drawn in order, or the shard of it that this process has.

    Args:
        n_rows: of the whole table.
        draw: the next float32[n, dim] rows, given n.
        shard: which rows this process has; None for all.
    """
    weights = drawn_rows(n_rows, draw, shard)
    return RowTable(weights) if shard is None else ShardedRowTable(weights, n_rows, shard)


def drawn_rows(n_rows: int, draw: Callable[[int], Tensor], shard: RowShard | None = None) -> Tensor:
    """float32[n, dim], rows that are drawn block by block, of which a shard keeps its own."""
    if n_rows < 2 * _ROWS_AT_ONCE:
        block = draw(n_rows)
        return block if shard is None else block[shard.rank :: shard.n].clone()
    found, filled, start = None, 0, 0
    while start < n_rows:
        # The last block is no short one, whose numbers PyTorch would draw otherwise.
        n = _ROWS_AT_ONCE if n_rows - start >= 2 * _ROWS_AT_ONCE else n_rows - start
        block = draw(n)
        if shard is not None:
            block = block[(shard.rank - start) % shard.n :: shard.n]
        if found is None:
            size = n_rows if shard is None else shard.size(n_rows)
            found = block.new_empty(size, block.shape[1])
        found[filled : filled + len(block)] = block
        filled, start = filled + len(block), start + n
    assert found is not None
    return found


@torch.no_grad()
def place_rows(table: RowTable | nn.Embedding, index: AnyInt, rows: Float32) -> None:
    """Set the first columns of some rows of a table, as far as this process has them.

    Args:
        table: whose rows to set.
        index: int[n], rows of the whole table.
        rows: float32[n, k], with no more columns than the table has.
    """
    places, values = torch.from_numpy(index).long(), torch.from_numpy(rows)
    if isinstance(table, ShardedRowTable):
        own = places % table.shard.n == table.shard.rank
        places, values = places[own] // table.shard.n, values[own]
    table.weight[places, : rows.shape[1]] = values.to(table.weight.device)


def whole_weight(table: RowTable | nn.Embedding) -> Tensor | None:
    """float32[n_rows, dim], the weights of a table; None where another process has all of them."""
    return table.gathered() if isinstance(table, RowTable) else table.weight.detach()

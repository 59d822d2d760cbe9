"""Rows of tables that are sharded among processes: who has which, and how they are exchanged."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, distributed

from penchant.run import Run


@dataclass(frozen=True)
class RowShard:
    """Which rows of each table a process has: that of its rank, and every n-th one after it.

    Neighbouring rows are in different processes, as those of what came first in a log are looked
    up most often.

    Attributes:
        rank: of the process.
        n: how many processes there are.
    """

    rank: int
    n: int

    @classmethod
    def of(cls, run: Run) -> RowShard | None:
        """That of this process in PyTorch's default group, or None where it has whole tables."""
        if not run.shard_tables:
            return None
        return cls(distributed.get_rank(), distributed.get_world_size())

    def size(self, n_rows: int, rank: int | None = None) -> int:
        """How many rows of a table of so many a process has, by default this one."""
        return len(range(self.rank if rank is None else rank, n_rows, self.n))


class RowExchange:
    """One look-up of rows in a sharded table, which all processes make at the same time.

    Each asks every other for the rows that it needs, each of them once. Afterwards vectors go from
    those who have them to those who asked, and gradients the other way.

    Args:
        index: int64[n], the rows that this process needs; others may need another number.
        n_rows: of the whole table.
        shard: which of them this process has.

    Attributes:
        asked: int64[n_asked], places in this process' shard whose rows were asked for; a place
            stands there once for each process that asked.
    """

    def __init__(self, index: Tensor, n_rows: int, shard: RowShard) -> None:
        most = shard.size(n_rows, 0)
        # Rows of one process come together, in the order of the processes.
        keys = index % shard.n * most + torch.div(index, shard.n, rounding_mode="floor")
        needed, self.place = torch.unique(keys, return_inverse=True)
        wanted = torch.bincount(needed // most, minlength=shard.n)
        given = torch.empty_like(wanted)
        distributed.all_to_all_single(given, wanted)
        self._wanted, self._given = wanted.tolist(), given.tolist()
        self.asked = self._sent(needed % most, self._wanted, self._given)

    def from_owners(self, rows: Tensor) -> Tensor:
        """float32[n_needed, dim], the different rows needed, from float32[n_asked, dim]."""
        return self._sent(rows, self._given, self._wanted)

    def to_owners(self, rows: Tensor) -> Tensor:
        """float32[n_asked, dim], from float32[n_needed, dim] of each process that asked."""
        return self._sent(rows, self._wanted, self._given)

    def _sent(self, rows: Tensor, sent: list[int], received: list[int]) -> Tensor:
        found = rows.new_empty(sum(received), *rows.shape[1:])
        distributed.all_to_all_single(found, rows.contiguous(), received, sent)
        return found

"""The events of many networks, in batches of each network's own random order."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from penchant.nn.per_user.networks import DropoutMasks, NetworkShape, UserBatch
from penchant.nn.per_user.shared_prefixes import find_row_starts, share_prefixes, unshared_rows
from penchant.nn.per_user.step_buffers import BufferPool
from penchant.typing import Bool, Float32, Int64, UInt8


@dataclass(frozen=True)
class UserData:
    """The events of one user, which one network learns from.

    Attributes:
        patterns: int64[n], which of the distinct input patterns each event has.
        likes: bool[n].
        key: decides, with the seed, everything random about this network.
    """

    patterns: Int64
    likes: Bool
    key: int

    def rng(self, seed: int) -> np.random.Generator:
        """The source of this network's initial weights, orders and dropout."""
        return np.random.Generator(np.random.SFC64(np.random.SeedSequence([seed, self.key])))


class UserBatches:
    """Batches of several users' events at once.

    Users are in the order of falling numbers of batches, so that those with batches left are
    always the first.

    Args:
        users: the events of each network, none empty.
        patterns: uint8[n_patterns, steps], zeros and ones.
        batch_size: events in a batch.
        dropout: share of inputs and outputs that is dropped in training.
        shape: the shape of each network.
    """

    def __init__(
        self,
        users: list[UserData],
        patterns: UInt8,
        *,
        batch_size: int,
        dropout: float,
        shape: NetworkShape,
    ) -> None:
        self.users, self.batch_size, self.dropout = users, batch_size, dropout
        self.dim, self.hidden = shape.dim, shape.hidden
        self.has_memory = shape.cell.has_memory
        # In ascending order, so that those with a common prefix are neighbours.
        self.patterns, self.sorted_index = np.unique(patterns, axis=0, return_inverse=True)
        self.sorted_index = self.sorted_index.reshape(-1)
        self.inputs = self.patterns.astype(np.float32)
        self.sizes = np.array([len(user.patterns) for user in users])
        self.n_batches = -(-self.sizes // batch_size)
        self._pool = BufferPool()
        assert (np.diff(self.n_batches) <= 0).all()

    def epoch(self, rngs: list[np.random.Generator]) -> Iterator[UserBatch]:
        """The batches of one pass; the n-th has as many networks as have an n-th batch."""
        most, size = int(self.n_batches[0]), self.batch_size
        # An event is its pattern and like in one number, and -1 where there is none.
        events = np.full((len(self.users), most * size), -1, np.int64)
        for row, user, rng in zip(events, self.users, rngs, strict=True):
            order = rng.permutation(len(user.patterns))
            row[: len(order)] = self.sorted_index[user.patterns[order]] * 2 + user.likes[order]
        batches = events.reshape(len(events), most, size)
        return self._masked(batches, rngs) if self.dropout else self._shared(batches)

    def _shared(self, events: Int64) -> Iterator[UserBatch]:
        """Batches without dropout, whose rows share their prefixes."""
        pattern, counts, likes = _count_patterns(events)
        starts = find_row_starts(self.patterns, pattern, counts > 0)
        pattern = np.take_along_axis(pattern, starts.order, 2)
        counts = np.take_along_axis(counts, starts.order, 2)
        likes = np.take_along_axis(likes, starts.order, 2)
        active = (self.n_batches > np.arange(events.shape[1])[:, None]).sum(1)
        all_rows = share_prefixes(self.inputs, pattern, starts, active, doubled=self.has_memory)
        for number, (n, rows) in enumerate(zip(active.tolist(), all_rows, strict=True)):
            width = rows.sizes[-1]
            yield UserBatch(
                rows,
                torch.from_numpy(counts[:n, number, :width]),
                torch.from_numpy(likes[:n, number, :width]),
            )

    def _masked(self, events: Int64, rngs: list[np.random.Generator]) -> Iterator[UserBatch]:
        """Batches with dropout, each of whose rows has masks of its own."""
        present = events >= 0
        filled = np.where(present, events, 0)
        pattern, likes = filled // 2, (filled % 2).astype(np.float32)
        longest = present.sum(2)
        random_bytes = self._draw_bytes(rngs)
        for number in range(events.shape[1]):
            n = int((self.n_batches > number).sum())
            width = int(longest[:n, number].max())
            inputs = self.inputs[pattern[:n, number, :width]].transpose(0, 2, 1)
            mask, output = (
                self._mask(name, drawn[:n, number], shape, width)
                for name, drawn, shape in zip(
                    ("in", "out"), random_bytes, self._mask_shapes, strict=True
                )
            )
            inputs = np.ascontiguousarray(inputs)
            yield UserBatch(
                unshared_rows(torch.from_numpy(inputs)),
                torch.from_numpy(present[:n, number, :width].astype(np.float32)),
                torch.from_numpy(likes[:n, number, :width]),
                self._split_masks(inputs.reshape(n, -1), mask.flatten(1, 2), output),
            )

    def _split_masks(
        self, inputs: Float32, mask: torch.Tensor, output: torch.Tensor
    ) -> DropoutMasks:
        """Masks with those of inputs of 1 apart from the others; `mask` is changed."""
        n, rows, length = mask.shape
        network, row = np.nonzero(inputs)
        n_ones = np.bincount(network, minlength=n)
        most = int(n_ones.max())
        places = network * most + np.arange(len(network)) - (np.cumsum(n_ones) - n_ones)[network]
        where = network * rows + row
        sources = np.repeat(np.arange(n) * rows, most)
        sources[places] = where
        flat, index, into = mask.view(-1, length), torch.from_numpy(where), torch.from_numpy(places)
        ones = self._pool.take("ones", n * most, length).zero_()
        ones.index_copy_(0, into, flat.index_select(0, index))
        flat.index_fill_(0, index, 0)
        return DropoutMasks(
            mask, ones.view(n, most, length), index, into, torch.from_numpy(sources), output
        )

    def _draw_bytes(self, rngs: list[np.random.Generator]) -> list[UInt8]:
        """uint8[networks, batches, n], random bytes for the masks of inputs, and of outputs.

        Drawn for whole batches even where a network has fewer rows, and for each network's own
        batches alone, so that its draws do not depend on those beside it.
        """
        most = int(self.n_batches[0])
        sizes = [n_random_bytes(math.prod(shape), self.dropout) for shape in self._mask_shapes]
        drawn = [np.zeros((len(rngs), most, size), np.uint8) for size in sizes]
        for n, (rng, batches) in enumerate(zip(rngs, self.n_batches, strict=True)):
            for part in drawn:
                size = part.shape[2]
                fresh = np.frombuffer(rng.bytes(int(batches) * size), np.uint8)
                part[n, :batches] = fresh.reshape(batches, size)
        return drawn

    @property
    def _mask_shapes(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The shapes of a network's masks for a whole batch, of inputs and of outputs."""
        steps, size = self.patterns.shape[1], self.batch_size
        return (steps, size, self.dim), (size, self.hidden)

    def _mask(self, name: str, drawn: UInt8, shape: tuple[int, ...], rows: int) -> torch.Tensor:
        """Zeros and ones, float32[networks, *shape] but for the rows beyond `rows`."""
        n = len(drawn)
        bits = torch.from_numpy(keep_mask(drawn, math.prod(shape), self.dropout))
        mask = self._pool.take(name, n, *shape[:-2], rows, shape[-1])
        return mask.copy_(bits.view(n, *shape)[..., :rows, :])


def n_random_bytes(n: int, dropout: float) -> int:
    """How many random bytes n decisions take: a bit each where half is dropped, or two bytes."""
    return -(-n // 8) if dropout == 0.5 else 2 * n


def keep_mask(drawn: UInt8, n: int, dropout: float) -> UInt8:
    """uint8[rows, n], zero with the chance `dropout`, otherwise one, from random bytes."""
    if dropout == 0.5:
        return np.unpackbits(drawn, axis=1, count=n)
    values = np.ascontiguousarray(drawn).view("<u2")
    return (values < round((1 - dropout) * 65536)).view(np.uint8)


def _count_patterns(events: Int64) -> tuple[Int64, Float32, Float32]:
    """Each distinct pattern of a batch as one row, how often it occurs and how often it is liked.

    All are [networks, batches, batch_size]; the rows that there are come first.
    """
    shape = events.shape
    events = np.where(events < 0, np.iinfo(np.int64).max, events)
    events.sort(axis=2)
    pattern = events // 2
    row = np.zeros(shape, np.int64)
    row[..., 1:] = np.cumsum(pattern[..., 1:] != pattern[..., :-1], axis=2)
    present = events != np.iinfo(np.int64).max
    batch = np.arange(shape[0] * shape[1]).reshape(*shape[:2], 1)
    where = (batch * shape[2] + row)[present]
    counts = np.bincount(where, minlength=events.size)
    likes = np.bincount(where, weights=events[present] % 2, minlength=events.size)
    distinct = np.zeros(events.size, np.int64)
    distinct[where] = pattern[present]
    return (
        distinct.reshape(shape),
        counts.reshape(shape).astype(np.float32),
        likes.reshape(shape).astype(np.float32),
    )

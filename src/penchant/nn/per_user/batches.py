"""What each of many networks learns from, in batches of its own random order."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from penchant.nn.per_user.networks import Batch, Layout, Masks
from penchant.nn.per_user.shared_prefixes import all_at_once, beginnings, branching
from penchant.nn.per_user.step_buffers import Pool
from penchant.typing import Bool, Float32, Int64, UInt8


@dataclass(frozen=True)
class Lesson:
    """The events of one network.

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


class Lessons:
    """Several networks' events, given out batch by batch.

    Networks are in the order of falling numbers of batches, so that those with batches left are
    always the first.

    Args:
        lessons: one for each network, none empty.
        patterns: uint8[n_patterns, steps], zeros and ones.
        batch_size: events in a batch.
        dropout: share of inputs and outputs that is dropped in training.
        layout: the shape of each network.
    """

    def __init__(
        self,
        lessons: list[Lesson],
        patterns: UInt8,
        *,
        batch_size: int,
        dropout: float,
        layout: Layout,
    ) -> None:
        self.lessons, self.batch_size, self.dropout = lessons, batch_size, dropout
        self.embedding, self.units = layout.embedding, layout.units
        self.remembers = layout.cell.remembers
        # In ascending order, so that those that begin alike are neighbours.
        self.patterns, self.places = np.unique(patterns, axis=0, return_inverse=True)
        self.places = self.places.reshape(-1)
        self.floats = self.patterns.astype(np.float32)
        self.sizes = np.array([len(lesson.patterns) for lesson in lessons])
        self.n_batches = -(-self.sizes // batch_size)
        self._pool = Pool()
        assert (np.diff(self.n_batches) <= 0).all()

    def epoch(self, rngs: list[np.random.Generator]) -> Iterator[Batch]:
        """The batches of one pass; the n-th has as many networks as have an n-th batch."""
        most, size = int(self.n_batches[0]), self.batch_size
        keys = np.full((len(self.lessons), most * size), -1, np.int64)
        for row, lesson, rng in zip(keys, self.lessons, rngs, strict=True):
            order = rng.permutation(len(lesson.patterns))
            row[: len(order)] = self.places[lesson.patterns[order]] * 2 + lesson.likes[order]
        batches = keys.reshape(len(keys), most, size)
        return self._together(batches) if self.dropout == 0 else self._masked(batches, rngs)

    def _together(self, keys: Int64) -> Iterator[Batch]:
        """Batches whose rows share their beginnings."""
        pattern, counts, likes = _once(keys)
        begun = beginnings(self.patterns, pattern, counts > 0)
        pattern = np.take_along_axis(pattern, begun.order, 2)
        counts = np.take_along_axis(counts, begun.order, 2)
        likes = np.take_along_axis(likes, begun.order, 2)
        active = (self.n_batches > np.arange(keys.shape[1])[:, None]).sum(1)
        all_rows = branching(self.floats, pattern, begun, active, doubled=self.remembers)
        for number, (n, rows) in enumerate(zip(active.tolist(), all_rows, strict=True)):
            width = rows.sizes[-1]
            yield Batch(
                rows,
                torch.from_numpy(counts[:n, number, :width]),
                torch.from_numpy(likes[:n, number, :width]),
            )

    def _masked(self, keys: Int64, rngs: list[np.random.Generator]) -> Iterator[Batch]:
        """Batches each of whose rows has dropout of its own."""
        pattern, counts, likes = _each(keys)
        most = (counts > 0).sum(2)
        drawn = self._draw(rngs)
        for number in range(keys.shape[1]):
            n = int((self.n_batches > number).sum())
            width = int(most[:n, number].max())
            inputs = self.floats[pattern[:n, number, :width]].transpose(0, 2, 1)
            mask, output = (
                self._mask(name, part[:n, number], shape, width)
                for name, part, shape in zip(("in", "out"), drawn, self._shapes, strict=True)
            )
            inputs = np.ascontiguousarray(inputs)
            yield Batch(
                all_at_once(torch.from_numpy(inputs)),
                torch.from_numpy(counts[:n, number, :width]),
                torch.from_numpy(likes[:n, number, :width]),
                self._apart(inputs.reshape(n, -1), mask.flatten(1, 2), output),
            )

    def _apart(self, inputs: Float32, mask: torch.Tensor, output: torch.Tensor) -> Masks:
        """Masks with those of inputs of 1 apart; `mask` is changed."""
        n, rows, length = mask.shape
        network, row = np.nonzero(inputs)
        each = np.bincount(network, minlength=n)
        most = int(each.max())
        places = network * most + np.arange(len(network)) - (np.cumsum(each) - each)[network]
        where = network * rows + row
        sources = np.repeat(np.arange(n) * rows, most)
        sources[places] = where
        flat, to, into = mask.view(-1, length), torch.from_numpy(where), torch.from_numpy(places)
        ones = self._pool.take("ones", n * most, length).zero_()
        ones.index_copy_(0, into, flat.index_select(0, to))
        flat.index_fill_(0, to, 0)
        return Masks(mask, ones.view(n, most, length), to, into, torch.from_numpy(sources), output)

    def _draw(self, rngs: list[np.random.Generator]) -> list[UInt8]:
        """uint8[networks, batches, n], random bytes for the masks of inputs, and of outputs.

        Drawn for whole batches even where a network has fewer rows, and for each network's own
        batches alone, so that its draws do not depend on those beside it.
        """
        if self.dropout == 0:
            return []
        most = int(self.n_batches[0])
        sizes = [random_bytes(math.prod(shape), self.dropout) for shape in self._shapes]
        drawn = [np.zeros((len(rngs), most, size), np.uint8) for size in sizes]
        for n, (rng, batches) in enumerate(zip(rngs, self.n_batches, strict=True)):
            for part in drawn:
                size = part.shape[2]
                fresh = np.frombuffer(rng.bytes(int(batches) * size), np.uint8)
                part[n, :batches] = fresh.reshape(batches, size)
        return drawn

    @property
    def _shapes(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The shapes of a network's masks for a whole batch, of inputs and of outputs."""
        steps, size = self.patterns.shape[1], self.batch_size
        return (steps, size, self.embedding), (size, self.units)

    def _mask(self, name: str, drawn: UInt8, shape: tuple[int, ...], rows: int) -> torch.Tensor:
        """Zeros and ones, float32[networks, *shape] but for the rows beyond `rows`."""
        n = len(drawn)
        bits = torch.from_numpy(kept(drawn, math.prod(shape), self.dropout))
        mask = self._pool.take(name, n, *shape[:-2], rows, shape[-1])
        return mask.copy_(bits.view(n, *shape)[..., :rows, :])


def random_bytes(n: int, dropout: float) -> int:
    """How many random bytes n decisions take: a bit each where half is dropped, or two bytes."""
    return -(-n // 8) if dropout == 0.5 else 2 * n


def kept(drawn: UInt8, n: int, dropout: float) -> UInt8:
    """uint8[rows, n], zero with the chance `dropout`, otherwise one, from random bytes."""
    if dropout == 0.5:
        return np.unpackbits(drawn, axis=1, count=n)
    values = np.ascontiguousarray(drawn).view("<u2")
    return (values < round((1 - dropout) * 65536)).view(np.uint8)


def _each(keys: Int64) -> tuple[Int64, Float32, Float32]:
    """Every event as a row of its own: pattern, count and likes; missing ones count 0."""
    there = keys >= 0
    filled = np.where(there, keys, 0)
    return filled // 2, there.astype(np.float32), (filled % 2).astype(np.float32)


def _once(keys: Int64) -> tuple[Int64, Float32, Float32]:
    """Every distinct pattern of a batch as one row, with how often it occurs and is liked."""
    shape = keys.shape
    keys = np.where(keys < 0, np.iinfo(np.int64).max, keys)
    keys.sort(axis=2)
    pattern = keys // 2
    slot = np.zeros(shape, np.int64)
    slot[..., 1:] = np.cumsum(pattern[..., 1:] != pattern[..., :-1], axis=2)
    there = keys != np.iinfo(np.int64).max
    batch = np.arange(shape[0] * shape[1]).reshape(*shape[:2], 1)
    where = (batch * shape[2] + slot)[there]
    cells = keys.size
    counts = np.bincount(where, minlength=cells)
    likes = np.bincount(where, weights=keys[there] % 2, minlength=cells)
    distinct = np.zeros(cells, np.int64)
    distinct[where] = pattern[there]
    return (
        distinct.reshape(shape),
        counts.reshape(shape).astype(np.float32),
        likes.reshape(shape).astype(np.float32),
    )

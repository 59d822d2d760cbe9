"""Alternating least squares with the rows of both tables sharded among the workers of a cluster.

Each worker has some users' or items' vectors and events, and reads the vectors of the other side
block by block, so that no worker needs a whole table; after Mehta et al., "ALX: Large Scale
Matrix Factorization on TPUs" (2021). Work is told by references alone: what is lost with a
machine is made again of what it was made of.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from penchant.compiled import compiled_threads
from penchant.data.histories import Histories
from penchant.distributed.object_store import Get, ObjectStore, Reference
from penchant.models.ials.conjugate_gradients_by_blocks import improve_by_blocks
from penchant.run import Run
from penchant.typing import Csr, Float32, Int64

Ridge = Callable[[Int64, int], Float32]
"""float32[n], the regularisation of rows with so many events, beside so many of the other side."""


@dataclass
class Side:
    """The users or the items.

    Attributes:
        bounds: int64[n_shards + 1], where the rows of each shard begin.
        counts: int64[n_rows], events of each.
        blocks: for each shard, csr matrices of its events with each shard of the other side.
        vectors: float32[n_rows_of_shard, dim] of each shard.
    """

    bounds: Int64
    counts: Int64
    blocks: list[list[Reference]]
    vectors: list[Reference]

    @property
    def n_shards(self) -> int:
        """How many shards there are."""
        return len(self.bounds) - 1

    def rows(self, shard: int) -> slice:
        """The rows of a shard."""
        return slice(int(self.bounds[shard]), int(self.bounds[shard + 1]))


def shard_events(
    histories: Histories, item_counts: Int64, n_shards: int, store: ObjectStore
) -> tuple[Side, Side]:
    """Users and items in shards with about as many events each, and their events, without vectors.

    Args:
        histories: of all users.
        item_counts: int64[n_items], about how many events each item has.
        n_shards: of each side.
        store: keeps the events.
    """
    user_bounds, item_bounds = (_bounds(c, n_shards) for c in (histories.lengths, item_counts))
    users = Side(user_bounds, np.zeros(len(histories), np.int64), [], [])
    items = Side(item_bounds, np.zeros(histories.n_items, np.int64), [], [])
    for shard in range(n_shards):
        rows = users.rows(shard)
        events = histories.take(np.arange(rows.start, rows.stop)).matrix("weight")
        users.counts[rows] = np.diff(events.indptr)
        items.counts += np.bincount(events.indices, minlength=histories.n_items)
        users.blocks.append([store.put(events[:, items.rows(n)]) for n in range(n_shards)])
    for shard in range(n_shards):
        of_items = [store.submit(transposed, blocks[shard]) for blocks in users.blocks]
        items.blocks.append(of_items)
    return users, items


def _bounds(counts: Int64, n_shards: int) -> Int64:
    """int64[n_shards + 1], where shards begin that have about as many events each."""
    before = np.append(0, np.cumsum(counts))
    bounds = np.searchsorted(before, np.arange(n_shards + 1) / n_shards * before[-1])
    bounds[-1] = len(counts)
    return np.asarray(bounds, np.int64)


def alternate(
    users: Side,
    items: Side,
    store: ObjectStore,
    *,
    unobserved: float,
    ridge: Ridge,
    steps: int,
    epochs: int,
    run: Run,
) -> tuple[Float32, Float32]:
    """Improve users and items in turn, and solve users exactly in the end; the vectors of both.

    Args:
        users: without vectors, which start from zeros.
        items: with vectors.
        store: does the work.
        unobserved: weight of pairs without an event.
        ridge: the regularisation of rows.
        steps: of conjugate gradients.
        epochs: rounds over both sides.
        run: to which progress is reported.
    """

    def improve(side: Side, other: Side, steps: int) -> None:
        products = [store.submit(products_of_columns, vectors) for vectors in other.vectors]
        total = np.sum([store.get(each) for each in products], axis=0)
        gram = store.put(np.asarray(np.float32(unobserved) * total, np.float32))
        ridges = ridge(side.counts, len(other.counts))
        before = side.vectors or [None] * side.n_shards
        side.vectors = [
            store.submit(
                improved,
                before[shard],
                side.blocks[shard],
                other.vectors,
                gram,
                ridges[side.rows(shard)],
                steps,
            )
            for shard in range(side.n_shards)
        ]

    for _ in run.track(range(epochs), "IALS epochs"):
        improve(users, items, steps)
        improve(items, users, steps)
    found = _whole(items, store)
    users.vectors = []  # from zeros, as the same history would be answered again
    improve(users, items, 2 * found.shape[1])
    return _whole(users, store), found


def _whole(side: Side, store: ObjectStore) -> Float32:
    """float32[n_rows, dim], the vectors of all shards."""
    first = store.get(side.vectors[0])
    table = np.empty((len(side.counts), first.shape[1]), np.float32)
    table[side.rows(0)] = first
    for shard in range(1, side.n_shards):
        table[side.rows(shard)] = store.get(side.vectors[shard])
    return table


# What workers do


def transposed(get: Get, block: Reference) -> Csr:
    """Events of users with items as events of items with users."""
    events: Csr = get(block)
    return events.T.tocsr()


def products_of_columns(get: Get, vectors: Reference) -> Float32:
    """float32[dim, dim]."""
    rows = get(vectors)
    return np.asarray(rows.T @ rows)


def improved(
    get: Get,
    vectors: Reference | None,
    blocks: Sequence[Reference],
    others: Sequence[Reference],
    gram: Reference,
    ridge: Float32,
    steps: int,
) -> Float32:
    """The vectors of a shard after some steps; None are zeros. See `improve_by_blocks`."""
    common: Any = get(gram)
    shape = len(ridge), len(common)
    found = np.zeros(shape, np.float32) if vectors is None else np.array(get(vectors))
    with compiled_threads(Run()):
        improve_by_blocks(
            found,
            [get(block) for block in blocks],
            lambda number: get(others[number]),
            common,
            ridge,
            steps,
        )
    return found

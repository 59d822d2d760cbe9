"""The beginnings that the sequences of a batch share, so that each is computed once.

Sequences that begin alike are one row until they part. The row then goes on for one of them and
a new row, copied from it, begins for the other. A network's rows are numbered in the order in
which they begin, so that those of a step are always its first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from penchant.typing import Bool, Float32, Int64, UInt8

WORTH = 1.0
"""Rows that must begin, on average, at a step for it to have a branch."""


class Branch(NamedTuple):
    """The rows that begin at one step, of all networks, as places in flat memory.

    Attributes:
        source: int64[n], the rows they branch off, among all rows of all steps.
        to: int64[n], themselves, likewise.
        parent: the rows they branch off, among those of this step, and again among as many rows
            behind them.
        child: themselves, likewise.
    """

    source: Tensor
    to: Tensor
    parent: Tensor
    child: Tensor


class Rows(NamedTuple):
    """What is computed for a batch.

    Attributes:
        sizes: the number of rows at each step, which never falls.
        inputs: float32[networks, all rows of all steps], zeros and ones.
        branches: for each step the rows that begin there, if any; empty if all begin at once.
    """

    sizes: tuple[int, ...]
    inputs: Tensor
    branches: tuple[Branch | None, ...] = ()


def all_at_once(inputs: Tensor) -> Rows:
    """Rows of float32[networks, steps, rows] inputs that share no beginnings."""
    _, steps, rows = inputs.shape
    return Rows((rows,) * steps, inputs.flatten(1))


class Beginnings(NamedTuple):
    """When and where the rows of each batch begin.

    Attributes:
        order: int64[networks, batches, rows], the distinct patterns of a batch (given in
            ascending order) in the order in which their rows begin.
        steps: int64[networks, batches, rows], the step at which a row begins, or the number of
            steps for a row that is never there.
        parents: int64[networks, batches, rows], the row that a row branches off.
    """

    order: Int64
    steps: Int64
    parents: Int64


def beginnings(patterns: UInt8, chosen: Int64, there: Bool) -> Beginnings:
    """Find out when the rows of each batch begin.

    Args:
        patterns: uint8[n_patterns, steps] in ascending order.
        chosen: int64[networks, batches, rows], distinct patterns of each batch, ascending.
        there: bool[networks, batches, rows], which of them count; those come first.
    """
    most = chosen.shape[2]
    parting = np.zeros(chosen.shape, np.int64)
    rows = patterns[chosen]
    parting[..., 1:] = (rows[..., 1:, :] != rows[..., :-1, :]).argmax(3)
    parting = _few(parting, there)
    parting[~there] = patterns.shape[1]
    # A row branches off the last one above it that began earlier.
    parents = np.zeros(chosen.shape, np.int64)
    places = np.broadcast_to(np.arange(most), chosen.shape)
    for step in np.unique(parting)[1:]:
        above = np.maximum.accumulate(np.where(parting < step, places, 0), axis=2)
        np.copyto(parents, above, where=parting == step)
    order = np.argsort(parting, axis=2, kind="stable")
    place = np.argsort(order, axis=2, kind="stable")
    parents = np.take_along_axis(np.take_along_axis(place, parents, 2), order, 2)
    return Beginnings(order, np.take_along_axis(parting, order, 2), parents)


def _few(parting: Int64, there: Bool) -> Int64:
    """Steps at which rows begin, earlier where too few begin at a step to be worth its copies."""
    n_steps = int(parting.max(initial=0)) + 1
    begun = np.zeros(n_steps)
    for step in range(n_steps):
        # The rows of a step are as many as the fullest network's.
        begun[step] = ((parting <= step) & there).sum(2).max(0).mean()
    earlier = np.arange(n_steps)
    after = begun[-1]
    for step in range(n_steps - 1, 0, -1):
        if after - begun[step - 1] < WORTH:
            earlier[step:][earlier[step:] == step] = step - 1
        else:
            after = begun[step - 1]
    return earlier[parting]


def branching(
    patterns: Float32, chosen: Int64, begun: Beginnings, active: Int64, doubled: bool
) -> Iterator[Rows]:
    """The rows of each batch, one after the other.

    Args:
        patterns: float32[n_patterns, steps], zeros and ones.
        chosen: int64[networks, batches, rows], the pattern of each row, in the order of `begun`.
        begun: when and where rows begin.
        active: int64[batches], networks that have so many batches, which are the first ones.
        doubled: whether the way back has two gradients for each row.
    """
    n_steps, rows = patterns.shape[1], chosen.shape[2]
    needed = np.stack([(begun.steps <= t).sum(2).max(0) for t in range(n_steps)], 1)
    # Products of an odd number of rows take longer than those of one row more.
    sizes = np.minimum(needed + needed % 2, rows)
    first, total = np.cumsum(sizes, 1) - sizes, sizes.sum(1)
    # All rows that branch off, by batch and step.
    network, batch, child = np.nonzero((begun.steps > 0) & (begun.steps < n_steps))
    at, parent = begun.steps[network, batch, child], begun.parents[network, batch, child]
    by_step = np.argsort(batch * n_steps + at, kind="stable")
    network, batch, child, parent, at = (x[by_step] for x in (network, batch, child, parent, at))
    each = np.bincount(batch * n_steps + at, minlength=sizes.size).reshape(sizes.shape)
    ends, whole = each.cumsum(1), np.cumsum(each.sum(1)) - each.sum(1)
    base, here = network * total[batch] + first[batch, at], network * sizes[batch, at]
    flat = np.stack([base + parent, base + child])
    # Beside each other for both gradients, so that a step's are in one piece.
    behind = np.array([0, 1]) * (active[batch] * sizes[batch, at])[:, None]
    back = np.stack([here + parent, here + child])[..., None] + behind[:, : 1 + doubled]
    for number, n in enumerate(active.tolist()):
        start, cuts = whole[number], ends[number]
        part = slice(start, start + cuts[-1])
        pieces = [
            *_apart(flat[:, part], cuts),
            *_apart(back[:, part].reshape(2, -1), cuts * (1 + doubled)),
        ]
        branches = tuple(
            Branch(*of_step) if count else None
            for *of_step, count in zip(*pieces, each[number].tolist(), strict=True)
        )
        steps = np.repeat(np.arange(n_steps), sizes[number])
        row = np.arange(total[number]) - np.repeat(first[number], sizes[number])
        values = patterns[chosen[:n, number][:, row], steps]
        yield Rows(tuple(sizes[number].tolist()), torch.from_numpy(values), branches)


def _apart(places: Int64, cuts: Int64) -> list[tuple[Tensor, ...]]:
    """Each row as one tensor for each step."""
    ends = cuts[:-1].tolist()
    return [torch.from_numpy(x).tensor_split(ends) for x in places]

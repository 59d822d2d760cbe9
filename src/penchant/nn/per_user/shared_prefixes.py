"""Prefixes that the sequences of a batch share, so that each is computed once.

Sequences with a common prefix are one row until they differ. The row then goes on for one of them
and a new row, copied from it, starts for the other. A network's rows are numbered in the order in
which they start, so that those of a step are always its first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from penchant.typing import Bool, Float32, Int64, UInt8

MIN_NEW_ROWS = 1.0
"""How many rows, averaged over batches, must start at a step; fewer start at an earlier one."""


class NewRows(NamedTuple):
    """The rows of all networks that start at one step, as indices into flat memory.

    Attributes:
        source: int64[n], the rows they are copied from, among all rows of all steps.
        target: int64[n], the new rows, likewise.
        parent: int64[n or 2 n], the rows they are copied from, among those of this step, for each
            gradient that the way back has of a row.
        child: likewise, the new rows.
    """

    source: Tensor
    target: Tensor
    parent: Tensor
    child: Tensor


class PrefixRows(NamedTuple):
    """The rows that are computed for a batch.

    Attributes:
        sizes: the number of rows at each step, which never falls.
        inputs: float32[networks, all rows of all steps], zeros and ones.
        new_rows: for each step the rows that start there, if any; empty if all start at once.
    """

    sizes: tuple[int, ...]
    inputs: Tensor
    new_rows: tuple[NewRows | None, ...] = ()


def unshared_rows(inputs: Tensor) -> PrefixRows:
    """Rows of float32[networks, steps, rows] inputs that share no prefixes."""
    _, steps, rows = inputs.shape
    return PrefixRows((rows,) * steps, inputs.flatten(1))


class RowStarts(NamedTuple):
    """When the rows of each batch start, and as copies of which.

    Attributes:
        order: int64[networks, batches, rows], the distinct patterns of a batch (given in
            ascending order) in the order in which their rows start.
        steps: int64[networks, batches, rows], the step at which a row starts, or the number of
            steps for a row that is never there.
        parents: int64[networks, batches, rows], the row that a row is copied from.
    """

    order: Int64
    steps: Int64
    parents: Int64


def find_row_starts(patterns: UInt8, chosen: Int64, present: Bool) -> RowStarts:
    """Find out when the rows of each batch start.

    Args:
        patterns: uint8[n_patterns, steps] in ascending order.
        chosen: int64[networks, batches, rows], distinct patterns of each batch, ascending.
        present: bool[networks, batches, rows], which of them count; those come first.
    """
    starts = np.zeros(chosen.shape, np.int64)
    rows = patterns[chosen]
    starts[..., 1:] = (rows[..., 1:, :] != rows[..., :-1, :]).argmax(3)
    starts = _merge_small_steps(starts, present)
    starts[~present] = patterns.shape[1]
    # A row is a copy of the last one above it that started earlier.
    parents = np.zeros(chosen.shape, np.int64)
    index = np.broadcast_to(np.arange(chosen.shape[2]), chosen.shape)
    for step in np.unique(starts)[1:]:
        above = np.maximum.accumulate(np.where(starts < step, index, 0), axis=2)
        np.copyto(parents, above, where=starts == step)
    order = np.argsort(starts, axis=2, kind="stable")
    rank = np.argsort(order, axis=2, kind="stable")
    parents = np.take_along_axis(np.take_along_axis(rank, parents, 2), order, 2)
    return RowStarts(order, np.take_along_axis(starts, order, 2), parents)


def _merge_small_steps(starts: Int64, present: Bool) -> Int64:
    """Steps at which rows start, earlier where too few start at a step to be worth its copies."""
    n_steps = int(starts.max(initial=0)) + 1
    started = np.zeros(n_steps)
    for step in range(n_steps):
        # The rows of a step are as many as the fullest network's.
        started[step] = ((starts <= step) & present).sum(2).max(0).mean()
    merged = np.arange(n_steps)
    following = started[-1]
    for step in range(n_steps - 1, 0, -1):
        if following - started[step - 1] < MIN_NEW_ROWS:
            merged[step:][merged[step:] == step] = step - 1
        else:
            following = started[step - 1]
    return merged[starts]


def share_prefixes(
    patterns: Float32, chosen: Int64, starts: RowStarts, active: Int64, doubled: bool
) -> Iterator[PrefixRows]:
    """The rows of each batch, one after the other.

    Args:
        patterns: float32[n_patterns, steps], zeros and ones.
        chosen: int64[networks, batches, rows], the pattern of each row, in the order of `starts`.
        starts: when rows start and as copies of which.
        active: int64[batches], networks that have so many batches, which are the first ones.
        doubled: whether the way back has two gradients for each row.
    """
    n_steps, rows = patterns.shape[1], chosen.shape[2]
    needed = np.stack([(starts.steps <= t).sum(2).max(0) for t in range(n_steps)], 1)
    # Products of an odd number of rows take longer than those of one row more.
    sizes = np.minimum(needed + needed % 2, rows)
    first, total = np.cumsum(sizes, 1) - sizes, sizes.sum(1)
    # All rows that are copies, by batch and step.
    network, batch, child = np.nonzero((starts.steps > 0) & (starts.steps < n_steps))
    step, parent = starts.steps[network, batch, child], starts.parents[network, batch, child]
    by_step = np.argsort(batch * n_steps + step, kind="stable")
    network, batch, child, parent, step = (
        x[by_step] for x in (network, batch, child, parent, step)
    )
    counts = np.bincount(batch * n_steps + step, minlength=sizes.size).reshape(sizes.shape)
    ends, batch_starts = counts.cumsum(1), np.cumsum(counts.sum(1)) - counts.sum(1)
    base = network * total[batch] + first[batch, step]
    base_in_step = network * sizes[batch, step]
    forward = np.stack([base + parent, base + child])
    # Beside each other for both gradients, so that a step's are in one piece.
    offset = np.array([0, 1]) * (active[batch] * sizes[batch, step])[:, None]
    backward = (
        np.stack([base_in_step + parent, base_in_step + child])[..., None]
        + offset[:, : 1 + doubled]
    )
    for number, n in enumerate(active.tolist()):
        start, cuts = batch_starts[number], ends[number]
        part = slice(start, start + cuts[-1])
        pieces = [
            *_split_steps(forward[:, part], cuts),
            *_split_steps(backward[:, part].reshape(2, -1), cuts * (1 + doubled)),
        ]
        new_rows = tuple(
            NewRows(*of_step) if count else None
            for *of_step, count in zip(*pieces, counts[number].tolist(), strict=True)
        )
        steps = np.repeat(np.arange(n_steps), sizes[number])
        row = np.arange(total[number]) - np.repeat(first[number], sizes[number])
        values = patterns[chosen[:n, number][:, row], steps]
        yield PrefixRows(tuple(sizes[number].tolist()), torch.from_numpy(values), new_rows)


def _split_steps(indices: Int64, cuts: Int64) -> list[tuple[Tensor, ...]]:
    """Each row as one tensor for each step."""
    ends = cuts[:-1].tolist()
    return [torch.from_numpy(x).tensor_split(ends) for x in indices]


def prefix_tree(patterns: Tensor) -> list[tuple[Tensor, Tensor]]:
    """The distinct prefixes of sequences, step by step, so that each is computed once.

    Args:
        patterns: float32[n, steps], distinct sequences of zeros and ones, in ascending order.

    Returns:
        For each step the parent of each node among those of the step before and its input; the
        nodes of the last step are the patterns in their order.
    """
    tree = []
    node = torch.zeros(len(patterns), dtype=torch.int64)
    for t in range(patterns.shape[1]):
        keys, node = torch.unique(node * 2 + patterns[:, t].long(), return_inverse=True)
        tree.append((keys // 2, (keys % 2).float()))
    return tree

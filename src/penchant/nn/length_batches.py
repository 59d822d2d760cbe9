"""Batches of rows with about as many entries each, padded to the longest."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from penchant.typing import Int64

MAX_CELLS = 2**22
"""Numbers that a batch's arrays may have."""
MAX_ROWS = 4096


def batches_by_length(
    offsets: Int64, cells: Callable[[Int64], Int64]
) -> Iterator[tuple[Int64, Tensor]]:
    """Split rows into batches, shortest first; rows without entries are in none of them.

    Args:
        offsets: int64[n_rows + 1], where each row's entries start and end.
        cells: how many numbers a row takes in memory when padded to these lengths.

    Yields:
        The rows of a batch and int64[n_rows, longest], the index of each of their entries. Shorter
        rows are padded with the number of all entries.
    """
    counts = np.diff(offsets)
    order = np.argsort(counts, kind="stable")
    start = int(np.searchsorted(counts[order], 1))
    while start < len(order):
        lengths = counts[order[start : start + MAX_ROWS]]
        total = np.arange(1, len(lengths) + 1) * cells(lengths)
        stop = start + max(1, int(np.searchsorted(total, MAX_CELLS, side="right")))
        rows = order[start:stop]
        position = np.arange(counts[rows[-1]])
        inside = position < counts[rows][:, None]
        entries = np.where(inside, offsets[rows][:, None] + position, offsets[-1])
        yield rows, torch.from_numpy(entries)
        start = stop

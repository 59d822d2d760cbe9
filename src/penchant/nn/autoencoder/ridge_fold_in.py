"""Linear output rows for users whom training did not see, by ridge regression in batches."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from penchant.typing import AnyInt, Float32, Int64

CELLS = 2**22  # floats gathered at once: rows × longest history × dimensions


def fold_in(offsets: Int64, index: AnyInt, truth: Float32, vectors: Float32, l2: float) -> Float32:
    """The w of each row that minimises sum (truth - vectors[index] . w)^2 + l2 |w|^2.

    The system solved has as many unknowns as the row has entries, or as a vector has numbers,
    whichever are fewer.

    Args:
        offsets: int64[n_rows + 1], where each row's entries start and end.
        index: [n_entries], which vector each entry belongs to.
        truth: float32[n_entries], what to come close to.
        vectors: float32[n_vectors, dim].
        l2: above 0.

    Returns:
        float32[n_rows, dim], zeros for a row without entries.
    """
    dim = vectors.shape[1]
    out = np.zeros((len(offsets) - 1, dim), np.float32)
    # What pads a row leads to a vector and a truth of zeros, which change nothing.
    padded = torch.from_numpy(np.concatenate([vectors, np.zeros((1, dim), np.float32)]))
    where = torch.from_numpy(np.append(index, len(vectors)).astype(np.int64))
    wanted = torch.from_numpy(np.append(truth, 0).astype(np.float32))
    for rows, entries in _of_like_length(offsets, dim):
        width = entries.shape[1]
        x = padded[where[entries.flatten()]].view(len(rows), width, dim)
        y = wanted[entries][:, :, None]
        short = width <= dim
        found = x.mT @ _solve(x @ x.mT, y, l2) if short else _solve(x.mT @ x, x.mT @ y, l2)
        out[rows] = found[:, :, 0].numpy()
    return out


def _solve(system: Tensor, right: Tensor, l2: float) -> Tensor:
    system.diagonal(dim1=1, dim2=2).add_(l2)
    return torch.cholesky_solve(right, torch.linalg.cholesky(system))


def _of_like_length(offsets: Int64, dim: int) -> Iterator[tuple[Int64, Tensor]]:
    """Rows in batches, and int64[n_rows, longest] where the entries of each stand.

    Shorter rows are padded with the number of all entries.
    """
    counts = np.diff(offsets)
    order = np.argsort(counts, kind="stable")
    start = int(np.searchsorted(counts[order], 1))
    while start < len(order):
        lengths = counts[order[start : start + 4096]]
        cells = np.arange(1, len(lengths) + 1) * lengths * np.maximum(lengths, dim)
        stop = start + max(1, int(np.searchsorted(cells, CELLS, side="right")))
        rows = order[start:stop]
        place = np.arange(counts[rows[-1]])
        inside = place < counts[rows][:, None]
        entries = np.where(inside, offsets[rows][:, None] + place, offsets[-1])
        yield rows, torch.from_numpy(entries)
        start = stop

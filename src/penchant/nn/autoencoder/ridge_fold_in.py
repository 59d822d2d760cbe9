"""Linear output rows for users whom training did not see, by ridge regression in batches."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from penchant.nn.length_batches import batches_by_length
from penchant.typing import AnyInt, Float32, Int64


def fold_in(
    offsets: Int64, index: AnyInt, targets: Float32, vectors: Float32, l2: float
) -> Float32:
    """The w of each row that minimises sum (targets - vectors[index] . w)^2 + l2 |w|^2.

    The system solved has as many unknowns as the row has entries, or as a vector has numbers,
    whichever are fewer.

    Args:
        offsets: int64[n_rows + 1], where each row's entries start and end.
        index: [n_entries], which vector each entry belongs to.
        targets: float32[n_entries].
        vectors: float32[n_vectors, dim].
        l2: above 0.

    Returns:
        float32[n_rows, dim], zeros for a row without entries.
    """
    dim = vectors.shape[1]
    solutions = np.zeros((len(offsets) - 1, dim), np.float32)
    # Padding leads to a vector and a target of zeros, which change nothing.
    padded_vectors = torch.from_numpy(np.concatenate([vectors, np.zeros((1, dim), np.float32)]))
    padded_index = torch.from_numpy(np.append(index, len(vectors)).astype(np.int64))
    padded_targets = torch.from_numpy(np.append(targets, 0).astype(np.float32))
    for rows, entries in batches_by_length(offsets, lambda n: n * np.maximum(n, dim)):
        width = entries.shape[1]
        x = padded_vectors[padded_index[entries.flatten()]].view(len(rows), width, dim)
        y = padded_targets[entries][:, :, None]
        short = width <= dim
        w = x.mT @ _solve(x @ x.mT, y, l2) if short else _solve(x.mT @ x, x.mT @ y, l2)
        solutions[rows] = w[:, :, 0].numpy()
    return solutions


def _solve(system: Tensor, right: Tensor, l2: float) -> Tensor:
    system.diagonal(dim1=1, dim2=2).add_(l2)
    return torch.cholesky_solve(right, torch.linalg.cholesky(system))

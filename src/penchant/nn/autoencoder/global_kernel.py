"""A convolution of a sparse matrix whose kernel is made from pooled features of its rows."""

from __future__ import annotations

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional

from penchant.nn.autoencoder.kernel_weights import KernelAutoencoder
from penchant.nn.autoencoder.sparse_batches import SparseBatch
from penchant.typing import AnyArray, AnyInt, Csr, Float32


class Neighbourhoods:
    """The entries of a sparse matrix at and around each of its entries.

    Rows and columns stand next to each other in the order of their numbers of entries, most
    first, so that neither the order of a log nor the numbers of its ids matter but for ties.

    Attributes:
        batch: the entries that have an entry of the matrix at most `size // 2` rows and columns
            away, themselves included.
        around: float32[n_entries, size * size], the values there, row by row; 0 for none.

    Args:
        matrix: csr[n_rows, n_columns], float32.
        size: of the neighbourhood's sides, an odd number.
    """

    def __init__(self, matrix: Csr, size: int) -> None:
        row_order, row_rank, n_rows = _by_count(np.diff(matrix.indptr))
        counts = np.bincount(matrix.indices, minlength=matrix.shape[1])
        column_order, column_rank, n_columns = _by_count(counts)
        rows = np.repeat(row_rank, np.diff(matrix.indptr))
        columns = column_rank[matrix.indices]
        cells, shifts, values = [], [], []
        reach = size // 2
        for shift in range(size * size):
            # An entry is `down` below and `right` of the cell that it is a neighbour of.
            down, right = shift // size - reach, shift % size - reach
            row, column = rows - down, columns - right
            inside = (row >= 0) & (row < n_rows) & (column >= 0) & (column < n_columns)
            cells.append(row[inside] * n_columns + column[inside])
            shifts.append(np.full(int(inside.sum()), shift, np.int8))
            values.append(matrix.data[inside])
        cell, place = np.unique(np.concatenate(cells), return_inverse=True)
        around: Float32 = np.zeros((len(cell), size * size), np.float32)
        around[place, np.concatenate(shifts)] = np.concatenate(values)
        row, column = row_order[cell // n_columns], column_order[cell % n_columns]
        numbers = np.arange(len(cell), dtype=np.int64)
        table: Csr = sparse.csr_array((numbers, (row, column)), shape=matrix.shape)
        order = table.data
        table.data = np.zeros(len(cell), np.float32)
        self.batch = SparseBatch(table)
        self.around = torch.from_numpy(around[order])


class GlobalKernelAutoencoder(nn.Module):
    """A `KernelAutoencoder` of rows that a convolution has gone over.

    Han et al., "GLocal-K: Global and Local Kernels for Recommender Systems" (2021), section 2.2:
    the kernel is a linear map of pooled features of the rows. Here what it maps to is added to
    the kernel that changes nothing, which it starts from, and sums pass through an exponential
    linear unit.

    Args:
        local: the autoencoder.
        pooled: float32[n_features].
        size: of the kernel's sides.
    """

    pooled: Tensor

    def __init__(self, local: KernelAutoencoder, pooled: Tensor, size: int) -> None:
        super().__init__()
        self.local = local
        self.register_buffer("pooled", functional.normalize(pooled, dim=0), persistent=False)
        self.weight = nn.Parameter(torch.zeros(len(pooled), size * size))

    def kernel(self) -> Tensor:
        """float32[size * size], row by row."""
        identity = torch.zeros(self.weight.shape[1])
        identity[len(identity) // 2] = 1
        return identity + self.pooled @ self.weight

    def encode(
        self, inputs: Neighbourhoods, l2: float = 0, l2_kernel: float = 0
    ) -> tuple[Tensor, Tensor]:
        """float32[n_rows, hidden], and what the weights of the autoencoder cost."""
        # Cells without an entry start at 0, where a rectifier would have no slope to learn from.
        values = functional.elu(inputs.around @ self.kernel())
        return self.local.encode(inputs.batch, l2, l2_kernel, values=values)


def _by_count(counts: AnyInt) -> tuple[AnyArray, AnyArray, int]:
    """Places in the order of counts, the rank of each place, and how many counts are above 0."""
    order = np.argsort(-counts, kind="stable")
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return order, rank, int(np.count_nonzero(counts))

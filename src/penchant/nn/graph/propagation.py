"""Propagation of vectors over the graph of users and items."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from penchant.typing import Csr


class Propagation:
    """Means over layers of A^k E, with A the normalised adjacency matrix of users and items.

    A = D^-1/2 (0 X; X' 0) D^-1/2, in which D are sums of rows: He et al., "LightGCN: Simplifying
    and Powering Graph Convolution Network for Recommendation" (2020), eq. 3, 4 and 8. It is
    symmetric, so that the gradient of a loss by E is the same propagation of the gradient by the
    means, and nothing has to be recorded on the way.

    A row of the result is the sum of the rows of its neighbours, by `embedding_bag`: as fast as a
    product with a compressed matrix of torch, and several times faster than one of scipy.

    Args:
        x: csr[n_users, n_items], weights of pairs.
        layers: how many times neighbours are summed up.
    """

    def __init__(self, x: Csr, layers: int) -> None:
        self.layers = layers
        by_user, by_item = (np.asarray(x.sum(axis=axis), np.float64).ravel() for axis in (1, 0))
        products = np.repeat(by_user, np.diff(x.indptr)) * by_item[x.indices]
        matrix = x.copy()
        matrix.data = np.asarray(x.data / np.sqrt(np.maximum(products, 1e-300)), np.float32)
        self._of_users = bags(matrix)
        self._of_items = bags(matrix.T.tocsr())
        self.item_scales = torch.from_numpy(
            np.divide(1, np.sqrt(by_item), out=np.zeros_like(by_item), where=by_item > 0)
        ).float()
        """float32[n_items], D_i^-1/2."""

    def __call__(self, users: Tensor, items: Tensor) -> tuple[Tensor, Tensor]:
        """float32[n_users, dim] and float32[n_items, dim], the means over all layers."""
        sums = users.clone(), items.clone()
        for _ in range(self.layers):
            users, items = self._step(users, items)
            sums[0].add_(users)
            sums[1].add_(items)
        share = 1 / (self.layers + 1)
        return sums[0].mul_(share), sums[1].mul_(share)

    def messages(self, users: Tensor, items: Tensor) -> Tensor:
        """float32[n_items, dim], what each item adds to the mean of a user's layers above 0.

        These sum up to it, by the weights of the user's events, over the root of the sum of the
        weights; so do those of a user whom the graph lacks.
        """
        total = torch.zeros_like(items)
        for layer in range(self.layers):
            total.add_(items)
            if layer < self.layers - 1:
                users, items = self._step(users, items)
        return total.mul_(self.item_scales[:, None] / (self.layers + 1))

    def _step(self, users: Tensor, items: Tensor) -> tuple[Tensor, Tensor]:
        return row_sums(self._of_users, items), row_sums(self._of_items, users)


def bags(matrix: Csr) -> tuple[Tensor, Tensor, Tensor]:
    """int32[n_entries] columns, int32[n_rows] first places and float32[n_entries] weights."""
    small = np.int32 if matrix.nnz < 2**31 else np.int64
    return (
        torch.from_numpy(matrix.indices.astype(small)),
        torch.from_numpy(matrix.indptr[:-1].astype(small)),
        torch.from_numpy(matrix.data),
    )


def row_sums(of: tuple[Tensor, Tensor, Tensor], rows: Tensor) -> Tensor:
    """float32[n_rows, dim], products of a matrix and float32[n_columns, dim] rows."""
    columns, first, weights = of
    return functional.embedding_bag(columns, rows, first, mode="sum", per_sample_weights=weights)

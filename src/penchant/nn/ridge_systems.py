"""The linear systems of ridge regressions on many rows' entries, in batches of like length."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from penchant.nn.length_batches import batches_by_length
from penchant.typing import Csr, Float32, Int64


@dataclass(frozen=True, eq=False)
class RidgeRows:
    """Rows w that minimise sum c (t - x . w)^2 + gram(w) + ridge |w - prior|^2 over their entries.

    Attributes:
        entries: csr[n_rows, n_vectors] with the weight c of each entry.
        targets: float32[n_entries], the t of each.
        vectors: float32[n_vectors, dim], the x of each column.
        gram: float32[dim, dim], what is added to every row's system.
        ridge: float32[n_rows], above 0.
    """

    entries: Csr
    targets: Float32
    vectors: Tensor
    gram: Tensor
    ridge: Float32

    def batches(self) -> Iterator[tuple[Int64, Tensor, Tensor]]:
        """Rows with entries, float32[n, dim, dim] systems and float32[n, dim] right sides."""
        dim = self.vectors.shape[1]
        # Padding leads to a vector of zeros, which changes nothing.
        vectors = torch.cat([self.vectors, self.vectors.new_zeros(1, dim)])
        index = torch.from_numpy(np.append(self.entries.indices, len(vectors) - 1).astype(np.int64))
        weights = torch.from_numpy(np.append(self.entries.data, 0).astype(np.float32))
        pulls = torch.from_numpy(np.append(self.entries.data * self.targets, 0).astype(np.float32))
        ridge = torch.from_numpy(self.ridge)
        offsets = self.entries.indptr.astype(np.int64)
        for rows, places in batches_by_length(offsets, lambda n: (n + dim) * dim):
            x = vectors[index[places]]
            weighted = x * weights[places][:, :, None]
            system = torch.baddbmm(self.gram.expand(len(rows), -1, -1), x.mT, weighted)
            system.diagonal(dim1=1, dim2=2).add_(ridge[torch.from_numpy(rows)][:, None])
            yield rows, system, (pulls[places][:, None] @ x)[:, 0]

    def solutions(self) -> Tensor:
        """float32[n_rows, dim], where the prior is 0; zeros for rows without entries."""
        found = self.vectors.new_zeros(self.entries.shape[0], self.vectors.shape[1])
        for rows, system, right in self.batches():
            factor = torch.linalg.cholesky(system)
            solved = torch.cholesky_solve(right[:, :, None], factor)[:, :, 0]
            found[torch.from_numpy(rows)] = solved
        return found


class PriorRows:
    """The same rows as functions of their priors, and what they then cost.

    Args:
        systems: of the rows.
    """

    def __init__(self, systems: RidgeRows) -> None:
        dim = systems.vectors.shape[1]
        self.ridge = torch.from_numpy(systems.ridge)[:, None]
        self.has_entries = torch.from_numpy(np.diff(systems.entries.indptr) > 0)
        # Without entries a row is its prior, of which no pair without an entry takes anything.
        self.place = torch.cumsum(self.has_entries, 0) - 1  # of a row with entries among these
        n = int(self.has_entries.sum())
        self.inverse, self.right = torch.empty(n, dim, dim), torch.empty(n, dim)
        for rows, system, right in systems.batches():
            places = self.place[torch.from_numpy(rows)]
            self.inverse[places] = torch.cholesky_inverse(torch.linalg.cholesky(system))
            self.right[places] = right

    def rows(self, prior: Tensor, some: Tensor | slice = slice(None)) -> Tensor:
        """float32[n, dim], the rows with these priors float32[n, dim].

        Args:
            prior: of the rows.
            some: int64[n], which rows; by default all.
        """
        entries = self.has_entries[some]
        places = self.place[some][entries]
        pulled = self.right[places] + self.ridge[some][entries] * prior[entries]
        solved = (self.inverse[places] @ pulled[:, :, None])[:, :, 0]
        return prior.index_put((entries,), solved)

    def costs(self, prior: Tensor, some: Tensor, shrinkage: float = 0) -> Tensor:
        """float32[n], the least costs of the rows int64[n] with these priors, but for constants.

        The rows are eliminated, so that a gradient with respect to the priors is that of the
        whole: ridge |prior|^2 less the product of the right side and the solution.

        Args:
            prior: float32[n, dim].
            some: which rows.
            shrinkage: so many times the ridge is what a prior's own square costs.
        """
        entries = self.has_entries[some]
        places, ridge, own = self.place[some][entries], self.ridge[some][entries], prior[entries]
        pulled = self.right[places] + ridge * own
        solved = (self.inverse[places] @ pulled[:, :, None])[:, :, 0]
        costs = (1 + shrinkage) * ridge[:, 0] * own.square().sum(1) - (pulled * solved).sum(1)
        return prior.new_zeros(len(prior)).index_put((entries,), costs)

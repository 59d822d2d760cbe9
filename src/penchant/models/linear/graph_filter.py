"""Filters of the graph of users and items, in closed form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field
from scipy import sparse

from penchant.costs import FittingCost
from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.models.base import Signal
from penchant.models.derived import derived_from
from penchant.models.fitted_attributes import Declarations, floats
from penchant.models.parameters import Space
from penchant.models.shared.one_user import require_one_user
from penchant.models.shared.updatable import Refitting
from penchant.run import Run
from penchant.typing import Csr, Float32, Float64, Int32

_OVERSAMPLED = 32  # vectors more than are asked for, while these are looked for
_ITERATIONS = 6
_PER_VECTOR, _MOST_VECTORS = 16, 512  # users or items for each vector by default
_SPARSE_SHARE = 0.2  # of users that are reached, up to which products are sparse
_SMALLEST = 1e-8  # of squared singular values, in parts of the largest, that are told from 0


class GraphFilter(Refitting):
    """What is smooth on the graph of users and items: no training beyond singular vectors.

    With X the users × items matrix of interactions, R = D_u^-1/2 X D_i^-1/2 and P = R'R, the
    scores of a history x are x D_i^-a (P + `low_pass` V V') (I - `sharpening` P) D_i^a, in which
    V are the `dim` first right singular vectors of R and a is the `exponent`. Without sharpening
    it is GF-CF: Shen et al., "How Powerful is Graph Convolution for Recommendation?" (2021),
    eq. 15, in which the linear filter has an exponent of 0 and the low-pass one of 1/2. With it,
    it is one step of the reverse of blurring by P: Choi et al., "Blurring-Sharpening Process
    Models for Collaborative Filtering" (2023), eq. 7 to 9.

    Events count by their weights. Fitting takes 8 bytes × (users + items) × `dim`, and no matrix
    of items × items is ever made.

    `update` takes further events in: the model is then what a new fit to all events is.

    Attributes:
        dim: singular vectors that the low-pass filter lets through. None is one for each 16 users
            or items, whichever are fewer, and 512 at most.
        low_pass: weight of that filter beside the linear one.
        sharpening: how much is taken from what neighbours agree on.
        exponent: of items' numbers of events; larger values put popular items first.
    """

    dim: Annotated[int | None, Field(gt=0), Space(32, 1024, log=True)] = None
    low_pass: Annotated[float, Field(ge=0), Space(0, 1)] = 0.3
    sharpening: Annotated[float, Field(ge=0), Space(0, 1)] = 0.5
    exponent: Annotated[float, Field(ge=0, le=1), Space(0, 1)] = 0.35

    signal: ClassVar[Signal] = "pairs"
    event_bytes: ClassVar[float] = 20.0
    fitted_attributes: ClassVar[Declarations] = {
        "singular_vectors_": floats("items", "n_vectors"),
        "singular_values_": floats("n_vectors", low=0),
    }

    def _n_vectors(self, train: Dataset) -> int:
        if not self.low_pass:
            return 0
        fewer = min(train.n_users, train.n_items)
        return self.dim or min(_MOST_VECTORS, -(-fewer // _PER_VECTOR))

    def _cost(self, train: Dataset) -> FittingCost:
        width = min(self._n_vectors(train) + _OVERSAMPLED, train.n_users, train.n_items)
        rows = train.n_users + train.n_items
        work = (_ITERATIONS + 1) * (2.0 * len(train) * width + 2.0 * rows * width**2)
        return FittingCost(memory=8.0 * width * rows, multiply_adds=work)

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        matrix = normalised(train.histories.matrix("weight"))
        with run.progress.task(type(self).__name__, _ITERATIONS + 1) as task:
            vectors, values = right_singular_vectors(
                matrix, self._n_vectors(train), seed=self.seed, advance=task.advance
            )
        self.singular_vectors_, self.singular_values_ = vectors, values

    @property
    def uses_weights(self) -> bool:
        """True: entries of X are the weights."""
        return True

    @property
    def no_evidence_score(self) -> float | None:
        """0, the score of items without events."""
        return 0.0

    @derived_from("histories_")
    def _matrix(self) -> Csr:
        return normalised(self.histories_.matrix("weight"))

    @derived_from("histories_")
    def _by_item(self) -> Csr:
        found: Csr = self._matrix.T.tocsr()
        return found

    @derived_from("histories_")
    def _scales(self) -> Float32:
        """float32[n_items], items' events to the power of the exponent."""
        counts = np.asarray(self.histories_.matrix("weight").sum(axis=0), np.float64).ravel()
        return np.asarray(counts**self.exponent * (counts > 0), np.float32)

    def _filtered(self, rows: Csr) -> Float32:
        """float32[n, n_items], the rows through the filters, between scales."""
        vectors, values = self.singular_vectors_, self.singular_values_
        to_users = rows @ self._by_item
        if to_users.nnz < _SPARSE_SHARE * to_users.shape[0] * to_users.shape[1]:
            found: Float32 = np.asarray((to_users @ self._matrix).toarray(), np.float32)
        else:
            found = _times(to_users.toarray(), self._by_item)
        if self.sharpening:
            found -= np.float32(self.sharpening) * _times(
                _times(found, self._matrix), self._by_item
            )
        passed = self.low_pass * (1 - self.sharpening * values**2)
        found += (rows @ vectors) * passed.astype(np.float32) @ vectors.T
        return found

    def _scores(self, users: Histories) -> Float32:
        scales = self._scales
        return self._filtered(_divided(users.matrix("weight"), scales)) * scales

    def contributions(self, user: Histories, items: Int32) -> Float32:
        """float32[n_items, n_events], what each event adds to the score of each item.

        Raises:
            ParameterError: the histories are of more than one user.
        """
        require_one_user(user)
        scales = self._scales
        one = np.ones(len(items), np.float32)
        place = np.arange(len(items) + 1)
        rows = sparse.csr_array((one, items, place), shape=(len(items), len(self.items_)))
        found = self._filtered(rows)[:, user.items]  # the filters are symmetric
        weights = user.event_weights * _inverse(scales)[user.items]
        return np.asarray(scales[items][:, None] * found * weights, np.float32)


def _times(rows: Float32, matrix: Csr) -> Float32:
    """Rows times the transposed matrix."""
    return np.ascontiguousarray((matrix @ rows.T).T)


def _inverse(scales: Float32) -> Float32:
    return np.divide(1, scales, out=np.zeros_like(scales), where=scales > 0)


def _divided(rows: Csr, scales: Float32) -> Csr:
    found: Csr = rows.copy()
    found.data = np.asarray(rows.data * _inverse(scales)[rows.indices], np.float32)
    return found


def normalised(x: Csr) -> Csr:
    """Entries divided by the roots of the sums of their row and of their column."""
    by_row, by_column = (np.asarray(x.sum(axis=axis), np.float64).ravel() for axis in (1, 0))
    products = np.repeat(by_row, np.diff(x.indptr)) * by_column[x.indices]
    found: Csr = x.copy()
    found.data = np.asarray(x.data / np.sqrt(np.maximum(products, 1e-300)), np.float32)
    return found


def right_singular_vectors(
    matrix: Csr, k: int, *, seed: int, advance: Callable[[], object] = lambda: None
) -> tuple[Float32, Float32]:
    """float32[n_columns, n] vectors of the `k` largest singular values, and these.

    By subspace iteration: Halko, Martinsson and Tropp, "Finding Structure with Randomness" (2011),
    algorithm 4.4. There are fewer than `k` where the rank is lower.
    """
    width = min(k + _OVERSAMPLED, *matrix.shape) if k else 0
    generator = np.random.default_rng(seed)
    basis = generator.standard_normal((matrix.shape[1], width), np.float32)
    if not k:
        return basis, np.zeros(0, np.float32)
    transposed = matrix.T.tocsr()
    for _ in range(_ITERATIONS):
        basis = np.linalg.qr(transposed @ (matrix @ basis)).Q
        advance()
    image: Float64 = (matrix @ basis).astype(np.float64)
    squares, rotation = np.linalg.eigh(image.T @ image)
    kept = np.argsort(-squares)[:k]
    kept = kept[squares[kept] > _SMALLEST * squares.max(initial=0)]
    advance()
    vectors = basis @ rotation[:, kept].astype(np.float32)
    return vectors, np.sqrt(squares[kept]).astype(np.float32)

"""Non-negative matrix factorisation by scikit-learn, as models of lists and of ratings share it."""

from __future__ import annotations

import numpy as np

from penchant.errors import require
from penchant.typing import AnyArray, AnyInt, Csr

FOLD_IN_PASSES = 100
"""Over a row's numbers; what changes after 50 of them is below 1e-6."""


def factorise(
    x: Csr | AnyArray,
    dim: int,
    *,
    l2: tuple[float, float],
    passes: int,
    seed: int,
    start: tuple[AnyArray, AnyArray] | None = None,
) -> tuple[AnyArray, AnyArray]:
    """Rows W and columns H, all at least 0, that minimise the error of W H.

    That is |X - W H|^2 / 2 + l2_w |W|^2 / 2 + l2_h |H|^2 / 2, all entries of X alike, by coordinate
    descent: Cichocki and Phan, "Fast Local Algorithms for Large Scale Nonnegative Matrix and
    Tensor Factorizations" (2009).

    Args:
        x: float[n, m], none below 0.
        dim: columns of W.
        l2: the penalties of W and of H.
        passes: the most passes over W and H.
        seed: of the initial numbers.
        start: W and H to begin with, for a dense x; by default scikit-learn's `nndsvda`, or
            random numbers where `dim` is more than n or m.

    Returns:
        float[n, dim] and float[dim, m], as long as `x` is.
    """
    n, m = x.shape
    if not _has_positive(x):
        return np.zeros((n, dim), x.dtype), np.zeros((dim, m), x.dtype)
    if not isinstance(x, np.ndarray):
        # Rows and columns without entries have zeros, and need not be gone through.
        rows, columns = _filled(x.indptr), _filled(x.tocsc().indptr)
        if len(rows) < n or len(columns) < m:
            some = x[rows][:, columns]
            of_rows, of_columns = factorise(some, dim, l2=l2, passes=passes, seed=seed)
            all_rows, all_columns = np.zeros((n, dim), x.dtype), np.zeros((dim, m), x.dtype)
            all_rows[rows], all_columns[:, columns] = of_rows, of_columns
            return all_rows, all_columns
    w, h = (np.ascontiguousarray(part, x.dtype) for part in start) if start else (None, None)
    found = require("sklearn.decomposition", "sklearn").non_negative_factorization(
        x,
        W=w,
        H=h,
        n_components=dim,
        init="custom" if start else None,
        alpha_W=l2[0] / m,
        alpha_H=l2[1] / n,
        max_iter=passes,
        tol=0,  # neither a warning nor an end that depends on other rows
        random_state=seed,
    )
    return np.ascontiguousarray(found[0]), np.ascontiguousarray(found[1])


def fold_in(x: Csr | AnyArray, h: AnyArray, l2: float) -> AnyArray:
    """float[n, dim], the W of `factorise` for other rows, given its H: scikit-learn's `transform`.

    Args:
        x: float[n, m], none below 0.
        h: float[dim, m].
        l2: the penalty of W.
    """
    n, m = x.shape
    dim = len(h)
    if not (n and _has_positive(x) and h.any()):
        return np.zeros((n, dim), h.dtype)
    if not isinstance(x, np.ndarray) and len(rows := _filled(x.indptr)) < n:
        w = np.zeros((n, dim), h.dtype)
        w[rows] = fold_in(x[rows], h, l2)
        return w
    found = require("sklearn.decomposition", "sklearn").non_negative_factorization(
        x,
        H=h,
        n_components=dim,
        update_H=False,
        alpha_W=l2 / m,
        max_iter=FOLD_IN_PASSES,
        tol=0,
    )
    return np.ascontiguousarray(found[0])


def _filled(offsets: AnyInt) -> AnyInt:
    """int[n], rows that have entries."""
    return np.flatnonzero(np.diff(offsets))


def _has_positive(x: Csr | AnyArray) -> bool:
    values = x if isinstance(x, np.ndarray) else x.data
    return bool(values.size and values.max() > 0)

"""The similarity of one pair of rows from their sums, in compiled loops.

Nothing branches but on the kind, so that loops over many pairs can use vectors.
"""

from __future__ import annotations

import numpy as np

from penchant.compiled import compiled_in_order

COSINE, JACCARD, WEIGHTED, CORRELATION, ADJUSTED, PEARSON = range(6)
"""What is compared; from `WEIGHTED` on, values are multiplied."""


@compiled_in_order
def of_counts(kind: int, n: np.float32, n_a: np.float32, n_b: np.float32) -> np.float32:
    """The similarity of two rows of events, n of them in common."""
    one = np.float32(1)
    return n / (np.sqrt(max(n_a * n_b, one)) if kind == COSINE else max(n_a + n_b - n, one))


@compiled_in_order
def of_rows(kind: int, cross: float, scale: float, expected: float) -> np.float32:
    """The similarity of two whole rows of values, 0 where there is none."""
    if kind == WEIGHTED:
        return np.float32(cross / max(scale, 1e-12))
    inside = (cross - expected) / max(scale, 1e-9)
    return np.float32(min(1.0, max(-1.0, inside)) if scale > 1e-9 else 0.0)


@compiled_in_order
def of_values_in_common(
    cross: np.float32, square_a: np.float32, square_b: np.float32, enough: bool | np.bool
) -> np.float32:
    """The similarity of what two rows have in common, or 0 where that is not enough."""
    one, least, steps = np.float32(1), np.float32(1e-4), np.float32(1e4)
    root = np.sqrt(max(square_a, np.float32(0)) * max(square_b, np.float32(0)))
    # Rounding error must not decide between equal ones.
    alike = np.rint(min(one, max(-one, cross / max(root, least))) * steps) / steps
    return alike if enough & (root > least) else np.float32(0)


@compiled_in_order
def of_ratings_in_common(
    n: np.float32,
    cross: np.float32,
    square_a: np.float32,
    square_b: np.float32,
    sum_a: np.float32,
    sum_b: np.float32,
) -> np.float32:
    """The same of ratings whose means are of those in common."""
    some, rounding = max(n, np.float32(1)), np.float32(4e-6)
    of_a, of_b = sum_a * sum_a / some, sum_b * sum_b / some
    square_a, square_b = square_a - of_a, square_b - of_b
    # Where all ratings in common are equal, nothing but rounding error is left.
    enough = (square_a >= rounding * of_a) & (square_b >= rounding * of_b)
    return of_values_in_common(cross - sum_a * sum_b / some, square_a, square_b, enough)


@compiled_in_order
def shrunk(
    alike: np.float32, n: np.float32, shrinkage: np.float32, least: np.float32
) -> np.float32:
    """A similarity of n events in common, 0 where these are too few."""
    alike *= n / max(n + shrinkage, np.float32(1e-6))
    return alike if n >= least else np.float32(0)

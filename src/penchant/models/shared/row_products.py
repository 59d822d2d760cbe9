"""Products of sparse matrices into dense rows, in compiled loops."""

from __future__ import annotations

from penchant.compiled import compiled_in_order
from penchant.typing import AnyFloat, AnyInt, Csr

RATE = 1e9
"""Multiply-adds a second, to choose the cheapest way."""
LEAST_SECONDS = 0.3
"""What another way must take for a compiler to be worth its start."""


def add_row_products(a: Csr, b: Csr, out: AnyFloat, *, lower: int | None = None) -> None:
    """Add a b to rows of a matrix.

    Args:
        a: csr[n, m].
        b: csr[m, k], sorted by column.
        out: float[n, k], changed.
        lower: where given, the first row is this one of a square matrix, and nothing is added above
            its diagonal.
    """
    first = out.shape[1] if lower is None else lower
    _add_rows(a.indptr, a.indices, a.data, b.indptr, b.indices, b.data, out, first)


@compiled_in_order
def _add_rows(
    a_indptr: AnyInt,
    a_indices: AnyInt,
    a_data: AnyFloat,
    b_indptr: AnyInt,
    b_indices: AnyInt,
    b_data: AnyFloat,
    out: AnyFloat,
    first: int,
) -> None:
    for row in range(len(out)):
        sums, last = out[row], first + row
        for place in range(a_indptr[row], a_indptr[row + 1]):
            other, weight = a_indices[place], a_data[place]
            for entry in range(b_indptr[other], b_indptr[other + 1]):
                column = b_indices[entry]
                if column > last:
                    break
                sums[column] += weight * b_data[entry]

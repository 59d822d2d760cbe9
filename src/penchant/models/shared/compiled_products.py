"""Products of sparse matrices as lists of what each row meets, and its largest, in compiled loops.

A product of sparse matrices sorts or links what each row meets, and a dense one writes and looks
through all cells: both take most of the time where catalogues are large.
"""

from __future__ import annotations

import numpy as np

from penchant.compiled import compiled_in_order
from penchant.models.shared.largest import largest_by_column
from penchant.typing import Float32, Int32, Int64, UInt8


@compiled_in_order
def list_products(
    first: int,
    last: int,
    a_indptr: Int64,
    a_indices: Int32,
    a_data: Float32,
    b_indptr: Int64,
    b_indices: Int32,
    b_data: Float32,
    totals: Float32,
    seen: UInt8,
    counts: Int64,
    columns: Int32,
    values: Float32,
) -> np.int64:
    """Write the entries of rows of a b but for the diagonal, one row behind the other; how many.

    Args:
        first: the first row.
        last: the row behind the last one.
        a_indptr: of csr[n, m], int64[n + 1].
        a_indices: int32[n_entries].
        a_data: float32[n_entries].
        b_indptr: of csr[m, n], int64[m + 1].
        b_indices: int32[n_entries].
        b_data: float32[n_entries].
        totals: float32[n], zeros before and after.
        seen: uint8[n], likewise.
        counts: int64[last - first], gets the number of entries of each row.
        columns: int32, gets those of the entries, in any order within a row. It has room for
            the products of entries of each row, or for n where a row has more.
        values: float32, gets the entries, of the same length.
    """
    end, one = np.uint64(0), np.uint8(1)
    for row in range(first, last):
        begin, work = end, 0
        for place in range(a_indptr[row], a_indptr[row + 1]):
            other = a_indices[place]
            work += b_indptr[other + 1] - b_indptr[other]
        few = work < len(totals)  # listed as they are met, which takes less than to look at all
        for place in range(a_indptr[row], a_indptr[row + 1]):
            other, weight = a_indices[place], a_data[place]
            for entry in range(b_indptr[other], b_indptr[other + 1]):
                at = np.uint64(b_indices[entry])
                if few:  # No branch: no processor foresees what is met for the first time.
                    columns[end] = b_indices[entry]
                    end += np.uint64(one - seen[at])
                    seen[at] = one
                totals[at] += weight * b_data[entry]
        totals[row] = 0
        if few:
            for p in range(begin, end):
                at = np.uint64(columns[p])
                values[p] = totals[at]
                totals[at], seen[at] = 0, 0
        else:
            for column in range(len(totals)):
                columns[end], values[end] = column, totals[column]
                end += np.uint64(totals[column] != 0)
            totals[:] = 0
        counts[row - first] = np.int64(end - begin)
    return np.int64(end)


@compiled_in_order
def largest_of_lists(
    counts: Int64,
    columns: Int32,
    values: Float32,
    k: int,
    keys: Int64,
    to_columns: Int32,
    to_values: Float32,
) -> int:
    """Write the k largest values above 0 of each row in the order of columns; how many in all.

    Args:
        counts: int64[n_rows], values of each row; changed to how many are written of it.
        columns: int32[n_values], in any order within a row.
        values: float32[n_values].
        k: how many of a row.
        keys: int64, as many as a row has values at most; changed.
        to_columns: int32, with room for k of each row or all that it has; changed.
        to_values: float32, likewise.
    """
    start, total = 0, 0
    for row in range(len(counts)):
        stop = start + counts[row]
        kept = largest_by_column(
            columns[start:stop], values[start:stop], k, keys, to_columns[total:], to_values[total:]
        )
        start, total, counts[row] = stop, total + kept, kept
    return total

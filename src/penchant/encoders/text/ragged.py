"""Rows of different lengths in two arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from penchant.errors import ParameterError
from penchant.typing import AnyArray, AnyInt, Bool, Int32, Int64

Side = Literal["pre", "post"]


@dataclass(frozen=True, eq=False)
class Ragged:
    """Whole numbers in rows: row `n` is `values[offsets[n]:offsets[n + 1]]`.

    Attributes:
        offsets: int64[n_rows + 1].
        values: int64[n_values].
    """

    offsets: Int64
    values: Int64

    @classmethod
    def of(cls, lengths: AnyInt, values: AnyArray) -> Ragged:
        """From the length of each row, int[n_rows], and all values one after the other."""
        ends = np.cumsum(lengths, dtype=np.int64)
        return cls(np.concatenate([np.zeros(1, np.int64), ends]), values.astype(np.int64))

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Int64:
        """int64[n_rows]."""
        return np.diff(self.offsets)

    @property
    def row(self) -> Int64:
        """int64[n_values], the row of each value."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def take(self, rows: AnyArray) -> Ragged:
        """The rows at int64[n], or those that bool[n_rows] marks."""
        chosen = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        lengths = self.lengths[chosen]
        first = self.offsets[:-1][chosen] - (np.cumsum(lengths) - lengths)
        return Ragged.of(lengths, self.values[np.repeat(first, lengths) + np.arange(lengths.sum())])

    def only(self, keep: Bool) -> Ragged:
        """The same rows without the values that bool[n_values] does not mark."""
        kept = np.bincount(self.row[keep], minlength=len(self))
        return Ragged.of(kept, self.values[keep])

    def padded(self, length: int, *, padding: Side = "pre", truncating: Side = "pre") -> Int32:
        """int32[n_rows, length], each row filled up with zeros or cut.

        Args:
            length: of every row.
            padding: where zeros are put.
            truncating: where a row that is too long loses values.

        Raises:
            ParameterError: the length is not at least 1.
        """
        if length < 1:
            raise ParameterError(f"Rows are padded to a length of at least 1, not {length}.")
        lengths = self.lengths
        kept = np.minimum(lengths, length)
        skipped = lengths - kept if truncating == "pre" else np.zeros_like(kept)
        before = length - kept if padding == "pre" else np.zeros_like(kept)
        place = np.arange(length) - before[:, np.newaxis]
        filled = (place >= 0) & (place < kept[:, np.newaxis])
        found = np.zeros((len(self), length), np.int32)
        start = (self.offsets[:-1] + skipped)[:, np.newaxis]
        found[filled] = self.values[(start + place)[filled]]
        return found

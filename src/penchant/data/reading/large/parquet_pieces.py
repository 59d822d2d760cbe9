"""Read a large Parquet file piece by piece, each of as many rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from penchant.data.reading.contents import HARMLESS_TABLE, PARQUET
from penchant.data.reading.memory_limit import LIMIT_MEMORY
from penchant.data.reading.parquet import run_trial, trial_limit
from penchant.data.reading.records import RawRecords
from penchant.data.reading.unpacking import most_unpacked
from penchant.errors import DataError

_FIRST_ROWS = 100_000  # by which it is foretold how many rows have the bytes of a piece

# Prints the rows of the file, those of a piece, and the bytes of each piece.
_TRIAL = (
    LIMIT_MEMORY
    + """
import polars as pl
path, size, first_rows = sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
def rows(start, n):
    return pl.scan_parquet(path, glob=False).slice(start, n).collect()
total = pl.scan_parquet(path, glob=False).select(pl.len()).collect().item()
first = rows(0, first_rows)
n = max(1, int(size / max(1, first.estimated_size() / max(1, first.height))))
del first
print(total, n, flush=True)
for start in range(0, total, n):
    print(rows(start, n).estimated_size(), flush=True)
"""
)


@dataclass(frozen=True)
class ParquetPieces:
    """The pieces of a Parquet file.

    Attributes:
        path: of the file.
        n_rows: of a piece.
        n_bytes: of each piece in memory.
    """

    path: Path
    n_rows: int
    n_bytes: list[int]

    @property
    def source(self) -> str:
        """The name of the file in messages."""
        return self.path.name

    def read(self) -> Iterator[RawRecords]:
        """The rows of each piece, whose numbers go on from those of the one before.

        Raises:
            DataError: the file is not what it was when the pieces were sought.
        """
        for piece in range(len(self.n_bytes)):
            start = piece * self.n_rows
            try:
                rows = pl.scan_parquet(self.path, glob=False).slice(start, self.n_rows)
                frame = rows.collect()
            except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
                frame = pl.DataFrame()
            if not frame.height:
                raise DataError(f"{self.source} has changed while it was read: read it again.")
            yield RawRecords(frame=frame, source=self.source).behind(start)


def parquet_pieces(path: Path, max_bytes: int | None, size: float) -> ParquetPieces | None:
    """Find the pieces of a large Parquet file; None where it is to be read at once.

    That is so, too, where another process that reads all pieces shows that the file is damaged, or
    becomes too large: whoever reads it at once says so.

    Args:
        path: of the file.
        max_bytes: as in `penchant.read`.
        size: the bytes of a piece in memory; smaller files are read at once.
    """
    try:
        n_bytes = path.stat().st_size if path.is_file() else 0
        if n_bytes < size or (max_bytes is not None and n_bytes > max_bytes):
            return None
        with path.open("rb") as file:
            if file.read(len(PARQUET)) != PARQUET:
                return None
    except (OSError, ValueError):
        return None
    most = most_unpacked(n_bytes, max_bytes, HARMLESS_TABLE)
    limit = trial_limit(most, n_bytes)
    done = run_trial(_TRIAL, [str(limit), str(path), str(size), str(_FIRST_ROWS)], n_bytes)
    if done is None or done[1] or len(done[0]) < 4 or sum(done[0][2:]) > most:
        return None
    return ParquetPieces(path, done[0][1], done[0][2:])

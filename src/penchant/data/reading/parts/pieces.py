"""The records of a source piece by piece, so that not all of them need be in memory at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import polars as pl

from penchant.data.reading.parts.union import union
from penchant.data.reading.records import RawRecords, record_texts
from penchant.errors import DataError
from penchant.memory import require_memory

PIECE = 2**26
"""The bytes of records, as they are read, from which on they are a piece of their own; and the
bytes of text in a piece of a single file."""

_COPIES = 3  # of records, while they are read and typed at once


class NotInPiecesError(Exception):
    """The rest of a source tells that only all of it can be read, at once."""


class Pieces:
    """The records of a source: a single piece, or several where it is large or has many files.

    Attributes:
        first: the records of the first piece.
        is_single: whether these are all.
    """

    def __init__(
        self,
        read: Callable[[], Iterator[RawRecords]],
        whole: Callable[[], RawRecords],
        source: str,
        n_bytes: Sequence[int] = (),
        is_single: bool | None = None,
    ) -> None:
        """Read the first piece, and see whether there are others.

        Args:
            read: reads them one after the other; the numbers of the records of each go on from
                those of the piece before.
            whole: reads all records at once.
            source: what messages call it.
            n_bytes: of each file, or of each piece of a file, by which the memory is foretold that
                all of them take at once.
            is_single: whether there is one piece alone; by default the second is read to see that.

        Raises:
            DataError: the source cannot be read.
            NotInPiecesError: it must be read at once.
        """
        self._read, self._whole, self._source, self._n_bytes = read, whole, source, n_bytes
        self._rest = read()
        self.first = next(self._rest)
        self._second = next(self._rest, None) if is_single is None else None
        self.is_single = self._second is None if is_single is None else is_single

    @classmethod
    def of(cls, records: RawRecords) -> Pieces:
        """The only piece of a source."""
        return cls(lambda: iter([records]), lambda: records, records.source)

    @classmethod
    def of_files(
        cls,
        read: Callable[[], Iterator[RawRecords]],
        source: str,
        remarks: tuple[str, ...] = (),
        size: float | None = None,
        n_bytes: Sequence[int] = (),
    ) -> Pieces:
        """Those of several files, each of one file or more.

        Args:
            read: reads the records of each file.
            source: the name of all in messages.
            remarks: what is to be said of all.
            size: the bytes of a piece; infinity makes all records one. `PIECE` by default.
            n_bytes: of each file.

        Raises:
            DataError: a file cannot be read.
        """

        def joined(files: list[RawRecords], n_before: int = 0) -> RawRecords:
            piece = union(files, source, n_before)
            return replace(piece, remarks=(*remarks, *piece.remarks))

        def pieces() -> Iterator[RawRecords]:
            return _put_together(read(), joined, PIECE if size is None else size)

        return cls(pieces, lambda: joined(list(read())), source, n_bytes)

    def __iter__(self) -> Iterator[RawRecords]:
        """Each piece; the numbers of its records go on from those of the one before. Only once.

        Raises:
            DataError: the source cannot be read.
            NotInPiecesError: it must be read at once.
        """
        yield self.first
        if self._second is not None:
            second, self._second = self._second, None
            yield second
            del second
        yield from self._rest

    def texts_of(self, rows: pl.Series) -> pl.Series:
        """Some records as texts, as `record_texts` gives them, which are read anew for that.

        Args:
            rows: their numbers, which rise.

        Raises:
            DataError: the source cannot be read any more.
        """
        if not len(rows):
            return record_texts(self.first, rows)
        found = []
        n_done = 0
        for records in self._read():
            numbers = records.row
            n_to = int(rows.search_sorted(numbers[-1], side="right")) if len(numbers) else n_done
            if n_to > n_done:
                frame = records.frame.select(self.first.frame.columns)
                some = replace(records, frame=frame)
                found.append(record_texts(some, rows.slice(n_done, n_to - n_done)))
                n_done = n_to
            if n_done == len(rows):
                break
        if n_done < len(rows):
            raise DataError(f"{self._source} has changed while it was read: read it again.")
        return pl.concat(found)

    def whole(self) -> RawRecords:
        """All records at once; where there are several pieces the source is read anew.

        Raises:
            DataError: it cannot be read, or all of it takes more memory than is free.
        """
        if self.is_single:
            return self.first
        of_first = sum(self._n_bytes[: max(len(self.first.parts), 1)])
        growth = self.first.frame.estimated_size() / max(of_first, 1)
        require_memory(
            _COPIES * growth * sum(self._n_bytes),
            f"Reading {self._source} at once, as columns need whose meaning only all values tell,",
            "write it as Parquet with numbers and dates, or say how times are written with "
            "time_format='…' (--time-format …)",
        )
        self._second, self._rest = None, iter(())
        return self._whole()


def _put_together(
    files: Iterator[RawRecords],
    joined: Callable[[list[RawRecords], int], RawRecords],
    size: float,
) -> Iterator[RawRecords]:
    """The records of so many files at a time that they have `size` bytes."""
    some: list[RawRecords] = []
    n_bytes, n_before = 0.0, 0
    for records in files:
        some.append(records)
        n_bytes += records.frame.estimated_size()
        if n_bytes < size:
            continue
        piece = joined(some, n_before)
        n_bytes, n_before, some = 0.0, n_before + piece.n_total, []
        del records
        yield piece
        del piece
    if some:
        yield joined(some, n_before)

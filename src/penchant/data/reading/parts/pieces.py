"""The records of a source piece by piece, so that not all of them need be in memory at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from penchant.data.reading.parts.union import union
from penchant.data.reading.records import RawRecords
from penchant.memory import require_memory

PIECE = 2**26
"""The bytes of records, as they are read, from which on they are a piece of their own."""

_COPIES = 3  # of records, while they are read and typed at once


class Pieces:
    """The records of a source: a single piece, or several where it has many files.

    Attributes:
        first: the records of the first piece.
        is_single: whether these are all.
    """

    def __init__(
        self,
        read: Callable[[], Iterator[RawRecords]],
        source: str,
        remarks: tuple[str, ...] = (),
        size: float | None = None,
        n_bytes: Sequence[int] = (),
    ) -> None:
        """Read the first piece, and see whether there are others.

        Args:
            read: reads the records of each file.
            source: the name of all in messages.
            remarks: what is to be said of all.
            size: the bytes of a piece; infinity makes all records one. `PIECE` by default.
            n_bytes: of each file, by which the memory is foretold that all of them take at once.

        Raises:
            DataError: a file cannot be read.
        """
        self._read, self._source, self._remarks = read, source, remarks
        self._n_bytes = n_bytes
        self._rest = self._pieces(PIECE if size is None else size)
        self.first = next(self._rest)
        self._second = next(self._rest, None)
        self.is_single = self._second is None

    @classmethod
    def of(cls, records: RawRecords) -> Pieces:
        """The only piece of a source."""
        pieces = cls.__new__(cls)
        pieces.first, pieces.is_single = records, True
        pieces._rest, pieces._second = iter(()), None
        return pieces

    def __iter__(self) -> Iterator[RawRecords]:
        """Each piece; the numbers of its records go on from those of the one before. Only once."""
        yield self.first
        if self._second is not None:
            second, self._second = self._second, None
            yield second
            del second
        yield from self._rest

    def whole(self) -> RawRecords:
        """All records at once; where there are several pieces the files are read anew.

        Raises:
            DataError: a file cannot be read, or all of them take more memory than is free.
        """
        if self.is_single:
            return self.first
        of_first = sum(self._n_bytes[: len(self.first.parts)])
        growth = self.first.frame.estimated_size() / max(of_first, 1)
        require_memory(
            _COPIES * growth * sum(self._n_bytes),
            f"Reading {self._source} at once, as columns need whose meaning only all values tell,",
            "write it as Parquet with numbers and dates, or say how times are written with "
            "time_format='…' (--time-format …)",
        )
        self._second, self._rest = None, iter(())
        return self._joined(list(self._read()), 0)

    def _pieces(self, size: float) -> Iterator[RawRecords]:
        files: list[RawRecords] = []
        n_bytes, n_before = 0.0, 0
        for records in self._read():
            files.append(records)
            n_bytes += records.frame.estimated_size()
            if n_bytes < size:
                continue
            piece = self._joined(files, n_before)
            n_bytes, n_before, files = 0.0, n_before + piece.n_total, []
            del records
            yield piece
            del piece
        if files:
            yield self._joined(files, n_before)

    def _joined(self, files: list[RawRecords], n_before: int) -> RawRecords:
        piece = union(files, self._source, n_before)
        return replace(piece, remarks=(*self._remarks, *piece.remarks))

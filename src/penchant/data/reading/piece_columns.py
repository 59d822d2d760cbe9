"""The columns of a log that is read piece by piece: in memory, or in files of a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import polars as pl

from penchant.data.mapped_columns import mapped_series, numpy_type, packed, type_of
from penchant.errors import require
from penchant.typing import Bool


class PieceColumns:
    """The columns of pieces, each below those of the piece before.

    A column of text that is integers or numbers in some pieces alone is text in all: nothing else
    is written as these are.

    Args:
        categories: of columns whose texts are taken as such, by name.
        scratch: a folder for numbers, times and categories, which exists as long as they are used;
            None keeps all in memory.

    Raises:
        MissingExtraError: there is one, and PyArrow is not installed.
    """

    def __init__(self, categories: Mapping[str, pl.Categorical], scratch: Path | None) -> None:
        self._categories = categories
        if scratch is not None:
            require("pyarrow", "arrow")
        # No log's files are another's, which may be in use.
        self._scratch = None if scratch is None else Path(mkdtemp(dir=scratch))
        self._chunks: dict[str, list[pl.Series]] = {}
        self._files: dict[str, _ColumnFile] = {}
        self._types: dict[str, set[pl.DataType]] = {}

    def add(self, frame: pl.DataFrame, types: Mapping[str, pl.DataType] | None = None) -> None:
        """Take in a piece.

        Args:
            frame: the piece.
            types: of columns that had values of a type before records were left out.
        """
        for name, dtype in (types or {}).items():
            self._types.setdefault(name, set()).add(dtype)
        for chunk in frame:
            if isinstance(chunk.dtype, pl.String) and chunk.name in self._categories:
                chunk = chunk.cast(self._categories[chunk.name])
            name = chunk.name
            if self._scratch is not None and name not in self._files and name not in self._chunks:
                kind = _stored_type(chunk.dtype)
                if kind is not None:
                    path = self._scratch / f"{len(self._files)}.column"
                    self._files[name] = _ColumnFile(path, kind, chunk.dtype)
            if name in self._files:
                if self._files[name].can_take(chunk):
                    self._files[name].append(chunk)
                    continue
                self._chunks[name] = [self._files.pop(name).series(name)]
            self._chunks.setdefault(name, []).append(chunk)
        self._names = frame.columns

    def joined(self) -> pl.DataFrame:
        """All pieces, once: column by column, so that little is there twice."""
        columns = {}
        for name in self._names:
            if name in self._files:
                column = self._files[name].series(name)
                columns[name] = column.cast(pl.String) if self._differ(name) else column
            else:
                columns[name] = self._joined(name, self._chunks.pop(name))
        return pl.DataFrame(columns)

    def _joined(self, name: str, chunks: list[pl.Series]) -> pl.Series:
        types = {chunk.dtype for chunk in chunks if chunk.null_count() < len(chunk)}
        types |= self._types.get(name, set())
        dtype = next(iter(types), chunks[0].dtype)
        if len(types) > 1:
            dtype = self._categories.get(name, pl.String())
            chunks = [chunk if chunk.dtype == dtype else chunk.cast(pl.String) for chunk in chunks]
        return pl.concat([chunk.cast(dtype) for chunk in chunks], rechunk=True)

    def _differ(self, name: str) -> bool:
        return len(self._types.get(name, ())) > 1


def _stored_type(dtype: pl.DataType) -> str | None:
    return "uint32" if isinstance(dtype, pl.Categorical) else type_of(dtype)


class _ColumnFile:
    """A column that is written piece by piece, and then in the memory of its file."""

    def __init__(self, path: Path, kind: str, dtype: pl.DataType) -> None:
        self._path, self._kind, self._dtype = path, kind, dtype
        self._known: list[Bool | int] = []  # of each piece; its length where all are known
        self._categories: pl.Series | None = None  # which Polars forgets where no series has any

    def can_take(self, chunk: pl.Series) -> bool:
        """Whether it has the type of those before, or is empty."""
        return chunk.dtype == self._dtype or chunk.null_count() == len(chunk)

    def append(self, chunk: pl.Series) -> None:
        """Write a piece below the others."""
        column = chunk.cast(self._dtype)
        self._categories, values = column.clear(), column.to_physical()
        some = values.null_count() > 0
        self._known.append(values.is_not_null().to_numpy() if some else len(values))
        with self._path.open("ab") as file:
            file.write(np.ascontiguousarray(values.fill_null(0).to_numpy()).data)

    def series(self, name: str) -> pl.Series:
        """All pieces."""
        if not self._path.exists() or not self._path.stat().st_size:
            return pl.Series(name, [], self._dtype)
        known = None
        if not all(isinstance(piece, int) for piece in self._known):
            pieces = [np.ones(p, np.bool_) if isinstance(p, int) else p for p in self._known]
            known = packed(np.concatenate(pieces))
        values = np.asarray(np.memmap(self._path, numpy_type(self._kind), "c"))
        series = mapped_series(name, self._kind, values, known)
        return series.cat.to(self._dtype) if isinstance(self._dtype, pl.Categorical) else series

"""Put the records of several files below one another, with an account of where each stands."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from penchant.data.event_order import POSITION
from penchant.data.reading.column_names import is_known_name
from penchant.data.reading.parts.part_files import PartFile
from penchant.data.reading.records import RawRecords, RecordsOfFile, concat_chunks
from penchant.errors import DataError
from penchant.wording import counted

logger = logging.getLogger(__name__)

_NAMED_COLUMNS = 8  # in a message


def like_first(part: RawRecords, file: PartFile, first: RawRecords | None) -> RawRecords:
    """A file's records under its name in messages, with its partitions and the first's columns.

    A file without a header that has as many columns as the first one takes its names: so are
    files that were cut from a larger one.

    Raises:
        DataError: its columns are others than those of the first file.
    """
    part = replace(_with_partitions(part, file), source=file.name)
    if first is None:
        return part
    if part.layout != first.layout:
        raise DataError(
            f"{file.name} is text of the layout {part.layout}, and {first.source} of "
            f"{first.layout}: say which all are with layout='…' (--layout …)."
        )
    names, columns = first.frame.columns, part.frame.columns
    is_piece = part.is_text and first.has_header and not part.has_header
    if is_piece and len(names) == len(columns):
        part = replace(part, frame=part.frame.rename(dict(zip(columns, names, strict=True))))
        return replace(part, has_header=True)
    lacking = [name for name in names if name not in columns]
    further = [name for name in columns if name not in names]
    if part.may_lack_columns and first.may_lack_columns:
        lacking, further = (list(filter(is_known_name, some)) for some in (lacking, further))
    if lacking or further:
        raise DataError(
            f"{file.name} has other columns than {first.source}: it "
            f"{_difference(lacking, further)}; name the files that belong together "
            "alone, in a list or by a pattern such as 'folder/*.csv'."
        )
    return part


def union(parts: Sequence[RawRecords], source: str, start: int = 0) -> RawRecords:
    """The records of files, one after the other; each keeps its number in its file.

    Args:
        parts: of the files.
        source: the name of all in messages.
        start: how many records of the source stand before these.

    Raises:
        DataError: values of one column have types that do not go together.
    """
    places, numbers, skipped = [], [], []
    frames: list[pl.DataFrame] = []
    tallies: dict[str, int] = {}
    n_before, n_lines, n_rows = start, 0, 0
    for part in parts:
        without = replace(part, frame=part.frame.clear())
        places.append(RecordsOfFile(n_rows, n_before, without))
        numbers.append(part.row + n_before)
        skipped += [
            record._replace(
                row=record.row + n_before,
                location=f"{record.location} of {part.source}",
            )
            for record in part.skipped
        ]
        frame = part.frame
        if part.line_ids and n_lines:
            frame = frame.with_columns(pl.col(*part.line_ids) + n_lines)
        frames.append(frame)
        n_before, n_rows = n_before + part.n_total, n_rows + frame.height
        if part.line_ids and frame.height:
            n_lines = int(frame[part.line_ids[0]].max())  # type: ignore[arg-type]
        for clause, n in part.tallies.items():
            tallies[clause] = tallies.get(clause, 0) + n
    frame = _below_one_another(frames, parts)
    if parts[0].layout != "columns" and POSITION in frame.columns:
        frame = frame.with_columns(
            pl.int_range(pl.len(), dtype=pl.UInt32).over("user").alias(POSITION)
        )
    has_lines = all(part.lines is not None for part in parts)
    return replace(
        parts[0],
        frame=frame,
        source=source,
        is_text=any(part.is_text for part in parts),
        decimal_comma=any(part.decimal_comma for part in parts),
        numbers=pl.concat(numbers) if skipped or start else None,
        lines=pl.concat([part.lines for part in parts if part.lines is not None])
        if has_lines
        else None,
        skipped=tuple(skipped),
        remarks=tuple(dict.fromkeys(remark for part in parts for remark in part.remarks)),
        tallies=tallies,
        parts=tuple(places),
    )


def _with_partitions(part: RawRecords, file: PartFile) -> RawRecords:
    """The records with a column for each folder such as `date=2024-01-01`."""
    columns = {
        name: pl.lit(value, dtype=pl.String)
        for name, value in file.partitions.items()
        if name not in part.frame.columns
    }
    return replace(part, frame=part.frame.with_columns(**columns)) if columns else part


def _below_one_another(frames: list[pl.DataFrame], parts: Sequence[RawRecords]) -> pl.DataFrame:
    """One frame of all; columns that some lack are empty there."""
    names = list(dict.fromkeys(name for frame in frames for name in frame.columns))
    alike = [
        frame.with_columns(pl.lit(None).alias(name) for name in names if name not in frame.columns)
        for frame in frames
    ]
    chunks = [frame.select(names) for frame in alike]
    unlike = names[:1]
    for name in names:
        types = {frame[name].dtype for frame in chunks} - {pl.Null()}
        if any(dtype.is_nested() for dtype in types) and len({t.base_type() for t in types}) > 1:
            unlike = [name]
            break
    else:
        try:
            return concat_chunks(chunks)
        except pl.exceptions.PolarsError:
            unlike = [n for n in names if len({frame[n].dtype for frame in chunks}) > 1]
    types_of = {frame[unlike[0]].dtype: p.source for frame, p in zip(chunks, parts, strict=True)}
    listed = " and ".join(f"{str(t)[:60]} in {file}" for t, file in list(types_of.items())[:2])
    raise DataError(
        f"The column {unlike[0]!r} has types that do not go together, {listed}: write the files "
        "with equal types."
    )


def _difference(lacking: list[str], further: list[str]) -> str:
    parts = [
        f"{verb} {', '.join(repr(name) for name in some[:_NAMED_COLUMNS])}"
        + (
            f" and {counted(len(some) - _NAMED_COLUMNS, 'other')}"
            if len(some) > _NAMED_COLUMNS
            else ""
        )
        for verb, some in (("lacks", lacking), ("adds", further))
        if some
    ]
    return " and ".join(parts)

"""Names of JSON objects: so many that a column for each takes too much memory, or too deep."""

from __future__ import annotations

import io
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl

logger = logging.getLogger(__name__)

TOO_WIDE = pl.Schema({"too wide": pl.Null})
_MOST_NAMES = 500  # of all records; with more, rare ones are left out
_DEEPEST = 16  # levels of nested values: reading them takes quadratic time, and more
_RARE = 100  # a name that fewer than one in so many records have
_CHUNK = 2**16  # bytes whose names are looked at at once: finding a schema is quadratic in names


def common_schema(lines: bytes) -> pl.Schema | None:
    """The types that all parts of JSON lines agree on, or `TOO_WIDE`; None where they differ."""
    common: pl.Schema | None = None
    agree = True
    names: set[tuple[str, ...]] = set()
    for chunk in _chunks(lines):
        try:
            schema = pl.scan_ndjson(io.BytesIO(chunk), infer_schema_length=None).collect_schema()
        except pl.exceptions.PolarsError:
            return None
        agree = agree and common in (None, schema)
        common = schema
        for name, dtype in schema.items():
            names.update(_paths_of_type((name,), dtype))
        if _is_too_wide(names):
            return TOO_WIDE
    return common if agree else None


def without_rare_names(records: list[dict[str, Any]], source: str) -> list[dict[str, Any]]:
    """The records without names that few of them have, where very many names differ.

    So a table has a hundred times as many cells as the records have values, at most.
    """
    counts = Counter(name for record in records for name in record)
    if len(counts) <= _MOST_NAMES:
        return records
    rare = {name for name, count in counts.items() if count * _RARE < len(records)}
    if not rare:
        return records
    logger.warning(
        f"{source}: {len(rare):,} names, such as {min(rare)[:40]!r}, are left out, since each is "
        f"in fewer than 1 of {_RARE} records."
    )
    return [{name: r[name] for name in r if name not in rare} for r in records]


def is_wide(records: Sequence[dict[str, Any]]) -> bool:
    """Whether names within values are so many, or so deep, that they should not become fields."""
    paths: set[tuple[str, ...]] = set()
    for record in records:
        paths.update(_paths_of_value((), record))
        if _is_too_wide(paths):
            return True
    return False


def _is_too_wide(paths: set[tuple[str, ...]]) -> bool:
    return len(paths) > _MOST_NAMES or max(map(len, paths), default=0) > _DEEPEST


def _chunks(lines: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(lines):
        end = lines.find(b"\n", start + _CHUNK)
        end = len(lines) if end < 0 else end + 1
        yield lines[start:end]
        start = end


def _paths_of_type(path: tuple[str, ...], dtype: pl.DataType) -> Iterator[tuple[str, ...]]:
    if isinstance(dtype, pl.List):
        yield from _paths_of_type((*path, "[]"), dtype.inner)  # type: ignore[arg-type]
    elif isinstance(dtype, pl.Struct):
        for field in dtype.fields:
            yield from _paths_of_type((*path, field.name), field.dtype)  # type: ignore[arg-type]
    yield path


def _paths_of_value(path: tuple[str, ...], value: Any) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _paths_of_value((*path, name), inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _paths_of_value((*path, "[]"), inner)
    yield path

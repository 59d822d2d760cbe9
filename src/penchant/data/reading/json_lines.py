"""JSON lines: one object a line, as Amazon's and Yelp's reviews come."""

from __future__ import annotations

import io
import json
from typing import Any

import polars as pl

from penchant.data.reading.raw import Raw, Skip, series_of, shorten
from penchant.errors import DataError


def read_json_lines(data: bytes, source: str) -> Raw:
    """Read UTF-8 JSON lines, or one JSON array of objects.

    Raises:
        DataError: an array is not JSON.
    """
    if data.lstrip()[:1] == b"[":
        return _read_array(data, source)
    # Polars skips nothing it cannot read, but drops blank lines, which would shift the rows.
    if b"\n\n" not in data.strip() and b"\n\r\n" not in data:
        try:
            frame = pl.read_ndjson(io.BytesIO(data), infer_schema_length=None)
            if frame.height == data.strip().count(b"\n") + 1:
                return Raw(frame=frame, source=source, shift=0)
        except pl.exceptions.PolarsError:
            pass
    return _read_carefully(data.decode(), source)


def _read_array(data: bytes, source: str) -> Raw:
    try:
        records = json.loads(data)
    except ValueError as error:
        raise DataError(f"{source} is not JSON: {error}.") from None
    good, rows, skipped = [], [], []
    for row, record in enumerate(records, start=1):
        if isinstance(record, dict):
            good.append(record)
            rows.append(row)
        else:
            content = shorten(json.dumps(record))
            skipped.append(Skip(row, "not a JSON object", content, f"record {row}"))
    return Raw(frame=_table(good), source=source, rows=_u32(rows), skipped=tuple(skipped))


def _read_carefully(text: str, source: str) -> Raw:
    good: list[dict[str, Any]] = []
    rows: list[int] = []
    lines: list[int] = []
    skipped: list[Skip] = []
    row = 0
    for line, content in enumerate(text.split("\n"), start=1):
        if not content.strip():
            continue
        row += 1
        try:
            record = json.loads(content)
            problem = "" if isinstance(record, dict) else "not a JSON object"
        except ValueError as error:
            record, problem = None, f"not JSON ({error})"
        if problem:
            skipped.append(Skip(row, problem, shorten(content), f"line {line}"))
        else:
            good.append(record)
            rows.append(row)
            lines.append(line)
    if row == 0:
        raise DataError(f"{source} is empty.")
    if not good:
        first = skipped[0]
        raise DataError(f"{source} is no JSON lines: {first.problem} in {first.where}.")
    return Raw(
        frame=_table(good),
        source=source,
        rows=_u32(rows),
        lines=_u32(lines),
        skipped=tuple(skipped),
    )


def _table(records: list[dict[str, Any]]) -> pl.DataFrame:
    names = dict.fromkeys(name for record in records for name in record)
    return pl.DataFrame([series_of(n, [_flat(record.get(n)) for record in records]) for n in names])


def _flat(value: Any) -> Any:
    """Nested values as JSON text: objects that differ from line to line are no one type."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def _u32(values: list[int]) -> pl.Series:
    return pl.Series(values, dtype=pl.UInt32)

"""Read JSON lines, one object a line, as in the reviews of Amazon and Yelp."""

from __future__ import annotations

import io
import json
from typing import Any

import polars as pl

from penchant.data.reading.records import RawRecords, SkippedRecord, series_of, shorten
from penchant.errors import DataError


def read_json_lines(data: bytes, source: str) -> RawRecords:
    """Read UTF-8 JSON lines, or one JSON array of objects.

    Raises:
        DataError: an array is not JSON, or no line is a JSON object.
    """
    if data.lstrip()[:1] == b"[":
        return _read_array(data, source)
    # Polars drops blank lines, which would shift the record numbers.
    if b"\n\n" not in data.strip() and b"\n\r\n" not in data:
        try:
            frame = pl.read_ndjson(io.BytesIO(data), infer_schema_length=None)
            if frame.height == data.strip().count(b"\n") + 1:
                return RawRecords(frame=frame, source=source, lines_before=0)
        except pl.exceptions.PolarsError:
            pass
    return _read_line_by_line(data.decode(), source)


def _read_array(data: bytes, source: str) -> RawRecords:
    try:
        values = json.loads(data)
    except ValueError as error:
        raise DataError(f"{source} is not JSON: {error}.") from None
    records: list[dict[str, Any]] = []
    numbers: list[int] = []
    skipped: list[SkippedRecord] = []
    for number, value in enumerate(values, start=1):
        if isinstance(value, dict):
            records.append(value)
            numbers.append(number)
        else:
            content = shorten(json.dumps(value))
            skipped.append(SkippedRecord(number, "not a JSON object", content, f"record {number}"))
    return RawRecords(
        frame=_frame(records), source=source, numbers=_uint32(numbers), skipped=tuple(skipped)
    )


def _read_line_by_line(text: str, source: str) -> RawRecords:
    """Read each line on its own; lines that are no JSON object are skipped."""
    records: list[dict[str, Any]] = []
    numbers: list[int] = []
    lines: list[int] = []
    skipped: list[SkippedRecord] = []
    number = 0
    for line, content in enumerate(text.split("\n"), start=1):
        if not content.strip():
            continue
        number += 1
        try:
            record = json.loads(content)
            problem = "" if isinstance(record, dict) else "not a JSON object"
        except ValueError as error:
            record, problem = None, f"not JSON ({error})"
        if problem:
            skipped.append(SkippedRecord(number, problem, shorten(content), f"line {line}"))
        else:
            records.append(record)
            numbers.append(number)
            lines.append(line)
    if number == 0:
        raise DataError(f"{source} is empty.")
    if not records:
        first = skipped[0]
        raise DataError(f"{source} is no JSON lines: {first.problem} in {first.location}.")
    return RawRecords(
        frame=_frame(records),
        source=source,
        numbers=_uint32(numbers),
        lines=_uint32(lines),
        skipped=tuple(skipped),
    )


def _frame(records: list[dict[str, Any]]) -> pl.DataFrame:
    names = dict.fromkeys(name for record in records for name in record)
    return pl.DataFrame(
        [series_of(name, [_flat(record.get(name)) for record in records]) for name in names]
    )


def _flat(value: Any) -> Any:
    """Nested values as JSON text, since objects that differ by line have no common type."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def _uint32(values: list[int]) -> pl.Series:
    return pl.Series(values, dtype=pl.UInt32)

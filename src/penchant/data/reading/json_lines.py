"""Read JSON lines, one object a line, as in the reviews of Amazon and Yelp."""

from __future__ import annotations

import io
import json
from typing import Any

import polars as pl

from penchant.data.reading.records import RawRecords, RecordCollector, series_of
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
    collected = RecordCollector[dict[str, Any]]()
    for value in values:
        record = value if isinstance(value, dict) else None
        content = json.dumps(value) if record is None else ""
        collected.add(record, "" if record is not None else "not a JSON object", content)
    return _raw_records(collected, source)


def _read_line_by_line(text: str, source: str) -> RawRecords:
    """Read each line on its own; lines that are no JSON object are skipped."""
    collected = RecordCollector[dict[str, Any]]()
    for line, content in enumerate(text.split("\n"), start=1):
        if not content.strip():
            continue
        try:
            record = json.loads(content)
            problem = "" if isinstance(record, dict) else "not a JSON object"
        except ValueError as error:
            record, problem = None, f"not JSON ({error})"
        collected.add(record, problem, content, line)
    if not len(collected):
        raise DataError(f"{source} is empty.")
    if not collected.records:
        first = collected.skipped[0]
        raise DataError(f"{source} is no JSON lines: {first.problem} in {first.location}.")
    return _raw_records(collected, source)


def _raw_records(collected: RecordCollector[dict[str, Any]], source: str) -> RawRecords:
    records = collected.records
    names = dict.fromkeys(name for record in records for name in record)
    frame = pl.DataFrame(
        [series_of(name, [_flat(record.get(name)) for record in records]) for name in names]
    )
    return collected.raw_records(frame, RawRecords(frame=frame, source=source))


def _flat(value: Any) -> Any:
    """Nested values as JSON text, since objects that differ by line have no common type."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value

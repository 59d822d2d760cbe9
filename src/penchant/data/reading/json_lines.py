"""Read JSON: lines of one object each, as in the reviews of Amazon and Yelp, arrays, documents."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import polars as pl

from penchant.data.polars_frames import distinct_names, series_of
from penchant.data.reading.json_documents import records_of_document, records_of_rows
from penchant.data.reading.json_names import (
    TOO_WIDE,
    common_schema,
    is_wide,
    without_rare_names,
)
from penchant.data.reading.records import NoRecordsError, RawRecords, RecordCollector
from penchant.data.reading.text_layout import has_header
from penchant.errors import DataError


def read_json_lines(data: bytes, source: str) -> RawRecords:
    """Read UTF-8 JSON lines, one JSON array of objects, or one document that holds a table.

    Raises:
        DataError: an array is not JSON, or no line is a JSON object.
    """
    if data.lstrip()[:1] == b"[":
        return _read_array(_parse(data, source), source)
    intact = read_intact_lines(data, source)
    if intact is not None and intact.frame.height > 1:
        return intact
    document = _document(data.strip())
    if document is not None:
        records, remark = records_of_document(document)
        log = _read_array(records, source)
        return replace(log, remarks=(remark,)) if remark else log
    return _read_line_by_line(data.decode(), source)


def read_intact_lines(data: bytes, source: str) -> RawRecords | None:
    """Read lines each of which is an object, of types that go together; None for all others.

    Args:
        data: UTF-8 JSON lines.
        source: their name in messages.
    """
    stripped = data.strip()
    schema = common_schema(data)
    # Polars drops blank lines, which would shift the record numbers.
    if schema is TOO_WIDE or b"\n\n" in stripped or b"\n\r\n" in data:
        return None
    frame = _frame_of_lines(data, schema)
    if frame is None or frame.height != stripped.count(b"\n") + 1:
        return None
    return RawRecords(frame=frame, source=source, lines_before=0, may_lack_columns=True)


def _parse(data: bytes, source: str) -> Any:
    try:
        return json.loads(data)
    except ValueError as error:
        if arrays := _objects(data.decode()):  # one after the other
            return arrays
        raise DataError(f"{source} is not JSON: {error}.") from None
    except RecursionError:
        raise DataError(f"{source} is no table: its JSON is nested too deeply.") from None


def _document(data: bytes) -> dict[str, Any] | None:
    """The object that makes up a whole file; None for lines of objects."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _read_array(values: list[Any], source: str) -> RawRecords:
    if values and all(isinstance(value, list) for value in values):
        return _read_rows(values, source)
    collected = RecordCollector[dict[str, Any]]()
    for value in values:
        problem = _problem(value)
        content = json.dumps(value) if problem else ""
        collected.add(value, problem, content)
    return _raw_records(collected, source)


def _read_rows(rows: list[list[Any]], source: str) -> RawRecords:
    """Rows of values, of which the first may have the names; they are read as those of text are."""
    texts = [["" if cell is None else str(cell) for cell in row] for row in rows]
    width = max(map(len, rows))
    is_header = len(rows) > 1 and len(rows[0]) == width and has_header(texts, ())
    names = distinct_names(texts[0] if is_header else [""] * width)
    log = _read_array(records_of_rows(rows[is_header:], names), source)
    return replace(log, has_header=is_header)


def _read_line_by_line(text: str, source: str) -> RawRecords:
    """Read each line on its own; lines that are no JSON object are skipped."""
    collected = RecordCollector[dict[str, Any]]()
    for line, content in enumerate(text.split("\n"), start=1):
        if not content.strip():
            continue
        try:
            record = json.loads(content.rstrip().removesuffix(","))
            problem = _problem(record)
        except ValueError as error:
            record, problem = None, f"not JSON ({error})"
        except RecursionError:
            record, problem = None, "JSON that is nested too deeply"
        collected.add(record, problem, content, line)
    if not len(collected):
        raise NoRecordsError(f"{source} is empty.")
    if not collected.records:
        if objects := _objects(text):
            return _read_array(objects, source)
        first = collected.skipped[0]
        raise DataError(f"{source} is no JSON lines: {first.problem} in {first.location}.")
    return _raw_records(collected, source)


def _objects(text: str) -> list[Any]:
    """The objects of a text that has one after the other, on any number of lines; or none."""
    decoder, objects, position = json.JSONDecoder(), [], 0
    text = text.strip()
    while position < len(text):
        try:
            value, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            return []
        objects.append(value)
        while position < len(text) and text[position] in " \t\r\n,":
            position += 1
    return objects


def _problem(record: Any) -> str:
    """What is wrong with a value that should be a record; empty where nothing is."""
    if not isinstance(record, dict):
        return "not a JSON object"
    try:
        json.dumps(record, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return "text that is not Unicode"
    return ""


def _raw_records(collected: RecordCollector[dict[str, Any]], source: str) -> RawRecords:
    records = without_rare_names(collected.records, source)
    names = dict.fromkeys(name for record in records for name in record)
    frame = None
    is_nested = any(isinstance(value, dict | list) for r in records for value in r.values())
    if is_nested and not is_wide(records):
        frame = _frame_of_lines("\n".join(json.dumps(record) for record in records).encode())
    if frame is None or frame.height != len(records):
        frame = pl.DataFrame(
            [series_of(name, [_flat(record.get(name)) for record in records]) for name in names]
        )
    like = RawRecords(frame=frame, source=source, may_lack_columns=True)
    return collected.raw_records(frame, like)


def _frame_of_lines(data: bytes, schema: pl.Schema | None = None) -> pl.DataFrame | None:
    """JSON lines as a frame; None where values of one name have no common type."""
    try:
        return pl.read_ndjson(io.BytesIO(data), schema=schema, infer_schema_length=None)
    except pl.exceptions.PolarsError:
        return None


def _flat(value: Any) -> Any:
    """Nested values as JSON text, since objects that differ by line have no common type.

    The types of MongoDB's JSON, such as `{"$oid": …}`, are their value.
    """
    while isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith("$"):
        value = next(iter(value.values()))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value

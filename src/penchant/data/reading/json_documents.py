"""Find the records in one JSON document, as programs write whole tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from penchant.data.reading.column_names import is_known_name


def records_of_document(document: dict[str, Any]) -> list[Any]:
    """The records of a JSON object that makes up a whole file.

    It holds them by columns (`{"user": {"0": "a"}, …}` or `{"user": ["a"], …}`), by records under
    keys, as `columns` and `data`, or under one name (`{"ratings": [{…}]}`), as pandas, document
    stores and web services write them. An object in none of these forms is one record.
    """
    if "columns" in document and _is_list_of(document.get("data"), list):
        return [dict(zip(document["columns"], row, strict=False)) for row in document["data"]]
    lists = [value for value in document.values() if _is_list_of(value, dict)]
    if len(lists) == 1:
        records: list[Any] = lists[0]
        return records
    columns = list(document.values())
    if not columns or not any(len(c) for c in columns if isinstance(c, dict | list)):
        return [document]
    if all(isinstance(column, list) for column in columns):
        if len(columns) > 1 and len({len(column) for column in columns}) == 1:
            return _by_position(document)
    elif all(isinstance(column, dict) for column in columns):
        if any(map(is_known_name, document)) and len(columns) > 1:
            keys = dict.fromkeys(key for column in columns for key in column)
            if _is_index(keys):
                return [{name: document[name].get(key) for name in document} for key in keys]
        elif any(map(is_known_name, columns[0])):
            return columns
    return [document]


def _by_position(columns: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]


def _is_index(keys: Mapping[str, None]) -> bool:
    """Whether the keys are those of rows, and not the fields of a record's parts."""
    return not any(map(is_known_name, keys)) and not any(key in ("id", "_id") for key in keys)


def _is_list_of(value: Any, kind: type) -> bool:
    return (
        isinstance(value, list) and bool(value) and all(isinstance(entry, kind) for entry in value)
    )

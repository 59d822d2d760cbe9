"""Find the records in one JSON document, as programs write whole tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from penchant.data.reading.column_names import is_known_name, roles_by_name

KEYS_AND_LISTS = "keys are read as users, and their lists as items in order"
_SCALARS = (str, int, float)
_MOST_LEVELS = 5  # of objects in objects in which a list of records is looked for
_SAMPLE = 20  # records whose names are looked at


class DocumentRecords(NamedTuple):
    """The records of a document, and a remark where something was decided."""

    records: list[Any]
    remark: str = ""


def records_of_document(document: dict[str, Any]) -> DocumentRecords:
    """The records of a JSON object that makes up a whole file.

    It holds them by columns (`{"user": {"0": "a"}, …}` or `{"user": ["a"], …}`), by records under
    keys, as `columns` and `data`, under one name, at any depth (`{"ratings": [{…}]}`), or by users
    (`{"ann": ["tea"]}`, `{"ann": {"tea": 5}}`), as pandas, document stores and web services write
    them. An object in none of these forms is one record.
    """
    if "columns" in document and _is_list_of(document.get("data"), list):
        return DocumentRecords(
            [dict(zip(document["columns"], row, strict=False)) for row in document["data"]]
        )
    user = roles_by_name(list(document)).get("user")
    if user is not None and isinstance(document[user], str | int):
        return DocumentRecords([document])
    tables = dict(_lists_of_records(document))
    if len(tables) > 1:
        logs = {path: table for path, table in tables.items() if _has_user_and_item(table)}
        if len(logs) == 1:
            path, table = next(iter(logs.items()))
            return DocumentRecords(
                table, f"read the records of {path!r}, which have users and items"
            )
    at_top = [table for path, table in tables.items() if path in document]
    if len(tables) == 1 or len(at_top) == 1:
        return DocumentRecords(at_top[0] if at_top else next(iter(tables.values())))
    columns = list(document.values())
    if not columns or not any(len(c) for c in columns if isinstance(c, dict | list)):
        return DocumentRecords([document])
    if all(isinstance(column, list) for column in columns):
        return _of_lists(document)
    if all(isinstance(column, dict) for column in columns):
        return _of_objects(document)
    return DocumentRecords([document])


def records_of_rows(rows: Sequence[Sequence[Any]], names: Sequence[str]) -> list[dict[str, Any]]:
    """Records of rows without names, under these."""
    return [dict(zip(names, row, strict=False)) for row in rows]


def _lists_of_records(document: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Lists of objects that are not in lists, by their paths such as `data.ratings`."""
    for name, value in document.items():
        here = f"{path}{name}"
        if _is_list_of(value, dict):
            yield here, value
        elif isinstance(value, dict) and here.count(".") < _MOST_LEVELS:
            yield from _lists_of_records(value, f"{here}.")


def _has_user_and_item(records: Sequence[Mapping[str, Any]]) -> bool:
    names = dict.fromkeys(name for record in records[:_SAMPLE] for name in record)
    return {"user", "item"} <= roles_by_name(list(names)).keys()


def _of_lists(columns: Mapping[str, Sequence[Any]]) -> DocumentRecords:
    """Columns of equal lengths, or users with their items."""
    lengths = {len(column) for column in columns.values()}
    if any(map(is_known_name, columns)):
        is_table = len(columns) > 1 and len(lengths) == 1
        rows = zip(*columns.values(), strict=True) if is_table else ()
        return DocumentRecords(
            records_of_rows(list(rows), list(columns)) if is_table else [dict(columns)]
        )
    if all(isinstance(entry, _SCALARS) for column in columns.values() for entry in column):
        events = [{"user": u, "item": i} for u, items in columns.items() for i in items]
        return DocumentRecords(events, KEYS_AND_LISTS)
    return DocumentRecords([dict(columns)])


def _of_objects(document: dict[str, dict[str, Any]]) -> DocumentRecords:
    """Columns of values under keys, records under keys, or users with their items' ratings."""
    columns = list(document.values())
    keys = dict.fromkeys(key for column in columns for key in column)
    if any(map(is_known_name, document)) and len(columns) > 1:
        if _is_index(keys):
            return DocumentRecords(
                [{name: document[name].get(key) for name in document} for key in keys]
            )
    elif any(map(is_known_name, columns[0])):
        return DocumentRecords(columns)
    values = [value for column in columns for value in column.values()]
    are_numbers = all(type(value) in (int, float) for value in values)
    if are_numbers and list(keys) != [str(n) for n in range(len(keys))]:
        events = [
            {"user": user, "item": item, "rating": rating}
            for user, ratings in document.items()
            for item, rating in ratings.items()
        ]
        return DocumentRecords(
            events, "keys are read as users, and their objects as ratings of items"
        )
    return DocumentRecords([document])


def _is_index(keys: Mapping[str, None]) -> bool:
    """Whether the keys are those of rows, and not the fields of a record's parts."""
    return not any(map(is_known_name, keys)) and not any(key in ("id", "_id") for key in keys)


def _is_list_of(value: Any, kind: type) -> bool:
    return (
        isinstance(value, list) and bool(value) and all(isinstance(entry, kind) for entry in value)
    )

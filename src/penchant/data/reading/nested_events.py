"""Find the events of records that hold them in lists or in structs, such as orders with lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from penchant.data.event_order import POSITION
from penchant.data.reading.column_guessing import ColumnChoice
from penchant.data.reading.column_names import has_usual_name, roles_by_name
from penchant.data.reading.json_documents import KEYS_AND_LISTS
from penchant.data.reading.listed_items import lists_alike
from penchant.data.reading.records import RawRecords
from penchant.data.reading.several_events import as_events
from penchant.data.reading.shop_columns import has_usual_shop_name
from penchant.errors import DataError

_MOST_LEVELS = 3  # of structs in structs that are looked through


def with_events_inside(records: RawRecords, choices: Mapping[str, ColumnChoice]) -> RawRecords:
    """The records as events, where no column is the item or the user and something in one is.

    A list whose entries have an item, such as the lines of an order, becomes an event an entry; so
    does a list of ids in a column called `items` or the like, in the order of the list where
    neither times nor baskets are there. The fields of a struct that has the user or the item, such
    as `_source` and `properties`, become columns. A remark says so.
    """
    records = _with_entries(records, choices)
    if KEYS_AND_LISTS in records.remarks:  # which came as events already
        records, _ = _in_order(records, choices)
    for _ in range(_MOST_LEVELS):
        column = _struct_of_roles(records.frame, choices)
        if column is None:
            break
        fields = _fields(records.frame, column)
        remark = f"took the fields of {column!r} ({_listed(fields)}) for columns"
        frame = records.frame.with_columns(fields).drop(column)
        records = replace(records, frame=frame, remarks=(*records.remarks, remark))
    return records


def _with_entries(records: RawRecords, choices: Mapping[str, ColumnChoice]) -> RawRecords:
    frame = records.frame
    lists = [n for n, dtype in frame.schema.items() if isinstance(dtype, pl.List)]
    asked_for = [str(choice).partition(".")[0] for choice in choices.values() if choice is not None]
    column = next((n for n in lists if n in asked_for and _holds_structs(frame, n)), None)
    if column is None and _is_missing("item", frame, choices):
        candidates = [n for n in lists if _may_hold_items(frame, n)]
        column = candidates[0] if len(candidates) == 1 else None
    if column is None:
        return records
    columns = [column] if _holds_structs(frame, column) else _beside(records, column, choices)
    exploded = frame.with_row_index("place").explode(columns)
    exploded = exploded.filter(pl.col(column).is_not_null())
    place = exploded["place"]
    events = exploded.drop("place")
    if _holds_structs(frame, column):
        events = events.with_columns(_fields(events, column))
        if column not in asked_for:
            events = events.drop(column)
    else:
        events = events.rename({column: "item"} if "item" not in events.columns else {})
    remark = f"each entry of {' and '.join(map(repr, columns))} is an event"
    records = as_events(records, events, place, f"no entry in {column!r}")
    if not _holds_structs(frame, column):
        records, is_ordered = _in_order(records, choices)
        remark += ", in the order of the list" if is_ordered else ""
    return replace(records, remarks=(*records.remarks, remark))


def _beside(records: RawRecords, column: str, choices: Mapping[str, ColumnChoice]) -> list[str]:
    """The column of lists, and those whose lists say more of the same entries, such as `ratings`.

    Raises:
        DataError: such lists have other lengths.
    """
    frame = records.frame
    roles = roles_by_name(frame.columns)
    wanted = {role: choices.get(role) or roles.get(role) for role in (*choices, *roles)}
    others = {n for role, n in wanted.items() if choices.get(role) is not False and role != "user"}
    lists = [n for n in frame.columns if n in others and n != column and _are_lists(frame[n])]
    alike = lists_alike(frame, column)
    for name in lists:
        if name not in alike:
            raise DataError(
                f"{records.source}: the lists of {column!r} and {name!r} have different lengths: "
                f"give each entry of {column!r} one of {name!r}, or leave {name!r} out."
            )
    return [column, *lists]


def _are_lists(values: pl.Series) -> bool:
    """Whether any record has several values, which must be those of its entries."""
    if not isinstance(values.dtype, pl.List):
        return False
    longest = values.list.len().max()
    return isinstance(longest, int) and longest > 1


def _in_order(records: RawRecords, choices: Mapping[str, ColumnChoice]) -> tuple[RawRecords, bool]:
    """Entries of lists with their places among their user's, and whether lists tell these.

    Times tell more, and what stands in one basket has no order.
    """
    frame = records.frame
    roles = roles_by_name(frame.columns)
    user = choices.get("user") or roles.get("user")
    others = [name for name in frame.columns if name not in (user, "item")]
    told = {"time", "basket"} & {role for role, choice in choices.items() if choice}
    told |= {"time"} & roles.keys() | {"basket" for n in others if has_usual_shop_name(n, "basket")}
    if told or POSITION in frame.columns or user not in frame.columns:
        return records, False
    place = pl.int_range(pl.len(), dtype=pl.UInt32).over(user).alias(POSITION)
    return replace(records, frame=frame.with_columns(place)), True


def _is_missing(role: str, frame: pl.DataFrame, choices: Mapping[str, ColumnChoice]) -> bool:
    """Whether a role is not asked for, and no column has a usual name of it."""
    return choices.get(role) is None and role not in roles_by_name(frame.columns)


def _holds_structs(frame: pl.DataFrame, column: str) -> bool:
    dtype = frame.schema[column]
    return isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct)


def _may_hold_items(frame: pl.DataFrame, column: str) -> bool:
    """Whether entries of a list have an item, or are ids by the column's name, such as `items`."""
    dtype = frame.schema[column]
    if not isinstance(dtype, pl.List):
        return False
    if isinstance(dtype.inner, pl.Struct):
        return "item" in roles_by_name([field.name for field in dtype.inner.fields])
    is_id = dtype.inner == pl.String or (dtype.inner is not None and dtype.inner.is_integer())
    return bool(is_id) and column.endswith("s") and has_usual_name(column[:-1], "item")


def _struct_of_roles(frame: pl.DataFrame, choices: Mapping[str, ColumnChoice]) -> str | None:
    """The struct that has most of the roles that are missing; None where none has one."""
    missing = [role for role in ("user", "item") if _is_missing(role, frame, choices)]
    best, most = None, 0
    for name, dtype in frame.schema.items():
        if isinstance(dtype, pl.Struct):
            roles = _roles(dtype)
            n_roles = sum(role in roles for role in missing)
            if n_roles > most:
                best, most = name, n_roles
    return best


def _roles(struct: pl.Struct, levels: int = _MOST_LEVELS) -> set[str]:
    """The roles of which a struct, or a struct in it, has a field with a usual name."""
    roles = set(roles_by_name([field.name for field in struct.fields]))
    inner = [f.dtype for f in struct.fields if isinstance(f.dtype, pl.Struct)] if levels > 1 else []
    return roles.union(*(_roles(dtype, levels - 1) for dtype in inner))


def _fields(frame: pl.DataFrame, column: str) -> list[pl.Series]:
    """The fields of a struct, under names that no other column has."""
    others = set(frame.columns) - {column}
    fields = frame[column].struct.unnest().get_columns()
    return [f.alias(f"{column}.{f.name}") if f.name in others else f for f in fields]


def _listed(fields: list[pl.Series]) -> str:
    return ", ".join(field.name for field in fields[:8]) + (" …" if len(fields) > 8 else "")

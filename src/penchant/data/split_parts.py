"""Frames of the parts of one split as one: names, ids and times alike in all of them."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

import polars as pl

from penchant.data.event_columns import float_column
from penchant.data.reading.column_names import roles_by_name
from penchant.data.times import are_datetimes, event_times, one_unit
from penchant.data.vocabulary import canonical_ids
from penchant.errors import DataError

logger = logging.getLogger(__name__)

_BY_USUAL_NAME = ("user", "item", "rating", "time")
_IN_ALL_OR_NONE = ("rating", "weight")
_Frames = dict[str, pl.DataFrame]


def joined_parts(
    parts: Mapping[str, pl.DataFrame], candidates: pl.DataFrame | None, name: str
) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """The events of all parts below one another, and candidates with ids of the same types.

    Args:
        parts: the frames, by `training`, `validation` and `test`.
        candidates: `user` and `items`, a list for each.
        name: what messages call the split.

    Raises:
        DataError: a frame lacks a column, or has one that does not go with that of another.
    """
    frames = {part: _with_usual_names(frame, part, name) for part, frame in parts.items()}
    for column in _IN_ALL_OR_NONE:
        frames = _with_numbers(frames, column)
    frames = _with_times(frames, name)
    if candidates is not None:
        _check_candidates(candidates)
    for noun in ("user", "item"):
        frames, candidates = _with_ids(frames, candidates, noun)
    return _below_one_another(frames), candidates


def _with_usual_names(frame: pl.DataFrame, part: str, name: str) -> pl.DataFrame:
    """A frame whose columns of users, items, ratings and times have these names."""
    usual = roles_by_name(frame.columns)
    lacking = [role for role in _BY_USUAL_NAME if role not in frame.columns]
    names = {usual[role]: role for role in lacking if role in usual}
    for column in ("user", "item"):
        if column not in frame.columns and column not in names.values():
            raise DataError(
                f"The table of {part} events has no column {column!r}, only {frame.columns}."
            )
    if names:
        read = ", ".join(f"{role}={column!r}" for column, role in names.items())
        logger.warning(f"{name}: guessed from names of the {part} events: {read}.")
    return frame.rename(names).drop("row", strict=False)


def _with_numbers(frames: _Frames, column: str) -> _Frames:
    """The frames with a column of float32, which all have, or none."""
    having = [part for part, frame in frames.items() if column in frame.columns]
    if not having:
        return frames
    for part in frames:
        if part not in having:
            raise DataError(
                f"The table of {part} events has no column {column!r}, and that of {having[0]} "
                "events has one: give it to all, or drop it from all."
            )
    return {
        part: frame.with_columns(float_column(frame[column], f" of the {part} events"))
        for part, frame in frames.items()
    }


def _with_times(frames: _Frames, name: str) -> _Frames:
    """The frames with their times as datetimes, where they have some.

    Numbers, and texts, are read together: what a column leaves open, all parts decide.
    """
    times = {part: frame["time"] for part, frame in frames.items() if "time" in frame.columns}
    one_unit({f"{part} events": values for part, values in times.items()})
    kinds = {_kind_of_times(values) for values in times.values() if values.count()}
    if len(kinds) == 1 and len(times) > 1:
        columns = [values.to_frame("time") for values in times.values() if values.count()]
        whole = event_times(pl.concat(columns, how="vertical_relaxed")["time"], name)
        start = 0
        for part, values in times.items():
            if values.count():
                times[part] = whole.slice(start, len(values))
                start += len(values)
    read = {
        part: event_times(values, f"{name}, {part} events").alias("time")
        for part, values in times.items()
    }
    return {
        part: frame.with_columns(read[part]) if part in read else frame
        for part, frame in frames.items()
    }


def _kind_of_times(values: pl.Series) -> str:
    if are_datetimes(values):
        return f"{values.dtype}"
    return "numbers" if values.dtype.is_numeric() else "texts"


def _check_candidates(candidates: pl.DataFrame) -> None:
    lists = candidates.schema.get("items")
    if "user" not in candidates.columns or not isinstance(lists, pl.List | pl.Array):
        raise DataError(
            "The table of candidates needs the columns 'user' and 'items' (a list for each), and "
            f"has {dict(candidates.schema)}."
        )


def _with_ids(
    frames: _Frames, candidates: pl.DataFrame | None, noun: str
) -> tuple[_Frames, pl.DataFrame | None]:
    """The frames, and candidates, with ids of a noun that are all integers or all texts."""
    ids = {part: canonical_ids(frame[noun], f"{part} {noun}") for part, frame in frames.items()}
    if candidates is None:
        dtype = _type_of_all(ids.values())
    else:
        column = "user" if noun == "user" else "items"
        listed = candidates[column] if noun == "user" else candidates[column].explode()
        listed = canonical_ids(listed, f"candidate {noun}", nulls=True)
        dtype = _type_of_all([*ids.values(), listed])
        own, wanted = (
            t if noun == "user" else pl.List(t) for t in (listed.dtype, dtype)
        )  # floats that are whole become integers before they become texts
        candidates = candidates.with_columns(pl.col(column).cast(own).cast(wanted))
    frames = {
        part: frame.with_columns(ids[part].cast(dtype).alias(noun))
        for part, frame in frames.items()
    }
    return frames, candidates


def _type_of_all(columns: Iterable[pl.Series]) -> pl.DataType:
    columns = list(columns)
    dtypes = {values.dtype for values in columns if values.count()} or {columns[0].dtype}
    return pl.String() if len(dtypes) > 1 else dtypes.pop()


def _below_one_another(frames: _Frames) -> pl.DataFrame:
    try:
        return pl.concat(frames.values(), how="diagonal_relaxed")
    except pl.exceptions.PolarsError:
        types: dict[str, tuple[str, pl.DataType]] = {}
        for part, frame in frames.items():
            for column, dtype in frame.schema.items():
                first, known = types.setdefault(column, (part, dtype))
                if known != dtype and not (known.is_numeric() and dtype.is_numeric()):
                    raise DataError(
                        f"The column {column!r} is {known} in the table of {first} events and "
                        f"{dtype} in that of {part} events: give both the same type."
                    ) from None
        raise

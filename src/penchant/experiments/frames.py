"""Tables of lists that were shown and of what came of them, checked."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import polars as pl

from penchant.data.polars_frames import Frame, as_polars
from penchant.data.times.parsing import parse_times
from penchant.errors import DataError
from penchant.results.formatting import join_names

logger = logging.getLogger(__name__)

_SHOWN = "shown lists"
_OUTCOMES = "outcomes"


def checked_shown(shown: Frame, *needed: str) -> pl.DataFrame:
    """The rows of shown lists, with ids as text and times without a zone.

    Args:
        shown: a row for each position of each list, with `list`, `user`, `time`, `position` (from
            1) and `item`; `time` is a datetime, a text, or a number since 1970. Lists of no user
            are left out, and a message says so.
        needed: further columns that must be there: `arm` (text) or `propensity`.

    Raises:
        DataError: a column is missing or cannot be used, a position occurs twice in a list, or a
            list is of several users.
    """
    shown = as_polars(shown, f"the table of {_SHOWN}")
    _require(shown, ("list", "user", "time", "position", "item", *needed), _SHOWN)
    nobody = shown["user"].is_null()
    if nobody.any():
        n_lists = shown.filter(nobody)["list"].n_unique()
        logger.info(f"Lists shown to nobody who is known are left out: {n_lists:,}.")
        shown = shown.filter(~nobody)
    rows = _with_ids(shown, ("list", "user", "item"), _SHOWN)
    rows = rows.with_columns(_times(shown["time"], _SHOWN), _positions(shown["position"]))
    twice = rows.filter(rows.select("list", "position").is_duplicated())
    if len(twice):
        one, position = twice.row(0, named=True)["list"], twice["position"][0]
        raise DataError(f"The list {one!r} has several items at position {position}.")
    for column in ("user", *(name for name in ("experiment", "arm") if name in shown.columns)):
        several = rows.group_by("list").agg(pl.col(column).n_unique()).filter(pl.col(column) > 1)
        if len(several):
            one = several["list"].min()
            raise DataError(f"The list {one!r} has several values of {column!r}, and not one.")
    for column in ("experiment", "arm"):
        if column in rows.columns:
            rows = rows.with_columns(pl.col(column).cast(pl.String))
    if "propensity" in needed:
        rows = rows.with_columns(_propensities(rows))
    return rows


def checked_outcomes(outcomes: Frame) -> pl.DataFrame:
    """The outcomes, with ids as text, times without a zone, and `value` (null where unknown).

    Args:
        outcomes: a row for each, with `user`, `item`, `kind` and `time`; `value` and `sequence`,
            its number, where there are any.

    Raises:
        DataError: a column is missing or cannot be used, or a number occurs twice.
    """
    outcomes = as_polars(outcomes, f"the table of {_OUTCOMES}")
    _require(outcomes, ("user", "item", "kind", "time"), _OUTCOMES)
    # What is of no item, such as a visit, cannot have come of an item that was shown.
    outcomes = outcomes.filter(pl.col("item").is_not_null())
    rows = _with_ids(outcomes, ("user", "item", "kind"), _OUTCOMES)
    if "value" not in rows.columns:
        rows = rows.with_columns(pl.lit(None, pl.Float64).alias("value"))
    rows = rows.with_columns(_times(outcomes["time"], _OUTCOMES), _numbers(rows, "value"))
    if "sequence" in rows.columns and rows["sequence"].drop_nulls().is_duplicated().any():
        one = rows.filter(rows["sequence"].is_duplicated())["sequence"][0]
        raise DataError(f"The outcome with the number (sequence) {one} is there several times.")
    return rows


def checked_target(target: Frame) -> tuple[str, pl.DataFrame]:
    """The lists of a model, and by what they are found: `list` where it has that, or `user`.

    Args:
        target: a row for each position of each list, with `user` or `list`, `position` and `item`.

    Raises:
        DataError: a column is missing or cannot be used, or a position occurs twice.
    """
    table = "the model's lists"
    target = as_polars(target, f"the table of {table}")
    by = "list" if "list" in target.columns else "user"
    _require(target, (by, "position", "item"), table)
    rows = _with_ids(target, (by, "item"), table).with_columns(_positions(target["position"]))
    rows = rows.select(by, "position", "item")
    twice = rows.filter(rows.select(by, "position").is_duplicated())
    if len(twice):
        raise DataError(
            f"The model has several items at position {twice['position'][0]} of the {by} "
            f"{twice[by][0]!r}."
        )
    return by, rows


def _require(frame: pl.DataFrame, columns: Sequence[str], table: str) -> None:
    missing = [repr(column) for column in columns if column not in frame.columns]
    if missing:
        noun = "column" if len(missing) == 1 else "columns"
        raise DataError(
            f"The table of {table} has no {noun} {join_names(missing, 'or')}: it has "
            f"{', '.join(frame.columns) or 'none'}."
        )


def _with_ids(frame: pl.DataFrame, columns: Sequence[str], table: str) -> pl.DataFrame:
    """The frame with ids as text, as the hash of users and databases take them."""
    for column in columns:
        if frame[column].null_count():
            raise DataError(f"A row of {table} has no {column!r}.")
        dtype = frame[column].dtype
        if not (dtype.is_integer() or dtype in (pl.String, pl.Categorical, pl.Enum, pl.Null)):
            raise DataError(
                f"The column {column!r} of {table} has integers or texts, and not {dtype}."
            )
    return frame.with_columns(pl.col(*columns).cast(pl.String))


def _times(values: pl.Series, table: str) -> pl.Series:
    parsed = parse_times(values)
    if parsed.values.null_count():
        place = int(parsed.values.is_null().arg_max() or 0)
        problem = None if parsed.problems is None else parsed.problems[place]
        raise DataError(
            f"The time {values[place]!r} of a row of {table} {problem or 'is missing'}."
        )
    return parsed.values.alias("time")


def _positions(values: pl.Series) -> pl.Series:
    numbers = values.cast(pl.Int64, strict=False)
    wrong = numbers.is_null() | (numbers < 1)
    if values.dtype.is_float():
        wrong |= numbers != values
    if wrong.any():
        one = values[int(wrong.arg_max() or 0)]
        raise DataError(f"The position {one!r} of a shown item is no whole number from 1.")
    return numbers.alias("position")


def _numbers(frame: pl.DataFrame, column: str) -> pl.Series:
    values = frame[column]
    numbers = values.cast(pl.Float64, strict=False)
    wrong = (numbers.is_null() & values.is_not_null()) | ~numbers.is_finite().fill_null(True)
    if wrong.any():
        one = values[int(wrong.arg_max() or 0)]
        raise DataError(f"The {column} {one!r} of a row is no number.")
    return numbers.alias(column)


def _propensities(rows: pl.DataFrame) -> pl.Series:
    """The propensities, that of a row without one being null."""
    numbers = _numbers(rows, "propensity")
    wrong = ((numbers <= 0) | (numbers > 1 + 1e-9)).fill_null(False)
    if wrong.any():
        place = int(wrong.arg_max() or 0)
        one = rows.row(place, named=True)
        raise DataError(
            f"The propensity {numbers[place]:g} of position {one['position']} of the list "
            f"{one['list']!r} is no probability above 0 and up to 1."
        )
    return numbers

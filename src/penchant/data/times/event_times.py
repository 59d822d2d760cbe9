"""The times of the events of a log that is made of a frame."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import polars as pl

from penchant.data.times.numbers import UNITS
from penchant.data.times.parsing import are_datetimes, in_microseconds, parse_times
from penchant.errors import DataError
from penchant.wording import counted

logger = logging.getLogger(__name__)
_TEXTS = (pl.String, pl.Categorical, pl.Enum)


def event_times(values: pl.Series, name: str) -> pl.Series:
    """Times as datetimes in microseconds, null where they are missing.

    Datetimes and dates are what they are. Numbers and texts are read as `parse_times` reads them,
    and where the column leaves open what they mean a warning says how.

    Args:
        values: datetimes, dates, numbers or texts.
        name: what messages call the log.

    Raises:
        DataError: a number or text is no time from 1970 to a year from now, or the values are of
            another type.
    """
    if are_datetimes(values):
        return in_microseconds(values)
    if not (values.dtype.is_numeric() or values.dtype in (pl.Null, *_TEXTS)):
        raise DataError(
            f"The times of {name!r} are {values.dtype}: give datetimes, dates, texts, or numbers "
            "since 1970."
        )
    parsed = parse_times(values)
    if parsed.problems is not None:
        place = int(parsed.problems.is_not_null().arg_max() or 0)
        n = len(parsed.problems) - parsed.problems.null_count()
        raise DataError(
            f"{counted(n, 'time')} of {name!r} cannot be used, such as {values[place]!r}, which "
            f"{parsed.problems[place]}: drop such rows first, or give datetimes."
        )
    if parsed.remark:
        logger.warning(f"{name}: {parsed.remark}, an option of pn.read.")
    return parsed.values


def one_unit(parts: Mapping[str, pl.Series]) -> None:
    """Refuse parts of a log whose times, as numbers, are in different units since 1970.

    Args:
        parts: the times of each part, by what a message calls it.

    Raises:
        DataError: they are.
    """
    units: dict[str, str] = {}
    for part, values in parts.items():
        reading = "" if are_datetimes(values) else parse_times(values).reading or ""
        unit = reading.partition(" ")[0]
        if unit in UNITS:
            units.setdefault(unit, part)
    if len(units) > 1:
        (one, first), (other, second) = list(units.items())[:2]
        raise DataError(
            f"Times of {first} are in {one} since 1970 and those of {second} in {other}: give all "
            "in one unit."
        )

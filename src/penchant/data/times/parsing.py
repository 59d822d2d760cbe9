"""Decide which form the times of a column have, and parse them."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from penchant.data.missing_texts import without_missing
from penchant.data.times.date_order import FORMS
from penchant.data.times.given_formats import in_given_format
from penchant.data.times.numbers import UNITS, from_numbers
from penchant.data.times.readings import TimesRead
from penchant.data.times.texts import from_texts
from penchant.data.times.time_range import (
    EARLIEST,
    MICROSECONDS,
    TOO_EARLY,
    TOO_LATE,
    is_possible,
    latest,
)
from penchant.errors import ParameterError

_MISSING = ("0000-00-00", "0000-00-00 00:00:00", "0000-00-00 00:00:00.000000")  # MySQL's
_ROUNDED = r"^\d([.,]\d{1,8})?[eE]\+\d{2,}$"  # to fewer digits than seconds of today have
_NUMBER_FORMS = (*UNITS, "excel", "year")


@dataclass(frozen=True)
class ParsedTimes:
    """Times as datetimes in microseconds without a zone, in UTC where a zone was given.

    Attributes:
        values: the times, null where one is missing or has a problem.
        problems: what is wrong with a value, such as `is not a time`, null where nothing is;
            None where nothing is wrong with any.
        remark: what was decided by convention, and how to override it; may be empty.
        reading: as in `TimesRead`.
        date_form: as in `TimesRead`.
    """

    values: pl.Series
    problems: pl.Series | None = None
    remark: str = ""
    reading: str | None = None
    date_form: str | None = None


def check_time_format(form: str | None) -> None:
    """Refuse what is no form of times.

    Raises:
        ParameterError: it is neither a known word nor a format with `%`.
    """
    words = (*FORMS, *_NUMBER_FORMS)
    if form is not None and form not in words and "%" not in form:
        raise ParameterError(
            f"There is no time format {form!r}: use {', '.join(words)}, or a format such as "
            "%d/%m/%y %H:%M."
        )


def parse_times(values: pl.Series, form: str | None = None) -> ParsedTimes:
    """Parse times, missing ones included.

    Numbers are seconds, milliseconds, microseconds or nanoseconds since 1970, decided by the
    magnitude of their median; numbers that are all dates (20130913), years or a spreadsheet's
    days are that. The whole column decides on the order of days and months. Times before 1970,
    or more than a year in the future, are a problem.

    Args:
        values: numbers, texts, dates or datetimes.
        form: `day-first`, `month-first` or `year-first`; `s`, `ms`, `us`, `ns`, `excel` or `year`;
            or a format of strptime such as `%d/%m/%y`; by default decided by the column.

    Raises:
        ParameterError: the form is none of these.
    """
    check_time_format(form)
    dtype = values.dtype
    if are_datetimes(values):
        return _checked(values, TimesRead(in_microseconds(values), "", str(dtype)))
    if form is not None and "%" in form:
        texts = _texts(values)
        return _checked(texts, TimesRead(_in_given_format(texts, form), "", form))
    if dtype.is_numeric() or dtype == pl.Null:
        values = values.fill_nan(None) if dtype.is_float() else values
        return _checked(values, from_numbers(values, _if_numeric(form)))
    if dtype == pl.String:
        integers = values.cast(pl.Int64, strict=False)
        if not integers.null_count():  # the usual case, and the fastest
            return _checked(values, from_numbers(integers, _if_numeric(form)))
    texts = _texts(values)
    for number_type in (pl.Int64, pl.Float64):
        numbers = texts.cast(number_type, strict=False)
        exact = numbers.null_count() == texts.null_count()
        if exact or (number_type == pl.Float64 and 2 * numbers.count() > texts.count()):
            read = from_numbers(numbers, _if_numeric(form))
            rounded = texts.filter(texts.str.contains(_ROUNDED))
            if 2 * len(rounded) > texts.count():
                remark = (
                    f"times such as {rounded[0]!r} are rounded, as spreadsheets show long numbers, "
                    "so that different ones are one: export again with this column as text"
                )
                read = read._replace(remark=f"{read.remark}; {remark}".removeprefix("; "))
            return _checked(texts, read)
    return _checked(texts, from_texts(texts, form))


def are_datetimes(values: pl.Series) -> bool:
    """Whether values are datetimes or dates, which have one meaning."""
    return isinstance(values.dtype, pl.Datetime) or values.dtype == pl.Date


def in_microseconds(values: pl.Series) -> pl.Series:
    """Datetimes or dates as datetimes in microseconds without a zone, in UTC where they had one."""
    if isinstance(values.dtype, pl.Datetime) and values.dtype.time_zone is not None:
        values = values.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return values.cast(MICROSECONDS)


def _texts(values: pl.Series) -> pl.Series:
    return without_missing(values.cast(pl.String, strict=False), *_MISSING)


def _if_numeric(form: str | None) -> str | None:
    return form if form in _NUMBER_FORMS else None


def _in_given_format(texts: pl.Series, form: str) -> pl.Series:
    try:
        return in_given_format(texts, form)
    except pl.exceptions.PolarsError as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise ParameterError(f"{form!r} is no format of times: {reason}.") from None


def _checked(values: pl.Series, read: TimesRead) -> ParsedTimes:
    """The times with what is wrong with each; an impossible time becomes null."""
    times = read.values
    possible = is_possible(times)
    wrong = ~possible & values.is_not_null()
    if not wrong.any():
        return ParsedTimes(times, None, read.remark, read.reading, read.date_form)
    time = pl.lit(times)
    problem = (
        pl.when(~pl.lit(wrong))
        .then(pl.lit(None, dtype=pl.String))
        .when(time < EARLIEST)
        .then(pl.lit(TOO_EARLY))
        .when(time > latest())
        .then(pl.lit(TOO_LATE))
        .otherwise(pl.lit("is not a time"))
    )
    problems = pl.select(problem.alias("problem")).to_series()
    times = times.zip_with(possible, times.clear(1))
    return ParsedTimes(times, problems, read.remark, read.reading, read.date_form)

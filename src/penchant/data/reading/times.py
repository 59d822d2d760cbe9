"""Parse times in the many forms that logs have into datetimes in microseconds."""

from __future__ import annotations

import numpy as np
import polars as pl

from penchant.typing import Float64

MICROSECONDS = pl.Datetime("us")

# A unit applies to numbers whose median is below the first value; the second is its microseconds.
_UNITS = ((1e11, 1_000_000.0), (1e14, 1_000.0), (1e17, 1.0), (np.inf, 0.001))
_LIMIT = 9.2e18  # microseconds that fit into 64 bits
_FORMATS = (
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d %H:%M%#z",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
    "%m %d, %Y",
    "%B %d, %Y",
    "%b %d, %Y",
    "%d %B %Y",
    "%d %b %Y",
    "%d-%b-%Y",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%a %b %d %H:%M:%S %z %Y",
    "%a, %d %b %Y %H:%M:%S %z",
    "%a %b %d %H:%M:%S %Y",
    "%Y%m%d",
)
_TIMES_OF_DAY = ("", " %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p")


def parse_times(values: pl.Series) -> tuple[pl.Series, pl.Series, str]:
    """Parse times, missing ones included.

    Numbers are seconds, milliseconds, microseconds or nanoseconds since 1970, decided by the
    magnitude of their median; eight digits that are all dates are dates (20130913).

    Returns:
        The times (datetimes in microseconds, without a zone, in UTC where a zone was given),
        whether each value is unreadable (boolean), and a remark where days and months could be
        distinguished only by convention.
    """
    dtype = values.dtype
    if isinstance(dtype, pl.Datetime):
        if dtype.time_zone is not None:
            values = values.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        return values.cast(MICROSECONDS), _all_false(values), ""
    if dtype == pl.Date:
        return values.cast(MICROSECONDS), _all_false(values), ""
    if dtype.is_numeric() or dtype == pl.Null:
        return *_from_numbers(values), ""
    if dtype == pl.String:
        integers = values.cast(pl.Int64, strict=False)
        if not integers.null_count():  # the usual case, and the fastest
            return *_from_numbers(integers), ""
    texts = values.cast(pl.String, strict=False).str.strip_chars().replace("", None)
    integers = texts.cast(pl.Int64, strict=False)
    if integers.null_count() == texts.null_count():
        return *_from_numbers(integers), ""
    numbers = texts.cast(pl.Float64, strict=False)
    if 2 * numbers.count() > texts.count():  # values that are not null
        times, unreadable = _from_numbers(numbers)
        return times, unreadable | (texts.is_not_null() & numbers.is_null()), ""
    return _from_texts(texts)


def _from_numbers(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    if values.dtype.is_decimal() or values.dtype == pl.Null:
        values = values.cast(pl.Float64)
    numbers = values.drop_nulls().to_numpy().astype(np.float64)
    finite = numbers[np.isfinite(numbers)]
    if not len(finite):
        missing = pl.Series(values.name, [None] * len(values), dtype=MICROSECONDS)
        return missing, values.is_not_null()
    if (dates := _compact_dates(values, finite)) is not None:
        return dates, _all_false(values)
    median = float(np.median(np.abs(finite)))
    factor = next(microseconds for limit, microseconds in _UNITS if median < limit)
    value = pl.col("value")
    if len(finite) == len(values) and np.abs(finite).max() * factor < _LIMIT:
        readable, in_range = ~_all_false(values), value
    else:
        scaled = values.cast(pl.Float64) * factor
        readable = (scaled.is_finite() & (scaled.abs() < _LIMIT)).fill_null(False)
        in_range = pl.when(pl.lit(readable)).then(value)
    if not values.dtype.is_integer():
        microseconds = (in_range * factor).round().cast(pl.Int64)
    elif factor >= 1:
        microseconds = in_range.cast(pl.Int64) * int(factor)
    else:
        microseconds = in_range.cast(pl.Int64) // 1000
    frame = values.alias("value").to_frame()
    times = frame.select(microseconds.cast(MICROSECONDS).alias(values.name)).to_series()
    return times, ~readable & values.is_not_null()


def _compact_dates(values: pl.Series, finite: Float64) -> pl.Series | None:
    """Numbers such as 20130913 as dates, where every one is a date from 1900 to 2100."""
    if not values.dtype.is_integer() or finite.min() < 19000101 or finite.max() > 21001231:
        return None
    dates = values.cast(pl.String).str.to_date("%Y%m%d", strict=False)
    return dates.cast(MICROSECONDS) if dates.null_count() == values.null_count() else None


def _from_texts(texts: pl.Series) -> tuple[pl.Series, pl.Series, str]:
    """Parse texts in one format after the other, each taking those that no other has parsed."""
    pending = texts.str.replace(r"^(\d{4}-\d\d?-\d\d?)[Tt_]", "${1} ").str.replace(
        r"(\d) ?(Z|UTC|GMT)$", "${1}+00:00"
    )
    times = pl.Series(texts.name, [None] * len(texts), dtype=MICROSECONDS)
    remark = ""
    formats: tuple[str, ...] = _FORMATS
    if (slashed := pending.str.contains(r"^\d\d?[/-]\d\d?[/-]\d{4}").fill_null(False)).any():
        date, remark = _month_or_day_first(pending.filter(slashed))
        formats = tuple(date + time for time in _TIMES_OF_DAY) + _FORMATS
        pending = pending.str.replace(r"^(\d\d?)-(\d\d?)-(\d{4})", "${1}/${2}/${3}")
    for format_ in formats:
        if pending.null_count() == len(pending):
            break
        parsed = _in_format(pending, format_)
        if parsed.null_count() < len(parsed):
            times = times.zip_with(parsed.is_null(), parsed)
            pending = pending.zip_with(parsed.is_null(), pl.Series([None], dtype=pl.String))
    return times, pending.is_not_null(), remark


def _in_format(texts: pl.Series, format_: str) -> pl.Series:
    """The times of texts in one format, null for all others."""
    if "%H" not in format_ and "%I" not in format_:
        return texts.str.to_date(format_, strict=False).cast(MICROSECONDS)
    if "z" in format_:
        zoned = texts.str.to_datetime(format_, strict=False, time_unit="us", time_zone="UTC")
        return zoned.dt.replace_time_zone(None)
    return texts.str.to_datetime(format_, strict=False, time_unit="us")


def _month_or_day_first(texts: pl.Series) -> tuple[str, str]:
    """The format of dates such as 3/4/2012, and a remark where nothing decides it."""
    parts = texts.str.extract_groups(r"^(\d+)[/-](\d+)").struct.unnest().cast(pl.Int64)
    first, second = (int(parts.to_series(n).max() or 0) for n in (0, 1))  # type: ignore[arg-type]
    if first > 12:
        return "%d/%m/%Y", ""
    if second > 12:
        return "%m/%d/%Y", ""
    return "%m/%d/%Y", f"dates such as {texts[0]!r} are read as month/day/year"


def _all_false(values: pl.Series) -> pl.Series:
    return pl.repeat(False, len(values), eager=True)

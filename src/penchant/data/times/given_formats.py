"""Parse times in a format of strptime."""

from __future__ import annotations

import polars as pl

from penchant.data.times.time_range import MICROSECONDS

_CLOCKS = ("%H", "%I", "%T", "%R", "%X", "%c", "%s", "%+")
_NO_TIME = pl.Series([None], dtype=MICROSECONDS)


def in_format(texts: pl.Series, format_: str) -> pl.Series:
    """The times of texts in a format of strptime, null for others and for years below 1000.

    Raises:
        PolarsError: it is no such format.
    """
    if not any(part in format_ for part in _CLOCKS):
        times = texts.str.to_date(format_, strict=False).cast(MICROSECONDS)
    elif "z" in format_:
        zoned = texts.str.to_datetime(format_, strict=False, time_unit="us", time_zone="UTC")
        times = zoned.dt.replace_time_zone(None)
    else:
        times = texts.str.to_datetime(format_, strict=False, time_unit="us")
    # %Y takes years of one digit and more, so that 24-01-05 would be a day of the year 24.
    return times.zip_with((times.dt.year() >= 1000).fill_null(True), _NO_TIME)


def in_given_format(texts: pl.Series, format_: str) -> pl.Series:
    """As `in_format`, for formats of any user: they may lack minutes, days or months.

    Raises:
        PolarsError: it is no such format.
    """
    has_hour = "%H" in format_ or "%I" in format_
    has_year = "%Y" in format_ or "%y" in format_
    has_month = any(part in format_ for part in ("%m", "%b", "%B", "%h", "%j"))
    has_day = any(part in format_ for part in ("%d", "%e", "%j"))
    lacking = [
        (" %M", " 00", has_hour and "%M" not in format_),
        (" %m", " 01", has_year and not has_month),
        (" %d", " 01", has_year and not has_day),
    ]
    for part, text, is_lacking in lacking:
        if is_lacking:
            format_, texts = format_ + part, texts + text
    return in_format(texts, format_)

"""Times as numbers: since 1970 in some unit, compact dates, spreadsheets' days, years."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl

from penchant.data.times.given_formats import in_format
from penchant.data.times.readings import TimesRead
from penchant.data.times.time_range import (
    EARLIEST,
    MICROSECONDS,
    all_within,
    are_whole,
    is_possible,
    latest,
)
from penchant.typing import Float64

UNITS = {"s": 1_000_000.0, "ms": 1_000.0, "us": 1.0, "ns": 0.001}  # microseconds
_UNIT_LIMITS = (("s", 1e11), ("ms", 1e14), ("us", 1e17), ("ns", np.inf))  # of the median
_USUAL_SECONDS = 315_532_800  # 1980: of the units it is the one in which most times lie after
# By the number of digits: what a month or an hour lacks, and the format with that.
_COMPACT = {
    6: ("01", "%Y%m%d"),
    8: ("", "%Y%m%d"),
    10: ("00", "%Y%m%d%H%M"),
    12: ("", "%Y%m%d%H%M"),
    14: ("", "%Y%m%d%H%M%S"),
}
_COMPACT_SHARE = 0.9  # of the numbers are dates, and the others are mistakes
_SPREADSHEET_EPOCH = datetime(1899, 12, 30)
_FIRST_SERIAL = 32_874  # 1990-01-01; smaller numbers are rather counted than dates
_SMALL = 100_000_000  # seconds, 1973: numbers below are hardly seconds since 1970
_OVERRIDE = "override with time_format='{0}' (--time-format {0})"


def from_numbers(values: pl.Series, form: str | None = None) -> TimesRead:
    """Times from numbers, null where one is impossible, and a remark where they were ambiguous.

    Args:
        values: integers or floats.
        form: `s`, `ms`, `us`, `ns`, `excel` or `year`; by default decided by the whole column.
    """
    if not values.dtype.is_integer():
        values = values.cast(pl.Float64)
    numbers = values.drop_nulls().cast(pl.Float64).to_numpy()
    finite = numbers[np.isfinite(numbers)]
    if not len(finite):
        nothing = pl.Series(values.name, [None] * len(values), dtype=MICROSECONDS)
        return TimesRead(nothing, "", "")
    if form in UNITS:
        return _since_1970(values, finite, form)
    if form == "excel":
        return TimesRead(_from_serials(values), "", "excel")
    if form == "year":
        return TimesRead(_from_years(values), "", "year")
    if (dates := _compact_dates(values, finite)) is not None:
        return dates
    example = f"{finite[0]:.15g}"
    last = latest()
    if are_whole(finite) and all_within(finite, EARLIEST.year, last.year):
        remark = f"times such as {example} are read as years; {_OVERRIDE.format('s')}"
        return TimesRead(_from_years(values), remark, "year")
    if all_within(finite, _FIRST_SERIAL, (last - _SPREADSHEET_EPOCH).days):
        remark = f"times such as {example} are read as a spreadsheet's days since 1899-12-30"
        return TimesRead(_from_serials(values), f"{remark}; {_OVERRIDE.format('s')}", "excel")
    unit = _unit(finite)
    times = _since_1970(values, finite, unit)
    if (on_zeros := _remark_on_zeros(finite, unit)) is not None:
        return TimesRead(times.values, on_zeros, times.reading)
    if times.reading == "s" and np.median(np.abs(finite)) < _SMALL:
        remark = (
            f"times such as {example} are read as seconds since 1970: their order is right, their "
            "dates are hardly; name another unit with time_format=… (--time-format …)"
        )
        return TimesRead(times.values, remark, "small seconds")
    return times


def _remark_on_zeros(finite: Float64, unit: str) -> str | None:
    """What to say of times of 0 beside others of a unit that are dates; None where none are so."""
    others = finite[finite != 0]
    if not 0 < len(others) < len(finite):
        return None
    if np.median(np.abs(others)) * UNITS[unit] < _SMALL * 1e6:
        return None
    return (
        "times of 0 are read as the first second of 1970, beside others such as "
        f"{others[0]:.15g}: where 0 stands for no time, empty these cells before reading"
    )


def _unit(finite: Float64) -> str:
    """The unit in which most numbers are times from 1980 on; by the median where none is."""
    highest = (latest() - EARLIEST).total_seconds()
    usual = {}
    for name, factor in UNITS.items():
        seconds = finite * (factor / 1e6)
        usual[name] = int(((seconds >= _USUAL_SECONDS) & (seconds <= highest)).sum())
    unit = max(usual, key=lambda name: usual[name])
    if usual[unit]:
        return unit
    median = float(np.median(np.abs(finite)))
    return next(name for name, limit in _UNIT_LIMITS if median < limit)


def _since_1970(values: pl.Series, finite: Float64, unit: str) -> TimesRead:
    """Numbers of a unit since 1970, exact for integers.

    What is out of range becomes a time that is, so that it fits into 64 bits.
    """
    factor = UNITS[unit]
    highest = (latest() - EARLIEST).total_seconds() * 1e6 / factor
    value = pl.col("value")
    in_range = value
    if len(finite) != len(values) or not all_within(finite, 0, highest):
        number = value.cast(pl.Float64)
        in_range = (
            pl.when(number.is_between(0, highest))
            .then(value)
            .when(number < 0)
            .then(-1)
            .when(number.is_not_nan())
            .then(int(2 * highest))
        )
    if not values.dtype.is_integer():
        microseconds = (in_range * factor).round().cast(pl.Int64)
    elif factor >= 1:
        microseconds = in_range.cast(pl.Int64) * int(factor)
    else:
        microseconds = in_range.cast(pl.Int64) // 1000
    frame = values.alias("value").to_frame()
    times = frame.select(microseconds.cast(MICROSECONDS).alias(values.name)).to_series()
    # Nanoseconds have more digits than floats.
    return TimesRead(times, "", unit if unit != "ns" else f"{unit} {values.dtype}")


def _compact_dates(values: pl.Series, finite: Float64) -> TimesRead | None:
    """Numbers such as 202403, 20130913, 2024030510 or 20240305101112, where they are dates."""
    digits = len(f"{abs(float(np.median(finite))):.0f}")
    if digits not in _COMPACT or not are_whole(finite):
        return None
    first, last = (int(t.strftime("%Y%m%d%H%M%S")[:digits]) for t in (EARLIEST, latest()))
    share = 1.0 if digits == 6 else _COMPACT_SHARE
    if ((finite >= first) & (finite <= last)).mean() < share:
        return None
    lacking, format_ = _COMPACT[digits]
    texts = values.cast(pl.Int64, strict=False).cast(pl.String) + lacking
    dates = in_format(texts, format_)
    if int(is_possible(dates).sum()) < share * len(finite):
        return None
    return TimesRead(dates, "", f"{digits} digits")


def _from_serials(values: pl.Series) -> pl.Series:
    """Days since 1899-12-30 as spreadsheets count them, fractions included."""
    origin = round((_SPREADSHEET_EPOCH - EARLIEST).total_seconds() * 1e6)
    milliseconds = (values.cast(pl.Float64) * 86_400_000).round()
    return (milliseconds.cast(pl.Int64, strict=False) * 1000 + origin).cast(MICROSECONDS)


def _from_years(values: pl.Series) -> pl.Series:
    """The first instant of each year."""
    texts = values.cast(pl.Int64, strict=False).cast(pl.String) + "0101"
    return texts.str.to_date("%Y%m%d", strict=False).cast(MICROSECONDS)

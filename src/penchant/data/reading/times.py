"""Times in the many forms that logs have them, as datetimes in microseconds."""

from __future__ import annotations

import numpy as np
import polars as pl

MICROSECONDS = pl.Datetime("us")

# Each unit with the magnitude below which numbers are taken for it, and its microseconds.
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
_SLASHED = ("", " %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p")


def parse_times(values: pl.Series) -> tuple[pl.Series, pl.Series, str]:
    """Read times, missing ones included.

    Numbers are seconds, milliseconds, microseconds or nanoseconds since 1970, whichever
    their median's magnitude says; eight digits that are all dates are dates (20130913).

    Returns the times (datetimes in microseconds, without a zone, in UTC where a zone was
    given), which values could not be read (boolean), and a remark where days and months could
    be told apart only by convention.
    """
    dtype = values.dtype
    if isinstance(dtype, pl.Datetime):
        if dtype.time_zone is not None:
            values = values.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        return values.cast(MICROSECONDS), _none(values), ""
    if dtype == pl.Date:
        return values.cast(MICROSECONDS), _none(values), ""
    if dtype.is_numeric() or dtype == pl.Null:
        return *_from_numbers(values), ""
    whole = values.cast(pl.Int64, strict=False) if dtype == pl.String else values
    if dtype == pl.String and not whole.null_count():
        return *_from_numbers(whole), ""
    texts = values.cast(pl.String, strict=False).str.strip_chars()
    texts = texts.to_frame().select(pl.when(pl.first() != "").then(pl.first())).to_series()
    whole = texts.cast(pl.Int64, strict=False)
    if whole.null_count() == texts.null_count():
        return *_from_numbers(whole), ""
    numbers = texts.cast(pl.Float64, strict=False)
    known = texts.len() - texts.null_count()
    if 2 * (numbers.len() - numbers.null_count()) > known:
        times, bad = _from_numbers(numbers)
        return times, bad | (texts.is_not_null() & numbers.is_null()), ""
    return _from_texts(texts)


def _from_numbers(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    if values.dtype.is_decimal() or values.dtype == pl.Null:
        values = values.cast(pl.Float64)
    sizes = values.drop_nulls().to_numpy().astype(np.float64)
    finite = sizes[np.isfinite(sizes)]
    if not len(finite):
        return pl.Series(values.name, [None] * len(values), dtype=MICROSECONDS), _bad(values)
    if (dates := _compact_dates(values, finite)) is not None:
        return dates, _none(values)
    middle = float(np.median(np.abs(finite)))
    factor = next(f for limit, f in _UNITS if middle < limit)
    value = pl.col("value")
    if len(finite) == len(values) and np.abs(finite).max() * factor < _LIMIT:
        readable, inside = _none(values).not_(), value
    else:
        scaled = values.cast(pl.Float64) * factor
        readable = (scaled.is_finite() & (scaled.abs() < _LIMIT)).fill_null(False)
        inside = pl.when(pl.lit(readable)).then(value)
    if not values.dtype.is_integer():
        micro = (inside * factor).round().cast(pl.Int64)
    elif factor >= 1:
        micro = inside.cast(pl.Int64) * int(factor)
    else:
        micro = inside.cast(pl.Int64) // 1000
    frame = values.alias("value").to_frame()
    times = frame.select(micro.cast(MICROSECONDS).alias(values.name)).to_series()
    return times, ~readable & values.is_not_null()


def _compact_dates(values: pl.Series, finite: np.ndarray) -> pl.Series | None:
    """Numbers such as 20130913 as dates, where every one is a date from 1900 to 2100."""
    if not values.dtype.is_integer() or finite.min() < 19000101 or finite.max() > 21001231:
        return None
    dates = values.cast(pl.String).str.to_date("%Y%m%d", strict=False)
    return dates.cast(MICROSECONDS) if dates.null_count() == values.null_count() else None


def _from_texts(texts: pl.Series) -> tuple[pl.Series, pl.Series, str]:
    pending = texts.str.replace(r"^(\d{4}-\d\d?-\d\d?)[Tt_]", "${1} ").str.replace(
        r"(\d) ?(Z|UTC|GMT)$", "${1}+00:00"
    )
    times = pl.Series(texts.name, [None] * len(texts), dtype=MICROSECONDS)
    remark = ""
    formats: tuple[str, ...] = _FORMATS
    if (slashed := pending.str.contains(r"^\d\d?[/-]\d\d?[/-]\d{4}").fill_null(False)).any():
        first, remark = _month_or_day(pending.filter(slashed))
        formats = tuple(first + rest for rest in _SLASHED) + _FORMATS
        pending = pending.str.replace(r"^(\d\d?)-(\d\d?)-(\d{4})", "${1}/${2}/${3}")
    for form in formats:
        if pending.null_count() == len(pending):
            break
        found = _in_format(pending, form)
        if found.null_count() < len(found):
            times = times.zip_with(found.is_null(), found)
            pending = pending.zip_with(found.is_null(), pl.Series([None], dtype=pl.String))
    return times, pending.is_not_null(), remark


def _in_format(texts: pl.Series, form: str) -> pl.Series:
    if "%H" not in form and "%I" not in form:
        return texts.str.to_date(form, strict=False).cast(MICROSECONDS)
    if "z" in form:
        zoned = texts.str.to_datetime(form, strict=False, time_unit="us", time_zone="UTC")
        return zoned.dt.replace_time_zone(None)
    return texts.str.to_datetime(form, strict=False, time_unit="us")


def _month_or_day(texts: pl.Series) -> tuple[str, str]:
    parts = texts.str.extract_groups(r"^(\d+)[/-](\d+)").struct.unnest().cast(pl.Int64)
    first, second = (int(parts.to_series(n).max() or 0) for n in (0, 1))  # type: ignore[arg-type]
    if first > 12:
        return "%d/%m/%Y", ""
    if second > 12:
        return "%m/%d/%Y", ""
    return "%m/%d/%Y", f"dates such as {texts[0]!r} are read as month/day/year"


def _none(values: pl.Series) -> pl.Series:
    return pl.repeat(False, len(values), eager=True)


def _bad(values: pl.Series) -> pl.Series:
    return values.is_not_null()

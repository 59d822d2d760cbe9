"""Put years, months, days and clocks, as texts have them, together as instants."""

from __future__ import annotations

import polars as pl

from penchant.data.times.patterns import ZONES
from penchant.data.times.time_range import latest

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH_NUMBERS = {name: f"{n:02}" for n, name in enumerate(_MONTHS, start=1)}


def instants(parts: pl.DataFrame) -> pl.Series:
    """Datetimes in microseconds, in UTC where there is a zone; null where a part is impossible.

    Args:
        parts: texts of `year` (two or four digits), `month` (a number or a name) and `day`, and of
            `hour`, `minute`, `second`, `fraction`, `half` (a or p) and `zone`, null where missing.
    """
    text = parts.select(
        pl.concat_str(
            _year(), pl.lit("-"), _month(), pl.lit("-"), _two_digits("day", "1"),
            pl.lit(" "), _hour(), pl.lit(":"), _two_digits("minute"),
            pl.lit(":"), _two_digits("second"), pl.lit("."), pl.col("fraction").fill_null("0"),
        )
    ).to_series()  # fmt: skip
    times = text.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", strict=False, time_unit="us")
    return times - parts.select(_offset()).to_series()


def _year() -> pl.Expr:
    """A year of four digits; one of two digits is the latest that is not in the future."""
    year = pl.col("year")
    newest = latest().year % 100
    century = pl.when(year.cast(pl.Int32, strict=False) <= newest).then(pl.lit("20"))
    full = pl.when(year.str.len_bytes() == 4).then(year)
    return full.otherwise(century.otherwise(pl.lit("19")) + year)


def _month() -> pl.Expr:
    return pl.col("month").fill_null("1").str.slice(0, 3).replace(_MONTH_NUMBERS).str.zfill(2)


def _two_digits(part: str, missing: str = "0") -> pl.Expr:
    return pl.col(part).fill_null(missing).str.zfill(2)


def _hour() -> pl.Expr:
    """The hour from 0 to 23; null where it is alone, or is none of a clock of 12 hours."""
    hour, half = pl.col("hour").cast(pl.Int32), pl.col("half")
    of_half = pl.when(hour.is_between(1, 12)).then(hour % 12 + 12 * (half == "p").cast(pl.Int32))
    full = pl.when(pl.col("minute").is_not_null()).then(hour)
    value = pl.when(half.is_null()).then(full).otherwise(of_half)
    return pl.when(hour.is_null()).then(0).otherwise(value).cast(pl.String).str.zfill(2)


def _offset() -> pl.Expr:
    """How far the zone is ahead of UTC."""
    zone = pl.col("zone")
    groups = zone.str.extract_groups(r"([+-])(\d\d):?(\d\d)?$").struct
    hours, minutes = (groups.field(name).cast(pl.Int64).fill_null(0) for name in ("2", "3"))
    sign = pl.when(groups.field("1") == "-").then(-1).otherwise(1)
    named = zone.replace_strict(
        {name: 60 * hours for name, hours in ZONES.items()}, default=0, return_dtype=pl.Int64
    ).fill_null(0)
    return pl.duration(minutes=sign * (60 * hours + minutes) + named)

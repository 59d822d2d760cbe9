"""Times as texts: ISO and national dates, named months, two-digit years, clocks and zones."""

from __future__ import annotations

import polars as pl

from penchant.data.times.components import instants
from penchant.data.times.date_order import FORMS, choose_order
from penchant.data.times.given_formats import in_format
from penchant.data.times.patterns import KNOWN_ORDER, OPEN_ORDER, simplify
from penchant.data.times.readings import TimesRead
from penchant.data.times.time_range import MICROSECONDS

_ISO_FORMATS = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d")  # usual, and fast
_CLOCK = ("hour", "minute", "second", "fraction", "half", "zone")
_APART = "texts"  # each of which has one meaning, whatever the others are
_NO_TEXT = pl.Series([None], dtype=pl.String)
_NO_TIME = pl.Series([None], dtype=MICROSECONDS)


def from_texts(texts: pl.Series, form: str | None = None) -> TimesRead:
    """Times from texts, null where one is unreadable, and remarks on what was ambiguous.

    Args:
        texts: without blanks around them.
        form: `day-first`, `month-first` or `year-first` decides what a column leaves open.
    """
    pending = texts.str.replace(r"^(\d{4}-\d\d?-\d\d?)[Tt_]", "${1} ").str.replace(
        r"(\d) ?(Z|UTC|GMT)$", "${1}+00:00"
    )
    times = _NO_TIME.new_from_index(0, len(texts)).alias(texts.name)
    for format_ in _ISO_FORMATS:
        parsed = in_format(pending, format_)
        if parsed.null_count() < len(parsed):
            times = times.zip_with(parsed.is_null(), parsed)
            pending = pending.zip_with(parsed.is_null(), _NO_TEXT)
        if pending.null_count() == len(pending):
            return TimesRead(times, "", _APART)
    present = pending.drop_nulls().alias("text").to_frame()
    distinct = present.group_by("text", maintain_order=True).agg(pl.len().alias("count"))
    read = _from_distinct(distinct, pending, form)
    lookup = distinct.select("text", read.values.alias("time"))
    frame = pending.alias("text").to_frame()
    found = frame.join(lookup, on="text", how="left", maintain_order="left")["time"]
    return read._replace(values=times.zip_with(times.is_not_null(), found))


def _from_distinct(distinct: pl.DataFrame, texts: pl.Series, form: str | None) -> TimesRead:
    """The times of distinct texts; `texts` has them in the order of the source."""
    pending = simplify(distinct["text"])
    times = _NO_TIME.new_from_index(0, len(distinct))
    remarks: list[str] = []
    reading: str | None = _APART
    decided: set[str] = set()
    for pattern in KNOWN_ORDER:
        parts = _parts(pending, pattern)
        if parts is not None:
            parsed = instants(parts)
            times = times.zip_with(times.is_not_null(), parsed)
    pending = pending.zip_with(times.is_null(), _NO_TEXT)
    for separator, pattern in OPEN_ORDER.items():
        parts = _parts(pending, pattern)
        if parts is None:
            continue
        orders = {order: instants(_ordered(parts, order)) for order in _orders(separator)}
        if form in FORMS and FORMS[form] in orders:
            order = FORMS[form]
            decided.add(order)
        else:
            reading = None
            matched = parts["last"].is_not_null()
            order, remark, is_open = choose_order(
                orders,
                distinct["count"],
                _positions(distinct, texts, matched),
                distinct["text"].filter(matched)[0],
                by_convention=("dmy", "mdy") if separator == "." else (),
            )
            if remark:
                remarks.append(remark)
            if not is_open:
                decided.add(order)
        times = times.zip_with(times.is_not_null(), orders[order])
    date_form = next((f for f, o in FORMS.items() if decided == {o}), None)
    return TimesRead(times, "; ".join(remarks), reading, date_form)


def _parts(texts: pl.Series, pattern: str) -> pl.DataFrame | None:
    """The named parts of texts, null for those of another pattern; None where no text has it."""
    if not texts.str.contains(pattern).any():
        return None
    parts = texts.str.extract_groups(pattern).struct.unnest()
    missing = [pl.lit(None, dtype=pl.String).alias(c) for c in _CLOCK if c not in parts.columns]
    missing += [
        pl.lit(None, dtype=pl.String).alias(c) for c in ("month", "day") if c not in parts.columns
    ]
    return parts.with_columns(missing)


def _orders(separator: str) -> tuple[str, ...]:
    """Possible orders, the usual one first."""
    if separator == "name":
        return ("dmy", "ymd")
    return ("dmy", "mdy", "ymd") if separator == "." else ("mdy", "dmy", "ymd")


def _ordered(parts: pl.DataFrame, order: str) -> pl.DataFrame:
    """The parts under their names; a year has two or four digits and a day no more than two."""
    names = ("year" if o == "y" else "month" if o == "m" else "day" for o in order)
    columns = dict(zip(("first", "middle", "last"), names, strict=True))
    if "middle" not in parts.columns:  # the month is there by its name
        del columns["middle"]
    renamed = parts.drop([c for c in columns.values() if c in parts.columns]).rename(columns)
    fits = (pl.col("year").str.len_bytes() > 1) & (pl.col("day").str.len_bytes() < 3)
    return renamed.with_columns(pl.when(fits).then(pl.col("year")).alias("year"))


def _positions(distinct: pl.DataFrame, texts: pl.Series, matched: pl.Series) -> pl.Series:
    """Of each event with a text that matched, the position of the text among the distinct ones."""
    lookup = distinct.select("text").with_row_index("position").filter(matched)
    frame = texts.alias("text").to_frame()
    return frame.join(lookup, on="text", how="inner", maintain_order="left")["position"]

"""From a source's raw records to the columns of a log: typed, with bad records sorted out."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import polars as pl

from penchant.data.reading.column_guessing import ROLES
from penchant.data.reading.raw import Raw, Skip, shorten
from penchant.data.reading.times import parse_times
from penchant.errors import DataError

Malformed = Literal["skip", "raise"]
_QUOTED = "'" + pl.col("value").str.slice(0, 40) + "'"
_KINDS = {"rating": "numeric", "time": "a time", "user": "complete", "item": "complete"}


@dataclass(frozen=True)
class Cleaned:
    """A log's columns, what was left out, and remarks for the person who reads it."""

    frame: pl.DataFrame
    skipped: pl.DataFrame | None
    remarks: tuple[str, ...]


@dataclass
class _Column:
    values: pl.Series
    problems: pl.Series | None = None  # text, null where a value is fine; None if all are
    remark: str = ""


def clean(raw: Raw, columns: Mapping[str, str], malformed: Malformed) -> Cleaned:
    """Give each column its role and type; records with unusable values are left out and listed.

    Raises:
        DataError: a record is malformed and `malformed` is "raise", or most records are.
    """
    roles = [role for role in ROLES if role in columns]
    with ThreadPoolExecutor() as pool:  # Polars works outside Python's global lock
        series = [raw.frame[columns[role]].alias(role) for role in roles]
        made = list(pool.map(lambda values: _column(raw, values), series))
    done = dict(zip(roles, made, strict=True))
    remarks = tuple(column.remark for column in made if column.remark)
    skips = list(raw.skipped) + _bad_values(raw, done)
    _judge(raw, columns, done, skips, malformed)
    frame = pl.DataFrame([c.values for c in done.values()] + [raw.row.alias("row")])
    further = _further(raw, columns)
    if raw.is_text:
        further = further.select(untext(further[c]) for c in further.columns)
    frame = frame.hstack(further)
    problems = _problems(done)
    if problems is not None:
        frame = frame.filter(problems.is_null())
    texts = [r for r in ("user", "item") if raw.is_text and frame[r].dtype == pl.String]
    frame = frame.with_columns(whole_numbers(frame[role]) for role in texts)
    return Cleaned(frame, _skip_table(skips), remarks)


def whole_numbers(ids: pl.Series) -> pl.Series:
    """Text ids as integers where every one is written as an integer is; otherwise unchanged.

    Zeros and signs in front, as in `007`, are part of an id, so that they keep it a text.
    """
    if ids.dtype != pl.String:
        return ids
    numbers = ids.cast(pl.Int64, strict=False)
    if numbers.null_count() > ids.null_count():
        return ids
    text = pl.col("id").str
    zero = text.starts_with("0") & (text.len_bytes() > 1)
    odd = (zero | text.starts_with("-0") | text.starts_with("+")).any()
    return ids if ids.alias("id").to_frame().select(odd).item() else numbers


def clean_ids(ids: pl.Series) -> pl.Series:
    """Ids without blanks around them; empty ones become null."""
    if ids.dtype == pl.String:
        return _filled(ids)
    if ids.dtype.is_decimal():
        whole = ids.cast(pl.Int64, strict=False)
        return whole if (whole.cast(ids.dtype) == ids).all() else ids.cast(pl.String)
    if ids.dtype in (pl.Boolean, pl.Categorical, pl.Enum):
        return ids.cast(pl.String)
    return ids.fill_nan(None) if ids.dtype.is_float() else ids


def untext(values: pl.Series) -> pl.Series:
    """A further column as integers, numbers or booleans, where not one character is lost."""
    if values.dtype != pl.String:
        return values
    for dtype in (pl.Int64, pl.Float64):
        typed = values.cast(dtype, strict=False)
        if typed.null_count() == values.null_count() < len(values):
            return typed if (typed.cast(pl.String) == values).all() else values
    if 0 < len(values) > values.null_count() and values.is_in(["true", "false"]).all():
        return values == "true"
    return values


def _column(raw: Raw, series: pl.Series) -> _Column:
    if series.name in ("user", "item"):
        return _ids(series, series.name, raw.is_text)
    if series.name == "rating":
        return _ratings(series, raw.decimal_comma)
    if series.name == "time":
        return _times(series)
    return _Column(series.cast(pl.String, strict=False))


def _ids(series: pl.Series, role: str, is_text: bool) -> _Column:
    if is_text and not (numbers := whole_numbers(series)).null_count():
        return _Column(numbers)  # the usual case, and the fastest
    ids = clean_ids(series)
    return _Column(ids, _said(ids.is_null(), pl.lit(f"missing {role}"), series))


def _ratings(series: pl.Series, decimal_comma: bool) -> _Column:
    numbers = series.cast(pl.Float32, strict=False)
    if numbers.is_finite().all() and not numbers.null_count():
        return _Column(numbers)
    if series.dtype == pl.String:
        series = _filled(series)
        numbers = series.cast(pl.Float32, strict=False)
        if decimal_comma and numbers.null_count() > series.null_count():
            pointed = series.str.replace(r"^(-?\d+),(\d+)$", "${1}.${2}")
            numbers = pointed.cast(pl.Float32, strict=False)
    bad = ~numbers.is_finite().fill_null(False)
    problem = (
        pl.when(pl.lit(series.is_null()))
        .then(pl.lit("missing rating"))
        .when(pl.lit(numbers.is_null()))
        .then("rating " + _QUOTED + " is not a number")
        .otherwise("rating " + _QUOTED + " is not finite")
    )
    return _Column(numbers, _said(bad, problem, series))


def _times(series: pl.Series) -> _Column:
    times, bad, remark = parse_times(series)
    return _Column(times, _said(bad, "time " + _QUOTED + " is not a time", series), remark)


def _filled(texts: pl.Series) -> pl.Series:
    name = texts.name
    return (
        texts.str.strip_chars()
        .to_frame(name)
        .select(pl.when(pl.col(name) != "").then(pl.col(name)))
        .to_series()
    )


def _said(bad: pl.Series, problem: pl.Expr, series: pl.Series) -> pl.Series | None:
    """What is wrong with each bad value, from an expression over the column `value`."""
    if not bad.any():
        return None
    frame = series.cast(pl.String, strict=False).alias("value").to_frame()
    return frame.select(pl.when(pl.lit(bad)).then(problem).alias("problem")).to_series()


def _problems(done: Mapping[str, _Column]) -> pl.Series | None:
    """The first problem of each record, null where there is none; None without any problem."""
    told = [c.problems for c in done.values() if c.problems is not None]
    return (
        pl.DataFrame([p.alias(f"{n}") for n, p in enumerate(told)])
        .select(pl.coalesce(pl.all()))
        .to_series()
        if told
        else None
    )


def _bad_values(raw: Raw, done: Mapping[str, _Column]) -> list[Skip]:
    problem = _problems(done)
    if problem is None:
        return []
    skips = []
    row = raw.row
    for position in problem.is_not_null().arg_true():
        cells = raw.frame.row(position)
        content = shorten(", ".join("" if c is None else str(c) for c in cells))
        skips.append(Skip(int(row[position]), problem[position], content, raw.where(position)))
    return skips


def _judge(
    raw: Raw,
    columns: Mapping[str, str],
    done: Mapping[str, _Column],
    skips: list[Skip],
    malformed: Malformed,
) -> None:
    """Raise where a malformed record may not be skipped, or where most records are malformed."""
    skips.sort()
    total = raw.frame.height + len(raw.skipped)
    if total == 0:
        raise DataError(f"{raw.source} has no record.")
    if skips and malformed == "raise":
        first = skips[0]
        raise DataError(
            f"{raw.source}: {first.problem} in {first.where} ({first.content!r}); correct it, or "
            f"leave out such records with malformed='skip'."
        )
    if len(skips) <= total / 2:
        return
    worst = max(done, key=lambda role: _count(done[role]))
    if _count(done[worst]) <= len(skips) / 2:
        first = skips[0]
        raise DataError(
            f"{raw.source}: {len(skips):,} of {total:,} records are malformed, the first in "
            f"{first.where} ({first.problem}: {first.content!r}); check the separator "
            f"(--separator), the header and the quotes."
        )
    position = int(done[worst].problems.is_not_null().arg_true()[0])  # type: ignore[union-attr]
    value = raw.frame[columns[worst]][position]
    more = f" (and {_count(done[worst]) - 1:,} more)" if _count(done[worst]) > 1 else ""
    example = "nothing" if value is None else repr(shorten(str(value)))
    without = "" if worst in ("user", "item") else f" or go without with {worst}=False"
    raise DataError(
        f"{raw.source}: the {worst} column {columns[worst]!r} is not {_KINDS[worst]}: "
        f"{example} in {raw.where(position)}{more}; name another column with {worst}='…' "
        f"(--{worst} …){without}."
    )


def _count(column: _Column) -> int:
    return 0 if column.problems is None else len(column.problems) - column.problems.null_count()


def _further(raw: Raw, columns: Mapping[str, str]) -> pl.DataFrame:
    """The columns without a role, renamed where their names mean something else in a log."""
    taken = set(columns.values())
    names = {c: c for c in raw.frame.columns if c not in taken}
    for name in names:
        if name in (*ROLES, "row"):
            names[name] = next(
                n
                for k in range(1, len(names) + 2)
                if (n := f"source_{name}" + "_" * (k - 1)) not in names
            )
    return raw.frame.select(pl.col(c).alias(n) for c, n in names.items())


def _skip_table(skips: list[Skip]) -> pl.DataFrame | None:
    if not skips:
        return None
    columns = {
        "row": pl.Series([s.row for s in skips], dtype=pl.UInt32),
        "problem": [s.problem for s in skips],
        "content": [s.content for s in skips],
    }
    return pl.DataFrame(columns)

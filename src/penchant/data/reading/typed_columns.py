"""Give raw records the typed columns of a log, and list the records that cannot be used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import polars as pl

from penchant.data.positive import Positive
from penchant.data.reading.column_guessing import ROLES
from penchant.data.reading.nested import plain_values
from penchant.data.reading.positive_ratings import mark_positive
from penchant.data.reading.ratings import parse_ratings
from penchant.data.reading.records import RawRecords, SkippedRecord, shorten, skipped_table
from penchant.data.reading.times import parse_times
from penchant.errors import DataError

Malformed = Literal["skip", "raise"]
_WHOLE = r"^(0|-?[1-9]\d*)\.0+$"
_QUOTED_VALUE = "'" + pl.col("value").str.slice(0, 40) + "'"
_REQUIRED = {
    "rating": "numeric",
    "weight": "made of numbers above 0",
    "time": "a time since 1970",
    "user": "complete",
    "item": "complete",
}
_OTHERWISE = {
    "rating": ", say which of its values are positive with positive='…' (--positive …)",
    "time": ", say how its times are written with time_format='…' (--time-format …)",
}


@dataclass(frozen=True)
class TypedColumns:
    """The columns of a log: those of the roles, then `row`, then all others.

    `skipped` is as in `Origin`; `remarks` say what was decided by convention; `positive` is the
    lowest rating of a positive event, where a wish says which are.
    """

    frame: pl.DataFrame
    skipped: pl.DataFrame | None
    remarks: tuple[str, ...]
    positive: float | None = None


@dataclass
class _Column:
    values: pl.Series
    problems: pl.Series | None = None  # text, null where a value is usable; None if all are
    remark: str = ""
    positive: float | None = None  # the lowest rating of a positive event

    @property
    def n_problems(self) -> int:
        return 0 if self.problems is None else len(self.problems) - self.problems.null_count()


def type_columns(
    records: RawRecords,
    columns: Mapping[str, str],
    malformed: Malformed,
    time_format: str | None = None,
    positive: Positive | None = None,
) -> TypedColumns:
    """Give each column its role and type; records with unusable values are left out and listed.

    Args:
        records: the records.
        columns: the column of each role.
        malformed: as in `penchant.read`.
        time_format: as in `penchant.read`.
        positive: which ratings are positive.

    Raises:
        DataError: a record is malformed and `malformed` is "raise", or most records are.
    """
    roles = [role for role in ROLES if role in columns]
    with ThreadPoolExecutor() as pool:  # Polars works outside Python's global lock
        typed = list(
            pool.map(
                lambda role: _typed_column(records, role, columns[role], time_format, positive),
                roles,
            )
        )
    by_role = dict(zip(roles, typed, strict=True))
    problems = _first_problems(typed)
    skipped = [*records.skipped, *_unusable_records(records, problems)]
    skipped.sort()
    _refuse_malformed(records, columns, by_role, skipped, malformed)
    frame = pl.DataFrame([*(column.values for column in typed), records.row.alias("row")])
    others = _other_columns(records, columns)
    if records.is_text:
        others = others.select(infer_type(others[name]) for name in others.columns)
    frame = frame.hstack(others)
    if problems is not None:
        frame = frame.filter(problems.is_null())
    texts = [r for r in ("user", "item") if records.is_text and frame[r].dtype == pl.String]
    frame = frame.with_columns(integer_ids(frame[role]) for role in texts)
    remarks = tuple(column.remark for column in typed if column.remark)
    threshold = by_role["rating"].positive if "rating" in by_role else None
    return TypedColumns(frame, skipped_table(skipped), remarks, threshold)


def integer_ids(ids: pl.Series) -> pl.Series:
    """Text ids as integers where all are written as integers are; otherwise unchanged.

    Leading zeros and signs, as in `007`, are part of an id, so that such ids stay text.
    """
    if ids.dtype != pl.String:
        return ids
    numbers = ids.cast(pl.Int64, strict=False)
    if numbers.null_count() > ids.null_count():
        return ids
    text = pl.col("id").str
    zero = text.starts_with("0") & (text.len_bytes() > 1)
    altered = (zero | text.starts_with("-0") | text.starts_with("+")).any()
    return ids if ids.alias("id").to_frame().select(altered).item() else numbers


def whole_numbers(ids: pl.Series) -> pl.Series | None:
    """Text ids that are all written as `17850.0` is, as integers; otherwise None."""
    present = ids.drop_nulls()
    if not len(present) or not present.str.contains(_WHOLE).all():
        return None
    numbers = ids.str.replace(r"\.0+$", "").cast(pl.Int64, strict=False)
    return numbers if numbers.null_count() == ids.null_count() else None


def clean_ids(ids: pl.Series) -> pl.Series:
    """Ids without blanks around them; empty ones become null."""
    if ids.dtype == pl.String:
        return _blank_to_null(ids)
    if ids.dtype.is_decimal():
        whole = ids.cast(pl.Int64, strict=False)
        return whole if (whole.cast(ids.dtype) == ids).all() else ids.cast(pl.String)
    if ids.dtype in (pl.Boolean, pl.Categorical, pl.Enum):
        return ids.cast(pl.String)
    return ids.fill_nan(None) if ids.dtype.is_float() else ids


def infer_type(values: pl.Series) -> pl.Series:
    """A text column as integers, numbers or booleans, where not one character is lost."""
    if values.dtype != pl.String:
        return values
    for dtype in (pl.Int64, pl.Float64):
        typed = values.cast(dtype, strict=False)
        if typed.null_count() == values.null_count() < len(values):
            return typed if (typed.cast(pl.String) == values).all() else values
    if 0 < len(values) > values.null_count() and values.is_in(["true", "false"]).all():
        return values == "true"
    return values


def unusable_weights(records: RawRecords, column: str) -> float:
    """The share of a column's values that are no numbers above 0."""
    if records.frame[column].dtype.is_nested() or not len(records.frame):
        return 1.0
    typed = _weight_column(records.frame[column].alias("weight"), records.decimal_comma)
    return typed.n_problems / len(typed.values)


def _typed_column(
    records: RawRecords,
    role: str,
    name: str,
    time_format: str | None,
    positive: Positive | None,
) -> _Column:
    series, remark = plain_values(records.frame[name], role, name, records.source)
    series = series.alias(role)
    if role in ("user", "item"):
        column = _id_column(series, records.is_text)
    elif role == "rating":
        column = _rating_column(series, records, positive)
    elif role == "weight":
        column = _weight_column(series, records.decimal_comma)
    elif role == "time":
        times = parse_times(series, time_format)
        column = _Column(times.values, _time_problems(times.problems, series), times.remark)
    else:
        column = _Column(series.cast(pl.String, strict=False))
    if remark:
        column.remark = f"{remark}; {column.remark}" if column.remark else remark
    return column


def _id_column(series: pl.Series, is_text: bool) -> _Column:
    if series.dtype.is_integer() and not series.null_count():
        return _Column(series)  # the usual case, and the fastest
    ids, remark = clean_ids(series), ""
    if is_text:
        ids = integer_ids(_without_quotes(ids))
        if ids.dtype == pl.String and (whole := whole_numbers(ids)) is not None:
            example = ids.drop_nulls()[0]
            remark = (
                f"all {series.name} ids end in .0, as {example!r} does, and are read as whole "
                "numbers"
            )
            ids = whole
    problems = _problem_texts(ids.is_null(), pl.lit(f"missing {series.name}"), series)
    return _Column(ids, problems, remark)


def _weight_column(series: pl.Series, decimal_comma: bool) -> _Column:
    parsed = parse_ratings(series, decimal_comma=decimal_comma)
    numbers = parsed.values
    usable = (numbers.is_finite() & (numbers > 0)).fill_null(False)
    problem = (
        pl.when(pl.lit(parsed.texts.is_null()))
        .then(pl.lit("missing weight"))
        .otherwise("weight " + _QUOTED_VALUE + " is no number above 0")
    )
    return _Column(numbers, _problem_texts(~usable, problem, series))


def _rating_column(series: pl.Series, records: RawRecords, positive: Positive | None) -> _Column:
    ratings = parse_ratings(series, decimal_comma=records.decimal_comma)
    threshold = None if positive is None else positive.threshold
    if positive is not None and positive.words:
        ratings, threshold = mark_positive(ratings, positive.words, records.source)
    numbers = ratings.values
    if numbers.is_finite().all() and not numbers.null_count():
        return _Column(numbers, remark=ratings.remark, positive=threshold)
    problem = (
        pl.when(pl.lit(ratings.texts.is_null()))
        .then(pl.lit("missing rating"))
        .when(pl.lit(numbers.is_null()))
        .then("rating " + _QUOTED_VALUE + " is not a number")
        .otherwise("rating " + _QUOTED_VALUE + " is not finite")
    )
    unusable = ~numbers.is_finite().fill_null(False)
    return _Column(numbers, _problem_texts(unusable, problem, series), ratings.remark, threshold)


def _time_problems(problems: pl.Series | None, series: pl.Series) -> pl.Series | None:
    if problems is None:
        return None
    problem = "time " + _QUOTED_VALUE + " " + pl.lit(problems)
    return _problem_texts(problems.is_not_null(), problem, series)


def _without_quotes(ids: pl.Series) -> pl.Series:
    """Text ids without quotes around them, which a blank in front keeps from being read as such."""
    if ids.dtype != pl.String:
        return ids
    quoted = ids.str.starts_with('"') & ids.str.ends_with('"') & (ids.str.len_chars() > 1)
    if not quoted.any():
        return ids
    bare = ids.str.slice(1, ids.str.len_chars() - 2).str.replace_all('""', '"', literal=True)
    return _blank_to_null(bare.zip_with(quoted.fill_null(False), ids))


def _blank_to_null(texts: pl.Series) -> pl.Series:
    """Texts without blanks around them; empty ones become null."""
    return texts.str.strip_chars().replace("", None)


def _problem_texts(unusable: pl.Series, problem: pl.Expr, series: pl.Series) -> pl.Series | None:
    """What is wrong with each unusable value, from an expression over the column `value`."""
    if not unusable.any():
        return None
    frame = series.cast(pl.String, strict=False).alias("value").to_frame()
    return frame.select(pl.when(pl.lit(unusable)).then(problem).alias("problem")).to_series()


def _first_problems(columns: Sequence[_Column]) -> pl.Series | None:
    """The first problem of each record, null where there is none; None without any problem."""
    problems = [column.problems for column in columns if column.problems is not None]
    if not problems:
        return None
    frame = pl.DataFrame([series.alias(f"{n}") for n, series in enumerate(problems)])
    return frame.select(pl.coalesce(pl.all())).to_series()


def _unusable_records(records: RawRecords, problems: pl.Series | None) -> list[SkippedRecord]:
    if problems is None:
        return []
    skipped = []
    row = records.row
    for position in problems.is_not_null().arg_true():
        cells = records.frame.row(position)
        content = shorten(", ".join("" if c is None else str(c) for c in cells))
        place = records.location(position)
        skipped.append(SkippedRecord(int(row[position]), problems[position], content, place))
    return skipped


def _refuse_malformed(
    records: RawRecords,
    columns: Mapping[str, str],
    by_role: Mapping[str, _Column],
    skipped: Sequence[SkippedRecord],
    malformed: Malformed,
) -> None:
    """Raise where a malformed record may not be skipped, or where most records are malformed."""
    source = records.source
    if records.n_total == 0:
        raise DataError(f"{source} has no record.")
    if skipped and malformed == "raise":
        first = skipped[0]
        raise DataError(
            f"{source}: {first.problem} in {first.location} ({first.content!r}); correct it, or "
            f"leave out such records with malformed='skip'."
        )
    if len(skipped) <= records.n_total / 2:
        return
    role, column = max(by_role.items(), key=lambda pair: pair[1].n_problems)
    if column.problems is None or column.n_problems <= len(skipped) / 2:
        first = skipped[0]
        raise DataError(
            f"{source}: {len(skipped):,} of {records.n_total:,} records are malformed, the first "
            f"in {first.location} ({first.problem}: {first.content!r}); check the separator "
            f"(--separator), the header and the quotes."
        )
    position = int(column.problems.is_not_null().arg_true()[0])
    value = records.frame[columns[role]][position]
    example = "nothing" if value is None else repr(shorten(str(value)))
    more = f" (and {column.n_problems - 1:,} more)" if column.n_problems > 1 else ""
    otherwise = _OTHERWISE.get(role, "") if value is not None else ""
    comma = "," if otherwise else ""
    without = "" if role in ("user", "item") else f"{comma} or go without with {role}=False"
    raise DataError(
        f"{source}: the {role} column {columns[role]!r} is not {_REQUIRED[role]}: "
        f"{example} in {records.location(position)}{more}; name another column with {role}='…' "
        f"(--{role} …){otherwise}{without}."
    )


def _other_columns(records: RawRecords, columns: Mapping[str, str]) -> pl.DataFrame:
    """The columns without a role, renamed where their names mean something else in a log."""
    taken = set(columns.values())
    names = {name: name for name in records.frame.columns if name not in taken}
    for name in names:
        if name in (*ROLES, "row"):
            renamed = f"source_{name}"
            while renamed in names:
                renamed += "_"
            names[name] = renamed
    return records.frame.select(pl.col(name).alias(new) for name, new in names.items())

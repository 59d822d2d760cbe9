"""Give raw records the typed columns of a log, and list the records that cannot be used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import polars as pl

from penchant.data.missing_texts import without_missing
from penchant.data.positive import Positive
from penchant.data.reading.column_names import ROLES
from penchant.data.reading.id_values import clean_ids, integer_ids, plain_ids
from penchant.data.reading.nested import plain_values
from penchant.data.reading.positive_ratings import mark_positive
from penchant.data.reading.ratings import parse_ratings
from penchant.data.reading.records import (
    RawRecords,
    SkippedRecord,
    shorten,
)
from penchant.data.reading.shop_columns import bought_by_weight, is_quantity, prices
from penchant.data.times import parse_times

_EVENT_ROLES = tuple(role for role in ROLES if role != "title")
_RATED_ROLES = _EVENT_ROLES[: _EVENT_ROLES.index("basket")]
"""Names that have a meaning among events, and those that have one in logs of ratings."""
_QUOTED_VALUE = "'" + pl.col("value").str.slice(0, 40) + "'"


@dataclass(frozen=True)
class RoleProblems:
    """How many values of a role's column are unusable, and the first of them with its place."""

    n: int
    value: object
    location: str


@dataclass(frozen=True)
class TypedRecords:
    """The columns of a log, or of a piece of one: those of the roles, then `row`, then all others.

    Attributes:
        frame: the usable records.
        skipped: the others, in the order of the source.
        problems: of the roles that have any.
        remarks: what was decided by convention, by role.
        readings: how the values of each role were read, by which pieces of a log are known to be
            read as the whole log is: empty where nothing but the value decides, None where the
            other values of the column do.
        positive: the lowest rating of a positive event, where a wish says which are.
        left_out: `basket` and, where known, `user` and `time` of the unusable records, which tell
            those of other records of their baskets; None where there are none.
        inferred: the types of the columns without a role that have a value, as texts are read.
        date_form: as in `TimesRead`.
    """

    frame: pl.DataFrame
    skipped: list[SkippedRecord]
    problems: dict[str, RoleProblems]
    remarks: dict[str, str]
    readings: dict[str, str | None]
    positive: float | None = None
    left_out: pl.DataFrame | None = None
    inferred: Mapping[str, pl.DataType] = field(default_factory=dict)
    date_form: str | None = None


@dataclass
class _Column:
    values: pl.Series
    problems: pl.Series | None = None  # text, null where a value is usable; None if all are
    remark: str = ""
    positive: float | None = None  # the lowest rating of a positive event
    reading: str | None = ""  # as in `TypedRecords`
    date_form: str | None = None  # likewise

    @property
    def n_problems(self) -> int:
        return 0 if self.problems is None else len(self.problems) - self.problems.null_count()


def type_records(
    records: RawRecords,
    columns: Mapping[str, str],
    time_format: str | None = None,
    positive: Positive | None = None,
    *,
    purchases: bool = False,
) -> TypedRecords:
    """Give each column its role and type; records with unusable values are left out and listed.

    Args:
        records: the records.
        columns: the column of each role.
        time_format: as in `penchant.read`.
        positive: which ratings are positive.
        purchases: records may be purchases: those with a basket or a time are kept without a user,
            a user such as NULL is none where there are baskets, and quantities below 0 are kept.
    """
    roles = [role for role in ROLES if role in columns]
    has_baskets = purchases and "basket" in columns
    signed: set[str] = {"quantity"} if purchases else set()
    if purchases and bought_by_weight(columns):
        signed.add("weight")

    def type_column(role: str) -> _Column:
        return _typed_column(
            records, role, columns[role], time_format, positive,
            signed=role in signed, has_baskets=has_baskets,
        )  # fmt: skip

    with ThreadPoolExecutor() as pool:  # Polars works outside Python's global lock
        typed = list(pool.map(type_column, roles))
    by_role = dict(zip(roles, typed, strict=True))
    if purchases:
        _without_needless_users(by_role)
    problems = _first_problems(typed)
    skipped = [*records.skipped, *_unusable_records(records, problems)]
    skipped.sort()
    frame = pl.DataFrame([*(column.values for column in typed), records.row.alias("row")])
    others = _other_columns(records, columns, _EVENT_ROLES if purchases else _RATED_ROLES)
    inferred: dict[str, pl.DataType] = {}
    if records.is_text:
        others = others.select(infer_type(others[name]) for name in others.columns)
        inferred = {c.name: c.dtype for c in others if c.null_count() < len(c)}
    frame = frame.hstack(others)
    left_out = None
    if problems is not None:
        if has_baskets:
            told = [role for role in ("basket", "user", "time") if role in by_role]
            left_out = frame.filter(problems.is_not_null()).select(told).drop_nulls("basket")
        frame = frame.filter(problems.is_null())
    texts = [
        role
        for role in ("user", "item", "basket")
        if records.is_text and role in columns and frame[role].dtype == pl.String
    ]
    return TypedRecords(
        frame=frame.with_columns(integer_ids(frame[role]) for role in texts),
        skipped=skipped,
        problems={
            role: _problems_of(records, columns[role], column.problems, column.n_problems)
            for role, column in by_role.items()
            if column.problems is not None
        },
        remarks={role: column.remark for role, column in by_role.items() if column.remark},
        readings={role: column.reading for role, column in by_role.items()},
        positive=by_role["rating"].positive if "rating" in by_role else None,
        left_out=left_out,
        inferred=inferred,
        date_form=by_role["time"].date_form if "time" in by_role else None,
    )


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


def unusable_weights(records: RawRecords, column: str, *, purchases: bool = False) -> float:
    """The share of a column's values that are no weights; bought quantities may be below 0."""
    if records.frame[column].dtype.is_nested() or not len(records.frame):
        return 1.0
    signed, series = purchases and is_quantity(column), records.frame[column].alias("weight")
    typed = _weight_column(series, records.decimal_comma, signed=signed)
    return typed.n_problems / len(typed.values)


def _typed_column(
    records: RawRecords,
    role: str,
    name: str,
    time_format: str | None,
    positive: Positive | None,
    *,
    signed: bool,
    has_baskets: bool,
) -> _Column:
    frame = records.frame
    series, remark = plain_values(frame[name], role, name, records.source, frame)
    series = series.alias(role)
    if role == "user" and has_baskets and series.dtype == pl.String:
        series = without_missing(series)
    if role in ("user", "item"):
        column = _id_column(series, records.is_text)
    elif role == "rating":
        column = _rating_column(series, records, positive)
    elif role in ("weight", "quantity"):
        column = _weight_column(series, records.decimal_comma, signed=signed)
    elif role == "basket":
        column = _id_column(series, records.is_text, may_be_missing=True)
    elif role == "price":
        column = _Column(prices(series))
    elif role == "time":
        times = parse_times(series, time_format)
        problems = _time_problems(times.problems, series)
        column = _Column(
            times.values, problems, times.remark, reading=times.reading, date_form=times.date_form
        )
    elif role in ("event", "title"):
        column = _Column(clean_ids(series.cast(pl.String, strict=False)))
    else:
        column = _Column(series.cast(pl.String, strict=False))
    if remark:
        column.remark = f"{remark}; {column.remark}" if column.remark else remark
    return column


def _without_needless_users(by_role: Mapping[str, _Column]) -> None:
    """Let purchases with a basket or a time have no user.

    Where there are no baskets, and more than half of the records have no user, that is a problem
    still.
    """
    basket, user, time = (by_role.get(role) for role in ("basket", "user", "time"))
    if user is None:
        return
    is_missing = user.values.is_null()
    if basket is None:
        mostly_missing = 2 * int(is_missing.sum()) > len(is_missing)
        if user.reading is not None:
            share = "mostly missing" if mostly_missing else "mostly known"
            user.reading = f"{user.reading}, {share}"
        if mostly_missing:
            return
    if user.problems is None:
        return
    usable = ~is_missing
    for column in (basket, time):
        if column is not None:
            usable |= column.values.is_not_null()
    nothing = pl.Series([None], dtype=pl.String)
    user.problems = None if usable.all() else user.problems.zip_with(~usable, nothing)


def _id_column(series: pl.Series, is_text: bool, *, may_be_missing: bool = False) -> _Column:
    as_written = "as written" if is_text and series.count() else ""
    if series.dtype.is_integer() and not series.null_count():
        return _Column(series, reading=as_written)  # the usual case, and the fastest
    ids, remark = plain_ids(series, is_text=is_text)
    reading = None if series.dtype.is_decimal() else "whole numbers" if remark else as_written
    if may_be_missing:
        return _Column(ids, remark=remark, reading=reading)
    problems = _problem_texts(ids.is_null(), pl.lit(f"missing {series.name}"), series)
    return _Column(ids, problems, remark, reading=reading)


def _weight_column(series: pl.Series, decimal_comma: bool, *, signed: bool = False) -> _Column:
    parsed = parse_ratings(series, decimal_comma=decimal_comma)
    numbers = parsed.values
    in_range = numbers != 0 if signed else numbers > 0
    usable = (numbers.is_finite() & in_range).fill_null(False)
    problem = (
        pl.when(pl.lit(parsed.texts.is_null()))
        .then(pl.lit(f"missing {series.name}"))
        .otherwise(
            f"{series.name} " + _QUOTED_VALUE + f" is no number {'but' if signed else 'above'} 0"
        )
    )
    problems = _problem_texts(~usable, problem, series)
    return _Column(numbers, problems, parsed.doubt, reading="" if parsed.apart else None)


def _rating_column(series: pl.Series, records: RawRecords, positive: Positive | None) -> _Column:
    ratings = parse_ratings(series, decimal_comma=records.decimal_comma)
    threshold = None if positive is None else positive.threshold
    if positive is not None and positive.words:
        ratings, threshold = mark_positive(ratings, positive.words, records.source)
    numbers = ratings.values
    column = _Column(numbers, remark=ratings.remark or ratings.doubt, positive=threshold)
    column.reading = "" if ratings.apart else None
    if numbers.is_finite().all() and not numbers.null_count():
        return column
    problem = (
        pl.when(pl.lit(ratings.texts.is_null()))
        .then(pl.lit("missing rating"))
        .when(pl.lit(numbers.is_null()))
        .then("rating " + _QUOTED_VALUE + " is not a number")
        .otherwise("rating " + _QUOTED_VALUE + " is not finite")
    )
    column.problems = _problem_texts(~numbers.is_finite().fill_null(False), problem, series)
    return column


def _time_problems(problems: pl.Series | None, series: pl.Series) -> pl.Series | None:
    if problems is None:
        return None
    problem = "time " + _QUOTED_VALUE + " " + pl.lit(problems)
    return _problem_texts(problems.is_not_null(), problem, series)


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


def _problems_of(records: RawRecords, column: str, problems: pl.Series, n: int) -> RoleProblems:
    position = int(problems.is_not_null().arg_true()[0])
    return RoleProblems(n, records.frame[column][position], records.location(position))


def _other_columns(
    records: RawRecords, columns: Mapping[str, str], reserved: Sequence[str]
) -> pl.DataFrame:
    """The columns without a role, renamed where their names mean something else in a log."""
    taken = set(columns.values())
    names = {name: name for name in records.frame.columns if name not in taken}
    for name in names:
        if name in (*reserved, "row"):
            renamed = f"source_{name}"
            while renamed in names:
                renamed += "_"
            names[name] = renamed
    return records.frame.select(pl.col(name).alias(new) for name, new in names.items())

"""Type the records of a log, piece by piece where they are many, and refuse malformed logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import polars as pl

from penchant.data.positive import Positive
from penchant.data.reading.column_contents import OTHER_TEXTS
from penchant.data.reading.guess_evidence import GuessEvidence
from penchant.data.reading.log_columns import LogColumns
from penchant.data.reading.parts.pieces import NotInPiecesError, Pieces
from penchant.data.reading.piece_columns import PieceColumns
from penchant.data.reading.purchase_users import complete_purchases
from penchant.data.reading.records import RawRecords, SkippedRecord, shorten, skipped_table
from penchant.data.reading.typed_columns import RoleProblems, TypedRecords, type_records
from penchant.errors import DataError

Malformed = Literal["skip", "raise"]
_SAMPLE = 200  # records that messages look at
_CODED = ("user", "item", "basket", "event", "title")  # texts of which there are few
_REQUIRED = {
    "rating": "numeric",
    "weight": "made of numbers above 0",
    "quantity": "made of numbers",
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

    Attributes:
        frame: the usable records; ids that are texts may be categories.
        skipped: as in `Origin`.
        remarks: what was decided by convention.
        positive: the lowest rating of a positive event, where a wish says which are.
        date_form: as in `TimesRead`.
    """

    frame: pl.DataFrame
    skipped: pl.DataFrame | None
    remarks: tuple[str, ...]
    positive: float | None = None
    date_form: str | None = None


def type_columns(
    records: RawRecords,
    columns: Mapping[str, str],
    malformed: Malformed,
    time_format: str | None = None,
    positive: Positive | None = None,
    *,
    purchases: bool = False,
) -> TypedColumns:
    """Give each column its role and type; records with unusable values are left out and listed.

    All arguments but `malformed`, which is as in `penchant.read`, are those of `type_records`.

    Raises:
        DataError: a record is malformed and `malformed` is "raise", or most records are.
    """
    typed = type_records(records, columns, time_format, positive, purchases=purchases)
    frame, typed = typed.frame, replace(typed, frame=typed.frame.clear())
    return _joined(records, columns, [typed], frame, malformed, purchases=purchases)


def type_pieces(
    pieces: Pieces,
    chosen: LogColumns,
    malformed: Malformed,
    time_format: str | None = None,
    positive: Positive | None = None,
    *,
    scratch: Path | None = None,
) -> tuple[RawRecords, TypedColumns] | None:
    """The same piece by piece, and the records of all without their values but for a few.

    Texts of users, items, baskets, kinds of events and titles become categories. None where the
    whole log would be read otherwise than its pieces are, such as dates of which one tells in which
    order all have day and month, or columns that all values speak against.

    Args:
        pieces: whose records have a meaning apart, as `LogColumns` says.
        chosen: the columns, by the first piece.
        malformed: as in `penchant.read`.
        time_format: as in `penchant.read`.
        positive: the rating from which events are positive.
        scratch: as in `penchant.read`.

    Raises:
        DataError: a record is malformed and `malformed` is "raise", or most records are.
    """
    first, columns = pieces.first, chosen.columns
    names = first.frame.columns
    categories = {
        role: pl.Categorical(pl.Categories.random()) for role in _CODED if role in columns
    }
    readings: dict[str, str] = {}
    done: list[TypedRecords] = []
    taken = PieceColumns(categories, scratch)
    evidence = GuessEvidence(chosen)
    n_records = 0
    heads: list[RawRecords] = []
    try:
        for records in pieces:
            if not _are_alike(records, first):
                return None
            records = replace(records, frame=records.frame.select(names))
            typed = type_records(
                records, columns, time_format, positive, purchases=chosen.purchases
            )
            for role, reading in typed.readings.items():
                if reading is None or (reading and readings.setdefault(role, reading) != reading):
                    return None
            if not evidence.add(records, typed):
                return None
            taken.add(typed.frame, typed.inferred)
            done.append(replace(typed, frame=typed.frame.clear()))
            few = replace(records, frame=records.frame.clear(), numbers=None, lines=None)
            heads.append(replace(few, skipped=()))
            n_records += records.n_total
            del records, typed
    except NotInPiecesError:
        return None
    if not first.has_header and _are_doubtful_ratings(done, n_records):
        return None
    frame = taken.joined()
    if not evidence.holds(frame):
        return None
    some = evidence.first_records.frame.head(_SAMPLE)
    everything = replace(
        first,
        frame=some,
        numbers=None,
        lines=None,
        skipped=(),
        remarks=tuple(dict.fromkeys(remark for head in heads for remark in head.remarks)),
        parts=tuple(part for head in heads for part in head.parts),
        n_elsewhere=n_records - some.height,
    )
    joined = _joined(everything, columns, done, frame, malformed, purchases=chosen.purchases)
    return everything, joined


def _are_doubtful_ratings(done: Sequence[TypedRecords], n_records: int) -> bool:
    """Whether all values of a column might tell that it has no ratings, as the first ones did."""
    n_wrong = sum(typed.problems["rating"].n for typed in done if "rating" in typed.problems)
    return n_wrong > 1 and n_wrong > OTHER_TEXTS * (n_records - n_wrong)


def _are_alike(records: RawRecords, first: RawRecords) -> bool:
    """Whether a piece's columns have the names and types of those of the first piece."""
    if (records.is_text, records.decimal_comma) != (first.is_text, first.decimal_comma):
        return False
    schema, wanted = records.frame.schema, first.frame.schema
    return schema.keys() == wanted.keys() and (
        first.is_text or all(schema[name] == dtype for name, dtype in wanted.items())
    )


def _joined(
    records: RawRecords,
    columns: Mapping[str, str],
    typed: Sequence[TypedRecords],
    frame: pl.DataFrame,
    malformed: Malformed,
    *,
    purchases: bool,
) -> TypedColumns:
    """The typed columns of all pieces.

    Args:
        records: of all, for messages.
        columns: the column of each role.
        typed: each piece.
        frame: the columns of all.
        malformed: as in `penchant.read`.
        purchases: as `type_records` takes it: the other records of a basket say what is missing of
            a record's user and time.

    Raises:
        DataError: there is no record, one is malformed and `malformed` is "raise", or most are.
    """
    skipped = [record for piece in typed for record in piece.skipped]
    problems: dict[str, RoleProblems] = {}
    remarks: dict[str, str] = {}
    for piece in typed:
        for role, more in piece.problems.items():
            known = problems.get(role)
            problems[role] = more if known is None else replace(known, n=known.n + more.n)
        for role, remark in piece.remarks.items():
            remarks.setdefault(role, remark)
    _refuse_malformed(records, columns, problems, skipped, malformed)
    if purchases:
        left_out = [piece.left_out for piece in typed if piece.left_out is not None]
        frame, remark = complete_purchases(frame, left_out, is_text=records.is_text)
        if remark:
            remarks["user"] = "; ".join(filter(None, (remarks.get("user"), remark)))
    in_order = tuple(remarks[role] for role in columns if role in remarks)
    date_form = next((piece.date_form for piece in typed if piece.date_form), None)
    return TypedColumns(frame, skipped_table(skipped), in_order, typed[0].positive, date_form)


def _refuse_malformed(
    records: RawRecords,
    columns: Mapping[str, str],
    problems: Mapping[str, RoleProblems],
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
    role = max(columns, key=lambda role: problems[role].n if role in problems else 0)
    if role not in problems or problems[role].n <= len(skipped) / 2:
        first = skipped[0]
        raise DataError(
            f"{source}: {len(skipped):,} of {records.n_total:,} records are malformed, the first "
            f"in {first.location} ({first.problem}: {first.content!r}); check the separator "
            f"(--separator), the header and the quotes."
        )
    n, value, location = problems[role].n, problems[role].value, problems[role].location
    example = "nothing" if value is None else repr(shorten(str(value)))
    more = f" (and {n - 1:,} more)" if n > 1 else ""
    otherwise = _OTHERWISE.get(role, "") if value is not None else ""
    comma = "," if otherwise else ""
    without = "" if role in ("user", "item") else f"{comma} or go without with {role}=False"
    raise DataError(
        f"{source}: the {role} column {columns[role]!r} is not {_REQUIRED[role]}: "
        f"{example} in {location}{more}; name another column with {role}='…' "
        f"(--{role} …){otherwise}{without}."
    )

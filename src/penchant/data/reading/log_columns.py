"""Choose the columns of a log, with what follows from them for its reading."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from penchant.data.reading.column_guessing import ChosenColumns, ColumnChoice, choose_columns
from penchant.data.reading.line_totals import (
    LineTotal,
    guessed_total,
    remark_on_price,
    requested_total,
)
from penchant.data.reading.nested import with_nested_fields
from penchant.data.reading.nested_events import with_events_inside
from penchant.data.reading.records import RawRecords
from penchant.data.reading.sessions import SessionColumns, SessionWish, session_columns
from penchant.data.reading.typed_columns import unusable_weights

logger = logging.getLogger(__name__)

_SAMPLE = 200  # records looked at
_KINDS = {"weight": "a weight of events", "quantity": "a quantity"}
MOST_OTHERS = 0.2
"""Of the values of a guessed column of weights or quantities may be none."""

_MAY_BE_DECIMAL = (None, "quantity", "price")  # whose values are not read by those of others
_RATED = {"user", "item", "rating", "weight", "time", "text"}


@dataclass(frozen=True)
class LogColumns:
    """The columns of a log.

    Attributes:
        records: the records, with fields of structs as columns where these were chosen.
        choices: what was asked for, that by which events belong together included.
        choice: the columns as they were chosen before it was looked what are sessions, weights,
            quantities and totals.
        columns: the source's column of each role.
        guessed: the roles whose columns were guessed.
        found: the same with what is known of sessions.
        total: the column with what whole lines came to, where prices of a piece follow from it.
        passed_over: columns that are no weights or quantities, of which something was said.
        price_remark: what is to be said of prices.
        purchases: whether events may be purchases.
        were_inside: whether events or their fields were found inside the values of the records.
    """

    records: RawRecords
    choices: dict[str, ColumnChoice]
    choice: ChosenColumns
    columns: dict[str, str]
    guessed: tuple[str, ...]
    found: SessionColumns
    total: LineTotal | None
    passed_over: tuple[str, ...]
    price_remark: str | None
    purchases: bool
    were_inside: bool

    @property
    def have_meaning_apart(self) -> bool:
        """Whether some of the records may show the columns of all, as far as guesses hold.

        Not so where records are nested, or where all values decide what a column is.
        """
        frame, columns = self.records.frame, self.columns
        if self.records.layout != "columns" or self.were_inside or self.passed_over:
            return False
        if not all(_is_plain(frame, name, self._role_of(name)) for name in frame.columns):
            return False
        instead_of_users = self.found.users_are is not None and "user" in self.choice.columns
        if "weight" in self.guessed or (instead_of_users and "basket" in self.choice.columns):
            return False
        is_complete = "rating" in columns or set(frame.columns) == set(columns.values())
        if not self.records.has_header:
            return is_complete
        return (is_complete and columns.keys() <= _RATED) or len(frame) >= _SAMPLE

    def _role_of(self, column: str) -> str | None:
        return next((role for role, name in self.columns.items() if name == column), None)


def choose_log_columns(
    records: RawRecords,
    choices: Mapping[str, ColumnChoice],
    sessions: SessionWish,
    *,
    needs_event: bool,
    quiet: bool,
) -> LogColumns:
    """The columns of a log, asked for or guessed.

    Args:
        records: of the source.
        choices: what was asked for.
        sessions: the same of sessions.
        needs_event: whether there must be a column of kinds of events.
        quiet: whether to say nothing of columns that are passed over.

    Raises:
        DataError: a column asked for does not exist, or none is recognised.
    """
    as_read = records
    records = with_nested_fields(with_events_inside(as_read, choices), choices)
    choices = sessions.choices(choices, records)
    price = choices["price"]
    total = requested_total(price, records.frame.columns, records.source)
    if total is not None:
        choices["price"] = total.total
    choice = choose_columns(records, choices, ("event",) if needs_event else ())
    found = session_columns(records, choice.columns, choice.guessed, sessions)
    columns, guessed = found.columns, found.guessed
    if choices["text"] is None and "text" in columns and not _is_prose(records, columns["text"]):
        del columns["text"]
        guessed = tuple(role for role in guessed if role != "text")
    purchases = "rating" not in columns and records.layout in ("columns", "baskets")
    passed_over = []
    for guess in ("weight", "quantity"):
        is_guess = guess in columns and choices[guess] is None
        if is_guess and not _are_numbers(records, guess, columns[guess], purchases, quiet=quiet):
            passed_over.append(columns.pop(guess))
            guessed = tuple(role for role in guessed if role != guess)
    price_remark = None
    if total is None and purchases and price is None:
        price_remark = remark_on_price(records, columns)
        if "price" not in columns and (total := guessed_total(records, columns)) is not None:
            columns, guessed = {**columns, "price": total.total}, (*guessed, "price")
    return LogColumns(
        records=records,
        choices=choices,
        choice=choice,
        columns=columns,
        guessed=guessed,
        found=found,
        total=total,
        passed_over=tuple(passed_over),
        price_remark=price_remark,
        purchases=purchases,
        were_inside=records is not as_read,
    )


def _is_plain(frame: pl.DataFrame, column: str, role: str | None) -> bool:
    dtype = frame.schema[column]
    if dtype.is_decimal():
        return role in _MAY_BE_DECIMAL
    return not (dtype.is_nested() or dtype in (pl.Object, pl.Binary))


def _is_prose(records: RawRecords, column: str) -> bool:
    """Whether a guessed text column is text and not, say, a number of stars named `review`."""
    values = records.frame[column].head(_SAMPLE)
    if values.dtype != pl.String:
        return False
    numbers = values.cast(pl.Float64, strict=False)
    return not records.is_text or numbers.null_count() > len(values) / 2


def _are_numbers(
    records: RawRecords, role: str, column: str, purchases: bool, *, quiet: bool
) -> bool:
    """Whether nearly all values of a guessed column of weights or quantities can be some."""
    share = unusable_weights(records, column, purchases=purchases)
    if share <= MOST_OTHERS:
        return True
    if not quiet:
        logger.warning(
            f"{records.source}: {column} was not taken for {_KINDS[role]}, since {share:.0%} of "
            f"its values are no numbers above 0; --{role} {column} ({role}=…) takes it, and leaves "
            "these events out."
        )
    return False

"""Whether all records bear out what the first ones tell of a log's columns."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import polars as pl

from penchant.data.categories import as_texts
from penchant.data.reading.column_names import has_usual_name, plain_name
from penchant.data.reading.line_totals import (
    SAMPLE,
    guessed_total,
    mostly_numbers,
    perhaps_totals,
    remark_on_price,
)
from penchant.data.reading.log_columns import MOST_OTHERS, LogColumns
from penchant.data.reading.records import RawRecords, concat_chunks
from penchant.data.reading.sessions import MOST_WITHOUT_USER, n_missing
from penchant.data.reading.shop_columns import (
    FEWEST,
    MOST_KINDS,
    SESSION_NAMES,
    have_one_title,
    have_one_user,
    is_quantity,
    may_be_kinds,
    may_be_prices,
    may_be_title,
    present,
    price_counts,
    prices,
)
from penchant.data.reading.typed_columns import TypedRecords


class GuessEvidence:
    """What the records of each piece say of the columns that the first piece has made likely.

    Args:
        chosen: the columns by the records of the first piece.
    """

    def __init__(self, chosen: LogColumns) -> None:
        self._chosen, self._first = chosen, chosen.records
        self._sample: list[pl.DataFrame] = []
        self._n = self._n_unlike = self._n_without_user = self._n_no_quantity = 0
        choices, columns = chosen.choices, chosen.choice.columns
        guessed = {role: name for role, name in columns.items() if choices.get(role) is None}
        self._decided: list[tuple[str, _Values, bool]] = []
        for role, name in guessed.items():
            if role in _VALUES:
                self._decided.append((name, _VALUES[role](), True))
            elif role == "quantity" and plain_name(name) == "amount":
                self._decided.append((name, _WholeNumbers(), True))
        self._is_doubtful = self._has_doubtful_item(guessed)
        for role, name in chosen.choice.rejected:
            if role in _VALUES:
                self._decided.append((name, _VALUES[role](), False))
            elif role != "title" or may_be_title(self._first.frame[name]):
                self._is_doubtful = True
        basket, self._user = columns.get("basket"), columns.get("user")
        of_users = "basket" in guessed and plain_name(guessed["basket"]) not in SESSION_NAMES
        self._users_of = basket if of_users and self._user is not None else None
        self._has_guessed_title = "title" in guessed
        self._has_guessed_quantity = "quantity" in guessed
        self._looks_for_totals = False
        self._prices: dict[str, _Prices] = {}
        if chosen.purchases and choices["price"] is None and not self._is_doubtful:
            self._look_for_totals()

    @property
    def first_records(self) -> RawRecords:
        """Those that a look at the first records is taken at, of all that were added."""
        return replace(self._first, frame=concat_chunks(self._sample))

    def add(self, records: RawRecords, typed: TypedRecords) -> bool:
        """Look at a piece; whether the columns may still be what they seem.

        Args:
            records: of the piece.
            typed: the same with the types of the columns.
        """
        if self._is_doubtful:
            return False
        frame = records.frame
        lacking = SAMPLE - sum(map(len, self._sample))
        if lacking > 0:
            self._sample.append(frame.head(lacking))
        self._n += len(frame)
        for name, values, _ in self._decided:
            values.add(frame[name])
        for name, numbers in self._prices.items():
            numbers.add(frame[name])
        if self._users_of is not None and self._user is not None:
            n_told = len(typed.frame) - typed.frame["user"].null_count()
            self._n_unlike += present(frame[self._user]).count() - n_told
            self._n_unlike += sum(_n_quoted(frame[name]) for name in (self._users_of, self._user))
        if self._chosen.found.in_sessions and self._user is not None:
            self._n_without_user += n_missing(frame[self._user])
        if "quantity" in typed.problems:
            self._n_no_quantity += typed.problems["quantity"].n
        return True

    def holds(self, frame: pl.DataFrame) -> bool:
        """Whether all records surely tell of the columns what the first ones do.

        Args:
            frame: the usable records of all pieces, with the types of the columns.
        """
        if any(values.speak_for_it() != wanted for _, values, wanted in self._decided):
            return False
        if self._chosen.found.in_sessions and self._n_without_user > MOST_WITHOUT_USER * self._n:
            return False
        if self._has_guessed_quantity and self._n_no_quantity > MOST_OTHERS * self._n:
            return False
        n_left_out = self._n - len(frame)
        if self._users_of is not None and not have_one_user(
            frame["basket"], frame["user"], n_left_out + self._n_unlike
        ):
            return False
        if self._has_guessed_title and "title" in frame.columns:
            counts = frame.group_by("item", "title").len()
            counts = counts.with_columns(as_texts(counts["title"]))
            if not have_one_title(counts, n_left_out):
                return False
        return not self._looks_for_totals or self._have_equal_totals()

    def _has_doubtful_item(self, guessed: dict[str, str]) -> bool:
        """Whether ids might be told not to repeat by more records than the first ones."""
        few = self._first.has_header and len(self._first.frame) < FEWEST
        return few and "item" in guessed and not has_usual_name(guessed["item"], "item")

    def _look_for_totals(self) -> None:
        columns = self._without_total()
        free = [name for name in self._first.frame.columns if name not in columns.values()]
        if not {"quantity", "weight"} & columns.keys():
            self._is_doubtful = any(map(is_quantity, free))
            return
        self._looks_for_totals = True
        if "price" not in columns:
            self._prices = {name: _Prices() for name in perhaps_totals(free)}

    def _have_equal_totals(self) -> bool:
        columns, some = self._without_total(), self.first_records
        if remark_on_price(some, columns) != self._chosen.price_remark:
            return False
        if "price" in columns:
            return True
        total = guessed_total(some, columns, lambda name: self._prices[name].are_numbers())
        return total == self._chosen.total

    def _without_total(self) -> dict[str, str]:
        """The column of each role, but for prices that follow from totals."""
        columns = self._chosen.columns
        has_total = self._chosen.total is not None
        return {role: name for role, name in columns.items() if role != "price" or not has_total}


class _Values(Protocol):
    """All values of a column, that speak for a role or against it."""

    def add(self, values: pl.Series) -> None:
        """Look at those of a piece."""
        ...

    def speak_for_it(self) -> bool:
        """Whether the column has the role."""
        ...


class _Prices:
    def __init__(self) -> None:
        self._n = self._n_present = self._n_prices = 0

    def add(self, values: pl.Series) -> None:
        n_present, n_prices = price_counts(values)
        self._n += values.count()
        self._n_present, self._n_prices = self._n_present + n_present, self._n_prices + n_prices

    def speak_for_it(self) -> bool:
        return may_be_prices(self._n_present, self._n_prices)

    def are_numbers(self) -> bool:
        return mostly_numbers(self._n_prices, self._n)


class _Kinds:
    def __init__(self) -> None:
        self._kinds: set[object] = set()
        self._n = 0
        self._are_numbers = False

    def add(self, values: pl.Series) -> None:
        self._are_numbers |= values.dtype.is_float() or values.dtype.is_temporal()
        self._n += values.count()
        if len(self._kinds) <= MOST_KINDS:
            kinds = values.drop_nulls().unique().head(MOST_KINDS + 1)
            self._kinds |= set(kinds.cast(pl.String, strict=False))

    def speak_for_it(self) -> bool:
        return not self._are_numbers and may_be_kinds(len(self._kinds), self._n)


class _WholeNumbers:
    def __init__(self) -> None:
        self._n, self._are_whole = 0, True

    def add(self, values: pl.Series) -> None:
        numbers = prices(values).drop_nulls()
        self._n += len(numbers)
        self._are_whole &= bool((numbers == numbers.round()).all())

    def speak_for_it(self) -> bool:
        return self._n > 0 and self._are_whole


_VALUES: dict[str, type[_Values]] = {"price": _Prices, "event": _Kinds}


def _n_quoted(values: pl.Series) -> int:
    """How many texts begin with a quote, without which they may be another's."""
    if values.dtype != pl.String:
        return 0
    return int(values.str.contains(r'^\s*"').sum())

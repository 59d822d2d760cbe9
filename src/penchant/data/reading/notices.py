"""Say what the reading of a log has guessed, decided and left out."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.event_order import has_positions
from penchant.data.reading.column_guessing import ColumnChoice
from penchant.data.reading.id_values import ROUNDED, are_rounded
from penchant.data.reading.layouts.names import describe
from penchant.data.reading.records import RawRecords
from penchant.data.reading.totals import TOTALS, names_of, totals
from penchant.data.reading.unused_columns import remarks_on_unused, unused_columns
from penchant.wording import counted

logger = logging.getLogger(__name__)


def say_layout(records: RawRecords, *, asked_for: bool) -> None:
    """What lines of text were taken for; where somebody has asked for it, what more there is."""
    meaning = describe(records.tallies)
    if not asked_for:
        override = "override with layout='columns' (--layout columns)"
        logger.warning(f"{records.source}: read as {records.layout}, {meaning}; {override}.")
    elif "; " in meaning:
        logger.warning(f"{records.source}: {meaning}.")


def say_guesses(records: RawRecords, columns: dict[str, str], guessed: tuple[str, ...]) -> None:
    """Which columns were guessed, and how to override that."""
    if guessed:
        guesses = ", ".join(f"{role}={columns[role]!r}" for role in guessed)
        basis = "names" if records.has_header else "contents (there are no column names)"
        logger.warning(
            f"{records.source}: guessed from {basis}: {guesses}; override with "
            f"{guessed[0]}=… (--{guessed[0]} …)."
        )


def say_unused(
    records: RawRecords,
    columns: dict[str, str],
    choices: dict[str, ColumnChoice],
    passed_over: Sequence[str],
    events: pl.DataFrame,
) -> None:
    """Which columns look as if they could play a part and play none, but those named already."""
    remarks = remarks_on_unused(
        unused_columns(records, columns, passed_over),
        wants_rating=choices["rating"] is None and choices["weight"] is None,
        wants_time=choices["time"] is None,
        wants_order=not has_positions(events),
        unwanted=[role for role, choice in choices.items() if choice is False],
    )
    for remark in remarks:
        logger.warning(f"{records.source}: {remark}.")


def say_doubtful_ids(log: Dataset) -> None:
    """Which users and items have rounded ids, or are called as the totals of tables are."""
    _say_rounded(log)
    _say_totals(log)


def _say_rounded(log: Dataset) -> None:
    for noun in ("user", "item"):
        vocabulary, _, counts = log.side(noun)
        rounded = are_rounded(vocabulary.ids).arg_true().to_numpy()
        if len(rounded):
            first = rounded[np.argmax(counts[rounded])]
            ids = counted(len(rounded), f"{noun} has an id", f"{noun}s have ids")
            logger.warning(
                f"{log.origin.source}: {ids} such as {vocabulary[first]!r} "
                f"({counted(int(counts[first]), 'event')}), {ROUNDED}."
            )


def _say_totals(log: Dataset) -> None:
    for noun in ("user", "item"):
        index = totals(log, noun)
        if len(index):
            called = counted(len(index), f"{noun} is called", f"{noun}s are called")
            rest = TOTALS.format(names=names_of(log, noun, index))
            logger.warning(f"{log.origin.source}: {called} {rest}.")


def say_problems(
    records: RawRecords, remarks: Iterable[str], malformed: pl.DataFrame | None
) -> None:
    """What was decided by convention, and how many records are malformed."""
    for remark in remarks:
        logger.warning(f"{records.source}: {remark}.")
    if malformed is not None:
        row, problem, _ = malformed.row(0)
        place = records.number_in_file(row)
        logger.warning(
            f"{records.source}: left out {len(malformed):,} of {records.n_total:,} records as "
            f"malformed, first record {place} ({problem}); pn.check(log) lists them."
        )

"""Say what the reading of a log has guessed, decided and left out."""

from __future__ import annotations

import logging
from collections.abc import Iterable

import polars as pl

from penchant.data.reading.column_guessing import ColumnChoice
from penchant.data.reading.item_lines import describe
from penchant.data.reading.records import RawRecords
from penchant.data.reading.unused_columns import remarks_on_unused, unused_columns

logger = logging.getLogger(__name__)


def say_layout(records: RawRecords, *, asked_for: bool) -> None:
    """What lines of text were taken for, unless somebody has asked for it."""
    if not asked_for and records.lines is not None:
        meaning = describe(records.layout, records.lines.n_unique())
        logger.warning(
            f"{records.source}: read {meaning}; override with layout='columns' (--layout columns)."
        )


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
    records: RawRecords, columns: dict[str, str], choices: dict[str, ColumnChoice]
) -> None:
    """Which columns look as if they could play a part and play none."""
    remarks = remarks_on_unused(
        unused_columns(records, columns),
        wants_rating=choices["rating"] is None and choices["weight"] is None,
        wants_time=choices["time"] is None,
        unwanted=[role for role, choice in choices.items() if choice is False],
    )
    for remark in remarks:
        logger.warning(f"{records.source}: {remark}.")


def say_problems(
    records: RawRecords, remarks: Iterable[str], malformed: pl.DataFrame | None
) -> None:
    """What was decided by convention, and how many records are malformed."""
    for remark in remarks:
        logger.warning(f"{records.source}: {remark}.")
    if malformed is not None:
        row, problem, _ = malformed.row(0)
        logger.warning(
            f"{records.source}: left out {len(malformed):,} of {records.n_total:,} records as "
            f"malformed, first record {row} ({problem}); pn.check(log) lists them."
        )

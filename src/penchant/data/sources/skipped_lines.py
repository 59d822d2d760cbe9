"""List the lines of published files that are no record."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

import polars as pl

from penchant.data.reading.records import SkippedRecord

logger = logging.getLogger(__name__)


def skipped_lines(files: Iterable[tuple[str, Sequence[SkippedRecord]]]) -> pl.DataFrame | None:
    """`row`, `problem`, `content` and `file` of the lines of several files; None for no line.

    Args:
        files: names of files and their lines.
    """
    rows = [(s.row, s.problem, s.content, name) for name, lines in files for s in lines]
    schema = {"row": pl.UInt32, "problem": pl.String, "content": pl.String, "file": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row") if rows else None


def announce_skipped(name: str, skipped: pl.DataFrame | None) -> None:
    """Say how many lines of a data set were left out."""
    if skipped is not None:
        count = f"{len(skipped):,} lines are no record and were left out"
        logger.warning(f"{name}: {count}; pn.check(log) lists them.")

"""Lines of text with their numbers, for readers whose lines have several events or none."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from penchant.data.reading.preamble import find_preamble
from penchant.data.reading.records import SkippedRecord


def numbered_lines(data: bytes) -> pl.DataFrame:
    """`number` (in the file, from 1) and `line` of all lines that are not blank.

    Lines before the first record, such as comments, are left out.
    """
    preamble = find_preamble(data)
    text = data[preamble.n_bytes :].decode()
    lines = pl.DataFrame({"line": text.split("\n")}, schema={"line": pl.String})
    lines = lines.with_row_index("number", preamble.n_lines + 1)
    lines = lines.with_columns(pl.col("line").str.strip_chars_end("\r"))
    return lines.filter(pl.col("line").str.contains(r"\S"))


def record_numbers(lines: pl.Series, skipped: Sequence[int]) -> pl.Series | None:
    """The number of each event from 1, where each line without events counts as one record.

    Args:
        lines: the line of each event, rising.
        skipped: the lines without events; None is returned where there are none.
    """
    if not skipped:
        return None
    before = pl.Series(sorted(skipped)).search_sorted(lines)
    return pl.int_range(1, len(lines) + 1, eager=True) + before


def skipped_lines_of(
    problems: Sequence[tuple[int, str]], lines: pl.DataFrame, events: pl.Series
) -> tuple[SkippedRecord, ...]:
    """Lines without events as skipped records.

    Args:
        problems: the number of each such line, and what is wrong with it.
        lines: as `numbered_lines` returns them.
        events: the line of each event, rising.
    """
    texts = dict(lines.filter(pl.col("number").is_in([n for n, _ in problems])).iter_rows())
    ordered = sorted(problems)
    return tuple(
        SkippedRecord.at(
            int(events.search_sorted(number)) + place + 1,
            f"line {number}: {problem}",
            texts[number],
            line=number,
        )
        for place, (number, problem) in enumerate(ordered)
    )

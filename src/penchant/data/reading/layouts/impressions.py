"""Read what a news site showed to whom, and what was clicked, as in MIND's `behaviors.tsv`."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from penchant.data.event_order import POSITION
from penchant.data.reading.layouts.lines import numbered_lines, record_numbers, skipped_lines_of
from penchant.data.reading.records import RawRecords
from penchant.data.times import parse_times
from penchant.errors import DataError
from penchant.wording import counted

_COLUMNS = ("impression", "user", "time", "history", "shown")
_SHOWN = re.compile(r"\S+-[01](?: \S+-[01])* *")
_LABELLED = r"^(\S+)-([01])$"
_MIN_SHOWN = 0.95


def are_impressions(sample: Sequence[str]) -> bool:
    """Whether the first lines of a text are impressions with their labels."""
    rows = [line.rstrip("\r").split("\t") for line in sample]
    n_shown = sum(len(row) == len(_COLUMNS) and bool(_SHOWN.fullmatch(row[-1])) for row in rows)
    return n_shown >= max(1, _MIN_SHOWN * len(rows))


def read_impressions(data: bytes, source: str) -> RawRecords:
    """The clicks of UTF-8 text of impressions, and the histories that stand before them.

    A line is `impression, user, time, history, items shown`, with tabs between; items shown end in
    `-1` where they were clicked and in `-0` where not. Clicks become events. So does each user's
    longest history, once, as events without time before all others. Items that were not clicked
    are counted. Lines with other columns, or without a user, are listed as skipped.

    Raises:
        DataError: no line is an impression, or there is no click and no history.
    """
    lines = numbered_lines(data)
    cells = lines["line"].str.split("\t")
    n_columns = len(_COLUMNS)
    rows = lines.with_columns(
        *(
            cells.list.get(n, null_on_oob=True).str.strip_chars().alias(name)
            for n, name in enumerate(_COLUMNS)
        ),
        n_cells=cells.list.len(),
    )
    problems = [
        (
            number,
            f"{counted(n, 'column')} instead of {n_columns}" if n != n_columns else "missing user",
        )
        for number, n in rows.filter((pl.col("n_cells") != n_columns) | (pl.col("user") == ""))
        .select("number", "n_cells")
        .iter_rows()
    ]
    rows = rows.filter((pl.col("n_cells") == n_columns) & (pl.col("user") != ""))
    if not len(rows):
        raise DataError(
            f"{source} has no line of an impression, a user, a time, a history and the items "
            "shown, with tabs between."
        )
    shown = _items(rows, "shown").with_columns(
        pl.col("item").str.extract(_LABELLED, 2).alias("label"),
        pl.col("item").str.extract(_LABELLED, 1).alias("clicked"),
    )
    clicks = shown.filter(pl.col("label") == "1").select(
        "number", "user", pl.col("clicked").alias("item"), "time", "impression"
    )
    histories = _items(
        rows.with_columns(length=pl.col("history").str.count_matches(r"\S+"))
        .sort("length", descending=True, maintain_order=True)
        .unique("user", keep="first", maintain_order=True),
        "history",
    ).select(
        "number",
        "user",
        "item",
        pl.lit(None, pl.String).alias("time"),
        pl.lit(None, pl.String).alias("impression"),
    )
    events = pl.concat([histories, clicks])
    if not len(events):
        raise DataError(f"{source} has no click and no history.")
    by_user = _places(events)
    events = events.with_columns(by_user.alias(POSITION)).sort("number", maintain_order=True)
    return RawRecords(
        frame=events.select("user", "item", "time", POSITION, "impression"),
        source=source,
        is_text=True,
        lines=events["number"],
        numbers=record_numbers(events["number"], [number for number, _ in problems]),
        skipped=skipped_lines_of(problems, lines, events["number"]),
        layout="impressions",
        tallies={
            "{0:click/clicks} are events": len(clicks),
            "{0:event/events} of histories come before them without a time": len(histories),
            "{0:item/items} shown and not clicked left out": int((shown["label"] == "0").sum()),
            "{0:item/items} shown without a label left out": shown["label"].null_count(),
        },
    )


def _items(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """A row for each of the items of a column, with blanks between."""
    items = rows.with_columns(pl.col(column).str.extract_all(r"\S+").alias("item"))
    return items.explode("item").filter(pl.col("item").is_not_null())


def _places(events: pl.DataFrame) -> pl.Series:
    """uint32, the place of each event among its user's: histories first, then clicks by time."""
    times = parse_times(events["time"].alias("time")).values
    ordered = (
        events.select("user", time=times, place=pl.int_range(pl.len()))
        .sort("time", nulls_last=False, maintain_order=True)
        .with_columns(pl.int_range(pl.len(), dtype=pl.UInt32).over("user").alias(POSITION))
    )
    return ordered.sort("place")[POSITION]

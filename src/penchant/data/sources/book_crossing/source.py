"""Read Book-Crossing from the original dump or from one of the copies that circulate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.origin import Origin
from penchant.data.reading.records import SkippedRecord, announce_skipped, skipped_lines
from penchant.data.sources.book_crossing import isbn as isbns
from penchant.data.sources.book_crossing.counts import FULL, Counts, compare
from penchant.data.sources.book_crossing.files import RATINGS, files_of
from penchant.data.sources.book_crossing.gaps import catalogue_gaps
from penchant.data.sources.book_crossing.lines import read_records
from penchant.data.sources.book_crossing.tables import (
    SideTable,
    drop_records,
    read_books,
    read_users,
)
from penchant.errors import DataError, ParameterError
from penchant.wording import counted

Zeros = Literal["drop", "implicit", "only"]
Spelling = Literal["normal", "as_written"]


@dataclass(frozen=True)
class BookOrigin(Origin):
    """Where the log came from, with all that was counted on the way.

    `skipped` has the lines of all files that are no record, with the `file` of each.

    Attributes:
        zeros: what was done with ratings of 0: `drop`, `implicit` or `only`.
        counts: what the files have.
        isbn_report: how ISBNs were respelled; None where they were left as written.
        notes: what was found and done, a sentence each.
    """

    zeros: Zeros = "drop"
    counts: Counts | None = None
    isbn_report: isbns.IsbnReport | None = None
    notes: tuple[str, ...] = ()


_ROWS = {"drop": pl.col("rating") > 0, "implicit": pl.lit(True), "only": pl.col("rating") == 0}
N_EVENTS = {"drop": FULL.n_explicit, "implicit": FULL.ratings, "only": FULL.zeros}
"""The number of events of the published set, for each way to treat zeros."""


def read(
    path: Path,
    name: str = "book-crossing",
    *,
    zeros: Zeros = "drop",
    isbn: Spelling = "normal",
    source: str | None = None,
) -> Dataset:
    """Read Book-Crossing from a folder or from one of its files of ratings.

    Three forms are known by their headers: the original dump (semicolons, Latin-1, a backslash
    before quotes), the copies with commas, and those with the users' city, state and country in
    columns. Events keep the order of the file; those that repeat a user and book are kept, and
    `check` finds them. Ids of users are integers, those of books ISBNs; events have `isbn`, the
    ISBN as written. The item table has `title`, `author`, `publisher`, `year` (Int16),
    `image_small`, `image_medium` and `image_large` where known, and `isbn` as the catalogue
    writes it; the user table `age` (Int16, 5 to 100), `city`, `region`, `country` in lower case
    and `location` as written. What was cleaned is counted in `origin.notes`.

    Args:
        path: the folder, or a file of ratings; tables are looked for beside it.
        name: what reports call the log.
        zeros: a rating of 0 means that there is none. `drop` leaves these out; `implicit` keeps
            all events, without ratings; `only` keeps these alone, without ratings.
        isbn: `normal` gives every book one spelling, see `isbn.normalise`; `as_written` leaves
            ISBNs as they are.
        source: where the files come from; by default the path.

    Raises:
        ParameterError: an option has an impossible value.
        DataError: there are no such files, or one cannot be read.
    """
    if zeros not in N_EVENTS:
        raise ParameterError(f"zeros is 'drop', 'implicit' or 'only', not {zeros!r}.")
    if isbn not in ("normal", "as_written"):
        raise ParameterError(f"isbn is 'normal' or 'as_written', not {isbn!r}.")
    files = files_of(path)
    log = _read_ratings(files.ratings)
    books = [read_books(file, as_written=isbn == "as_written") for file in files.books]
    users = [read_users(file) for file in files.users]
    sides = [*books, *users]
    counts = Counts.of(log.frame, _total(books), _total(users))
    zeros_note = _zeros_note(zeros, counts)
    events, report = _with_items(log.frame.filter(_ROWS[zeros]), isbn)
    rating = ["rating"] if zeros == "drop" else []
    skipped = skipped_lines((t.records.source, t.skipped) for t in [log, *sides])
    origin = BookOrigin(
        source=source or str(path),
        columns={"user": "User-ID", "item": "ISBN"} | dict.fromkeys(rating, "Book-Rating"),
        skipped=skipped,
        dropped=(zeros_note,) if len(events) < counts.ratings else (),
        zeros=zeros,
        counts=counts,
        isbn_report=report,
    )
    dataset = Dataset.from_frame(
        events.select("user", "item", *rating, "row", "isbn"),
        user_table=_union(users, "user"),
        item_table=_union(books, "item"),
        name=name,
        scale=(1.0, 10.0) if rating else None,
        origin=origin,
    )
    notes = (
        f"{files.ratings.name} {compare(counts)}",
        zeros_note,
        *([] if report is None else [str(report)]),
        *(note for side in [log, *sides] for note in _line_notes(side)),
        *(f"{side.records.source}: {note}" for side in sides for note in side.notes),
        *catalogue_gaps(dataset).sentences(),
    )
    announce_skipped(name, skipped)
    return replace(dataset, origin=replace(origin, notes=notes))


def _read_ratings(path: Path) -> SideTable:
    """`row`, `user`, `isbn` and `rating` from 0 to 10."""
    records = read_records(path, RATINGS)
    missing = [column for column in RATINGS.values() if column not in records.frame.columns]
    if missing:
        raise DataError(f"{path.name} has no column for the {missing[0]}.")
    user = pl.col("user").str.strip_chars().cast(pl.Int64, strict=False)
    rating = pl.col("rating").str.strip_chars().cast(pl.Float32, strict=False)
    frame = records.frame.with_columns(number=user, stars=rating)
    valid = pl.col("stars").is_between(0, 10) & (pl.col("stars") == pl.col("stars").round())
    problems = {
        "missing user": pl.col("user").is_null(),
        "user '{}' is not a number": pl.col("number").is_null(),
        "missing ISBN": pl.col("isbn").str.strip_chars(isbns.AROUND).fill_null("") == "",
        "missing rating": pl.col("rating").is_null(),
        "rating '{}' is not a whole number from 0 to 10": ~valid.fill_null(False),
    }
    skipped: list[SkippedRecord] = list(records.skipped)
    for problem, bad in problems.items():
        affected = frame.select(bad).to_series()
        if affected.any():
            frame, skips = drop_records(frame, affected, problem, problem.partition(" ")[0])
            skipped += skips
    good = frame.select("row", "isbn", user="number", rating="stars")
    if good.is_empty():
        first = f", the first because of {min(skipped).problem}" if skipped else ""
        raise DataError(f"{path.name} has no record that can be used{first}.")
    return SideTable(good, records, tuple(sorted(skipped)), ())


def _with_items(
    events: pl.DataFrame, isbn: Spelling
) -> tuple[pl.DataFrame, isbns.IsbnReport | None]:
    """The events with `item`, and how ISBNs were respelled."""
    if isbn == "as_written":
        return events.with_columns(item=pl.col("isbn")), None
    table = isbns.normalise(events["isbn"])
    with_items = events.join(
        table.select("isbn", "item"), on="isbn", how="left", maintain_order="left"
    )
    return with_items, isbns.report(with_items, table)


def _total(tables: list[SideTable]) -> int | None:
    return sum(len(table.records.frame) for table in tables) if tables else None


def _union(tables: list[SideTable], noun: str) -> pl.DataFrame | None:
    if not tables:
        return None
    frame = pl.concat([table.frame for table in tables], how="diagonal")
    return frame.unique(noun, keep="first", maintain_order=True)


def _zeros_note(zeros: Zeros, counts: Counts) -> str:
    if not counts.zeros:
        return "no rating is 0"
    share = f"{counts.zeros:,} of {counts.ratings:,} ratings are 0, which means that there is none"
    return {
        "drop": f"{share}; these were left out (zeros='drop')",
        "implicit": f"{share}; all events were kept, without ratings (zeros='implicit')",
        "only": f"{share}; only these were kept, without ratings (zeros='only')",
    }[zeros]


def _line_notes(table: SideTable) -> Iterator[str]:
    records = table.records
    if table.skipped:
        share = f"{len(table.skipped):,} of {counted(records.lines, 'line')}"
        yield f"{records.source}: {share} left out as no record"
    if records.continued:
        lines = counted(records.continued, "line")
        yield f"{records.source}: {lines} taken as part of the record before"

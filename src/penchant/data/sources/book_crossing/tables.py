"""Read and clean the tables of books and users of Book-Crossing, counting the changes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import polars as pl

from penchant.data.reading.records import SkippedRecord, shorten
from penchant.data.sources.book_crossing.isbn import normalise
from penchant.data.sources.book_crossing.lines import Records, read_records
from penchant.data.sources.book_crossing.locations import split_places
from penchant.data.sources.book_crossing.text_repair import repair_texts
from penchant.wording import counted

BOOKS = {
    "isbn": "isbn",
    "booktitle": "title",
    "bookauthor": "author",
    "yearofpublication": "year",
    "publisher": "publisher",
    "bookpublisher": "publisher",
    "imageurls": "image_small",
    "imageurlm": "image_medium",
    "imageurll": "image_large",
}
"""The columns of a table of books, by their plain names."""
USERS = {
    "userid": "user",
    "location": "location",
    "usercity": "city",
    "userstate": "region",
    "usercountry": "country",
    "age": "age",
    "userage": "age",
}
"""The columns of a table of users, by their plain names."""
AGES = (5, 100)
LAST_YEAR = 2026
_PLURALS = {
    "title, author or publisher": "titles, authors and publishers",
    "year of publication": "years of publication",
}
_AROUND = " \t\"'"
_AUTHOR_IN_TITLE = re.compile(r'^(.*?)\s*\\?";(.+?)"?$', re.DOTALL)
_A_YEAR = re.compile(r"[0-9]{1,4}")


class SideTable(NamedTuple):
    """A table, the lines of its file that are no record, and what was done, a sentence each."""

    frame: pl.DataFrame
    records: Records
    skipped: tuple[SkippedRecord, ...]
    notes: tuple[str, ...]


def read_books(path: Path, *, as_written: bool = False) -> SideTable:
    """A catalogue: `item`, `title`, `author`, `publisher`, `year`, images, `isbn` (as written).

    Raises:
        DataError: the file cannot be read.
    """
    records = read_records(path, BOOKS, _with_author)
    frame, n_split = _split_titles(records.frame)
    spellings = normalise(frame["isbn"])
    ids = frame.join(spellings, on="isbn", how="left", maintain_order="left")["item"]
    frame, skipped = drop_records(frame, ids.is_null(), "missing ISBN")
    years, year_notes = _years(frame["year"]) if "year" in frame.columns else (None, [])
    images = [c for c in frame.columns if c.startswith("image_")]
    ids = frame["isbn"].alias("item") if as_written else ids.drop_nulls()
    columns = [
        repair_texts(frame[c]) for c in ("title", "author", "publisher") if c in frame.columns
    ]
    repaired = sum(int(c.ne_missing(frame[c.name]).sum()) for c in columns)
    books = pl.DataFrame([ids, frame["isbn"], *columns, *([] if years is None else [years])])
    books = books.with_columns(frame.select(images))
    # Of several spellings the one that needed no change says most about its book.
    books = books.sort(pl.col("isbn") != pl.col("item"), maintain_order=True)
    once = books.unique("item", keep="first", maintain_order=True)
    names = [c.name for c in columns] + (["year"] if years is not None else []) + images
    notes = [
        *year_notes,
        *_note(repaired, "title, author or publisher", "with entities, escapes or broken letters"),
        *_note(records.repaired + n_split, "book", "with the author within the title"),
        *_note(len(books) - len(once), "book", "listed under another spelling or twice"),
    ]
    table = once.select("item", *names, "isbn")
    return SideTable(table, records, (*records.skipped, *skipped), tuple(notes))


def read_users(path: Path) -> SideTable:
    """The users: `user`, `age`, `city`, `region`, `country` and `location` (as written).

    Raises:
        DataError: the file cannot be read.
    """
    records = read_records(path, USERS)
    frame = records.frame
    if "location" not in frame.columns:
        parts = [pl.col(c).fill_null("") for c in ("city", "region", "country")]
        stripped = [
            p.str.strip_chars(_AROUND) for p in parts if p.meta.output_name() in frame.columns
        ]
        frame = frame.with_columns(location=pl.concat_str(stripped, separator=", "))
    ids = frame["user"].str.strip_chars(_AROUND).cast(pl.Int64, strict=False)
    frame, skipped = drop_records(frame, ids.is_null(), "user is not a number")
    ages, age_notes = _ages(frame["age"]) if "age" in frame.columns else (None, [])
    places = split_places(frame["location"])
    table = pl.DataFrame([ids.drop_nulls(), *([] if ages is None else [ages])])
    table = table.with_columns(places.frame).with_columns(frame["location"].fill_null(""))
    once = table.unique("user", keep="first", maintain_order=True)
    notes = [
        *age_notes,
        *_note(
            places.merged,
            "user",
            f"with the country in {counted(places.spellings, 'other spelling')}",
        ),
        *_note(int(places.frame["country"].null_count()), "user", "without a country"),
        *_note(len(table) - len(once), "user", "listed twice"),
    ]
    return SideTable(once, records, (*records.skipped, *skipped), tuple(notes))


def _ages(written: pl.Series) -> tuple[pl.Series, list[str]]:
    _, ages = _numbers_within(written, *AGES)
    rest = "outside {} to {} or no number, now null".format(*AGES)
    return ages, _note(len(ages) - ages.count() - written.null_count(), "age", rest)


def _years(written: pl.Series) -> tuple[pl.Series, list[str]]:
    """The years from 1 to 2026 as Int16."""
    numbers, years = _numbers_within(written, 1, LAST_YEAR)
    texts = int((numbers.is_null() & written.is_not_null()).sum())
    return years, [
        *_note(int((numbers <= 0).sum()), "year of publication", "that was 0, now null"),
        *_note(
            int((numbers > LAST_YEAR).sum()),
            "year of publication",
            f"after {LAST_YEAR}, now null",
        ),
        *_note(texts, "year of publication", "that was a text, now null"),
    ]


def _numbers_within(written: pl.Series, low: int, high: int) -> tuple[pl.Series, pl.Series]:
    """All numbers in a column, and as Int16 those from `low` to `high`."""
    numbers = written.str.strip_chars(_AROUND).cast(pl.Float64, strict=False).fill_nan(None)
    inside = numbers.set(~numbers.is_between(low, high).fill_null(False), None)
    return numbers, inside.cast(pl.Int16)


def _split_titles(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Move fields back to their columns where a title has swallowed the author's."""
    if not {"title", "author", "year"} <= set(frame.columns):
        return frame, 0
    last = pl.col(frame.columns[-1]).is_null()  # since all that follows was moved forward
    numbers = [pl.col(c).str.contains(r"^[0-9]{1,4}$").fill_null(False) for c in ("author", "year")]
    swallowed = pl.col("title").str.contains('";', literal=True).fill_null(False)
    affected = swallowed & numbers[0] & ~numbers[1] & last
    rows = []
    for row, *cells in frame.filter(affected).iter_rows():
        repaired = _with_author([cell or "" for cell in cells[:-1]])
        if repaired is not None:
            rows.append([row, *(cell or None for cell in repaired)])
    if not rows:
        return frame, 0
    mended_rows = pl.DataFrame(rows, schema=frame.schema, orient="row")
    others = frame.join(mended_rows, on="row", how="anti", maintain_order="left")
    return pl.concat([others, mended_rows]).sort("row"), len(rows)


def _with_author(cells: list[str]) -> list[str] | None:
    """A book's fields with the author, which stands within the title, in a field of its own."""
    match = _AUTHOR_IN_TITLE.match(cells[1]) if len(cells) > 2 else None
    if match is None or not _A_YEAR.fullmatch(cells[2]):
        return None
    return [cells[0], match[1], match[2], *cells[2:]]


def drop_records(
    frame: pl.DataFrame, bad: pl.Series, problem: str, column: str = ""
) -> tuple[pl.DataFrame, list[SkippedRecord]]:
    """The records without the bad ones, and these; `{}` in the problem is the column's value."""
    if not bad.any():
        return frame, []
    texts = frame.select(pl.col(pl.String)).columns
    skips = []
    for record in frame.filter(bad).iter_rows(named=True):
        row, reason = record["row"], problem.format(shorten(str(record.get(column))))
        content = ", ".join(record[c] or "" for c in texts)
        skips.append(SkippedRecord.at(row, reason, content, row + 1))
    return frame.filter(~bad), skips


def _note(count: int, noun: str, rest: str) -> list[str]:
    plural = _PLURALS.get(noun, "")
    return [f"{counted(count, noun, plural)} {rest}"] if count else []

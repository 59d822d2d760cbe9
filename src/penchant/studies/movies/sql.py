"""Run the preparation as SQL and compare it with what Python gives."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass

import polars as pl

from penchant.data.attributes import attribute_rows, attribute_rows_sql, item_attributes, sql_tables
from penchant.studies.movies.setup import LIKE, MoviesSetup
from penchant.studies.study import CodeBlock, Conclusion, DataTable, Section

_AT_ONCE = 20_000


@dataclass(frozen=True)
class SqlCheck:
    """The preparation in SQL beside the same in Python.

    Attributes:
        rows: that SQL gives.
        expected: that Python gives.
        equal: rows that are the same in every column.
        lines: of the SQL text.
        attributes: columns of genres.
        likes: rows that are likes.
        version: of SQLite.
    """

    rows: int
    expected: int
    equal: int
    lines: int
    attributes: int
    likes: int
    version: str


def run_sql(setup: MoviesSetup) -> SqlCheck:
    """Run the SQL in SQLite and compare it, row by row, with the same in Python."""
    attributes = item_attributes(setup.log)
    expected = attribute_rows(setup.log, attributes, LIKE)
    text = attribute_rows_sql(attributes.names, LIKE)
    count = equal = 0
    with closing(sqlite3.connect(":memory:")) as database:
        for name, frame in sql_tables(setup.log).items():
            columns = ", ".join(f'"{column}"' for column in frame.columns)
            database.execute(f'CREATE TABLE "{name}" ({columns})')
            marks = ", ".join("?" * frame.width)
            database.executemany(f'INSERT INTO "{name}" VALUES ({marks})', frame.iter_rows())
        cursor = database.execute(text)
        names = [column[0] for column in cursor.description]
        while rows := cursor.fetchmany(_AT_ONCE):
            part = expected.slice(count, len(rows))
            frame = pl.DataFrame(rows, schema=names, orient="row", infer_schema_length=None)
            count += len(rows)
            if names == expected.columns and len(part) == len(frame):
                equal += _equal_rows(frame, part)
    return SqlCheck(
        rows=count,
        expected=len(expected),
        equal=equal,
        lines=text.count("\n") + 1,
        attributes=len(attributes.names),
        likes=int(expected["like"].sum()),
        version=sqlite3.sqlite_version,
    )


def _equal_rows(frame: pl.DataFrame, expected: pl.DataFrame) -> int:
    """How many rows are the same in every column."""
    equal = [frame[c].cast(expected[c].dtype) == expected[c] for c in expected.columns]
    return int(pl.DataFrame(equal).select(pl.all_horizontal(pl.all())).to_series().sum())


def section(setup: MoviesSetup, check: SqlCheck) -> Section:
    """The preparation for someone with a database."""
    text = attribute_rows_sql(item_attributes(setup.log).names, LIKE)
    agrees = check.equal == check.rows == check.expected
    result = "the same in every one" if agrees else f"the same in {check.equal:,} of them"
    return Section(
        title="The preparation as SQL",
        text=f"""
            The thesis prepares its data with SQL: the text of genres is broken into
            {check.attributes} columns of 0 and 1, and each user gets the rows of what they
            rated with the answer whether they liked it. Below is all of it, {check.lines} lines
            that run in SQLite, PostgreSQL and DuckDB; penchant attributes {setup.log.name} --sql
            prints the same, and writes the two tables that it reads with -o films.db.
        """,
        conclusions=(
            Conclusion(
                "honest",
                f"Run in SQLite {check.version} it gives the {check.expected:,} rows that the "
                f"networks here learn from, {result}.",
            ),
        ),
        tables=(
            DataTable(
                pl.DataFrame(
                    {
                        "rows": ["given by SQL", "learned from here", "the same in every column"],
                        "number": [check.rows, check.expected, check.equal],
                        "likes": [None, check.likes, None],
                    }
                ),
                "Rows of the preparation, by SQL and in Python.",
            ),
        ),
        code=(CodeBlock(text, "The preparation, a row a rating: a click selects all of it."),),
        steps=("sql",),
    )

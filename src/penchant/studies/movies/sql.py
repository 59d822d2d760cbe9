"""The preparation as SQL, run and compared with what Python gives."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import polars as pl

from penchant.data.attributes.binary import item_attributes
from penchant.data.attributes.rows import attribute_rows
from penchant.data.attributes.sql import attribute_rows_sql, sql_tables
from penchant.studies.movies.setup import LIKE, Found, Setup
from penchant.studies.study import Conclusion, DataTable, Section

_AT_ONCE = 20_000
_SHORT = ("Action", "Film-Noir")  # what the shown text is shortened to


def sql(setup: Setup) -> Found:
    """Run the SQL in SQLite and compare it, row by row, with the same in Python."""
    attributes = item_attributes(setup.log)
    wanted = attribute_rows(setup.log, attributes, LIKE)
    text = attribute_rows_sql(attributes.names, LIKE)
    same = 0
    with closing(sqlite3.connect(":memory:")) as base:
        for name, frame in sql_tables(setup.log).items():
            columns = ", ".join(f'"{column}"' for column in frame.columns)
            base.execute(f'CREATE TABLE "{name}" ({columns})')
            marks = ", ".join("?" * frame.width)
            base.executemany(f'INSERT INTO "{name}" VALUES ({marks})', frame.iter_rows())
        answer = base.execute(text)
        names = [column[0] for column in answer.description]
        count = 0
        while rows := answer.fetchmany(_AT_ONCE):
            here = wanted.slice(count, len(rows))
            found = pl.DataFrame(rows, schema=names, orient="row", infer_schema_length=None)
            count += len(rows)
            if names == wanted.columns and len(here) == len(found):
                same += _equal(found, here)
    return {
        "rows": count,
        "wanted": len(wanted),
        "same": same,
        "lines": text.count("\n") + 1,
        "attributes": len(attributes.names),
        "likes": int(wanted["like"].sum()),
        "version": sqlite3.sqlite_version,
    }


def _equal(found: pl.DataFrame, wanted: pl.DataFrame) -> int:
    """How many rows are the same in every column."""
    equal = [found[c].cast(wanted[c].dtype) == wanted[c] for c in wanted.columns]
    return int(pl.DataFrame(equal).select(pl.all_horizontal(pl.all())).to_series().sum())


def section(setup: Setup, found: Found) -> Section:
    """The preparation for someone with a database."""
    text = attribute_rows_sql(_SHORT, LIKE)
    shown = [line.replace("  ", "\N{NO-BREAK SPACE}" * 2) for line in text.split("\n")]
    agrees = found["same"] == found["rows"] == found["wanted"]
    result = "the same in every one" if agrees else f"the same in {found['same']:,} of them"
    return Section(
        title="The preparation as SQL",
        text=f"""
            The thesis prepares its data with SQL: the text of genres is broken into
            {found["attributes"]} columns of 0 and 1, and each user gets the rows of what they
            rated with the answer whether they liked it. The same text for SQLite, PostgreSQL and
            DuckDB is printed by: penchant attributes {setup.log.name} --sql. It has
            {found["lines"]} lines; below it is cut to two genres.
        """,
        conclusions=(
            Conclusion(
                "honest",
                f"Run in SQLite {found['version']} it gives {found['rows']:,} rows, of which "
                f"{found['likes']:,} are likes; compared with the {found['wanted']:,} rows that "
                f"the networks here learn from, they are {result}.",
            ),
        ),
        tables=(
            DataTable(
                pl.DataFrame({"SQL": shown}),
                f"The preparation, cut to {' and '.join(_SHORT)}.",
            ),
        ),
        steps=("sql",),
    )

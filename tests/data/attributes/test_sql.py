"""The SQL answers on every engine what the frames say: the same rows in the same order."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.data.attributes import sql_export
from penchant.data.attributes.binary import MOVIELENS, item_attributes
from penchant.data.attributes.rows import attribute_rows
from penchant.data.attributes.sql import attribute_rows_sql, attributes_sql, sql_tables
from penchant.data.attributes.sql_export import write_sql
from penchant.data.dataset import Dataset
from penchant.data.reading.log_reader import read
from penchant.data.sources import load
from penchant.errors import DataError, ParameterError

Tables = dict[str, pl.DataFrame]
Answer = tuple[list[str], list[tuple[Any, ...]]]
NASTY = [
    "Action", "Children", "it's", 'say "x"', "100%", "a_b", "back\\slash", "Été", "semi;colon",
    "two\nlines", "-- no comment", "{x}", "$1", "[ab]", ":name", "a.b", "%s", "'; DROP TABLE x",
    "never",
]  # fmt: skip
GENRES = [
    "Action|Children's", "action|axb|100", "it's|100%|Children", "a_b|say \"x\"", None, "",
    "back\\slash|Été|E|back", "semi;colon|two\nlines|-- no comment", "{x}|$1|[ab]", "a|:name|a.b",
    " Action |  Children's||Children's|Action", "Actions|Act|Children's music",
    "%s|'; DROP TABLE x",
]  # fmt: skip


def log_of(genres: Sequence[object]) -> Dataset:
    """A log with a rating from 0.5 to 5 for each item, some twice, in no order of its rows."""
    n = len(genres)
    rows = [(u, i, ((7 * u + 3 * i) % 10 + 1) / 2) for i in range(n) for u in range(1 + i % 3)]
    rows += rows[::4]  # duplicates
    frame = pl.DataFrame(rows, schema=["user", "item", "rating"], orient="row")
    frame = frame.with_columns(row=pl.Series([(k * 7919) % 10_007 + 1 for k in range(len(rows))]))
    table = pl.DataFrame({"item": range(n), "genres": genres}).with_columns(
        title=pl.format("O'Film {}", "item")
    )
    return Dataset.from_frame(frame, item_table=table)


@pytest.fixture(scope="module")
def log() -> Dataset:
    return log_of(GENRES)


def expected_items(log: Dataset, names: Sequence[str]) -> Answer:
    matrix = item_attributes(log, names=names).matrix.tolist()
    rows = [(item, *flags) for item, flags in zip(log.items.ids, matrix, strict=True)]
    return ["item", *names], rows


def expected_rows(log: Dataset, names: Sequence[str], like: float) -> Answer:
    frame = attribute_rows(log, item_attributes(log, names=names), like)
    return frame.columns, frame.rows()


def on_sqlite(tables: Tables, *queries: str) -> list[Answer]:
    with closing(sqlite3.connect(":memory:")) as connection:
        for name, frame in tables.items():
            connection.execute(f"CREATE TABLE {name} ({', '.join(map(repr, frame.columns))})")
            marks = ", ".join("?" * frame.width)
            connection.executemany(f"INSERT INTO {name} VALUES ({marks})", frame.rows())
        return [_answer(connection.execute(query)) for query in queries]


def on_duckdb(tables: Tables, *queries: str) -> list[Answer]:
    duckdb = pytest.importorskip("duckdb", reason="DuckDB is not installed")
    with duckdb.connect() as connection:
        for name, frame in tables.items():
            connection.register(name, frame)
        return [_answer(connection.execute(query)) for query in queries]


def on_polars(tables: Tables, *queries: str) -> list[Answer]:
    context = pl.SQLContext(tables)
    frames = [context.execute(query, eager=True) for query in queries]
    return [(frame.columns, frame.rows()) for frame in frames]


def _answer(cursor: Any) -> Answer:
    return [column[0] for column in cursor.description], cursor.fetchall()


ENGINES = pytest.mark.parametrize("run", [on_sqlite, on_polars, on_duckdb])
Run = Callable[..., list[Answer]]


@ENGINES
@pytest.mark.parametrize("like", [4.0, 0.5, 3.5, 6])
def test_the_same_rows(run: Run, log, like):
    items, rows = run(sql_tables(log), attributes_sql(NASTY), attribute_rows_sql(NASTY, like))
    assert items == expected_items(log, NASTY)
    assert rows == expected_rows(log, NASTY, like)
    counts = {name: sum(column) for name, *column in zip(items[0], *items[1], strict=True)}
    assert (counts["Action"], counts["Children"], counts["100%"], counts["a_b"]) == (2, 3, 1, 1)
    assert counts["never"] == 0


@pytest.mark.postgresql
def test_the_same_rows_on_postgresql(postgresql, log):
    write_sql(log, postgresql)
    queries = [attributes_sql(NASTY), attribute_rows_sql(NASTY, 3.5)]
    engine = sqlalchemy.create_engine(postgresql)
    with engine.connect() as connection:
        # No parameters, so that % and : in the query stay what they are.
        plain = connection.execution_options(no_parameters=True)
        results = [plain.exec_driver_sql(query) for query in queries]
        answers = [(list(r.keys()), [tuple(row) for row in r]) for r in results]
    assert answers == [expected_items(log, NASTY), expected_rows(log, NASTY, 3.5)]
    with pytest.raises(DataError, match=r"has a table 'ratings' already"):
        write_sql(log, engine)
    few = log_of(["a|b"])
    write_sql(few, engine, replace=True)
    assert len(read(postgresql, table="ratings", quiet=True)) == len(few)
    # Where the second table fails, the first is as it was.
    with engine.begin() as connection:
        connection.exec_driver_sql('DROP TABLE "ratings"')
    with pytest.raises(DataError, match=r"has a table 'items' already"):
        write_sql(log, engine)
    assert not sqlalchemy.inspect(engine).has_table("ratings")
    engine.dispose()


@ENGINES
def test_an_item_that_the_table_of_items_lacks_has_no_attribute(run: Run, log):
    tables = sql_tables(log)
    tables["items"] = tables["items"].filter(pl.col("item") > 5)
    ((_, rows),) = run(tables, attribute_rows_sql(["Action", "Children"]))
    assert len(rows) == len(log)
    assert {row[2:4] for row in rows if row[1] <= 5} == {(0, 0)}
    assert {row[2:4] for row in rows if row[1] == 10} == {(1, 1)}


names_strategy = st.lists(
    st.just("Children's")
    | st.text(alphabet="abAB'\"%_\\ -;é☃{}$\n", min_size=1, max_size=4).filter(
        lambda name: name == name.strip() and name.lower() not in ("", "children")
    ),
    min_size=1,
    max_size=6,
    unique_by=str.lower,
)


@settings(max_examples=15)
@given(names=names_strategy, data=st.data())
def test_any_names(names, data):
    written = [*names, "Children's", "Children", "x", "A", "a"]
    genres = data.draw(st.lists(st.lists(st.sampled_from(written)), min_size=1))
    log = log_of(pl.Series(genres, dtype=pl.List(pl.String)))
    queries = attributes_sql(names), attribute_rows_sql(names, 3)
    expected = [expected_items(log, names), expected_rows(log, names, 3)]
    for run in (on_sqlite, on_polars, on_duckdb):
        assert run(sql_tables(log), *queries) == expected, run.__name__


@ENGINES
def test_an_empty_log(run: Run):
    events = pl.DataFrame(schema={"user": pl.Int64, "item": pl.Int64, "rating": pl.Float32})
    table = pl.DataFrame(schema={"item": pl.Int64, "genres": pl.String})
    empty = Dataset.from_frame(events, item_table=table)
    answers = run(sql_tables(empty), attributes_sql(["a"]), attribute_rows_sql(["a"]))
    assert answers == [expected_items(empty, ["a"]), expected_rows(empty, ["a"], 4)]
    assert [rows for _, rows in answers] == [[], []]


@ENGINES
def test_ids_that_are_texts_and_thresholds_between(run: Run):
    events = pl.DataFrame({"user": ["ü", "u"], "item": ["b'", "a"], "rating": [3.3, 3.2]})
    table = pl.DataFrame({"item": ["a", "b'", "c"], "genres": [["War"], ["Drama"], []]})
    log = Dataset.from_frame(events, item_table=table)
    answers = run(sql_tables(log), attributes_sql(), attribute_rows_sql(like=3.3))
    assert answers == [expected_items(log, MOVIELENS), expected_rows(log, MOVIELENS, 3.3)]
    assert [row[-2] for row in answers[1][1]] == [1, 0]


def test_tables(log):
    tables = sql_tables(log)
    assert list(tables) == ["ratings", "items"]
    assert tables["ratings"].schema == {
        "user": pl.Int64, "item": pl.Int64, "rating": pl.Float64, "row": pl.Int64,
    }  # fmt: skip
    assert tables["ratings"]["row"].is_sorted()
    assert tables["items"].row(0) == (0, "O'Film 0", "Action|Children's")
    assert tables["items"].row(10)[2] == "Action|Children's|Children's|Action"
    assert tables["items"]["genres"][4:6].to_list() == [None, None]
    untitled = Dataset.from_frame(
        pl.DataFrame({"user": [1], "item": [1], "rating": [1]}),
        item_table=pl.DataFrame({"item": [1], "tags": ["x;y"]}),
    )
    assert sql_tables(untitled, "tags", separator=";")["items"].rows() == [(1, None, "x|y")]


@pytest.mark.parametrize("text", [attributes_sql, attribute_rows_sql])
@pytest.mark.parametrize(
    ("names", "match"),
    [
        (["a|b"], r"'a\|b' cannot be found by SQL"),
        (["a\0"], "cannot be found by SQL"),
        (["é" * 32], "shorten it to 63 bytes"),
        (["drama", "Drama"], "'drama' and 'Drama' differ in upper and lower case alone"),
        (["Row"], "'row' and 'Row' differ"),
        (["item"], "cannot be called 'item'"),
        (["a", "a"], "named twice"),
        ([], "at least one"),
    ],
)
def test_names_that_sql_cannot_have(text, names, match):
    with pytest.raises(ParameterError, match=match) as caught:
        text(names)
    assert "\n" not in str(caught.value)


def test_other_bad_input(log):
    with pytest.raises(ParameterError, match="like must be a rating"):
        attribute_rows_sql(["a"], float("inf"))
    with pytest.raises(DataError, match=r"'a\|b' has '\|' in it"):
        sql_tables(log_of([["a|b"]]))
    with pytest.raises(DataError, match="has no ratings"):
        sql_tables(Dataset.from_frame(log.frame().drop("rating"), item_table=log.item_table))


def tables_in(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM sqlite_master")]


@pytest.mark.parametrize("form", [Path, str, "sqlite:///{}".format])
def test_a_new_file_of_sqlite(log, tmp_path, form):
    path = tmp_path / "new" / "log.db"
    write_sql(log, form(path))
    with closing(sqlite3.connect(path)) as connection:
        answers = [
            _answer(connection.execute(query))
            for query in (attributes_sql(NASTY), attribute_rows_sql(NASTY))
        ]
    assert answers == [expected_items(log, NASTY), expected_rows(log, NASTY, 4)]
    again = read(path, table="ratings", quiet=True)
    assert again.ratings.tolist() == sql_tables(log)["ratings"]["rating"].to_list()
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_is_there_keeps_its_other_tables(log, tmp_path):
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute('CREATE TABLE "items" (x)')
        connection.execute("CREATE TABLE shop (x)")
        connection.commit()
    with pytest.raises(DataError, match=r"shop\.db has a table 'items' already"):
        write_sql(log, path)
    assert tables_in(path) == ["items", "shop"]  # without the first, ratings
    write_sql(log, path, replace=True)
    assert sorted(tables_in(path)) == ["items", "ratings", "shop"]


def test_a_new_file_is_written_whole_or_not_at_all(log, tmp_path, monkeypatch):
    write_table = sql_export._write_table

    def fail(connection, name, *rest):
        if name == "items":
            raise OSError("no space left")
        write_table(connection, name, *rest)

    monkeypatch.setattr(sql_export, "_write_table", fail)
    with pytest.raises(OSError, match="no space left"):
        write_sql(log, tmp_path / "log.db")
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_database(log, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("this is no database, however long one looks at it" * 100)
    with pytest.raises(DataError, match=r"notes\.txt: the database says: file is not a database"):
        write_sql(log, path)
    with pytest.raises(DataError, match="is no database that is known"):
        write_sql(log, "nosuch://host/name")


@pytest.mark.mirror
def test_movielens_100k(mirror):
    log = load("movielens-100k", mirror=mirror, offline=True)
    expected = [expected_items(log, MOVIELENS), expected_rows(log, MOVIELENS, 4)]
    assert len(expected[1][1]) == 100_000
    tables = sql_tables(log)
    for run in (on_sqlite, on_polars, on_duckdb):
        assert run(tables, attributes_sql(), attribute_rows_sql()) == expected, run.__name__

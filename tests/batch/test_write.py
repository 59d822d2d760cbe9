"""Lists for everybody, part by part."""

from __future__ import annotations

import json
import logging
import sqlite3
from contextlib import closing
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from penchant.batch import write as writing
from penchant.batch import write_lists
from penchant.data.dataset import Dataset
from penchant.errors import DataError, ParameterError
from penchant.explanation import explain_lists
from penchant.models import make
from penchant.rules import Rules
from penchant.rules import recommend as recommend_by_rules
from penchant.testing import planted_pairs
from support.list_files import READERS


class Stop(Exception):
    pass


@pytest.fixture
def small_parts(monkeypatch):
    """Parts of two users for lists of five."""
    monkeypatch.setattr(writing, "_ROWS", 10)
    monkeypatch.setattr(writing, "_EXPLAINED_ROWS", 10)


@pytest.fixture(scope="module")
def model():
    return make("item-knn:shrinkage=0").fit(planted_pairs(n_users=11, n_items=8))


def stop_at(monkeypatch, part):
    """Let the run stop before a part is written."""
    real = writing.PartFolder.write

    def write(folder, number, frame):
        if number == part:
            raise Stop
        real(folder, number, frame)

    monkeypatch.setattr(writing.PartFolder, "write", write)


@pytest.mark.parametrize("ending", READERS)
@pytest.mark.parametrize("explain", [False, True])
def test_parts_make_what_one_call_makes(model, tmp_path, small_parts, ending, explain):
    path = tmp_path / f"lists.{ending}"
    summary = write_lists(model, path, 5, explain=explain, repeats="allowed")
    expected = (
        explain_lists(model, None, 5, repeats="allowed")
        if explain
        else model.recommend(None, 5, repeats="allowed", titles=True)
    )
    found = READERS[ending](path)
    shown = ["user", "item", "title", "rank", "fallback"] + ["because"] * explain
    types = {"title": pl.String, "user": pl.Int64, "item": pl.Int64, "rank": pl.Int64}
    assert found.select(shown).cast(types).equals(expected.select(shown).cast(types))
    assert found["score"].to_numpy() == pytest.approx(expected["score"].to_numpy(), nan_ok=True)
    assert summary.n_rows == len(expected)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    if explain and ending == "parquet":
        assert found["reasons"].to_list() == expected["reasons"].to_list()


@pytest.mark.parametrize("place", ["lists.parquet", "lists.csv", "lists.jsonl", "sqlite"])
@pytest.mark.parametrize("part", range(6))
def test_a_stopped_run_goes_on_where_it_was(
    model, tmp_path, small_parts, monkeypatch, caplog, place, part
):
    where = f"sqlite:///{tmp_path}/lists.db" if place == "sqlite" else tmp_path / place
    with monkeypatch.context() as patch:
        stop_at(patch, part)
        with pytest.raises(Stop):
            write_lists(model, where, 5)
    made = []
    real = writing.PartFolder.write
    monkeypatch.setattr(
        writing.PartFolder, "write", lambda *words: (made.append(words[1]), real(*words))
    )
    with caplog.at_level(logging.INFO, "penchant"):
        write_lists(model, where, 5)
    assert made == list(range(part, 6))
    assert any("Going on with" in line for line in caplog.messages) == (part > 0)
    found = _table(tmp_path / "lists.db") if place == "sqlite" else READERS[where.suffix[1:]](where)
    expected = model.recommend(None, 5)
    assert found["user"].to_list() == expected["user"].to_list()
    assert found["item"].to_list() == expected["item"].to_list()
    assert not list(tmp_path.glob("*.parts"))


def _table(file, name="lists"):
    with closing(sqlite3.connect(file)) as connection:
        cursor = connection.execute(f'SELECT * FROM "{name}" ORDER BY user, rank')
        names = [column[0] for column in cursor.description]
        return pl.DataFrame(cursor.fetchall(), names, orient="row", infer_schema_length=None)


def test_a_damaged_part_is_made_again(model, tmp_path, small_parts, monkeypatch):
    path = tmp_path / "lists.parquet"
    with monkeypatch.context() as patch:
        stop_at(patch, 4)
        with pytest.raises(Stop):
            write_lists(model, path, 5)
    (tmp_path / "lists.parquet.parts" / "000001.parquet").write_bytes(b"PAR1")
    write_lists(model, path, 5)
    assert pl.read_parquet(path)["item"].equals(model.recommend(None, 5)["item"])


@pytest.mark.parametrize(
    ("options", "difference"),
    [
        ({"k": 4}, "k 5"),
        ({"explain": True}, "reasons False"),
        ({"repeats": "allowed"}, "repeats excluded"),
        ({"exclude": [1]}, "another choice of items"),
        ({"users": [1, 2, 3]}, "another choice of users"),
        ({"fingerprint": "0" * 32}, "another bundle"),
        ({"rules": Rules(exclude={"items": [2]})}, "another set of rules"),
    ],
)
def test_parts_of_another_run_are_refused_or_removed(
    model, tmp_path, small_parts, monkeypatch, options, difference
):
    path = tmp_path / "lists.parquet"
    with monkeypatch.context() as patch:
        stop_at(patch, 1)
        with pytest.raises(Stop):
            write_lists(model, path, 5)
    options = {"k": 5} | options
    with pytest.raises(ParameterError, match=difference) as error:
        write_lists(model, path, **options)
    assert "--overwrite" in str(error.value)
    assert not path.exists()
    write_lists(model, path, **options, overwrite=True)
    asked = {n: v for n, v in options.items() if n not in ("fingerprint", "explain")}
    expected = recommend_by_rules(model, **asked)
    assert pl.read_parquet(path)["item"].equals(expected["item"])
    assert not list(tmp_path.glob("*.parts"))


def test_another_folder_of_that_name_stays(model, tmp_path):
    folder = tmp_path / "lists.csv.parts"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    for overwrite in (False, True):
        with pytest.raises(ParameterError, match="not a folder of parts"):
            write_lists(model, tmp_path / "lists.csv", overwrite=overwrite)
    assert (folder / "mine.txt").read_text() == "mine"


def test_two_processes_do_not_write_the_same_lists(model, tmp_path):
    path = tmp_path / "lists.csv"
    folder = writing.PartFolder(tmp_path / "lists.csv.parts", {}, 1)
    with folder.opened(), pytest.raises(ParameterError, match="Another process is writing"):
        write_lists(model, path)


def test_what_lists_hold_is_counted(tmp_path):
    had = {"u1": "xyz", "u2": "xyw", "u3": "v", "u4": "xy", "u5": "vwxyz"}
    rows = [(user, item) for user, items in had.items() for item in items]
    items = pl.DataFrame({"item": [*"vwxyzq"], "title": [f"Title {i}" for i in "vwxyzq"]})
    frame = pl.DataFrame(rows, ["user", "item"], orient="row")
    log = Dataset.from_frame(frame, item_table=items)
    model = make("item-knn:shrinkage=0").fit(log)
    summary = write_lists(model, tmp_path / "lists.csv", 2, candidates=[*"vwxyz"])
    lists = pl.read_csv(tmp_path / "lists.csv")
    assert summary.n_users == 5
    assert summary.n_lists == lists["user"].n_unique() == 4
    (without,) = summary.without_list
    assert (without.users, without.examples[0].user) == (1, "u5")
    assert "all 5 items to choose from are in the history" in without.reason
    assert summary.n_candidates == 5
    assert summary.n_shown == lists["item"].n_unique()
    assert set(summary.never_shown["item"]) == set("vwxyz") - set(lists["item"])
    by_user = lists.group_by("user").agg(pl.col("fallback").all())
    assert summary.n_popular == by_user["fallback"].sum()
    counts = lists.group_by("item").len().sort("len", descending=True)
    top = summary.most_shown.row(0, named=True)
    assert top["lists"] == counts["len"][0]
    assert top["share"] == top["lists"] / 4
    assert top["title"] == f"Title {top['item']}"
    assert top["users"] == sum(top["item"] in items for items in had.values())
    assert top["popularity"] == top["users"] / 5
    assert dict(summary.lengths.iter_rows()) == {0: 1, 2: 4}
    assert summary.n_repeats == 0
    text = str(summary)
    assert text.startswith("4 of 5 users have a list, with 8 items in all; ")
    assert "No list for 1 user (u5): all 5 items" in text
    plain = json.loads(json.dumps(summary.to_dict()))
    assert plain["without_list"][0]["examples"] == ["u5"]
    assert plain["most_shown"][0]["item"] == top["item"]
    only = write_lists(model, tmp_path / "again.csv", 2, repeats="only")
    assert only.repeats_share == 1


def test_messages_come_once(model, tmp_path, small_parts, caplog):
    with caplog.at_level(logging.INFO, "penchant"):
        best = int(np.argmax(model.histories_.popularity))
        write_lists(model, tmp_path / "lists.csv", 5, candidates=[model.items_[best]])
    (told,) = [line for line in caplog.messages if "to choose from" in line]
    n = int(model.histories_.user_counts[best])
    assert n > 2
    assert f"{n} users without a list" in told


def test_a_table_of_other_columns_is_not_touched(model, tmp_path):
    with closing(sqlite3.connect(tmp_path / "shop.db")) as shop, shop:
        shop.execute("CREATE TABLE lists (name TEXT)")
        shop.execute("INSERT INTO lists VALUES ('mine')")
    url = f"sqlite:///{tmp_path}/shop.db"
    with pytest.raises(DataError, match=r"has the columns name, and lists have user, item"):
        write_lists(model, url)
    write_lists(model, f"{url}?table=tonight")
    assert _table(tmp_path / "shop.db", "tonight")["item"].len() == len(model.recommend())
    write_lists(model, url, overwrite=True)
    assert "item" in _table(tmp_path / "shop.db").columns
    for address in ("sqlite://", "sqlite:///:memory:"):
        with pytest.raises(DataError, match="names no file"):
            write_lists(model, address)
    with pytest.raises(DataError, match="has the form"):
        write_lists(model, "://")


def test_rows_of_a_table_are_replaced_and_the_table_stays(model, tmp_path):
    url = f"sqlite:///{tmp_path}/shop.db"
    write_lists(model, url, 3, explain=True)
    with closing(sqlite3.connect(tmp_path / "shop.db")) as shop, shop:
        shop.execute("CREATE VIEW first AS SELECT * FROM lists WHERE rank = 1")
    write_lists(model, url, 5, explain=True, repeats="allowed")
    expected = explain_lists(model, None, 5, repeats="allowed")
    found = _table(tmp_path / "shop.db")
    assert found["because"].to_list() == expected["because"].to_list()
    assert [json.loads(text) for text in found["reasons"]] == expected["reasons"].to_list()
    with closing(sqlite3.connect(tmp_path / "shop.db")) as shop, shop:
        assert len(shop.execute("SELECT * FROM first").fetchall()) == 11
        names = {name for (name,) in shop.execute("SELECT name FROM sqlite_master")}
    assert names == {"lists", "lists_by_user", "first"}


@pytest.mark.parametrize("step", ["insert", "delete", "drop"])
def test_a_failure_leaves_the_old_rows(model, tmp_path, monkeypatch, step):
    from sqlalchemy import Engine, event

    url = f"sqlite:///{tmp_path}/shop.db"
    write_lists(model, url, 3)
    before = _table(tmp_path / "shop.db")

    def fail(connection, cursor, statement, *rest):
        words = {"insert": "INSERT INTO lists ", "delete": "DELETE", "drop": "DROP TABLE"}
        if statement.strip().startswith(words[step]):
            raise Stop

    event.listen(Engine, "before_cursor_execute", fail)
    try:
        with pytest.raises(Stop):
            write_lists(model, url, 5)
    finally:
        event.remove(Engine, "before_cursor_execute", fail)
    assert _table(tmp_path / "shop.db").equals(before)
    write_lists(model, url, 5)
    assert len(_table(tmp_path / "shop.db")) == len(model.recommend(None, 5))


@pytest.mark.postgresql
def test_lists_in_postgresql(model, postgresql, tmp_path, monkeypatch, small_parts):
    import sqlalchemy

    monkeypatch.chdir(tmp_path)
    url = f"{postgresql}?table=shop.lists"
    engine = sqlalchemy.create_engine(postgresql)

    def rows():
        with engine.connect() as connection:
            table = connection.execute(
                sqlalchemy.text('SELECT * FROM shop.lists ORDER BY "user", rank')
            )
            return pl.DataFrame(table.mappings().all(), infer_schema_length=None)

    write_lists(model, url, 3, explain=True)
    expected = explain_lists(model, None, 3)
    assert rows()["because"].to_list() == expected["because"].to_list()
    assert rows()["reasons"].to_list() == expected["reasons"].to_list()
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("CREATE VIEW top AS SELECT * FROM shop.lists"))
    before = rows()
    with monkeypatch.context() as patch:
        stop_at(patch, 3)
        with pytest.raises(Stop):
            write_lists(model, url, 5, explain=True)
    assert rows().equals(before)
    (folder,) = tmp_path.iterdir()
    assert folder.name == "postgres.shop.lists.parts"
    # A reader that has begun sees the old rows to its end.
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as reader:
        count = sqlalchemy.text("SELECT count(*) FROM shop.lists")
        assert reader.execute(count).scalar() == len(before)
        write_lists(model, url, 5, explain=True)
        assert reader.execute(count).scalar() == len(before)
    assert rows()["item"].to_list() == explain_lists(model, None, 5)["item"].to_list()
    assert not list(tmp_path.iterdir())
    with pytest.raises(DataError, match="has the columns"):
        write_lists(model, f"{postgresql}?table=shop.reviews")
    with pytest.raises(DataError, match="connection"):
        write_lists(model, "postgresql://tester@127.0.0.1:1/postgres")
    engine.dispose()


@pytest.mark.mariadb
def test_lists_in_mariadb(mariadb, tmp_path, monkeypatch, small_parts):
    import sqlalchemy

    monkeypatch.chdir(tmp_path)
    log = planted_pairs(n_users=11, n_items=8, string_ids=True)
    titles = log.item_table.with_columns(title=pl.format("T\U0001f375e {}", "item"))
    model = make("item-knn:shrinkage=0").fit(replace(log, item_table=titles))
    url = mariadb.replace("+pymysql", "")  # the driver is known
    engine = sqlalchemy.create_engine(mariadb)

    def rows():
        with engine.connect() as connection:
            table = connection.execute(sqlalchemy.text("SELECT * FROM lists ORDER BY user, `rank`"))
            return pl.DataFrame(table.mappings().all(), infer_schema_length=None)

    write_lists(model, url, 3, explain=True)
    expected = explain_lists(model, None, 3)
    for column in ("user", "item", "title", "because"):
        assert rows()[column].to_list() == expected[column].to_list()
    np.testing.assert_allclose(rows()["score"], expected["score"], rtol=1e-7)
    reasons = [json.loads(text) for text in rows()["reasons"]]
    assert reasons == expected["reasons"].to_list()
    indexes = sqlalchemy.inspect(engine).get_indexes("lists")
    assert [index["column_names"] for index in indexes] == [["user"]]
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as reader:
        count = sqlalchemy.text("SELECT count(*) FROM lists")
        assert reader.execute(count).scalar() == 33
        write_lists(model, url, 5, explain=True)  # takes the place of the rows
        assert reader.execute(count).scalar() == 33
    assert rows()["item"].to_list() == explain_lists(model, None, 5)["item"].to_list()
    with pytest.raises(DataError, match="has the columns"):
        write_lists(model, url, 3)
    write_lists(model, url, 3, overwrite=True)  # takes the place of the table
    assert rows()["item"].to_list() == model.recommend(None, 3)["item"].to_list()
    write_lists(model, f"{url}?table=other.lists", 2)
    assert rows().height == 33
    with engine.connect() as connection:
        tables = connection.exec_driver_sql(
            "SELECT table_schema, table_name FROM information_schema.tables "
            "WHERE table_schema IN ('shop', 'other') ORDER BY 1, 2"
        )
        assert tables.all() == [("other", "lists"), ("shop", "lists"), ("shop", "reviews")]
        assert connection.exec_driver_sql("SELECT count(*) FROM other.lists").scalar() == 22
    assert not list(tmp_path.iterdir())
    with pytest.raises(DataError, match="the database says"):
        write_lists(model, "mysql://root@127.0.0.1:1/shop")
    engine.dispose()


def test_other_databases_are_written_to_with_a_warning(model, monkeypatch, tmp_path, caplog):
    from penchant.batch import database

    monkeypatch.setattr(database, "_TESTED", ("postgresql",))
    with caplog.at_level(logging.WARNING):
        write_lists(model, f"sqlite:///{tmp_path / 'lists.db'}", 3)
    assert "Writing to sqlite goes through SQLAlchemy and is not tested there" in caplog.text

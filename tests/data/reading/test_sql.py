from __future__ import annotations

import socket
import sqlite3
from contextlib import closing

import pytest
import sqlalchemy

from penchant.data.reading.log_reader import read
from penchant.errors import DataError


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr("penchant.data.reading.sql._CHUNK", 500)


@pytest.fixture
def sqlite(tmp_path):
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE ratings (user_id INT, sku TEXT, stars REAL, ts INT)")
        rows = [(n % 7, f"0{n % 11}", n % 5 + 1, 978300760 + n) for n in range(1_200)]
        connection.executemany("INSERT INTO ratings VALUES (?, ?, ?, ?)", rows)
        connection.execute("INSERT INTO ratings VALUES (1, '01', 'good', NULL)")
        connection.commit()
    return path


def test_sqlite_file_url_engine_and_connection(sqlite):
    log = read(sqlite, quiet=True)
    assert len(log) == 1_200
    assert log.name == "ratings"
    assert log.items.ids[0] == "00"
    assert log.origin.skipped is not None
    assert log.origin.skipped.row(0)[:2] == (1_201, "rating 'good' is not a number")
    assert len(read(f"sqlite:///{sqlite}", table="ratings", limit=700, quiet=True)) == 700
    engine = sqlalchemy.create_engine(f"sqlite:///{sqlite}")
    query = "SELECT user_id AS user, sku AS item FROM ratings WHERE sku LIKE '%5' LIMIT 7"
    assert len(read(engine, query=query)) == 7
    with engine.connect() as connection:
        assert len(read(connection, query=query)) == 7
    engine.dispose()


def test_sqlite_errors(sqlite, tmp_path):
    with pytest.raises(DataError, match="no table 'rating'; there are: ratings"):
        read(sqlite, table="rating")
    with pytest.raises(DataError, match="the database says: near"):
        read(sqlite, query="SELEKT 1")
    with pytest.raises(DataError, match="not both"):
        read(sqlite, table="ratings", query="SELECT 1")
    with pytest.raises(DataError, match=r"no file .*absent\.db"):
        read(f"sqlite:///{tmp_path}/absent.db")
    assert not (tmp_path / "absent.db").exists()
    with pytest.raises(DataError, match=r"sqlite://x is no database URL: Invalid SQLite URL"):
        read("sqlite://x", table="ratings")
    with pytest.raises(DataError, match="is no database that is known"):
        read("nosuch://host/name")
    with closing(sqlite3.connect(sqlite)) as connection:
        connection.execute("CREATE TABLE films (id INT)")
    with pytest.raises(DataError, match=r"say which table .* films, ratings"):
        read(sqlite)
    with pytest.raises(DataError, match="has no record"):
        read(sqlite, query="SELECT user_id, sku FROM ratings WHERE 0")


@pytest.mark.postgresql
def test_postgresql(postgresql):
    log = read(postgresql, table="shop.reviews", quiet=True)
    assert (len(log), log.n_users, log.n_items) == (600, 50, 20)
    assert log.ratings[0] == 0.5
    assert str(log.events["time"][0]) == "2019-12-31 22:01:00"
    assert log.events["text"][0] == "a: 1"
    query = "SELECT customer_id::int AS u, product_id FROM shop.reviews WHERE comment LIKE '%: 7'"
    short = postgresql.replace("+psycopg", "")
    assert len(read(short, query=query, user="u", quiet=True)) == 1
    with pytest.raises(DataError, match=r"no table 'shop\.review'"):
        read(postgresql, table="shop.review")


def test_a_server_that_is_not_there_and_no_password_in_the_message():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(DataError) as caught:
        read(f"postgresql+psycopg://me:secret@127.0.0.1:{port}/x", table="t")
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///new.db",
        "sqlite:///:new.db",
        "sqlite:///file:new.db?uri=true",
        "sqlite:///file:new.db?mode=rwc&uri=true",
        "sqlite:///" + "x" * 5000,
        "sqlite:///a\0b",
    ],
)
def test_urls_of_sqlite_create_no_file(url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="There is no file"):
        read(url)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_no_text_is_refused(tmp_path):
    file = tmp_path / "a.db"
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("CREATE TABLE ratings (user, item, ratxng)")
        database.execute("INSERT INTO ratings VALUES (1, 2, 3)")
    file.write_bytes(file.read_bytes().replace(b"ratxng", b"rat\xb9ng"))
    with pytest.raises(DataError, match=r"no text|the database says"):
        read(file)


@pytest.mark.mariadb
def test_mariadb(mariadb):
    for url in (mariadb, mariadb.replace("mysql+pymysql", "mariadb")):
        log = read(url, table="reviews", quiet=True)
        assert (len(log), log.n_users, log.n_items) == (600, 50, 20)
        assert log.rating_range == (0, 4.5)
        assert str(log.events["time"].max()) == "2020-01-01 10:00:00"
    some = read(mariadb, query="SELECT * FROM reviews WHERE score > 4", quiet=True)
    assert len(some) == 60
    with pytest.raises(DataError, match="reviews"):
        read(mariadb, table="review")

from __future__ import annotations

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy

from penchant.data.reading.log_reader import read
from penchant.errors import DataError


@pytest.fixture
def sqlite(tmp_path):
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE ratings (user_id INT, sku TEXT, stars REAL, ts INT)")
        rows = [(n % 7, f"0{n % 11}", n % 5 + 1, 978300760 + n) for n in range(120_000)]
        connection.executemany("INSERT INTO ratings VALUES (?, ?, ?, ?)", rows)
        connection.execute("INSERT INTO ratings VALUES (1, '01', 'good', NULL)")
        connection.commit()
    return path


def test_sqlite_file_url_engine_and_connection(sqlite):
    log = read(sqlite, quiet=True)
    assert len(log) == 120_000
    assert log.name == "ratings"
    assert log.items.ids[0] == "00"
    assert log.origin.skipped is not None
    assert log.origin.skipped.row(0)[:2] == (120_001, "rating 'good' is not a number")
    assert len(read(f"sqlite:///{sqlite}", table="ratings", limit=1000, quiet=True)) == 1000
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
    with pytest.raises(DataError, match="is no database that is known"):
        read("nosuch://host/name")
    with closing(sqlite3.connect(sqlite)) as connection:
        connection.execute("CREATE TABLE films (id INT)")
    with pytest.raises(DataError, match=r"say which table .* films, ratings"):
        read(sqlite)
    with pytest.raises(DataError, match="has no record"):
        read(sqlite, query="SELECT user_id, sku FROM ratings WHERE 0")


def _program(name: str) -> str | None:
    found = shutil.which(name)
    others = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return found or (str(others[-1]) if others else None)


@pytest.fixture(scope="module")
def postgresql():
    """The URL of a PostgreSQL server that lives as long as the tests of this file."""
    initdb, server = _program("initdb"), _program("postgres")
    if initdb is None or server is None:
        pytest.skip("PostgreSQL's programs initdb and postgres are not installed")
    # PostgreSQL refuses to run as root.
    as_user = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
    with tempfile.TemporaryDirectory(prefix="penchant-pg-") as folder:
        if as_user:
            shutil.chown(folder, **as_user)
        data = f"{folder}/data"
        # Popen's own change of user keeps root's groups unless told otherwise.
        options = {**as_user, "cwd": folder, "stdout": -3, "stderr": -3}
        if as_user:
            options["extra_groups"] = []
        make = [initdb, "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run([*make, "--locale=C"], check=True, **options)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        settings = ["-c", "fsync=off", "-c", "listen_addresses=127.0.0.1"]
        command = [server, "-D", data, "-p", str(port), "-k", folder, *settings]
        with subprocess.Popen(command, **options) as process:
            try:
                url = f"postgresql+psycopg://tester@127.0.0.1:{port}/postgres"
                engine = sqlalchemy.create_engine(url)
                for attempt in range(100):
                    try:
                        with engine.begin() as connection:
                            _fill(connection)
                        break
                    except sqlalchemy.exc.OperationalError:
                        if attempt == 99 or process.poll() is not None:
                            raise
                        time.sleep(0.1)
                    finally:
                        engine.dispose()
                yield url
            finally:
                process.send_signal(signal.SIGINT)  # does not wait for open connections


def _fill(connection):
    connection.exec_driver_sql("CREATE SCHEMA shop")
    connection.exec_driver_sql(
        "CREATE TABLE shop.reviews AS SELECT (n % 50)::int AS customer_id, "
        "md5((n % 20)::text)::uuid AS product_id, (n % 10 / 2.0)::numeric(3, 1) AS score, "
        "timestamptz '2020-01-01 00:00+02' + n * interval '1 minute' AS created_at, "
        "'a: ' || n AS comment FROM generate_series(1, 60000) AS n",
        execution_options={"no_parameters": True},  # so that % stays what it is
    )


@pytest.mark.postgresql
def test_postgresql(postgresql):
    log = read(postgresql, table="shop.reviews", quiet=True)
    assert (len(log), log.n_users, log.n_items) == (60_000, 50, 20)
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

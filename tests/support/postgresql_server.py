from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy


def _program(name: str) -> str | None:
    found = shutil.which(name)
    others = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return found or (str(others[-1]) if others else None)


@pytest.fixture(scope="session")
def postgresql():
    """The URL of a PostgreSQL server with a table `shop.reviews`."""
    if _program("initdb") is None or _program("postgres") is None:
        pytest.skip("PostgreSQL's programs initdb and postgres are not installed")
    with running_postgresql("-c", "fsync=off") as url:
        engine = sqlalchemy.create_engine(url)
        with engine.begin() as connection:
            _fill(connection)
        engine.dispose()
        yield url


@contextmanager
def running_postgresql(*settings):
    """The URL of an empty PostgreSQL server that runs as long as the context lasts."""
    initdb, server = _program("initdb"), _program("postgres")
    # PostgreSQL refuses to run as root.
    as_user = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
    with tempfile.TemporaryDirectory(prefix="penchant-pg-") as folder:
        if as_user:
            shutil.chown(folder, **as_user)
        data = f"{folder}/data"
        # Popen's own change of user keeps root's groups unless they are named.
        options = {**as_user, "cwd": folder, "stdout": -3, "stderr": -3}
        if as_user:
            options["extra_groups"] = []
        make = [initdb, "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run([*make, "--locale=C"], check=True, **options)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        address = ["-p", str(port), "-k", folder, "-c", "listen_addresses=127.0.0.1"]
        with subprocess.Popen([server, "-D", data, *address, *settings], **options) as process:
            try:
                url = f"postgresql+psycopg://tester@127.0.0.1:{port}/postgres"
                engine = sqlalchemy.create_engine(url)
                for attempt in range(100):
                    try:
                        engine.connect().close()
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
        "'a: ' || n AS comment FROM generate_series(1, 600) AS n",
        execution_options={"no_parameters": True},  # so that % stays what it is
    )

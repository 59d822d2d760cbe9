from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import pytest
import sqlalchemy


@pytest.fixture(scope="session")
def mariadb():
    """The URL of the database `shop` of a MariaDB server, which has a table `reviews`."""
    pytest.importorskip("pymysql")
    install = shutil.which("mariadb-install-db")
    server = shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin")
    if install is None or server is None:
        pytest.skip("MariaDB's programs mariadb-install-db and mariadbd are not installed")
    # MariaDB refuses to run as root.
    as_user = {"user": "mysql", "group": "mysql"} if os.geteuid() == 0 else {}
    with tempfile.TemporaryDirectory(prefix="penchant-my-") as folder:
        if as_user:
            shutil.chown(folder, **as_user)
        options = {**as_user, "cwd": folder, "stdout": -3, "stderr": -3}
        if as_user:
            options["extra_groups"] = []
        data = f"--datadir={folder}/data"
        make = [install, "--no-defaults", data, "--auth-root-authentication-method=normal"]
        subprocess.run([*make, "--skip-test-db"], check=True, **options)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        settings = ["--bind-address=127.0.0.1", f"--port={port}", f"--socket={folder}/socket"]
        # Another character set than that of the lists, as servers have from long ago.
        settings += [f"--pid-file={folder}/pid", "--character-set-server=latin1"]
        with subprocess.Popen([server, "--no-defaults", data, *settings], **options) as process:
            try:
                url = f"mysql+pymysql://root@127.0.0.1:{port}"
                engine = sqlalchemy.create_engine(url)
                for attempt in range(200):
                    try:
                        with engine.begin() as connection:
                            _fill(connection)
                        break
                    except sqlalchemy.exc.OperationalError:
                        if attempt == 199 or process.poll() is not None:
                            raise
                        time.sleep(0.1)
                    finally:
                        engine.dispose()
                yield f"{url}/shop"
            finally:
                process.send_signal(signal.SIGTERM)


def _fill(connection):
    for statement in (
        "CREATE DATABASE IF NOT EXISTS shop",
        "CREATE DATABASE IF NOT EXISTS other",
        "CREATE TABLE shop.reviews (customer_id INT, product_id VARCHAR(9), score DECIMAL(3, 1), "
        "created_at DATETIME)",
        "INSERT INTO shop.reviews SELECT seq MOD 50, CONCAT('p', seq MOD 20), (seq MOD 10) / 2, "
        "TIMESTAMP('2020-01-01') + INTERVAL seq MINUTE FROM mysql.seq_1_to_600",
    ):
        connection.exec_driver_sql(statement)

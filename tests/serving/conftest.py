from __future__ import annotations

import secrets

import pytest
import sqlalchemy

from penchant.bundle import save
from penchant.data.dataset import Dataset
from penchant.models import make
from penchant.serving.store import Store
from support.postgresql_server import postgresql

__all__ = ["postgresql"]

pl = pytest.importorskip("polars")

N_USERS, N_FILMS = 40, 12


@pytest.fixture(scope="session")
def films() -> Dataset:
    """Twelve comedies (1 to 12) and twelve horror films (101 to 112); each user has most of one."""
    items = [*range(1, N_FILMS + 1), *range(101, 101 + N_FILMS)]
    table = pl.DataFrame(
        {
            "item": items,
            "title": [f"{'Comédie' if i < 100 else 'Horror'} {i}, The (1990)" for i in items],
            "genres": [["Comedy"] if i < 100 else ["Horror"] for i in items],
            "price": [float(i) for i in items],
        }
    )
    rows = [
        (user, item, 5.0 if (item < 100) == (user < N_USERS // 2) else 1.0, 86_400_000_000 * item)
        for user in range(N_USERS)
        for item in items
        if (user + item) % 4 and ((item < 100) == (user < N_USERS // 2) or item % 5 == user % 5)
    ]
    frame = pl.DataFrame(rows, schema=["user", "item", "rating", "time"], orient="row")
    frame = frame.with_columns(pl.col("time").cast(pl.Datetime("us")))
    return Dataset.from_frame(frame, item_table=table, name="films", scale=(1, 5), positive=4)


@pytest.fixture(scope="session")
def bundles(films, tmp_path_factory):
    """A folder with the bundles `ease`, `popular` and `bias`."""
    folder = tmp_path_factory.mktemp("bundles")
    for name in ("ease", "popular", "ials"):
        save(make(name).fit(films), folder / name)
    return folder


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def url(request, tmp_path):
    """The URL of a database without tables, of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'feedback.db'}"
    server = request.getfixturevalue("postgresql")
    name = f"store_{secrets.token_hex(6)}"
    engine = sqlalchemy.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return server.replace("/postgres", f"/{name}")


@pytest.fixture
def store(url):
    with Store.open(url) as opened:
        yield opened

from __future__ import annotations

import shutil
import threading

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from penchant.serving.store import Feedback, Progress, Store, StoreError
from penchant.serving.store.database import Database
from penchant.serving.store.migrating import MIGRATIONS, migrate, scripts
from penchant.serving.store.schema import VERSIONS, metadata

_NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = "{head}"


def upgrade():
    op.add_column("penchant_events", sa.Column("place", sa.Text))
    op.create_table("penchant_places", sa.Column("place", sa.Text, primary_key=True))
    {more}
"""


def _with_a_next_step(folder, more=""):
    """The steps of this version and one more."""
    steps = shutil.copytree(MIGRATIONS, folder / "steps")
    head = scripts().get_current_head()
    (steps / "m9999_next.py").write_text(_NEXT.format(head=head, more=more))
    return steps


def _columns(database):
    inspector = sa.inspect(database.engine)
    return [column["name"] for column in inspector.get_columns("penchant_events")]


@pytest.fixture
def database(url):
    opened = Database(url, create=True)
    yield opened
    opened.close()


def test_the_steps_make_the_tables_that_the_code_uses(store):
    with store._database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSIONS})
        assert compare_metadata(context, metadata) == []


def test_each_step_follows_one_other():
    assert len(scripts().get_heads()) == 1
    assert len(scripts().get_bases()) == 1


def _first_version(url):
    """A store of the first version with an event, a shown list and a deletion, as SQL wrote it."""
    database = Database(url, create=True)
    migrate(database, "s", until="0001")
    with database.writing() as connection:
        for statement in (
            'INSERT INTO penchant_events (sequence, "user", item, kind, value, time, key) '
            "VALUES (1, 'u', 'a', 'rating', 4.0, 1000, 'k')",
            "INSERT INTO penchant_shown VALUES ('l', 'u', 5, 'e', 'a', 'm', "
            "'[[\"i\", 0.5, 1.0, false, null]]')",
            "INSERT INTO penchant_deletions VALUES (2, 'abc', 7)",
            "INSERT INTO penchant_bundles VALUES ('f', 1, 7)",
            "UPDATE penchant_counter SET last = 2",
        ):
            connection.exec_driver_sql(statement)
    database.close()


def test_a_store_of_the_first_version_is_read_by_this_one(url):
    _first_version(url)
    with Store.open(url) as store:
        tail = store.since(0)
        assert [(e.user, e.item, e.value, e.key) for e in tail.events] == [("u", "a", 4.0, "k")]
        assert [d.hash for d in tail.deletions] == ["abc"]
        assert store.shown()["item"].to_list() == ["i"]
        # Whether an update went past a deletion was not noted: nobody who was deleted is used.
        assert store.progress("f") == Progress(learned=1, removed=0)
        assert store.add([Feedback("u", "b")])[0].sequence == 3


def test_a_further_step_keeps_what_is_there(database, url, tmp_path):
    with Store.open(url) as store:
        store.add([Feedback("u", "a")])
    migrate(database, "s", _with_a_next_step(tmp_path))
    assert "place" in _columns(database)
    with database.reading() as connection:
        query = "SELECT item, place FROM penchant_events"
        assert connection.exec_driver_sql(query).all() == [("a", None)]


def test_a_step_that_fails_leaves_all_as_it_was(database, url, tmp_path):
    with Store.open(url) as store:
        store.add([Feedback("u", "a")])
    with pytest.raises(ZeroDivisionError):
        migrate(database, "s", _with_a_next_step(tmp_path, more="1 / 0"))
    assert "place" not in _columns(database)
    assert "penchant_places" not in sa.inspect(database.engine).get_table_names()
    with Store.open(url) as store:
        assert store.last() == 1


def test_a_newer_store_is_refused(database, url, tmp_path):
    Store.open(url).close()
    migrate(database, "s", _with_a_next_step(tmp_path))
    with pytest.raises(StoreError, match=r"has version next and this penchant knows .* upgrade"):
        Store.open(url)


def test_several_that_open_a_new_store_at_once_make_one(url):
    stores, errors = [], []

    def start():
        try:
            stores.append(Store.open(url))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len({store.hash_of("u") for store in stores}) == 1
    for store in stores:
        store.close()


def test_tables_of_others_stay(url):
    database = Database(url, create=True)
    with database.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE events (a integer)")
        connection.exec_driver_sql("INSERT INTO events VALUES (1)")
    with Store.open(url) as store:
        store.add([Feedback("u", "a")])
    with database.reading() as connection:
        assert connection.exec_driver_sql("SELECT a FROM events").scalar() == 1
    database.close()

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from datetime import datetime

import polars as pl
import pytest
import sqlalchemy as sa

from penchant.errors import ParameterError, PenchantError
from penchant.serving.store import (
    ConflictError,
    Feedback,
    Progress,
    ShownList,
    Store,
    StoredEvent,
    StoreError,
)
from penchant.serving.store.database import Database


def _shown(name, user, items=("a", "b"), **given):
    return ShownList(
        name, user, 1000, "e", "canary", "m", [(i, 0.5, 1.0, False, None) for i in items], **given
    )


def test_an_event_comes_back_as_it_went_in(store):
    given = Feedback(7, "ä/ö", "rating", 4.5, 1_700_000_000_000_000, "k1", "s", None)
    (event,) = store.add([given])
    assert event == StoredEvent(
        1, "7", "ä/ö", "rating", 4.5, 1_700_000_000_000_000, "k1", "s", None
    )
    tail = store.since(0)
    assert (tail.events, tail.deletions, tail.last) == ([event], [], 1)


def test_events_are_numbered_in_order_and_those_without_a_time_have_that_of_now(store):
    before = time.time_ns() // 1000
    events = store.add([Feedback("u", n) for n in range(5)]) + store.add([Feedback("u", 9)])
    assert [event.sequence for event in events] == [1, 2, 3, 4, 5, 6]
    assert all(before <= event.time <= time.time_ns() // 1000 for event in events)
    assert [event.item for event in store.since(4).events] == ["4", "9"]
    assert store.last() == 6
    assert store.add([]) == []


def test_a_key_keeps_an_event_once(store):
    event = Feedback("u", "a", "purchase", 2.0, key="order-1")
    first = store.add([event])
    assert store.add([event]) == first
    twice = store.add([Feedback("u", "b", key="k"), Feedback("u", "b", key="k")])
    assert twice[0] == twice[1]
    assert store.last() == 2


@pytest.mark.parametrize(
    "other",
    [
        Feedback("v", "a", "purchase", 2.0, key="k"),
        Feedback("u", "b", "purchase", 2.0, key="k"),
        Feedback("u", "a", "purchase", 3.0, key="k"),
        Feedback("u", "a", "like", key="k"),
        Feedback("u", "a", "purchase", 2.0, time=5, key="k"),
    ],
)
def test_a_key_of_another_event_is_refused_and_nothing_is_kept(store, other):
    store.add([Feedback("u", "a", "purchase", 2.0, key="k")])
    with pytest.raises(ConflictError, match="'k' is that of event 1, which has another"):
        store.add([Feedback("u", "c"), other])
    assert store.last() == 1
    assert len(store.since(0).events) == 1


def test_an_undo_takes_an_event_back_and_leaves_it_in_the_log(store):
    store.add([Feedback("u", "a"), Feedback("u", "b")])
    store.add([Feedback("u", kind="undo", of=1)])
    assert len(store.since(0).events) == 3
    assert store.outcomes()["item"].to_list() == ["b"]
    assert store.outcomes(after=2).is_empty()


def test_what_a_person_has_said_is_what_they_have_not_taken_back(store):
    store.add([Feedback("u", "a"), Feedback("v", "b"), Feedback("u", "c", "rating", 4.0)])
    store.add([Feedback("u", kind="undo", of=1)])
    assert [(e.sequence, e.item, e.value) for e in store.events_of("u")] == [(3, "c", 4.0)]
    assert store.events_of("nobody") == []


def test_an_undo_of_what_is_not_there_or_another_person_s_is_refused(store):
    store.add([Feedback("u", "a"), Feedback("u", kind="undo", of=1)])
    for user, of in (("v", 1), ("u", 99)):
        with pytest.raises(ParameterError, match=f"no event {of} that could be taken back"):
            store.add([Feedback(user, kind="undo", of=of)])
    with pytest.raises(ParameterError, match="takes one back itself"):
        store.add([Feedback("u", kind="undo", of=2)])


def test_changes_are_seen_by_others_at_once_and_by_oneself(store, url):
    with Store.open(url) as other:
        assert store.changed()
        store.since(0)
        other.since(0)
        assert not store.changed()
        assert not other.changed()
        store.add([Feedback("u", "a")])
        assert store.changed()
        assert other.changed()
        assert other.since(0).last == 1
        assert not other.changed()
        assert store.changed()  # until it has been read here
        other.delete("u")
        assert store.changed()
        tail = store.since(1)
        assert [deletion.hash for deletion in tail.deletions] == [store.hash_of("u")]


def test_the_check_for_changes_costs_microseconds_with_sqlite(tmp_path):
    with Store.open(f"sqlite:///{tmp_path / 's.db'}") as store:
        store.since(0)
        times = []
        for _ in range(20):
            start = time.perf_counter()
            for _ in range(100):
                store.changed()
            times.append((time.perf_counter() - start) / 100)
    assert min(times) < 100e-6


def test_a_commit_of_sqlite_is_flushed(tmp_path):
    with Store.open(f"sqlite:///{tmp_path / 's.db'}") as store, store._database.reading() as c:
        settings = {
            name: c.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "secure_delete", "busy_timeout")
        }
    assert settings == {
        "journal_mode": "wal",
        "synchronous": 2,
        "secure_delete": 1,
        "busy_timeout": 30_000,
    }


def test_shown_lists_are_a_table_of_places(store):
    places = [("a", 0.25, 0.9, False, {"because": ["x"]}), (7, None, 1.0, True, None)]
    store.show([ShownList("l1", 3, 2_000_000, "home", "new", "m1", places)])
    store.show([_shown("l2", None), ShownList("l1", 3, 1, "other", "new", "m1", [])])
    assert store.shown(experiment="home").to_dicts() == [
        {
            "list": "l1",
            "user": "3",
            "time": datetime(1970, 1, 1, 0, 0, 2),
            "experiment": "home",
            "arm": "new",
            "model": "m1",
            "position": position,
            "item": item,
            "score": score,
            "propensity": propensity,
            "explored": explored,
            "reasons": reasons,
        }
        for position, item, score, propensity, explored, reasons in (
            (1, "a", 0.25, 0.9, False, '{"because": ["x"]}'),
            (2, "7", None, 1.0, True, None),
        )
    ]
    assert store.shown()["list"].to_list() == ["l2", "l2", "l1", "l1"]


def test_tables_of_an_empty_store_have_their_columns(store):
    assert store.outcomes().schema == {
        "sequence": pl.Int64,
        "user": pl.String,
        "item": pl.String,
        "kind": pl.String,
        "value": pl.Float64,
        "time": pl.Datetime("us"),
    }
    assert store.shown().columns[:7] == [
        *("list", "user", "time", "experiment", "arm", "model", "position")
    ]


def test_an_export_has_all_that_is_kept_and_a_deletion_leaves_nothing(store):
    store.add([Feedback("u", "a", key="k", session="s", time=0), Feedback("v", "b")])
    store.show([_shown("l1", "u"), _shown("l2", "v")])
    export = store.export("u")
    json.dumps(export)
    assert export["events"] == [
        {
            "sequence": 1,
            "item": "a",
            "kind": "like",
            "value": None,
            "time": "1970-01-01T00:00:00+00:00",
            "key": "k",
            "session": "s",
            "of": None,
        }
    ]
    assert [each["list"] for each in export["shown"]] == ["l1"]
    assert [place["item"] for place in export["shown"][0]["items"]] == ["a", "b"]

    deletion = store.delete("u")
    assert (deletion.sequence, deletion.n_events, deletion.n_lists) == (3, 1, 1)
    after = store.export("u")
    assert (after["events"], after["shown"], len(after["deletions"])) == ([], [], 1)
    assert [event.user for event in store.since(0).events] == ["v"]
    assert store.shown()["user"].unique().to_list() == ["v"]
    assert store.tombstones()[store.hash_of("u")].sequence == 3


def test_nothing_of_a_deleted_person_stays_in_the_files(tmp_path):
    name = "somebody-whom-nobody-may-find"
    with Store.open(f"sqlite:///{tmp_path / 's.db'}") as store:
        store.add([Feedback(name, f"item-{n}", key=f"{name}-{n}") for n in range(300)])
        store.show([_shown(f"l{n}", name) for n in range(50)])
        assert any(name.encode() in file.read_bytes() for file in tmp_path.iterdir())
        store.delete(name)
        assert not [f.name for f in tmp_path.iterdir() if name.encode() in f.read_bytes()]


def test_what_is_deleted_while_somebody_reads_leaves_the_files_at_a_later_write(tmp_path):
    name = "somebody-whom-nobody-may-find"
    with Store.open(f"sqlite:///{tmp_path / 's.db'}") as store:
        store.add([Feedback(name, "a")])
        with store._database.reading() as connection:
            connection.exec_driver_sql("SELECT * FROM penchant_events").all()
            started = time.perf_counter()
            store.delete(name)
            assert time.perf_counter() - started < 5
        store.add([Feedback("u", "a")])
        assert not [f.name for f in tmp_path.iterdir() if name.encode() in f.read_bytes()]


def test_another_program_that_keeps_the_store_locked_is_named(store):
    sqlite = store._database.is_sqlite
    connect = "PRAGMA busy_timeout=50" if sqlite else "SET lock_timeout = '50ms'"
    with store._database.writing() as holder:
        holder.execute(sa.text("UPDATE penchant_counter SET last = last"))
        other = Database(store._database.engine.url.render_as_string(False), create=False)
        with (
            pytest.raises(StoreError, match="another program keeps it locked"),
            _impatient(other, connect) as connection,
        ):
            connection.execute(sa.text("UPDATE penchant_counter SET last = last"))
        other.close()


@contextmanager
def _impatient(database, statement):
    @sa.event.listens_for(database.engine, "connect")
    def set_up(connection, _):
        connection.cursor().execute(statement)
        connection.commit()

    with database.writing() as connection:
        yield connection


def test_what_a_person_does_after_a_deletion_counts_again(store):
    store.add([Feedback("u", "a")])
    store.delete("u")
    store.add([Feedback("u", "b")])
    assert [event.item for event in store.since(0).events] == ["b"]
    assert store.export("u")["events"][0]["sequence"] == 3


def test_hashes_have_a_key_of_each_store(tmp_path):
    with Store.open(f"sqlite:///{tmp_path / 'a.db'}") as a:
        with Store.open(f"sqlite:///{tmp_path / 'b.db'}") as b:
            assert a.hash_of("u") != b.hash_of("u")
        first = a.hash_of(7)
        assert first == a.hash_of("7")
    with Store.open(f"sqlite:///{tmp_path / 'a.db'}") as again:
        assert again.hash_of("7") == first


def test_what_a_bundle_has_learned_is_remembered(store):
    assert store.learned("f" * 32) == 0
    store.set_learned("f" * 32, 5)
    store.set_learned("f" * 32, 7)
    assert store.learned("f" * 32) == 7
    assert store.progress("f" * 32) == Progress(7, 7)
    store.set_learned("f" * 32, 9, removed=7)
    assert store.progress("f" * 32) == Progress(learned=9, removed=7)


def test_all_that_a_person_has_said_until_some_moment_is_in_the_order_it_came(store):
    store.add([Feedback("u", "a"), Feedback("v", "b"), Feedback("u", "c", "dislike")])
    store.add([Feedback("u", kind="undo", of=1), Feedback("u", "d")])
    assert [(e.sequence, e.kind) for e in store.said_by("u", until=4)] == [
        (1, "like"),
        (3, "dislike"),
        (4, "undo"),
    ]
    assert store.said_by("w", until=9) == []
    store.delete("u")
    assert store.said_by("u", until=9) == []


def test_outcomes_until_a_number(store):
    store.add([Feedback("u", item) for item in "abcd"])
    assert store.outcomes(after=1, until=3)["item"].to_list() == ["b", "c"]


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (Feedback("a\0b", "i"), "NUL or half a character"),
        (Feedback("u", "\ud800"), "NUL or half a character"),
        (Feedback("u" * 501, "i"), "501 characters, and must have 1 to 500"),
        (Feedback("", "i"), "0 characters"),
        (Feedback("u", "i", key="\0"), "NUL or half a character"),
        (Feedback("u", "i", session="s" * 501), "501 characters"),
        (Feedback(True, "i"), "an integer or a text"),
        (Feedback("u", 1.5), "an integer or a text"),
        (Feedback("u", None), "names an item"),
        (Feedback("u", "i", "love"), "is one of rating, like"),
        (Feedback("u", "i", "rating"), "A rating has a value"),
        (Feedback("u", "i", "rating", float("nan")), "not finite"),
        (Feedback("u", "i", "rating", 1e300), "not finite, or too large"),
        (Feedback("u", "i", "rating", 10**400), "not finite, or too large"),
        (Feedback("u", "i", "like", 1.0), "has no value"),
        (Feedback("u", "i", "purchase", 0.0), "above 0"),
        (Feedback("u", "i", time=2**70), "in the future"),
        (Feedback("u", "i", time=2**61), "in the future"),
        (Feedback("u", "i", time=1.5), "whole number"),
        (Feedback("u", "i", "undo", of=1), "names no item"),
        (Feedback("u", None, "undo"), "names by `of`"),
        (Feedback("u", None, "undo", of=2**63), "from 1"),
        (Feedback("u", "i", of=1), "takes nothing back"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_one_sentence(store, event, message):
    with pytest.raises(ParameterError, match=message) as caught:
        store.add([Feedback("u", "fine"), event])
    text = str(caught.value)
    assert text.isprintable()
    assert len(text) < 300
    assert store.last() == 0


@pytest.mark.parametrize(
    "text", ["'; DROP TABLE penchant_events; --", "😀" * 500, "\u202e%s:x", "\x01\t"]
)
def test_texts_of_all_kinds_come_back_as_they_are(store, text):
    store.add([Feedback(text, text, key=text, session=text)])
    store.show([_shown(text, text, (text,))])
    (event,) = store.since(0).events
    assert (event.user, event.item, event.key, event.session) == (text,) * 4
    assert store.shown()["item"].to_list() == [text]
    assert store.delete(text).n_events == 1


def test_threads_that_send_the_same_keys_keep_each_event_once(store):
    keys = [f"k{n}" for n in range(40)]
    results, errors = [], []

    def send():
        try:
            results.extend(store.add([Feedback("u", key, key=key)])[0] for key in keys)
        except PenchantError as error:
            errors.append(error)

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len(results) == 240
    assert len(set(results)) == 40
    assert sorted(event.sequence for event in store.since(0).events) == list(range(1, 41))


def test_a_disk_that_is_full_is_named_and_nothing_is_lost(tmp_path):
    with Store.open(f"sqlite:///{tmp_path / 's.db'}") as store:
        store.add([Feedback("u", "a")])
        store._database.engine.dispose()
        sa.event.listen(
            store._database.engine,
            "connect",
            lambda connection, _: connection.execute("PRAGMA max_page_count=20"),
        )
        many = [Feedback("u", f"{n}-" + "x" * 400) for n in range(1000)]
        with pytest.raises(StoreError, match=r"store s\.db cannot be used, for the disk is full"):
            store.add(many)
        assert store.since(0).events[0].item == "a"
        store.delete("u")
        store.add([Feedback("u", "b")])


def test_a_database_that_cannot_be_written_is_named(tmp_path):
    path = tmp_path / "s.db"
    with Store.open(f"sqlite:///{path}") as store:
        store.add([Feedback("u", "a")])
        store._database.engine.dispose()
        sa.event.listen(
            store._database.engine,
            "connect",
            lambda connection, _: connection.execute("PRAGMA query_only=ON"),
        )
        with pytest.raises(StoreError, match="can be read and not written"):
            store.add([Feedback("u", "b")])
        assert len(store.since(0).events) == 1


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("feedback.db", "named by a URL such as sqlite:///feedback.db"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:///s.db?mode=ro", "a file's path and nothing else"),
        ("mysql://u@host/db", "cannot hold a store"),
        ("postgresql://u@host:port/db", "named by a URL"),
    ],
)
def test_what_names_no_store_is_refused(url, message):
    with pytest.raises(ParameterError, match=message):
        Store.open(url)


def test_files_that_are_no_store_are_refused(tmp_path):
    with pytest.raises(StoreError, match="There is no store"):
        Store.open(f"sqlite:///{tmp_path / 's.db'}", create=False)
    with pytest.raises(StoreError, match="see that its folder exists"):
        Store.open(f"sqlite:///{tmp_path / 'no' / 's.db'}")
    (tmp_path / "text.db").write_text("user,item\n" * 100)
    with pytest.raises(StoreError, match="no SQLite database"):
        Store.open(f"sqlite:///{tmp_path / 'text.db'}")


def test_a_server_that_does_not_answer_is_named_without_its_password():
    with pytest.raises(StoreError, match="no server answers there") as caught:
        Store.open("postgresql://me:secret@127.0.0.1:9/db")
    assert "secret" not in str(caught.value)


def test_a_lost_connection_is_made_anew(store):
    store.since(0)
    if not store._database.is_sqlite:
        with store._database.engine.connect() as connection:
            connection.execute(
                sa.text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE pid <> pg_backend_pid() AND datname = current_database()"
                )
            )
    assert not store.changed()
    store.add([Feedback("u", "a")])
    assert store.changed()

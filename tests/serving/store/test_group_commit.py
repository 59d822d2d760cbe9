from __future__ import annotations

import threading
import time

import sqlalchemy as sa

from penchant.serving.store import ConflictError, Feedback, StoreError


def _together(store, n, event_of, before=lambda: None):
    """Let threads add while the store is held, so that all wait; what each got, or its error."""
    results = [None] * n

    def add(number):
        try:
            results[number] = store.add([event_of(number)])
        except Exception as error:
            results[number] = error

    threads = [threading.Thread(target=add, args=(number,)) for number in range(n)]
    with store._commits._turn:
        for thread in threads:
            thread.start()
        while len(store._commits._waiting) < n:
            time.sleep(0.01)
        before()
    for thread in threads:
        thread.join()
    return results


def test_those_who_wait_share_one_commit(store):
    commits = []
    sa.event.listen(store._database.engine, "commit", lambda _: commits.append(1))
    results = _together(store, 6, lambda n: Feedback(f"u{n}", "a"))
    assert sum(commits) == 1
    assert sorted(events[0].sequence for events in results) == list(range(1, 7))
    assert all(events[0].user == f"u{n}" for n, events in enumerate(results))
    assert len(store.since(0).events) == 6


def test_what_is_refused_costs_others_nothing(store):
    store.add([Feedback("u", "a", key="k")])
    results = _together(
        store, 4, lambda n: Feedback("u", "b", key="k") if n == 2 else Feedback("u", f"i{n}")
    )
    assert isinstance(results[2], ConflictError)
    assert all(isinstance(results[n], list) for n in (0, 1, 3))
    assert store.last() == 4


def test_the_same_key_of_several_is_one_event(store):
    results = _together(store, 5, lambda n: Feedback("u", "a", key="k"))
    assert all(events == results[0] for events in results)
    assert store.last() == 1


def test_where_the_database_fails_everybody_hears_of_it_and_nothing_is_kept(store, monkeypatch):
    real = store._database.engine

    def fail():
        bad = sa.create_engine("sqlite:////no/such/folder/s.db")
        monkeypatch.setattr(store._database, "engine", bad)

    results = _together(store, 4, lambda n: Feedback("u", f"i{n}"), fail)
    assert all(isinstance(error, StoreError) for error in results)
    monkeypatch.setattr(store._database, "engine", real)
    assert store.last() == 0
    store.add([Feedback("u", "a")])


def test_a_store_that_is_held_for_long_by_another_is_waited_for(store):
    with store._database.writing() as connection:
        connection.execute(sa.text("UPDATE penchant_counter SET last = last"))
        thread = threading.Thread(target=store.add, args=([Feedback("u", "a")],))
        thread.start()
        thread.join(0.2)
        assert thread.is_alive()
    thread.join(30)
    assert store.last() == 1

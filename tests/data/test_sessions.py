from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from tests.support.basket_logs import log_of_baskets

import penchant as pn
from penchant.data.dataset import Dataset
from penchant.explanation.sentences import had_clause
from penchant.models import make


def log_of_sessions(sessions: dict[str, list[str]]) -> Dataset:
    return replace(log_of_baskets(sessions), in_sessions=True)


def items_of(log: Dataset, histories) -> list[str]:
    letters = [str(log.items[int(item)]) for item in histories.items]
    return [
        "".join(letters[a:b])
        for a, b in zip(histories.offsets[:-1], histories.offsets[1:], strict=True)
    ]


def test_the_last_session_of_each_history():
    log = log_of_sessions({"x": ["ab", "a", "ca"], "y": ["a"], "z": ["b", "ab"]})
    last = log.histories.last_session
    assert items_of(log, last) == ["ca", "a", "ab"]
    assert last.users.tolist() == [0, 1, 2]
    assert last.in_sessions
    assert items_of(log, last.last_session) == ["ca", "a", "ab"]
    assert items_of(log, log.histories.block(1, 3).last_session) == ["a", "ab"]
    assert items_of(log, log.histories.take([2, 0]).last_session) == ["ab", "ca"]
    nobody = pn.models.make("popular").fit(log).history([])
    assert nobody.last_session.n_events == 0


def test_the_session_whose_event_is_last_counts_and_not_the_one_that_began_last():
    frame = pl.DataFrame(
        {"user": ["x"] * 4, "item": list("abcd"), "basket": [1, 2, 1, None], "time": [1, 2, 3, 4]}
    ).with_columns(pl.from_epoch("time"))
    log = Dataset.from_frame(frame, in_sessions=True)
    assert items_of(log, log.histories.last_session) == ["d"]
    early = log.subset(np.array([True, True, True, False]))
    assert items_of(early, early.histories.last_session) == ["ac"]


def test_orders_and_logs_without_either_are_whole():
    shop = log_of_baskets({"x": ["ab", "a"]})
    assert shop.histories.last_session is shop.histories
    assert (shop.has_orders, shop.has_sessions) == (True, False)
    sessions = replace(shop, in_sessions=True)
    assert (sessions.has_orders, sessions.has_sessions) == (False, True)
    assert sessions.fingerprint != shop.fingerprint
    plain = Dataset.from_frame(shop.frame().drop("basket"), in_sessions=True)
    assert plain.histories.last_session is plain.histories
    assert not plain.has_sessions


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 3), st.none() | st.sampled_from("abc"), st.integers(0, 9)),
        min_size=1,
        max_size=30,
    )
)
def test_last_sessions_are_those_of_the_last_events(rows):
    frame = pl.DataFrame(rows, ["user", "basket", "item"], orient="row")
    log = Dataset.from_frame(frame, in_sessions=True)
    last = log.histories.last_session
    found = {}
    for user, low, high in zip(last.users, last.offsets[:-1], last.offsets[1:], strict=True):
        found[log.users[int(user)]] = [log.items[int(i)] for i in last.items[low:high]]
    expected: dict[int, list[int]] = {}
    for user in {row[0] for row in rows}:
        own = [row for row in rows if row[0] == user]
        key = own[-1][1]
        expected[user] = [own[-1][2]] if key is None else [i for _, b, i in own if b == key]
    assert found == expected


def test_bundles_and_updates_know_sessions(tmp_path):
    log = log_of_sessions({"x": ["ab", "a"], "y": ["b", "ac"]})
    pn.save(make("popular").fit(log), tmp_path / "bundle")
    restored = pn.restore(tmp_path / "bundle")
    assert restored.histories_.in_sessions
    assert items_of(log, restored.histories_.last_session) == ["a", "ac"]
    news = pl.DataFrame(
        {"user": ["x"], "item": ["c"], "basket": ["x1"], "time": [86_401]}
    ).with_columns(pl.from_epoch("time"))
    restored.update(Dataset.from_frame(news, in_sessions=True))
    after = restored.histories_
    assert after.in_sessions
    letters = [restored.items_[int(i)] for i in after.last_session.items]
    assert letters == ["a", "c", "a", "c"]


def test_reasons_speak_of_sessions():
    log = log_of_sessions({"x": ["ab", "a", "c"]})
    history = log.histories
    item = int(log.items.indices(pl.Series(["a"]))[0])
    assert had_clause(history, item, np.ones(4)) == "you had it in 2 of your 3 sessions"

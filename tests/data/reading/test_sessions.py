from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

import penchant as pn
from penchant.errors import DataError, ParameterError

DIGINETICA = (
    "sessionId;userId;itemId;timeframe;eventdate\n"
    "1;NA;81766;526309;2016-05-09\n"
    "1;NA;31331;1031018;2016-05-09\n"
    "1;NA;32118;243569;2016-05-09\n"
    "2;NA;9654;75848;2016-05-09\n"
    "2;17;32627;1112408;2016-05-09\n"
    "3;NA;33043;173912;2016-05-10\n"
)
CLICKS = (
    "1,2014-04-07T10:51:09.277Z,214536502,0\n"
    "1,2014-04-07T10:54:09.868Z,214536500,S\n"
    "2,2014-04-07T13:57:19.373Z,214662742,0\n"
    "2,2014-04-07T13:56:37.614Z,214662742,0\n"
    "3,2014-04-07T13:58:37.446Z,214825110,S\n"
    "3,2014-04-07T13:59:37.446Z,214536502,5\n"
)
USERS = (
    "user_id,item_id,timestamp,session_id\n"
    "1,5,1500000000,7\n2,6,1500000010,7\n1,6,1500000020,7\n1,5,1500009000,8\n2,5,1500000030,9\n"
)


@pytest.fixture
def read(tmp_path):
    def read_text(text: str, **options):
        (tmp_path / "log.csv").write_text(text)
        return pn.read(tmp_path / "log.csv", **options)

    return read_text


def items_of(log, user) -> list:
    histories = log.histories.take(log.users.indices(pl.Series([user])))
    return [log.items[int(item)] for item in histories.items]


def test_sessions_without_users_are_users_in_the_order_within_the_session(read, caplog):
    log = read(DIGINETICA)
    assert log.origin.columns["session"] == log.origin.columns["user"] == "sessionId"
    assert (log.n_users, log.anonymous, log.has_baskets) == (3, None, False)
    assert items_of(log, 1) == [32118, 81766, 31331]
    assert items_of(log, 2) == [9654, 32627]
    assert "83% of 'userId' is missing, so that each session (sessionId) is a user" in caplog.text
    assert "timeframe is the time within a session in ms" in caplog.text
    assert "may be one" not in caplog.text
    assert pn.split_leave_last_out(log, validation=False).repeats == "excluded"


def test_clicks_without_a_header(read, caplog):
    for log in (read(CLICKS), read(CLICKS, session=0)):
        assert log.origin.columns["user"] == "column_0"
        assert log.origin.columns["item"] == "column_2"
        assert log.origin.columns["time"] == "column_1"
        assert not log.has_ratings
        assert log.origin.skipped is None
        assert items_of(log, 3) == [214825110, 214536502]
    assert log.origin.columns["session"] == "column_0"
    assert "there are no users, so that each session (column_0) is a user" in caplog.text


@pytest.mark.parametrize("name", ["session_id", "sessionId", "SessionID", "user_session"])
def test_sessions_are_no_orders(read, name):
    log = read(USERS.replace("session_id", name))
    assert log.origin.columns["session"] == name
    assert "session" in log.origin.guessed
    assert (log.has_sessions, log.has_orders) == (True, False)
    assert log.histories.basket_numbers.tolist() == [0, 0, 1, 0, 1]
    assert pn.split_leave_last_out(log).repeats == "excluded"
    figures = pn.summary(log)
    assert (figures.n_sessions, figures.single_sessions, figures.n_baskets) == (4, 0.75, None)
    assert "sessions" in str(figures)
    assert not read(USERS.replace("session_id", name), session=False).has_baskets


def test_a_named_column_of_sessions_of_any_name(read):
    log = read(USERS.replace("session_id", "visit"), session="visit")
    assert log.histories.in_sessions
    assert log.histories.last_session.lengths.tolist() == [1, 1]
    with pytest.raises(DataError, match="no column 'nope' for the session"):
        read(USERS, session="nope")


def test_a_session_ends_where_a_user_pauses(read, caplog):
    log = read(USERS, session_gap="30 min")
    assert log.has_sessions
    assert log.histories.basket_numbers.tolist() == [0, 0, 1, 0, 0]
    assert log.events["basket"].n_unique() == 3
    assert "3 sessions, which end where more than 30 min lies" in caplog.text
    assert read(USERS, session_gap=timedelta(hours=3)).events["basket"].n_unique() == 2
    assert read(USERS, session_gap="19.9s").events["basket"].n_unique() == 5
    assert read(USERS, session_gap="20s").events["basket"].n_unique() == 3


def test_sessions_by_gaps_stand_with_their_events_whatever_their_rows(read):
    rows = USERS.splitlines()
    log = read("\n".join([rows[0], *reversed(rows[1:])]), session_gap="1h")
    first = log.events.filter(log.events["user"] == log.users.indices(pl.Series([1]))[0])
    of_time = dict(first.select(pl.col("time").dt.epoch("s"), "basket").iter_rows())
    assert of_time[1500000000] == of_time[1500000020] != of_time[1500009000]


def test_a_later_log_goes_on_with_other_sessions(read):
    model = pn.models.make("popular").fit(read(USERS, session_gap="1h"))
    model.update(read("user_id,item_id,timestamp\n1,6,1600000000\n", session_gap="1h"))
    assert model.histories_.last_session.lengths.tolist() == [1, 2]
    assert model.histories_.basket_numbers.tolist() == [0, 0, 1, 2, 0, 0]


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"session_gap": "soon"}, ParameterError, "such as 30min, 2h or 1d, not 'soon'"),
        ({"session_gap": "0h"}, ParameterError, "such as 30min"),
        ({"session_gap": "1h", "session": "session_id"}, ParameterError, "only one of session and"),
        ({"basket": "session_id", "session": "user_id"}, ParameterError, "only one of session and"),
        ({"session_gap": "1h", "time": False}, DataError, "need a time on every event, and 5"),
    ],
)
def test_what_makes_no_sessions(read, options, error, sentence):
    with pytest.raises(error, match=sentence):
        read(USERS, **options)


def test_rows_in_order(read, caplog):
    log = read("7 1\n8 4\n7 9\n8 2\n7 3\n", order="rows")
    assert log.has_order
    assert "each user's events came in the order of their rows" in caplog.text
    assert items_of(log, 7) == [1, 9, 3]
    split = pn.split_leave_last_out(log, validation=False)
    assert [log.items[int(item)] for item in split.test.items] == [3, 2]
    assert not read("7 1\n8 4\n7 9\n8 2\n7 3\n").has_order
    with pytest.raises(DataError, match="times say in which order"):
        read(USERS, order="rows")
    assert read(USERS, order="rows", time=False).has_order
    with pytest.raises(ParameterError, match="'rows' or left out"):
        read(USERS, order="times")

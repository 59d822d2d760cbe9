from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.data.splits import GIVEN, TEST, TRAIN, VALIDATION
from penchant.data.splitting import split
from penchant.errors import DataError, ParameterError


def log_of(users, times=None, **options):
    columns = {"user": users, "item": list(range(len(users)))}
    if times is not None:
        columns["time"] = [datetime(2024, 1, 1) + timedelta(minutes=int(t)) for t in times]
    return pn.read(pl.DataFrame(columns), **options)


def sessions(n, length=4, users=False):
    keys = np.repeat(np.arange(n), length)
    start = datetime(2024, 1, 1)
    columns = {
        "session_id": keys,
        "item": np.arange(n * length) % 7,
        "time": [start + timedelta(minutes=int(m)) for m in range(n * length)],
    }
    if users:
        columns["user"] = keys % (n // 3)
    return pl.DataFrame(columns)


def test_by_time_where_there_is_one():
    by_time = split(log_of([0] * 10, range(10)))
    assert by_time.kind == "time"
    assert "default" not in by_time.sentence
    assert split(log_of([0] * 10)).kind == "random"
    assert split(log_of([0] * 10, [7] * 10)).kind == "random"


@pytest.mark.parametrize("users", [False, True])
def test_by_sessions_where_the_log_has_them(users):
    log = pn.read(sessions(30, users=users))
    assert log.has_sessions is users
    parts = split(log, validation=0.1, test=0.2)
    assert parts.kind == "sessions"
    assert parts.sentence.endswith("This is the default where the log has sessions.")
    assert parts.fingerprint == pn.split_sessions(log, validation=0.1, test=0.2).fingerprint
    assert parts.test.n_users == 6
    assert not parts.test.n_new_users


def test_sessions_by_gaps_are_sessions():
    log = pn.read(sessions(30).rename({"session_id": "user"}), session_gap="30min")
    assert split(log).kind == "sessions"


def test_by_time_where_no_session_can_judge():
    log = pn.read(sessions(30, length=1))
    assert split(log).kind == "time"
    with pytest.raises(DataError, match="raise the share"):
        pn.split_sessions(log)


def test_sessions_without_times_are_drawn():
    assert split(pn.read(sessions(30).drop("time"))).kind == "random"


def test_the_latest_of_each_user_where_only_the_order_is_known():
    log = log_of(np.repeat([0, 1], 20), order="rows")
    parts = split(log, validation=0.1, test=0.2)
    assert parts.kind == "per-user"
    assert parts.sentence.endswith("the default where the log has an order without times.")
    assert (parts.sides == ([TRAIN] * 14 + [VALIDATION] * 2 + [TEST] * 4) * 2).all()


@pytest.mark.parametrize("validation", [0, 0.1])
def test_the_last_of_short_histories(validation):
    parts = split(log_of(np.repeat(np.arange(8), 4), order="rows"), validation=validation)
    assert parts.kind == "leave-last-out"
    assert "10% of most histories come to no event" in parts.sentence
    assert parts.test.n_users == 8
    assert (parts.validation is not None) == (validation > 0)
    assert not (parts.sides == GIVEN).any()


@pytest.mark.parametrize("options", [{}, {"times": range(9)}, {"order": "rows"}])
def test_refuses_what_cannot_be_divided(options):
    with pytest.raises(ParameterError, match="leave something"):
        split(log_of([0] * 9, **options), test=1)
    if "times" in options:
        options = {"times": range(4)}
    with pytest.raises(DataError, match="too few"):
        split(log_of([0] * 4, **options))


def test_few_sessions_are_refused_before_they_are_divided():
    with pytest.raises(DataError, match="at least 5"):
        split(pn.read(sessions(2, length=2)))

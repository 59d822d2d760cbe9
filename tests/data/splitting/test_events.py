from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.dataset import Dataset
from penchant.data.splits import TEST, TRAIN, UNUSED, VALIDATION
from penchant.data.splitting import (
    k_fold,
    split_by_time,
    split_leave_last_out,
    split_per_user,
    split_random,
)
from penchant.errors import DataError, ParameterError
from penchant.testing import planted_nothing


def log_of(users, times=None):
    columns = {"user": users, "item": list(range(len(users)))}
    if times is not None:
        columns["time"] = pl.Series(times, dtype=pl.Int64).cast(pl.Datetime("us"))
    return Dataset.from_frame(pl.DataFrame(columns))


@pytest.fixture(scope="module")
def log():
    return planted_nothing(n_users=25)


SPLITTERS = {
    "random": split_random,
    "per-user": split_per_user,
    "per-user at random": lambda log, **o: split_per_user(log, order="random", **o),
    "time": split_by_time,
}


@pytest.mark.parametrize("name", SPLITTERS)
@pytest.mark.parametrize(("validation", "test"), [(0.1, 0.1), (0.2, 0.3), (0, 0.25)])
def test_shares(log, name, validation, test):
    result = SPLITTERS[name](log, validation=validation, test=test)
    counts = np.bincount(result.sides, minlength=4)
    slack = log.n_users / 2 if result.kind == "per-user" else 1
    assert counts[TEST] == pytest.approx(len(log) * test, abs=slack)
    assert counts[VALIDATION] == pytest.approx(len(log) * validation, abs=slack)
    assert (counts[VALIDATION] == 0) == (validation == 0) == (result.validation is None)
    assert counts[UNUSED] == 0
    assert f"{test:.0%}" in result.sentence


@pytest.mark.parametrize("name", SPLITTERS)
@pytest.mark.parametrize(
    ("validation", "test"), [(0.5, 0.5), (0, 0), (-0.1, 0.2), (0.1, 1), (1, 0.1), (0.1, -0.1)]
)
def test_impossible_shares(log, name, validation, test):
    with pytest.raises(ParameterError, match="leave something to train on"):
        SPLITTERS[name](log, validation=validation, test=test)


@pytest.mark.parametrize("splitter", [split_random, SPLITTERS["per-user at random"]])
def test_the_seed_decides(log, splitter):
    assert splitter(log, seed=1).fingerprint == splitter(log, seed=1).fingerprint
    assert splitter(log, seed=1).fingerprint != splitter(log, seed=2).fingerprint
    assert splitter(log, seed=3).seed == 3
    assert "seed 3" in splitter(log, seed=3).sentence


@given(st.lists(st.integers(0, 6), min_size=5, max_size=40))
def test_events_of_one_instant_are_never_divided(times):
    log = log_of([0] * len(times), times)
    try:
        result = split_by_time(log, validation=0.2, test=0.2)
    except DataError:
        # Only where the latest instants reach back to the first can nothing be left.
        assert sorted(times)[len(times) - 2 * max(1, round(len(times) * 0.2))] == min(times)
        return
    sides = {}
    for time, side in sorted(zip(times, result.sides.tolist(), strict=True)):
        assert sides.setdefault(time, side) == side
    assert list(sides.values()) == sorted(sides.values())
    assert (result.sides == TEST).sum() >= max(1, round(len(times) * 0.2))


def test_split_by_time_needs_times():
    with pytest.raises(DataError, match="cannot be split by time"):
        split_by_time(log_of([0] * 9))
    with pytest.raises(DataError, match="no training events"):
        split_by_time(log_of([0] * 9, [5] * 9))
    with pytest.raises(DataError, match="too few"):
        split_by_time(log_of([0] * 4, range(4)))


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5)), min_size=5, max_size=40),
    st.booleans(),
)
def test_leave_last_out(events, validation):
    users, times = zip(*events, strict=True)
    log = log_of(users, times)
    try:
        result = split_leave_last_out(log, validation=validation)
    except DataError:
        assert max(map(users.count, users)) < (3 if validation else 2)
        return
    for user in set(users):
        positions = [n for n in range(len(users)) if users[n] == user]
        in_time = sorted(positions, key=lambda n: times[n])  # stable: equal times keep their rows
        held = [TEST, VALIDATION][: 2 if validation else 1]
        wanted = dict.fromkeys(in_time, TRAIN)
        if len(positions) > len(held):
            wanted |= dict(zip(in_time[::-1], held, strict=False))
        assert result.sides[positions].tolist() == [wanted[n] for n in positions]


def test_leave_last_out_without_times_goes_by_rows():
    result = split_leave_last_out(log_of([0, 1, 0, 1, 0]))
    assert result.sides.tolist() == [TRAIN, TRAIN, VALIDATION, TRAIN, TEST]


@given(
    st.lists(st.integers(0, 5), min_size=5, max_size=50),
    st.sampled_from([None, "random"]),
    st.floats(0, 0.5),
    st.floats(0.01, 0.49),
)
def test_every_user_keeps_one_event(users, order, validation, test):
    log = log_of(users, range(len(users)))
    try:
        result = split_per_user(log, validation=validation, test=test, order=order)
    except DataError:
        return
    trained = set(result.train.events["user"].to_list())
    assert trained == set(log.events["user"].to_list())
    if order is None:
        for user in range(log.n_users):
            sides = result.sides[log.events["user"].to_numpy() == user].tolist()
            assert sides == sorted(sides)  # training, validation and test follow in time


def test_order_by_time_needs_times():
    with pytest.raises(ParameterError, match="time"):
        split_per_user(log_of([0] * 9), order="time")


def test_too_few_events():
    for splitter in SPLITTERS.values():
        with pytest.raises(DataError, match="too few"):
            splitter(log_of([0, 1, 2, 3], range(4)))
    with pytest.raises(DataError, match="no test events"):
        split_leave_last_out(log_of([0, 1, 2, 3, 4]))


def test_folds_hold_out_every_event_once(log):
    folds = k_fold(log, 4, validation=0.2, seed=5)
    held = np.stack([f.sides == TEST for f in folds])
    assert (held.sum(0) == 1).all()
    assert held.sum(1).max() - held.sum(1).min() <= 1
    assert len({f.fingerprint for f in folds}) == 4
    rest = np.stack([(f.sides == VALIDATION).sum() / (f.sides != TEST).sum() for f in folds])
    np.testing.assert_allclose(rest, 0.2, atol=0.06)
    assert folds[1].sentence == "Fold 2 of 4, drawn at random by row (seed 5)."
    assert k_fold(log, 4, seed=6)[0].fingerprint != k_fold(log, 4, seed=5)[0].fingerprint


def test_validation_may_be_most_of_what_a_fold_leaves(log):
    for k, share in ((2, 0.5), (2, 0.8), (5, 0.85)):
        for fold in k_fold(log, k, validation=share):
            rest = fold.sides != TEST
            assert (fold.sides == VALIDATION)[rest].mean() == pytest.approx(share, abs=0.1)
    for share in (1.0, 1.5, -0.1, float("nan")):
        with pytest.raises(ParameterError, match="must be from 0 to below 1"):
            k_fold(log, 2, validation=share)


@pytest.mark.parametrize("k", [1, 10**6])
def test_impossible_numbers_of_folds(log, k):
    with pytest.raises(ParameterError, match="k must be from 2"):
        k_fold(log, k)


def test_by_time_tells_the_share_that_ties_leave():
    frame = pl.DataFrame({"user": range(10), "item": range(10), "time": [1] * 6 + [2] * 4})
    result = split_by_time(Dataset.from_frame(frame.with_columns(pl.from_epoch("time"))))
    assert "the latest 40%" in result.sentence
    assert "validation" not in result.sentence
    assert "from 1970-01-01 00:00:02." in result.sentence
    assert result.validation is None


def test_by_time_midnights_are_days():
    times = [datetime(2020, 1, 1 + n) for n in range(10)]
    log = Dataset.from_frame(pl.DataFrame({"user": range(10), "item": range(10), "time": times}))
    sentence = split_by_time(log, validation=0.2, test=0.2).sentence
    assert "from 2020-01-09, validation from 2020-01-07." in sentence

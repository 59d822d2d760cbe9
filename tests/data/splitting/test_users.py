from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import penchant as pn
from penchant.data.dataset import Dataset
from penchant.data.splits import GIVEN, TEST, TRAIN, VALIDATION
from penchant.data.splitting import split_users
from penchant.errors import DataError, ParameterError
from penchant.models import EASE, Popular
from penchant.testing import planted_pairs


def log_of(users, times=None):
    columns = {"user": users, "item": [n % 7 for n in range(len(users))]}
    if times is not None:
        columns["time"] = pl.Series(times, dtype=pl.Int64).cast(pl.Datetime("us"))
    return Dataset.from_frame(pl.DataFrame(columns))


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 20)), min_size=8, max_size=80),
    st.sampled_from([0.0, 0.2, 0.5, 0.8, 0.99]),
    st.booleans(),
    st.integers(0, 5),
)
def test_users_are_held_out_whole(events, share, by_time, seed):
    users, times = zip(*events, strict=True)
    log = log_of(list(users), list(times))
    options = {"given": share, "order": "time" if by_time else "random", "seed": seed}
    try:
        split = split_users(log, validation=0.2, test=0.3, **options)
    except DataError:
        able = [u for u in set(users) if users.count(u) >= (2 if share else 1)]
        n = len(set(users))
        assert max(1, round(n * 0.3)) + max(1, round(n * 0.2)) > min(len(able), n - 1)
        return
    sides_of: dict[int, list[tuple[int, int]]] = {}
    for user, time, side in zip(users, times, split.sides.tolist(), strict=True):
        sides_of.setdefault(user, []).append((time, side))
    n = len(sides_of)
    whole = {user: {side for _, side in own} for user, own in sides_of.items()}
    assert sum(TEST in own for own in whole.values()) == max(1, round(n * 0.3))
    assert sum(VALIDATION in own for own in whole.values()) == max(1, round(n * 0.2))
    for user, own in sides_of.items():
        if TRAIN in whole[user]:
            assert whole[user] == {TRAIN}
            continue
        assert len(whole[user] & {TEST, VALIDATION}) == 1
        n_given = sum(side == GIVEN for _, side in own)
        if share == 0:
            assert n_given == 0
        else:
            wanted = np.round(len(own) * share)
            assert n_given == min(max(wanted, 1), len(own) - 1)
        if by_time:
            latest = max((time for time, side in own if side == GIVEN), default=-1)
            assert latest <= min(time for time, side in own if side != GIVEN)


def test_histories_are_the_given_events_and_nobody_held_out_trains():
    log = planted_pairs()
    split = split_users(log, validation=0.2, test=0.2, given=0.5, order="random", seed=4)
    frame = log.frame().with_columns(side=split.sides)
    for holdout, side in ((split.validation, VALIDATION), (split.test, TEST)):
        own = frame.filter((pl.col("side") == side).any().over("user"))
        for position, user in enumerate(log.users.take(holdout.histories.users)):
            events = own.filter(pl.col("user") == user)
            low, high = holdout.histories.offsets[position : position + 2]
            known = log.items.take(holdout.histories.items[low:high]).to_list()
            assert sorted(known) == sorted(events.filter(pl.col("side") == GIVEN)["item"])
            low, high = holdout.offsets[position : position + 2]
            targets = log.items.take(holdout.items[low:high]).to_list()
            assert sorted(targets) == sorted(events.filter(pl.col("side") == side)["item"])
            assert split.train.user_counts[holdout.histories.users[position]] == 0


def test_the_seed_decides_and_the_fingerprint_tells():
    log = planted_pairs()
    one, same, other = (split_users(log, seed=seed) for seed in (1, 1, 2))
    assert one.fingerprint == same.fingerprint != other.fingerprint
    assert one.fingerprint != split_users(log, seed=1, given=0.5).fingerprint
    assert (one.kind, one.seed) == ("users", 1)
    assert "seed 1" in one.sentence
    assert "80%" in one.sentence
    description = one.describe()
    parts = [description[part] for part in ("train", "validation", "test", "given", "unused")]
    assert sum(parts) == len(log)
    assert description["given"] > 0


def test_a_sequence_has_an_order_without_times():
    frame = pl.DataFrame(
        {"user": [n // 5 for n in range(50)], "item": [n % 5 for n in range(50)]}
    ).with_columns(sequence_position=pl.col("item").cast(pl.UInt32))
    split = split_users(Dataset.from_frame(frame.sample(fraction=1, shuffle=True, seed=1)))
    assert "earliest" in split.sentence
    assert set(split.test.items.tolist()) == {4}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"given": 1.0}, "from 0 to below 1"),
        ({"given": -0.1}, "from 0 to below 1"),
        ({"test": 0.0}, "leave something to train on"),
        ({"order": "time"}, "needs a time on every event"),
    ],
)
def test_impossible_wishes(options, words):
    with pytest.raises(ParameterError, match=words):
        split_users(log_of([0, 1, 2, 3] * 5), **options)


def test_users_of_one_event_cannot_be_divided():
    with pytest.raises(DataError, match="1 user with 2 events or more"):
        split_users(log_of([*range(20), 0]), test=0.3)
    assert split_users(log_of([*range(20), 0]), test=0.3, given=0).test.n_new_users == 6


def test_models_fold_users_in():
    log = planted_pairs(n_users=120)
    split = split_users(log, validation=0.2, test=0.3, seed=2)
    result = pn.evaluate([EASE(l2=10)], split, ["ndcg@10"], replicates=200)
    table = result.table()
    assert table.users == split.test.n_users == 36
    entry = table["ease:l2=10.0"]
    assert entry.verdict == "beats"
    figure = entry.metrics["ndcg@10"]
    assert figure.low < figure.value < figure.high
    # By hand: EASE of the training users' matrix, asked for the given items of each test user.
    x = split.train.histories.matrix().toarray()
    inverse = np.linalg.inv(x.T @ x + 10 * np.eye(x.shape[1]))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    values = []
    for position in range(split.test.n_users):
        low, high = split.test.histories.offsets[position : position + 2]
        seen = split.test.histories.items[low:high]
        scores = weights[seen].sum(axis=0)
        scores[seen] = -np.inf
        low, high = split.test.offsets[position : position + 2]
        wanted = set(split.test.items[low:high].tolist())
        best = np.argsort(-scores, kind="stable")[:10]
        gain = sum(1 / np.log2(n + 2) for n, item in enumerate(best) if item in wanted)
        values.append(gain / sum(1 / np.log2(n + 2) for n in range(min(10, len(wanted)))))
    assert figure.value == pytest.approx(np.mean(values), abs=0.02)  # ties aside


def test_without_given_events_popularity_answers():
    split = split_users(planted_pairs(), given=0, test=0.3)
    table = pn.evaluate([EASE(l2=10), Popular()], split, ["ndcg@10"], replicates=50).table()
    values = table.values("ndcg@10")
    assert values["ease:l2=10.0"] == values["popular"]


def test_the_audit_knows_what_was_meant():
    log = planted_pairs()
    by_time, at_random = (pn.audit(split_users(log, order=o)) for o in ("time", "random"))
    for findings in (by_time, at_random):
        stated = next(f for f in findings if f.rule == "split-stated")
        assert "Users held out whole" in stated.sentence
        assert stated.level == "note"
    future = next(f for f in by_time if f.rule == "trained-on-future")
    assert future.level != "wrong"

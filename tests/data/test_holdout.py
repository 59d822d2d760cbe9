from __future__ import annotations

import numpy as np
import pytest

from penchant.data.event_columns import EVENT_COLUMNS
from penchant.data.holdout import Rows
from penchant.data.splitting import split_random
from penchant.testing import planted_pairs, planted_ratings


@pytest.fixture(scope="module")
def split():
    return split_random(planted_ratings(n_users=30), validation=0.1, test=0.1)


def test_targets_are_the_held_out_events(split):
    test, held_out = split.test, split.log.subset(split.sides == 2).events
    targets = {
        (int(u), int(i), float(r), int(row))
        for u, i, r, row in zip(
            test.rows.users, test.items, test.ratings, test.source_rows, strict=True
        )
    }
    assert targets == set(held_out.select("user", "item", "rating", "row").iter_rows())
    assert len(test) == len(held_out) == len(targets)
    for n, user in enumerate(test.histories.users):
        rows = slice(test.offsets[n], test.offsets[n + 1])
        assert (test.rows.users[rows] == user).all()
        assert (test.rows.history[rows] == n).all()
        assert (np.diff(test.rows.times[rows]) > 0).all()


def test_histories_hold_training_and_for_test_also_validation(split):
    for holdout, known_sides in ((split.validation, [0]), (split.test, [0, 1])):
        known = split.log.subset(np.isin(split.sides, known_sides))
        for n, user in enumerate(holdout.histories.users):
            items = known.events.filter(user=user).sort("time")["item"].to_list()
            assert holdout.histories.block(n, n + 1).items.tolist() == items


def test_pairs_of_rows_and_histories_are_comparable(split):
    test, log = split.test, split.log
    known = log.subset(split.sides != 2).events.select("user", "item").rows()
    again = Rows(test.histories, test.rows.history[:2], np.array([test.histories.items[0], -1]))
    repeated = [pair in set(known) for pair in zip(test.rows.users, test.items, strict=True)]
    assert np.isin(test.rows.pairs, test.histories.pairs).tolist() == repeated
    assert np.isin(again.pairs, test.histories.pairs).tolist() == [True, False]
    assert len(set(log.pairs.tolist())) == log.events.select("user", "item").n_unique()


def test_rows_never_carry_the_rating(split):
    log = split.log
    marked = type(log)(log.events.with_columns(style=log.events["row"]), log.users, log.items)
    test = split_random(marked).test
    assert test.rows.context.columns == ["style"]
    assert test.rows.context["style"].to_list() == test.source_rows.tolist()
    assert not set(EVENT_COLUMNS) & set(test.rows.context.columns)
    assert split.test.rows.context is None


def test_where_keeps_rows_and_only_users_who_have_any(split):
    test = split.test
    keep = (test.ratings >= 4) & (test.rows.users % 2 == 0)
    likes = test.subset(keep)
    assert 0 < likes.n_users < test.n_users
    assert likes.source_rows.tolist() == test.source_rows[keep].tolist()
    assert likes.rows.users.tolist() == test.rows.users[keep].tolist()
    assert likes.histories.users.tolist() == sorted(set(test.rows.users[keep].tolist()))
    assert np.diff(likes.offsets).min() > 0
    assert likes.offsets[-1] == keep.sum() == len(likes)
    assert (likes.ratings >= 4).all()


def test_new_users_are_counted():
    log = planted_pairs(n_users=10)
    sides = np.zeros(len(log), np.uint8)
    user = log.events["user"].to_numpy()
    sides[user == 3] = 2
    sides[np.flatnonzero(user == 4)[0]] = 2
    from penchant.data.splits import Split

    test = Split(log=log, sides=sides, kind="predefined", sentence="", ties="").test
    assert (test.n_users, test.n_new_users) == (2, 1)

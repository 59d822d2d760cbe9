from __future__ import annotations

import tracemalloc

import numpy as np
import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Rows
from penchant.data.splitting import split_random
from penchant.data.target import Target
from penchant.errors import DataError, ParameterError
from penchant.models import JaccardAgreement
from penchant.models.neighbours import jaccard_agreement as agreement
from penchant.testing import planted_pairs, planted_ratings


def naive(train, target, history, user, item):
    """The definition, one user after the other: a dictionary of ratings each."""
    target = Target.parse(target)

    def of(rating):
        return float(target.of_ratings([rating])[0])

    total = weight = 0.0
    for other, ratings in train.items():
        if other == user or item not in ratings or not history:
            continue
        same = sum(history.get(i) == r for i, r in ratings.items())
        similarity = same / len(history.keys() | ratings.keys())
        total += similarity * of(ratings[item])
        weight += similarity
    if weight:
        return total / weight
    everything = [r for ratings in train.values() for r in ratings.values()]
    return float(np.mean([of(r) for r in list(history.values()) or everything]))


def ratings_of(histories, n):
    part = slice(histories.offsets[n], histories.offsets[n + 1])
    return dict(zip(histories.items[part].tolist(), histories.ratings[part].tolist(), strict=True))


@pytest.fixture(scope="module")
def split():
    log = planted_ratings(n_users=60, n_items=80, per_user=12, cold_items=3)
    twice = log.frame().head(40).with_columns(rating=pl.lit(2.5, pl.Float32))
    both = pl.concat([log.frame().drop("row"), twice.drop("row")])
    return split_random(Dataset.from_frame(both, item_table=log.item_table), test=0.3)


@pytest.mark.parametrize("cells", [2**21, 50])
@pytest.mark.parametrize("target", ["rating", "adjusted(3,2,1,5)", "like>=4"])
def test_predictions_are_the_definition(split, target, cells, monkeypatch):
    monkeypatch.setattr(agreement, "_CELLS", cells)
    model = JaccardAgreement(target=target).fit(split.train)
    known = split.train.histories
    train = {n: ratings_of(known, n) for n in range(len(known))}
    stranger = model.history([1, 2, 3, 4], [3.5, 3.25, 2.0, 5.0])
    nobody = Histories.of([], n_items=known.n_items, ratings=[])
    users = Histories(
        users=np.concatenate([known.users, [-1, -1]]).astype(np.int32),
        offsets=np.concatenate([known.offsets, [len(known.items) + 4] * 2]),
        items=np.concatenate([known.items, stranger.items]),
        ratings=np.concatenate([known.ratings, stranger.ratings]),
        times=None,
        n_items=known.n_items,
    )
    everyone = np.repeat(np.arange(len(users)), known.n_items)
    items = np.tile(np.arange(known.n_items), len(users))
    rows = Rows(users, everyone.astype(np.int32), items.astype(np.int32))
    wanted = np.array(
        [
            naive(train, target, ratings_of(users, n), int(users.users[n]), int(item))
            for n, item in zip(everyone, items, strict=True)
        ]
    )
    found = model.predict(rows)
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    scores = model.scores(users)
    np.testing.assert_allclose(scores, wanted.reshape(scores.shape), atol=1e-6)
    assert len(np.unique(wanted[: -known.n_items])) > 50
    empty = Rows(nobody, np.zeros(2, np.int32), np.array([0, -1], np.int32))
    np.testing.assert_allclose(model.predict(empty), wanted[-1], atol=1e-6)
    mixed = np.random.default_rng(0).permutation(len(rows))
    shuffled = Rows(users, rows.history[mixed], rows.items[mixed])
    np.testing.assert_array_equal(model.predict(shuffled), found[mixed])


def test_one_rating_in_common_of_five_books():
    frame = pl.DataFrame(
        {
            "user": ["a", "a", "a", "b", "b", "b", "c", "c"],
            "item": ["1", "2", "3", "1", "2", "4", "3", "4"],
            "rating": [8.0, 5.0, 9.0, 8.0, 6.0, 10.0, 9.0, 2.0],
        }
    )
    log = Dataset.from_frame(frame)
    model = JaccardAgreement().fit(log)
    asked = Rows(model.histories_of(["a"]), np.zeros(1, np.int32), np.array([3], np.int32))
    # Of b, 1 in common of 4 books; of c, 1 of 4: the mean of 10 and 2.
    assert model.predict(asked).tolist() == [6.0]
    likes = JaccardAgreement(target="like>=8").fit(log)
    assert likes.predict(asked).tolist() == [0.5]


def test_nobody_is_their_own_neighbour():
    # Everybody has items of their own: only the user agrees with the user.
    users = np.repeat(np.arange(20), 5)
    frame = pl.DataFrame({"user": users, "item": np.arange(100), "rating": np.arange(100) % 7 + 1})
    log = Dataset.from_frame(frame)
    model = JaccardAgreement().fit(log)
    means = frame.group_by("user").agg(pl.col("rating").mean()).sort("user")["rating"].to_numpy()
    scores = model.scores(log.histories)
    np.testing.assert_allclose(scores, np.repeat(means[:, None], 100, axis=1), rtol=1e-6)


def test_memory_is_bounded():
    rng = np.random.default_rng(0)
    n = 40_000
    frame = pl.DataFrame(
        {
            "user": rng.integers(8_000, size=n),
            "item": (9_000 * rng.random(n) ** 3).astype(int),
            "rating": rng.integers(1, 11, n).astype(float),
        }
    )
    split = split_random(Dataset.from_frame(frame), validation=0, test=0.1)
    model = JaccardAgreement().fit(split.train)
    tracemalloc.start()
    try:
        model.predict(split.test.rows)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8_000 * 8_000  # a byte for each pair of users


def test_refusals():
    with pytest.raises(ParameterError, match="use the target rating"):
        JaccardAgreement(target="interaction")
    with pytest.raises(DataError, match="learns from ratings"):
        JaccardAgreement().fit(planted_pairs(with_ratings=False))


@pytest.mark.parametrize("target", ["rating", "like>=4"])
def test_effects_of_removal_are_nearly_those_of_scoring_again(target):
    log = planted_ratings(n_users=60, n_items=30, per_user=20)
    model = JaccardAgreement(target=target).fit(log)
    items = np.arange(log.n_items, dtype=np.int32)
    visitor = model.history(log.items.take([3, 0, 3, 7, 9]).to_list(), [5, 2, 4, 1, 3])
    for user in (log.histories.take([4]), visitor):
        effects = model.removal_effects(user, items)
        assert effects.shape == (len(items), user.n_events)
        before, falls = model.scores(user)[0], np.zeros_like(effects)
        for event in np.flatnonzero(user.is_latest):
            rest = user.subset(user.items != user.items[event])
            falls[:, event] = before - model.scores(rest)[0]
        assert np.corrcoef(effects.ravel(), falls.ravel())[0, 1] > 0.97
        assert np.abs(effects - falls).mean() < 0.2 * np.abs(falls).mean()
        assert not effects[:, ~user.is_latest].any()


def test_nothing_falls_for_histories_that_say_nothing():
    log = planted_ratings(n_users=10, n_items=8, per_user=4)
    model, some = JaccardAgreement().fit(log), log.items.take([1, 2]).to_list()
    items = np.arange(8, dtype=np.int32)
    assert model.removal_effects(model.history([]), items).shape == (8, 0)
    assert not model.removal_effects(model.history(some), items).any()
    assert not model.removal_effects(model.history(some, [1.1, 2.3]), items).any()

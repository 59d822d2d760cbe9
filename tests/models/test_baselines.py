from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.splitting import split_random
from penchant.models import (
    Bias,
    GlobalMean,
    ItemMean,
    MajorityClass,
    Popular,
    Random,
    RecentPopular,
    UserMajority,
    UserMean,
)
from penchant.testing import planted_ratings


@pytest.fixture(scope="module")
def log():
    return planted_ratings(n_users=20, n_items=12, per_user=6)


def naive_ridge(log, l2_user, l2_item):
    """Least squares on a one-hot design with a penalty on each coefficient."""
    n = len(log)
    user, item = log.events["user"].to_numpy(), log.events["item"].to_numpy()
    x = np.zeros((n, log.n_users + log.n_items))
    x[np.arange(n), user] = 1
    x[np.arange(n), log.n_users + item] = 1
    penalty = np.diag(np.repeat([l2_user, l2_item], [log.n_users, log.n_items]))
    mean = log.ratings.mean(dtype=float)
    found = np.linalg.solve(x.T @ x + penalty, x.T @ (log.ratings - mean))
    return mean, found[: log.n_users], found[log.n_users :]


@pytest.mark.parametrize(("l2_user", "l2_item"), [(5, 5), (2, 9), (20, 1)])
def test_bias_solves_the_ridge_regression(log, l2_user, l2_item):
    model = Bias(l2_user=l2_user, l2_item=l2_item).fit(log)
    mean, users, items = naive_ridge(log, l2_user, l2_item)
    assert model.mean_ == pytest.approx(mean)
    np.testing.assert_allclose(model.item_bias_, items, atol=1e-4)
    np.testing.assert_allclose(model.user_bias(log.histories), users, atol=1e-4)
    np.testing.assert_allclose(
        model.scores(log.histories), mean + users[:, None] + items, atol=2e-4
    )


def test_means_are_means(log):
    split = split_random(log, validation=0, test=0.3)
    rows, train = split.test.rows, split.train
    ratings = train.events.select("user", "item", "rating")
    mean = ratings["rating"].mean()
    wanted = {
        GlobalMean: [mean] * len(rows),
        UserMean: [ratings.filter(user=u)["rating"].mean() for u in rows.users],
        ItemMean: [ratings.filter(item=i)["rating"].mean() for i in rows.items],
    }
    for cls, values in wanted.items():
        values = [mean if v is None else v for v in values]
        np.testing.assert_allclose(cls().fit(train).predict(rows), values, rtol=1e-5)


def test_damping_draws_items_to_the_mean(log):
    model = ItemMean(damping=3).fit(log)
    mean = log.ratings.mean(dtype=float)
    mine = log.ratings[log.events["item"].to_numpy() == 4]
    assert model.item_means_[4] == pytest.approx((mine.sum() + 3 * mean) / (len(mine) + 3))


def test_popularity_counts_events_and_halves_with_age():
    frame = pl.DataFrame(
        {
            "user": [1, 2, 3, 4],
            "item": ["old", "old", "old", "new"],
            "time": pl.Series([0, 0, 0, 20]).cast(pl.Int64),
        }
    ).with_columns((pl.col("time") * 86_400_000_000).cast(pl.Datetime("us")))
    log = Dataset.from_frame(frame)
    assert Popular().fit(log).popularity_.tolist() == [1, 3]
    assert Popular(half_life=10).fit(log).popularity_.tolist() == [1, 0.75]
    assert Popular(half_life=10).fit(
        Dataset.from_frame(frame.drop("time"))
    ).popularity_.tolist() == [1, 3]


def test_random_is_uniform_and_differs_between_users_and_seeds(log):
    scores = Random().fit(log).scores(log.histories)
    assert 0.4 < scores.mean() < 0.6
    assert len(np.unique(scores)) > 0.99 * scores.size
    other = Random(seed=1).fit(log).scores(log.histories)
    assert abs(np.corrcoef(scores.ravel(), other.ravel())[0, 1]) < 0.3


def test_random_differs_between_known_users_without_a_history(log):
    model, n = Random(seed=3).fit(log), log.n_items
    one = Histories.of([], n_items=n)
    nobody = [replace(one, users=np.array([user], np.int32)) for user in (4, 5, -1, -1)]
    lists = [model.scores(user)[0] for user in nobody]
    assert (lists[0] != lists[1]).all()
    assert (lists[1] != lists[2]).all()
    assert (lists[2] == lists[3]).all()
    # Whoever else is asked about, and as one draw for each history has always been.
    batch = log.histories.subset(log.histories.rows == 2)
    scores = model.scores(batch)
    assert scores[4].tolist() == lists[0].tolist()
    drawn = np.random.Generator(np.random.SFC64([3, int(batch.signatures[2])]))
    assert scores[2].tolist() == drawn.random(n, dtype=np.float32).tolist()
    drawn = np.random.Generator(np.random.SFC64([3, 0]))
    assert lists[2].tolist() == drawn.random(n, dtype=np.float32).tolist()


def test_user_majority_says_the_users_own_share_of_likes(log):
    model = UserMajority(damping=0).fit(log)
    liked = log.frame().group_by("user").agg(share=(pl.col("rating") >= 4).mean()).sort("user")
    known = log.histories.take(np.argsort(log.users.take(log.histories.users).to_numpy()))
    assert model.scores(known)[:, 0] == pytest.approx(liked["share"].to_numpy())
    everyone = (log.ratings >= 4).mean()
    for nothing in (model.history([]), model.history([log.items[0]])):
        assert model.scores(nothing) == pytest.approx(everyone)
    drawn = UserMajority(damping=3).fit(log)
    two_likes = drawn.history([log.items[0], log.items[1]], [5.0, 4.0])
    assert drawn.scores(two_likes) == pytest.approx((2 + 3 * everyone) / 5)
    assert str(UserMajority(threshold=2).fit(log).target) == "like>=2"


def test_majority_says_the_share_of_likes(log):
    model = MajorityClass().fit(log)
    assert model.threshold_ == 4
    assert model.share_ == pytest.approx((log.ratings >= 4).mean())
    assert str(model.target) == "like>=4"
    assert MajorityClass(threshold=2.5).fit(log).share_ == pytest.approx(
        (log.ratings >= 2.5).mean()
    )


def test_recent_popularity_halves_with_each_tenth_of_the_events():
    items = ["a", "b", "a", "c", "c", "b", "b", "a", "c", "b"]
    rows = pl.DataFrame({"user": range(10), "item": items})
    counted = np.exp2(-np.arange(10.0)[::-1])
    expected = [sum(w for w, i in zip(counted, items, strict=True) if i == item) for item in "abc"]
    by_rows = RecentPopular().fit(Dataset.from_frame(rows))
    np.testing.assert_allclose(by_rows.popularity_, expected, rtol=1e-6)
    hours = pl.Series("time", np.arange(10) * 3_600_000_000).cast(pl.Datetime("us"))
    mixed = rows.with_columns(hours).sample(fraction=1, shuffle=True, seed=3)
    by_time = RecentPopular().fit(Dataset.from_frame(mixed))
    np.testing.assert_allclose(by_time.popularity_, expected, rtol=1e-6)
    lists = by_time.recommend([0], k=3, repeats="allowed")
    assert lists["item"].to_list() == ["b", "c", "a"]


def test_recent_popularity_with_a_half_life_is_that_of_popular():
    hours = pl.Series("time", np.arange(6) * 3_600_000_000).cast(pl.Datetime("us"))
    rows = pl.DataFrame({"user": range(6), "item": [1, 2, 2, 2, 1, 3]}).with_columns(hours)
    log = Dataset.from_frame(rows)
    recent = RecentPopular(half_life=0.1).fit(log).popularity_
    assert recent.tolist() == Popular(half_life=0.1).fit(log).popularity_.tolist()
    assert recent.tolist() != Popular().fit(log).popularity_.tolist()


def test_events_of_one_instant_are_equally_recent():
    start = pl.Series("time", [0, 0, 0, 5, 5]).cast(pl.Datetime("us"))
    rows = pl.DataFrame({"user": range(5), "item": [3, 1, 2, 4, 5]}).with_columns(start)
    found = RecentPopular().fit(Dataset.from_frame(rows)).popularity_
    assert found[:3] == pytest.approx(np.full(3, 2.0**-4))
    assert found[3:] == pytest.approx(np.ones(2))

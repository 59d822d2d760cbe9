"""Bayesian factorisation machines: what they learn, new users, and logs that say little."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.data.holdout import Rows
from penchant.data.splitting import split_random
from penchant.errors import DataError
from penchant.metrics import RMSE
from penchant.models import BayesianFM, Bias
from penchant.models.bayesian.features import DAY
from penchant.models.bayesian.posterior import Events, Side, UserPrior, folded_in
from penchant.testing.logs import planted_ratings

SMALL = {"dim": 2, "samples": 20, "burn_in": 10}


def frame(users, items, ratings):
    return Dataset.from_frame(pl.DataFrame({"user": users, "item": items, "rating": ratings}))


def test_taste_beats_biases():
    split = split_random(planted_ratings(n_users=150), validation=0, test=0.2)
    errors = [
        RMSE()(model.fit(split.train).predict(split.test.rows), split.test.ratings)
        for model in (
            Bias(),
            BayesianFM(dim=4, samples=40, burn_in=20),
            BayesianFM(dim=4, samples=40, burn_in=20, likelihood="ordered-probit"),
        )
    ]
    assert max(errors[1:]) < 0.8 * errors[0]


def test_rows_are_the_maximum_of_their_posterior():
    """Under one draw: no change of a user's own vector and weight makes the ratings likelier."""
    rng = np.random.default_rng(0)
    dim, n_items, n = 2, 6, 4
    draw = lambda *shape: rng.normal(size=(1, *shape)).astype(np.float32)  # noqa: E731
    items = Side(draw(n_items, dim), draw(n_items))
    times = Side(draw(2, dim), draw(2))
    prior = UserPrior(
        draw(dim), np.array([[2.0, 3.0, 0.5]]), np.array([1.6]), draw(n_items, dim), draw(n_items)
    )
    start = Side(draw(1, dim), draw(1))
    at, when = np.array([0, 2, 3, 5]), np.array([0, 1, 1, 0])
    targets = rng.normal(size=n)
    offsets = np.array([0.4], np.float32)
    events = Events(np.array([0, n]), at, when, lambda some, _: targets[some])
    found = folded_in(offsets, start, items, times, prior, events)

    table = start.vectors[0, 0] - prior.mean[0]
    met = prior.met_vectors[0, at] / 2  # 1 / sqrt(4 items)

    def row(own, weight):
        """Vector and bias of a user whose features are own, the table's and four items."""
        parts = [own, table, *met]
        pairs = sum(a @ b for k, a in enumerate(parts) for b in parts[:k])
        # The start's bias holds the linear weights and the pair of the prior's mean and table.
        linear = start.biases[0, 0] - prior.mean[0] @ table
        return sum(parts), linear + weight + prior.met_weights[0, at].sum() / 2 + pairs

    def log_posterior(parameters):
        own, weight = parameters[:dim], parameters[dim]
        vector, bias = row(own, weight)
        i, t = items.vectors[0, at], times.vectors[0, when]
        score = offsets[0] + bias + items.biases[0, at] + times.biases[0, when]
        score = score + (i * t).sum(1) + (i + t) @ vector
        away = np.append(own - prior.mean[0], weight)
        return -1.6 * np.square(score - targets).sum() - (prior.precision[0] * away**2).sum()

    own = found.vectors[0, 0] - row(np.zeros(dim), 0)[0]
    weight = found.biases[0, 0] - row(own, 0)[1]
    best = np.append(own, weight).astype(np.float64)
    for step in 0.05 * np.vstack([np.eye(3), -np.eye(3)]):
        assert log_posterior(best + step) < log_posterior(best)
    # A parabola has its top where it is as high on both sides.
    for step in 0.05 * np.eye(3):
        assert log_posterior(best + step) == pytest.approx(log_posterior(best - step), abs=1e-4)


@pytest.mark.parametrize("likelihood", ["gaussian", "ordered-probit"])
def test_a_known_user_told_as_a_new_one_is_predicted_alike(likelihood):
    log = planted_ratings(n_users=120, per_user=25)
    params = {"dim": 4, "samples": 100, "burn_in": 50, "attributes": False}
    model = BayesianFM(likelihood=likelihood, **params).fit(log)
    some = model.histories_.take(np.arange(30))
    ids = [model.items_[n] for n in range(log.n_items)]
    known = model.scores(some)
    visitors = [
        model.history([ids[i] for i in some.items[a:b]], some.ratings[a:b].tolist())
        for a, b in zip(some.offsets, some.offsets[1:], strict=False)
    ]
    new = np.concatenate([model.scores(v) for v in visitors])
    assert np.corrcoef(known.ravel(), new.ravel())[0, 1] > 0.98


@pytest.mark.parametrize(
    "log",
    [
        frame([1], [1], [4.0]),
        frame([1, 2, 3], [7, 7, 7], [1.0, 3.0, 5.0]),
        frame([1, 1, 1], [7, 8, 9], [1.0, 3.0, 5.0]),
        frame([1, 2, 1, 2], [7, 7, 8, 8], [3.0, 3.0, 3.0, 3.0]),
    ],
    ids=["one event", "one item", "one user", "constant ratings"],
)
def test_logs_that_say_little(log):
    model = BayesianFM(**SMALL).fit(log)
    rows = Rows(log.histories, np.zeros(2, np.int32), np.array([0, -1], np.int32))
    predicted = model.predict(rows)
    low, high = log.ratings.min(), log.ratings.max()
    assert ((predicted >= low) & (predicted <= high)).all()
    assert np.isfinite(model.scores(log.histories)).all()


def test_users_without_history_are_like_the_mean_user():
    log = planted_ratings(n_users=60)
    model = BayesianFM(dim=3, samples=10, burn_in=5, attributes=False).fit(log)
    everybody = model.scores(log.histories).mean(axis=0)
    assert model.scores(model.history([]))[0] == pytest.approx(everybody, abs=0.01)


def test_later_times_are_predicted_like_times_that_are_not_known():
    rng = np.random.default_rng(0)
    day = rng.integers(10, size=300)
    log = Dataset.from_frame(
        pl.DataFrame(
            {
                "user": rng.integers(30, size=300),
                "item": rng.integers(20, size=300),
                "rating": np.where(day == 9, 1.0, 4.0) + rng.integers(2, size=300),
                "time": np.datetime64("2020-01-01") + day * np.timedelta64(1, "D"),
            }
        ).unique(["user", "item"], maintain_order=True, keep="first")
    )
    model = BayesianFM(**SMALL).fit(log)
    ask = lambda times: model.predict(  # noqa: E731
        Rows(log.histories, np.zeros(1, np.int32), np.zeros(1, np.int32), times)
    )
    last = log.events["time"].max()
    at = lambda days: np.array([int(last.timestamp() * 1e6) + days * DAY])  # noqa: E731
    assert ask(at(1)) == ask(at(400)) == ask(None)
    assert ask(at(0)) < ask(None) - 1


def test_ordered_probit_needs_levels():
    constant = frame([1, 2, 1, 2], [7, 7, 8, 8], [3.0, 3.0, 3.0, 3.0])
    with pytest.raises(DataError, match="2 to 50 different levels, and the log 'log' has 1:"):
        BayesianFM(likelihood="ordered-probit", **SMALL).fit(constant)
    prices = frame([1] * 60, list(range(60)), np.arange(60.0))
    with pytest.raises(DataError, match="has 60: take the likelihood gaussian"):
        BayesianFM(likelihood="ordered-probit", **SMALL).fit(prices)


def test_ordered_probit_predicts_between_the_ends_of_the_scale_and_likes_as_chances():
    log = planted_ratings(n_users=60)
    rows = Rows(log.histories, np.zeros(3, np.int32), np.array([0, 5, -1], np.int32))
    ratings = BayesianFM(likelihood="ordered-probit", **SMALL).fit(log).predict(rows)
    assert ((ratings > 0.5) & (ratings < 5)).all()
    likes = BayesianFM(likelihood="ordered-probit", target="like>=4", **SMALL).fit(log)
    assert ((likes.predict(rows) > 0) & (likes.predict(rows) < 1)).all()


def test_more_draws_than_are_kept_and_fewer():
    log = planted_ratings(n_users=20)
    assert len(BayesianFM(dim=2, samples=7, burn_in=0, samples_kept=3).fit(log).offsets_) == 3
    assert len(BayesianFM(dim=2, samples=2, burn_in=1, samples_kept=9).fit(log).offsets_) == 2


def test_times_matter_where_ratings_follow_them():
    rng = np.random.default_rng(0)
    n = 600
    day = rng.integers(10, size=n)
    frame = pl.DataFrame(
        {
            "user": rng.integers(30, size=n),
            "item": rng.integers(20, size=n),
            "rating": np.where(day < 5, 2.0, 4.0) + rng.integers(-1, 2, size=n) * 0.5,
            "time": pl.Series(
                np.datetime64("2020-01-01T00:00:00.000000") + day * np.timedelta64(1, "D")
            ),
        }
    ).unique(["user", "item"], maintain_order=True, keep="first")
    split = split_random(Dataset.from_frame(frame), validation=0, test=0.2)
    errors = [
        RMSE()(model.fit(split.train).predict(split.test.rows), split.test.ratings)
        for model in (BayesianFM(**SMALL), BayesianFM(**SMALL, time_bins=0))
    ]
    assert errors[0] < 0.6 < 0.9 < errors[1]

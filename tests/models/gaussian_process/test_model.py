"""The Gaussian over items: exact posteriors, steps that make ratings likelier, and new items."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import torch
from scipy import sparse
from scipy.stats import multivariate_normal

import penchant as pn
from penchant.data.dataset import Dataset
from penchant.data.holdout import Rows
from penchant.data.splits import TEST, TRAIN, VALIDATION, Split
from penchant.errors import DataError, ParameterError
from penchant.features.item_content import with_vectors
from penchant.models import GaussianProcess
from penchant.models.gaussian_process.expectation_maximisation import ItemGaussian, step
from penchant.models.gaussian_process.inverses import inverse
from penchant.models.gaussian_process.marginal_likelihood import (
    OWN,
    GaussianSample,
    Prior,
    maximise_marginal_likelihood,
)
from penchant.models.gaussian_process.similarity_rows import ALL, RATERS, similarity_rows
from penchant.run import Run
from penchant.testing import planted_nothing, planted_ratings

KINDS, COLD = 2, 6


def kinds_rated(n_users=80, n_items=40, *, seed=0):
    """Users like one kind of items; the last items have no ratings, the one before has one.

    The kind is in the item table, where another column says nothing.
    """
    rng = np.random.default_rng(seed)
    kind = np.arange(n_items) % KINDS
    taste = rng.normal(size=(n_users, KINDS))
    quality = 0.5 * rng.normal(size=n_items)
    seen = rng.random((n_users, n_items)) < 0.5
    seen[:, n_items - COLD :] = False
    users, items = np.nonzero(seen)
    noise = 0.3 * rng.normal(size=len(users))
    rating = 3 + taste[users, kind[items]] + quality[items] + noise
    log = Dataset.from_frame(
        pl.DataFrame({"user": users, "item": items, "rating": np.clip(rating, 0, 6)}),
        item_table=pl.DataFrame(
            {
                "item": np.arange(n_items),
                "kind": np.where(kind == 0, "red", "blue"),
                "size": np.where(rng.random(n_items) < 0.5, "small", "large"),
            }
        ),
    )
    return log, taste, kind


@pytest.fixture(scope="module")
def log():
    return kinds_rated()[0]


@pytest.fixture(scope="module")
def model(log):
    return GaussianProcess(epochs=4, rater_dim=8).fit(log)


def test_predictions_are_the_mean_of_the_posterior(log, model):
    history = log.histories.take([3])
    items = np.arange(log.n_items, dtype=np.int32)
    asked = Rows(history, np.zeros(len(items), np.int32), items)
    k, m = model.covariance_.astype(float), model.mean_.astype(float)
    known = history.items
    system = k[np.ix_(known, known)] + model.noise_ * np.eye(len(known))
    off = history.ratings / model.spread_ - m[known]
    expected = (m[:-1] + k[:-1][:, known] @ np.linalg.solve(system, off)) * model.spread_
    np.testing.assert_allclose(model.scores(history)[0], expected, atol=1e-4)
    clipped = np.clip(expected, model.low_, model.high_)
    np.testing.assert_allclose(model.predict(asked), clipped, atol=1e-4)


def test_a_step_is_the_average_of_what_users_are_expected_to_think():
    rng = np.random.default_rng(1)
    n, users, noise, strength = 6, 12, 0.4, 3.0
    root = rng.normal(size=(n, n))
    k, mean = root @ root.T / n + np.eye(n), rng.normal(size=n)
    prior = np.eye(n) + 0.5
    seen = rng.random((users, n)) < 0.6
    seen[0] = False
    ratings = np.where(seen, rng.normal(size=(users, n)) + 5, 0)
    rated = sparse.csr_array(ratings.astype(np.float32))
    now = ItemGaussian(mean.astype(np.float32), k.astype(np.float32))
    after, loss = step(
        now, prior.astype(np.float32), rated, noise=noise, strength=strength, run=Run()
    )

    second, first, lost = strength * prior, np.zeros(n), 0.0
    asked = np.flatnonzero(seen.any(axis=1))
    for user in asked:
        o = np.flatnonzero(seen[user])
        system = k[np.ix_(o, o)] + noise * np.eye(len(o))
        gain = k[:, o] @ np.linalg.inv(system)
        off = ratings[user, o] - mean[o]
        expected = gain @ off
        second += np.outer(expected, expected) + k - gain @ k[o]
        first += expected
        lost -= multivariate_normal(mean[o], system).logpdf(ratings[user, o])
    whole = second / (len(asked) + strength)
    np.testing.assert_allclose(after.mean, mean + first / len(asked), atol=1e-4)
    moved = (after.covariance - k) / (whole - k)
    assert np.ptp(moved) < 1e-2 * abs(moved.mean())  # in the direction of the step
    assert 1 <= moved.mean() < 2
    assert loss == pytest.approx(lost / seen.sum(), rel=1e-4)


def test_ratings_become_likelier_with_each_step(log):
    curve = GaussianProcess(epochs=8).fit(log).curve_
    losses = [row["loss"] for row in curve]
    assert len(losses) == 8
    assert losses[-1] < losses[0] - 0.02
    assert np.ptp(losses[-3:]) < 0.2 * np.ptp(losses)


def test_the_likeliest_weights_are_those_that_values_were_drawn_with():
    rng = np.random.default_rng(2)
    n = 60
    rows = {
        "much": rng.normal(size=(n, 3)).astype(np.float32),
        "little": rng.normal(size=(n, 3)).astype(np.float32),
    }
    weights = {"much": 0.6, "little": 0.01, OWN: 0.05}
    items = np.arange(n)
    covariance = Prior(weights, 0.2).covariance(rows, items, items) + 0.2 * np.eye(n)
    drawn = rng.multivariate_normal(np.zeros(n), covariance, size=60).astype(np.float32)
    samples = [GaussianSample(items, each, np.ones(n, np.float32)) for each in drawn]
    found = maximise_marginal_likelihood(rows, samples, Run(threads=2))
    assert found == maximise_marginal_likelihood(rows, samples, Run(threads=1))
    assert found.weights["much"] == pytest.approx(0.6, rel=0.3)
    assert found.weights["little"] < 0.05
    assert found.weights[OWN] + found.noise == pytest.approx(0.25, rel=0.1)


def test_content_that_tells_what_users_like_counts_more_than_other_content():
    log, _, kind = kinds_rated()
    plain = replace(log, item_table=log.item_table.select("item"))
    noise = np.random.default_rng(0).normal(size=(log.n_items, 2))
    told = with_vectors(plain, "kinds", np.stack([kind, 1 - kind], axis=1))
    told = with_vectors(told, "nothing", noise)
    shares = GaussianProcess(rater_dim=0, epochs=0).fit(told).relevance()
    assert sum(shares.values()) == pytest.approx(1)
    assert set(shares) == {ALL, "vectors kinds", "vectors nothing", OWN}
    assert shares["vectors kinds"] > 10 * shares["vectors nothing"]


def test_content_that_tells_nothing_apart_has_no_share():
    log, _, _ = kinds_rated()
    plain = replace(log, item_table=log.item_table.select("item"))
    cold = np.where(log.item_counts[:, None] == 0, np.arange(1.0, 4.0), 0)
    told = with_vectors(plain, "alike", np.full((log.n_items, 3), 0.1))
    told = with_vectors(told, "of the new", cold)
    model = GaussianProcess(rater_dim=0, epochs=0).fit(told)
    assert set(model.relevance()) == {ALL, OWN}


def test_new_items_are_for_those_who_like_their_kind():
    log, taste, kind = kinds_rated()
    scores = GaussianProcess(rater_dim=8).fit(log).scores(log.histories)
    cold = np.flatnonzero(log.item_counts == 0)
    assert len(cold) == COLD
    red, blue = (scores[:, cold[kind[cold] == k]].mean(axis=1) for k in (0, 1))
    assert np.corrcoef(red - blue, taste[:, 0] - taste[:, 1])[0, 1] > 0.9
    alone = GaussianProcess(content="", rater_dim=8).fit(log).scores(log.histories)[:, cold]
    np.testing.assert_allclose(alone, alone[:, :1] * np.ones(COLD), atol=1e-4)


def test_an_item_with_few_ratings_lies_near_its_like():
    users = np.repeat(np.arange(60), 10)
    items = np.tile(np.arange(10), 60)
    rating = np.where(items < 5, 4.5, 1.5) + 0.2 * np.random.default_rng(0).normal(size=len(users))
    kept = (items != 0) | (users == 0)
    frame = pl.DataFrame({"user": users, "item": items, "rating": np.where(items, rating, 3.0)})
    table = pl.DataFrame({"item": np.arange(10), "kind": ["good"] * 5 + ["bad"] * 5})
    log = Dataset.from_frame(frame.filter(pl.Series(kept)), item_table=table)
    means = GaussianProcess(epochs=0, rater_dim=0).fit(log).mean_[:-1] * log.ratings.std()
    assert 3.2 < means[0] < 4.6  # one rating of 3, and others of its kind at 4.5
    np.testing.assert_allclose(means[1:5], 4.5, atol=0.2)


def test_a_new_item_is_expected_to_be_as_good_as_what_is_rated():
    rng = np.random.default_rng(0)
    chance = np.where(np.arange(30) < 10, 0.8, 0.1)  # the good ones are rated often
    users, items = np.nonzero(rng.random((100, 30)) < chance)
    rating = np.where(items < 10, 4.0, 2.0) + 0.3 * rng.normal(size=len(users))
    log = Dataset.from_frame(
        pl.DataFrame({"user": users, "item": items, "rating": rating}),
        item_table=pl.DataFrame({"item": np.arange(31)}),
    )
    by_item = np.mean([4.0] * 10 + [2.0] * 20)
    model = GaussianProcess(rater_dim=0, epochs=0).fit(log)
    assert abs(rating.mean() - by_item) > 0.7
    for new in model.mean_[-2:] * model.spread_:
        assert new == pytest.approx(rating.mean(), abs=0.2)


def test_unknown_items_are_expected_to_be_like_the_average_one(log, model):
    history = log.histories.take([0])
    asked = Rows(history, np.zeros(2, np.int32), np.array([-1, -1], np.int32))
    found = model.predict(asked)
    assert found[0] == found[1]
    assert abs(found[0] - model.scores(history)[0].mean()) < 0.5


def test_it_is_better_than_biases():
    log = planted_ratings(n_users=200, n_items=60)
    split = pn.split_random(log, validation=0.1, test=0.2)
    models = {"own": GaussianProcess(rater_dim=16, epochs=40)}
    table = pn.evaluate(models, split, ["rmse"], replicates=200).table()
    assert table["own"].verdict == "beats"


def test_validation_ends_it_at_the_best_step():
    log = planted_nothing(n_users=60, n_items=20)  # what is learned here is learned by heart
    split = pn.split_random(log, validation=0.3, test=0.1, seed=2)
    options = {
        "prior_users": 1.0,
        "item_variance": 2.0,
        "noise_variance": 0.2,
        "epochs": 40,
        "rater_dim": 0,
    }
    model = GaussianProcess(**options, patience=2).fit(split.train, split.validation)
    curve = [row["validation_loss"] for row in model.curve_]
    assert len(curve) == model.best_epoch_ + 2 < 40
    off = model.predict(split.validation.rows) - split.validation.ratings
    before = GaussianProcess(**options | {"epochs": 0}).fit(split.train)
    first = before.predict(split.validation.rows) - split.validation.ratings
    least = min([*curve, float(np.sqrt((first**2).mean()))])
    assert np.sqrt((off**2).mean()) == pytest.approx(least, rel=1e-4)
    assert model.refit(split.log).params()["epochs"] == model.best_epoch_


def test_a_history_without_ratings_is_answered_with_means(log, model):
    bare = replace(log.histories.take([0]), ratings=None)
    expected = model.mean_[:-1] * model.spread_
    np.testing.assert_allclose(model.scores(bare)[0], expected, rtol=1e-6)
    assert not model.contributions(bare, np.arange(3, dtype=np.int32)).any()


def test_items_of_like_covariances_are_similar(log, model):
    near = model.similar_items([0], k=5)["similar"].to_numpy()
    assert (near % KINDS == 0).mean() >= 0.8


def test_rows_of_raters_tell_groups_of_users_apart():
    users = np.repeat(np.arange(40), 8)
    items = (np.tile(np.arange(8), 40) * 2 + (users % 2)).astype(np.int64)
    frame = pl.DataFrame({"user": users, "item": items, "rating": 3.0 + items % 3})
    rows = similarity_rows(Dataset.from_frame(frame), "", text_dim=8, raters=2, seed=0)[RATERS]
    cosines = rows[:-1] @ rows[:-1].T
    even = np.arange(16) % 2 == 0
    assert cosines[np.ix_(even, even)].min() > cosines[np.ix_(even, ~even)].max() + 0.5
    assert not rows[-1].any()


def test_what_it_refuses(log):
    with pytest.raises(DataError, match="above max_items=10: drop rare items with a k-core"):
        GaussianProcess(max_items=10).fit(log)
    with pytest.raises(DataError, match="learns from ratings"):
        GaussianProcess().fit(Dataset.from_frame(log.frame().select("user", "item")))
    with pytest.raises(ParameterError, match="one user at a time"):
        GaussianProcess(epochs=0).fit(log).contributions(
            log.histories.take([0, 1]), np.arange(2, dtype=np.int32)
        )


def test_few_users_are_enough_and_many_are_drawn_from(log):
    model = GaussianProcess(max_users=20, epochs=2, rater_dim=4).fit(log)
    again = GaussianProcess(max_users=20, epochs=2, rater_dim=4).fit(log)
    np.testing.assert_array_equal(model.covariance_, again.covariance_)
    every = GaussianProcess(epochs=2, rater_dim=4).fit(log)
    assert np.abs(model.covariance_ - every.covariance_).max() > 1e-3
    one = log.subset(log.events["user"].to_numpy() == 0)
    assert np.isfinite(GaussianProcess().fit(one).scores(one.histories)).all()


@pytest.mark.parametrize(
    "rating",
    [
        lambda user, item: np.full(len(user), 3.0),
        lambda user, item: user % 5 + 1.0,
        lambda user, item: item % 5 + 1.0,
        lambda user, item: (user % 7) * 0.5 + (item % 5) * 0.3,
        lambda user, item: 1e9 * (user % 3 + item % 2),
    ],
    ids=["constant", "of users", "of items", "exact", "huge"],
)
def test_ratings_without_noise_or_of_any_size_are_learned(rating):
    rng = np.random.default_rng(0)
    pairs = pl.DataFrame({"user": rng.integers(0, 40, 500), "item": rng.integers(0, 30, 500)})
    pairs = pairs.unique(maintain_order=True)
    given = np.asarray(rating(pairs["user"].to_numpy(), pairs["item"].to_numpy()), float)
    log = Dataset.from_frame(pairs.with_columns(rating=pl.Series(given)))
    scores = GaussianProcess().fit(log).scores(log.histories)
    users, items = (log.events[c].to_numpy() for c in ("user", "item"))
    error = scores[users, items] - log.ratings
    assert np.sqrt((error**2).mean()) <= 0.6 * log.ratings.std() + 1e-6


def test_validation_of_unseen_items_alone_ends_nothing(log):
    item = log.events["item"].to_numpy()
    sides = np.select([item < 3, item < 6], [VALIDATION, TEST], TRAIN).astype(np.uint8)
    split = Split(log=log, sides=sides, kind="predefined", sentence="By item.", ties="", seed=0)
    model = GaussianProcess(epochs=3, rater_dim=4).fit(split.train, split.validation)
    assert model.best_epoch_ == 3


def test_what_single_precision_takes_for_singular_is_inverted(monkeypatch):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(50, 3))
    matrix = (5623 * rows @ rows.T + 0.01 * np.eye(50)).astype(np.float32)
    factorise = torch.linalg.cholesky_ex

    def singular_in_single(given):  # for some processors it is, for others hardly not
        factor, info = factorise(given)
        return factor, info + (given.dtype == torch.float32)

    monkeypatch.setattr(torch.linalg, "cholesky_ex", singular_in_single)
    found, half = inverse(matrix)
    assert np.isfinite(found).all()
    assert half == pytest.approx(np.linalg.slogdet(matrix.astype(float))[1] / 2, rel=0.01)
    with pytest.raises(DataError, match="became singular"):
        inverse(-np.eye(3, dtype=np.float32))

"""What all checks share: how they say that something is wrong, and what they measure."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout, Rows
from penchant.data.splits import split_random
from penchant.data.target import Like
from penchant.errors import PenchantError
from penchant.metrics import AUC, NDCG, RMSE, LogLoss, Ranked
from penchant.models.base import Recommender
from penchant.models.baselines import GlobalMean, UserMajority
from penchant.models.protocols import RatesRows
from penchant.testing.logs import (
    planted_attributes,
    planted_nothing,
    planted_pairs,
    planted_ratings,
)
from penchant.typing import AnyArray

Factory = Callable[..., Recommender]
"""Makes a new, unfitted model; keyword arguments change its hyper-parameters. A class is one."""

Check = Callable[[Factory], None]
"""Raises an AssertionError whose text says what is wrong with the models of a factory."""

CLOSE = 1e-5
"""How far two ways to the same score may differ, relative to the largest score."""


def expect(condition: object, sentence: str) -> None:
    """Raise an AssertionError with the sentence unless the condition holds.

    Unlike the statement `assert`, this also works under `python -O`.
    """
    if not condition:
        raise AssertionError(sentence)


def expect_refusal(error: type[PenchantError], action: Callable[[], object], what: str) -> None:
    """Expect that an action raises this error with a sentence in it."""
    try:
        action()
    except error as refusal:
        words = str(refusal)
        expect(
            len(words.split()) >= 4 and words.endswith("."),
            f"{what} is refused with {words!r}, which is no sentence.",
        )
    except Exception as other:
        raise AssertionError(
            f"{what} must be refused with {error.__name__}, not {type(other).__name__}: {other}"
        ) from other
    else:
        raise AssertionError(f"{what} must be refused with {error.__name__}.")


def expect_equal(a: AnyArray, b: AnyArray, sentence: str, *, size: float = 1.0) -> None:
    """Expect two arrays to be equal up to rounding, -inf included.

    Args:
        a: an array.
        b: another one.
        sentence: what is wrong where they differ.
        size: of the numbers that were rounded, where they are larger than those of `a`.
    """
    expect(a.shape == b.shape, f"{sentence} The shapes are {a.shape} and {b.shape}.")
    finite = np.isfinite(a)
    expect(np.array_equal(a[~finite], b[~finite]), sentence)
    if finite.any():
        apart = float(np.abs(a[finite] - b[finite]).max())
        size = max(1.0, size, float(np.abs(a[finite]).max()))
        expect(apart <= CLOSE * size, f"{sentence} They differ by up to {apart:.2g}.")


def fitted(factory: Factory, **log: int) -> Recommender:
    """A copy of a model fitted to the usual log: pairs planted, and some items without events."""
    return copy.deepcopy(first_fit(factory, **log).model)


@dataclass(frozen=True)
class Fit:
    """One fit that several checks look at.

    Attributes:
        model: the fitted model.
        returned: what `fit` returned.
        log: the very log that `fit` was given, its cached arrays computed beforehand.
        holdout: the validation events that `fit` was given.
    """

    model: Recommender
    returned: object
    log: Dataset
    holdout: Holdout | None = None


def first_fit(factory: Factory, **log: int) -> Fit:
    """The fit of a model to the usual log, made once for all checks; see `usual_log`."""
    model = factory()
    return _first_fit(type(model), tuple(model.params().items()), tuple(log.items()))


def fit_with_validation(factory: Factory) -> Fit:
    """The fit of a model to a log in which nothing can be found, with validation events."""
    model = factory()
    return _fit_with_validation(type(model), tuple(model.params().items()))


def usual_log(*, n_users: int = 80, cold_items: int = 2) -> Dataset:
    """The log of most checks, with its cached arrays computed."""
    log = planted_pairs(n_users=n_users, cold_items=cold_items)
    _ = log.histories.rows, log.item_counts, log.user_counts
    return log


Params = tuple[tuple[str, Any], ...]


@lru_cache(maxsize=4)
def _first_fit(cls: type[Recommender], params: Params, log: tuple[tuple[str, int], ...]) -> Fit:
    train, model = usual_log(**dict(log)), cls(**dict(params))
    return Fit(model, model.fit(train), train)


@lru_cache(maxsize=2)
def _fit_with_validation(cls: type[Recommender], params: Params) -> Fit:
    split = split_random(planted_nothing(), validation=0.15, test=0.1)
    model = cls(**dict(params))
    return Fit(model, model.fit(split.train, split.validation), split.log, split.validation)


def visitor(model: Recommender, *, rated: bool = True) -> Histories:
    """A user whom the log does not know, with four items."""
    ids = [model.items_[n] for n in (0, 5, 2, 8)]
    return model.history(ids, [5.0, 1.0, 4.0, 2.0] if rated else None)


def mixed_rows(model: Recommender) -> Rows:
    """Rows of known and unknown users, with and without history, and items, -1 among them."""
    some = model.histories_.take([0, 1, 2, 3, 4, 5, 3, 4, 5])
    nobody = Histories.of([], n_items=some.n_items)
    histories = Histories(
        users=np.concatenate([some.users[:6], some.users[6:] * 0 - 1, nobody.users]),
        offsets=np.append(some.offsets, some.offsets[-1]),
        items=some.items,
        ratings=some.ratings,
        times=some.times,
        n_items=some.n_items,
    )
    rng = np.random.default_rng(0)
    history = rng.integers(len(histories), size=60).astype(np.int32)
    items = rng.integers(-1, some.n_items, size=60).astype(np.int32)
    history[:2], items[:2] = len(histories) - 1, (-1, some.n_items - 1)  # -1 and a cold item
    return Rows(histories=histories, history=history, items=items)


def expect_better_than_the_mean(model: Recommender) -> None:
    """Expect predicted ratings that clearly beat the mean of all, on a log with ratings planted.

    A model whose predictions cannot be mapped back to ratings passes.
    """
    split = split_random(planted_ratings(n_users=120), validation=0, test=0.2)
    model.fit(split.train)
    expect(isinstance(model, RatesRows), "A model that learns ratings must predict them.")
    assert isinstance(model, RatesRows)
    assert split.test.ratings is not None
    ratings = model.target.to_rating(model.predict(split.test.rows))
    if ratings is None:
        return
    error = RMSE()(ratings, split.test.ratings)
    trivial = RMSE()(GlobalMean().fit(split.train).predict(split.test.rows), split.test.ratings)
    expect(
        error < 0.97 * trivial,
        f"Predicted ratings have an RMSE of {error:.3f}, not clearly below the {trivial:.3f} of "
        "the global mean.",
    )


def expect_better_than_the_share(model: Recommender) -> None:
    """Expect likes predicted clearly better than by each user's own share of likes.

    The log has attributes planted. Any scale will do to tell likes from others; probabilities of
    the same likes must also be good as such.
    """
    split = split_random(planted_attributes(), validation=0, test=0.2)
    model.fit(split.train)
    assert isinstance(model, RatesRows)
    assert split.test.ratings is not None
    likes = Like(4.0)
    truth = likes.of_ratings(split.test.ratings)
    predictions = model.predict(split.test.rows)
    shares = UserMajority(threshold=likes.threshold).fit(split.train).predict(split.test.rows)
    area, trivial = (AUC()(answer, truth) for answer in (predictions, shares))
    expect(
        area > trivial + 0.1,
        f"Predicted likes have an AUC of {area:.3f}, not clearly above the {trivial:.3f} of the "
        "user's own share of likes.",
    )
    if model.target != likes:
        return
    loss, trivial = (LogLoss()(answer, truth) for answer in (predictions, shares))
    expect(
        loss < 0.97 * trivial,
        f"Predicted likes have a log-loss of {loss:.3f}, not clearly below the {trivial:.3f} of "
        "the user's own share of likes.",
    )


def ndcg(model: Recommender, holdout: Holdout) -> float:
    """nDCG@10 of lists of unseen items; of ratings only likes, at least 4, are relevant."""
    if holdout.ratings is not None:
        holdout = holdout.subset(Like(4.0).of_ratings(holdout.ratings) > 0)
    lists, _ = model.top_items(holdout.histories, 10)
    return float(np.nanmean(NDCG(10)(Ranked.of(lists, holdout.offsets, holdout.items))))

"""What all checks share: how they say that something is wrong, and what they measure."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from penchant.data.histories import Histories
from penchant.data.holdout import Holdout, Rows
from penchant.data.splitting import split_random
from penchant.data.target import Like
from penchant.errors import PenchantError
from penchant.metrics import NDCG, RMSE, Ranked
from penchant.models.base import Recommender
from penchant.models.baselines import GlobalMean
from penchant.models.protocols import RatesRows
from penchant.testing.logs import planted_ratings
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
    if isinstance(model, RatesRows) and not _leads_to_ratings(model):
        return
    split = split_random(planted_ratings(n_users=120), validation=0, test=0.2)
    model.fit(split.train)
    expect(isinstance(model, RatesRows), "A model that learns ratings must predict them.")
    assert isinstance(model, RatesRows)
    ratings = model.target.to_rating(model.predict(split.test.rows))
    if ratings is None:
        return
    assert split.test.ratings is not None
    error = RMSE()(ratings, split.test.ratings)
    trivial = RMSE()(GlobalMean().fit(split.train).predict(split.test.rows), split.test.ratings)
    expect(
        error < 0.97 * trivial,
        f"Predicted ratings have an RMSE of {error:.3f}, not clearly below the {trivial:.3f} of "
        "the global mean.",
    )


def _leads_to_ratings(model: RatesRows) -> bool:
    """Whether predictions can be mapped back to ratings."""
    try:
        target = model.target
    except AttributeError:  # which it has when it has been fitted
        return True
    return target.to_rating(np.zeros(1, np.float32)) is not None


def ndcg(model: Recommender, holdout: Holdout) -> float:
    """nDCG@10 of lists of unseen items; of ratings only likes, at least 4, are relevant."""
    if holdout.ratings is not None:
        holdout = holdout.subset(Like(4.0).of_ratings(holdout.ratings) > 0)
    lists, _ = model.top_items(holdout.histories, 10)
    return float(np.nanmean(NDCG(10)(Ranked.of(lists, holdout.offsets, holdout.items))))

"""Mean sentiment of each item's and each user's reviews, as features without leakage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import expit

from penchant.data.dataset import Dataset
from penchant.encoders.sentiment.base import LabelledTexts, SentimentClassifier
from penchant.encoders.sentiment.ensemble import out_of_fold_log_odds
from penchant.errors import DataError
from penchant.run import Run
from penchant.typing import AnyInt, Float32, Float64, Int64

TEXTS = ("summary", "text")


@dataclass(frozen=True, eq=False)
class MeanSentiment:
    """Mean sentiment of the training reviews of each item and each user.

    Means are shrunken towards the mean of all reviews, as if each item and user had `prior` more
    reviews with that: (Σ sentiment + prior · mean) / (n + prior). An item or user without reviews
    has the mean of all, and so has index -1.

    Attributes:
        events: float32[n_events], the probability of each training review to be positive,
            from a classifier that learned from other users' reviews.
        item_sums: float64[n_items + 1], of these; the last is that of unknown items.
        item_counts: int64[n_items + 1].
        user_sums: float64[n_users + 1].
        user_counts: int64[n_users + 1].
        prior: see above.
    """

    events: Float32
    item_sums: Float64
    item_counts: Int64
    user_sums: Float64
    user_counts: Int64
    prior: float

    def items(self) -> Float32:
        """float32[n_items + 1], the mean of each item; the last is that of unknown items."""
        return self._means(self.item_sums, self.item_counts)

    def users(self) -> Float32:
        """float32[n_users + 1], the mean of each user; the last is that of unknown users."""
        return self._means(self.user_sums, self.user_counts)

    def of_pairs(self, users: AnyInt, items: AnyInt) -> Float32:
        """float32[n, 2], item and user means of pairs that are not among the training events."""
        return np.stack([self.items()[items], self.users()[users]], axis=1)

    def of_events(self, train: Dataset, *, folds: int = 5, seed: int = 0) -> Float32:
        """float32[n_events, 2], item and user means of training events, from other events.

        The review of the very event is not known when the item is recommended. Events are left
        out in folds, because the difference of leaving out a single one would reveal its own.

        Args:
            train: the log that this was computed from.
            folds: parts of the events.
            seed: of the folds.

        Raises:
            DataError: it is another log.
        """
        if len(train) != len(self.events):
            raise DataError("Give the training log that the sentiment was computed from.")
        fold = np.random.default_rng(seed).permutation(len(train)) % folds
        columns = []
        for noun, sums, counts in (
            ("item", self.item_sums, self.item_counts),
            ("user", self.user_sums, self.user_counts),
        ):
            owner = train.events[noun].to_numpy().astype(np.int64)
            _, group = np.unique(owner * folds + fold, return_inverse=True)
            rest = sums[owner] - np.bincount(group, self.events)[group]
            others = counts[owner] - np.bincount(group)[group]
            columns.append((rest + self.prior * self._mean) / (others + self.prior))
        return np.stack(columns, axis=1).astype(np.float32)

    @property
    def _mean(self) -> float:
        return float(self.events.mean(dtype=np.float64)) if len(self.events) else 0.5

    def _means(self, sums: Float64, counts: Int64) -> Float32:
        return ((sums + self.prior * self._mean) / (counts + self.prior)).astype(np.float32)


def mean_sentiment(
    train: Dataset,
    classifier: SentimentClassifier,
    *,
    folds: int = 3,
    prior: float = 5.0,
    run: Run | None = None,
) -> MeanSentiment:
    """The mean sentiment of items and users, from the texts of training events alone.

    Each review's sentiment is the prediction of a classifier that learned from the reviews of
    other users: one that has seen a review's own rating would carry it into the feature.

    Args:
        train: the training events, with columns `summary` or `text` and ratings.
        classifier: a clone of it learns in each fold; its fitted state is neither used nor changed.
        folds: parts of the users.
        prior: additional reviews of mean sentiment of each item and user; more of them shrink more.
        run: threads and progress.

    Raises:
        DataError: the log has no texts or no ratings, or fewer users than folds.
    """
    texts = texts_of(train)
    if not train.has_ratings:
        raise DataError(f"The log {train.name!r} has no ratings to learn sentiment from.")
    stars = train.ratings.astype(np.float64)
    users = np.unique(train.events["user"].to_numpy(), return_inverse=True)[1]
    reviews = LabelledTexts(texts, stars, users)
    log_odds = out_of_fold_log_odds(classifier, reviews, folds=folds, run=run or Run())
    events = expit(log_odds).astype(np.float32)
    sums = {}
    for noun, n in (("item", train.n_items), ("user", train.n_users)):
        owner = train.events[noun].to_numpy()
        sums[noun] = (
            np.bincount(owner, events, minlength=n + 1).astype(np.float64),
            np.bincount(owner, minlength=n + 1).astype(np.int64),
        )
    return MeanSentiment(events, *sums["item"], *sums["user"], prior)


def texts_of(log: Dataset) -> pl.DataFrame:
    """The columns of texts of a log's events.

    Raises:
        DataError: there is none.
    """
    columns = [c for c in TEXTS if c in log.events.columns]
    if not columns:
        raise DataError(
            f"The log {log.name!r} has no texts: name their column, or read a log of reviews."
        )
    return log.events.select(columns).fill_null("")

"""What all sections of the study of books share: the log, its split, and how decisions count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from penchant.data import (
    TEST,
    Adjusted,
    Dataset,
    Holdout,
    Like,
    Rating,
    Split,
    Target,
    split_random,
)
from penchant.data.quality import k_core, where
from penchant.data.sources.book_crossing import FULL
from penchant.errors import DataError
from penchant.metrics import LikeAccuracy, LikeF1, best_threshold
from penchant.models import RatesRows, Recommender
from penchant.studies.records import predict, rounded
from penchant.studies.setup import StudySetup
from penchant.typing import Bool, Float64

SCALE = (1.0, 10.0)
LEARNING_RATE = 0.001
DECADES = 8
"""Losses that are so many times the lowest are drawn on a logarithmic scale."""
EVERYTHING = "recommend everything"
PUBLISHED_SEED = 13
_MOST_ACTIVE = 11676  # the user of the published set with the most ratings
Part = Literal["validation", "test", "published_test"]
"""Rows of the split; for `published_test` a model knows nothing but training rows."""
PARTS: Mapping[str, Part] = MappingProxyType({"validation": "validation", "test": "published_test"})
"""The parts of the split by what columns of the published procedure call them."""


@dataclass(frozen=True, kw_only=True, eq=False)
class BooksSetup(StudySetup):
    """What all sections of the study of books share; ratings are from 1 to 10.

    Attributes:
        like: the rating from which a book is to be recommended, 8 as published.
        epochs: the most epochs of networks that are stopped early, 25 as published.
        shared_embeddings: whether each network goes on from the last one's embeddings.
        learning_rate: of the published networks, .001 as published.
        seeds: over how many seeds the last comparison goes.
        stack: whether a stack of the best models takes part.

    Raises:
        DataError: the log has no ratings, or they are not from 1 to 10.
    """

    like: float = 8.0
    epochs: int = 25
    shared_embeddings: bool = False
    learning_rate: float = LEARNING_RATE
    seeds: int = 3
    stack: bool = False
    quick_epochs: ClassVar[int] = 2

    def __post_init__(self) -> None:
        if not self.log.has_ratings or self.log.rating_range != SCALE:
            raise DataError(
                f"The study of books needs ratings from 1 to 10, and the log {self.log.name!r} "
                f"has {_range(self.log)}: use book-crossing, or a log whose scale is 1 to 10."
            )

    @cached_property
    def rated(self) -> Dataset:
        """The log with those users and books alone that ratings are of: what models learn from."""
        return only_rated(self.log)

    @cached_property
    def split(self) -> Split:
        """A tenth of the rows for test and a tenth for validation, drawn at random."""
        return split_random(self.rated, validation=0.1, test=0.1, seed=self.seed)

    @cached_property
    def validation(self) -> Holdout:
        """The validation rows."""
        validation = self.split.validation
        assert validation is not None  # a tenth of the rows
        return validation

    @cached_property
    def test(self) -> Holdout:
        """The test rows."""
        return self.split.test

    @cached_property
    def published_test(self) -> Holdout:
        """The same test rows in the same order, where nothing is known but training rows."""
        return Holdout.of(self.split.train, self.rated.subset(self.split.sides == TEST))

    def liked(self, holdout: Holdout) -> Bool:
        """bool[n_rows], which held-out ratings are to be recommended."""
        assert holdout.ratings is not None
        return holdout.ratings >= self.like

    def is_known(self, split: Split) -> Bool:
        """bool[n_rows], which test rows are of users with training ratings."""
        return split.train.user_counts[split.test.rows.users] > 0

    @cached_property
    def targets(self) -> dict[str, Target]:
        """The three published targets by name."""
        return {"original": Rating(), "adjusted": Adjusted(), "binary": Like(self.like)}

    def cut(self, target: str) -> float:
        """From which prediction on a book counts as recommended, as published.

        On the adjusted scale this is the same number as on the original one, which is the trap
        that `moved_threshold` is about.
        """
        return 0.5 if target == "binary" else self.like


@dataclass(frozen=True)
class ModelPredictions:
    """A fitted model's predictions of validation and test rows.

    For test rows validation rows are known, too, which new users get their own predictions from;
    in `published_test` they are not.

    Attributes:
        validation: a prediction for each validation row.
        test: for each test row.
        published_test: the same where nothing is known but training rows.
        probabilities: whether they are probabilities of a like.
        seconds: of training.
        parameters: how many numbers were learned.
    """

    validation: list[float]
    test: list[float]
    published_test: list[float]
    probabilities: bool
    seconds: float
    parameters: int

    def of(self, part: Part = "published_test") -> Float64:
        """float64[n_rows], the predictions of a part."""
        return np.asarray(getattr(self, part), np.float64)


def draw_readers(log: Dataset, readers: int, seed: int) -> Dataset:
    """The ratings of so many readers drawn at random; the log itself where it has no more.

    Books that none of them rated leave, too.
    """
    active = np.flatnonzero(log.user_counts)
    if readers >= len(active):
        return log
    chosen = np.sort(np.random.default_rng(seed).permutation(active)[:readers])
    ids = log.users.take(chosen).alias(f"{readers:,} readers drawn by the seed {seed}")
    part = where(log, pl.col("user").is_in(ids.implode()))
    return replace(only_rated(part), name=f"{log.name}, {readers:,} readers")


def only_rated(log: Dataset) -> Dataset:
    """The log without users and books that have no rating; the log itself where all have one."""
    whole = log.user_counts.all() and log.item_counts.all()
    return log if whole else replace(k_core(log, 1, 1), name=log.name)


def is_published(log: Dataset) -> bool:
    """Whether a log is the published one: its size, and who rated most, of made-up ones neither."""
    most = log.users.take([int(np.argmax(log.user_counts))]).item()
    return len(log) == FULL.n_explicit and most == _MOST_ACTIVE


def predict_parts(model: Recommender, setup: BooksSetup) -> ModelPredictions:
    """Predict validation and test rows with a fitted model."""
    assert isinstance(model, RatesRows)
    return ModelPredictions(
        validation=rounded(predict(model, setup.validation.rows)),
        test=rounded(predict(model, setup.test.rows)),
        published_test=rounded(predict(model, setup.published_test.rows)),
        probabilities=model.target == Like(setup.like),
        seconds=model.fit_seconds_,
        parameters=model.n_parameters(),
    )


def span(values: Float64) -> float:
    """The width of the middle 98 % of predictions."""
    low, high = np.quantile(values, (0.01, 0.99))
    return float(high - low)


def f1(decided: npt.ArrayLike, liked: Bool) -> float:
    """F1 of "recommend", 0 where nothing is recommended."""
    value = LikeF1()(decided, liked)
    return 0.0 if np.isnan(value) else value


def accuracy(decided: npt.ArrayLike, liked: Bool) -> float:
    """The share of rows decided rightly."""
    return LikeAccuracy()(decided, liked)


def best_cut(predictions: ModelPredictions, setup: BooksSetup) -> float:
    """The cut that is best for F1 on validation rows."""
    return best_threshold(predictions.of("validation"), setup.liked(setup.validation))


def _range(log: Dataset) -> str:
    scale = log.rating_range if log.has_ratings else None
    return "none" if scale is None else f"{scale[0]:g} to {scale[1]:g}"

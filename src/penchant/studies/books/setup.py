"""What all parts of the study of books share: the log, the split, and how answers are counted."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.holdout import Holdout
from penchant.data.quality.filters import k_core, where
from penchant.data.splits import TEST, Split, split_random
from penchant.data.target import Adjusted, Like, Rating, Target
from penchant.errors import DataError
from penchant.metrics import LikeAccuracy, LikeF1, best_threshold
from penchant.models import make
from penchant.models.base import Recommender
from penchant.models.protocols import RatesRows
from penchant.run import Run
from penchant.typing import Bool, Float64

Found = dict[str, Any]

SCALE = (1.0, 10.0)
DECADES = 20
"""Losses that are so many times the lowest are drawn on a logarithmic scale."""
EVERYTHING = "recommend everything"
PUBLISHED_SEED = 13
PARTS = MappingProxyType({"validation": "validation", "test": "published test"})
"""The parts of the split by what their predictions are called where the procedure is published."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Setup:
    """What a part of the study needs to know.

    Attributes:
        log: ratings from 1 to 10, if possible with tables of books and users.
        seed: decides everything random, the split among it.
        run: threads and progress.
        like: the rating from which a book is to be recommended, 8 as published.
        epochs: the most epochs of networks that are stopped early, 25 as published.
        shared_embeddings: whether each network goes on from the last one's embeddings.
        seeds: over how many seeds the last comparison goes.
        stack: whether a stack of the best models takes part.
        quick: whether everything is cut to seconds, for a look at what the page is like.

    Raises:
        DataError: the log has no ratings, or they are not from 1 to 10.
    """

    log: Dataset
    seed: int
    run: Run
    like: float = 8.0
    epochs: int = 25
    shared_embeddings: bool = False
    seeds: int = 3
    stack: bool = False
    quick: bool = False
    replicates: int = field(init=False, default=1000)

    def __post_init__(self) -> None:
        if not self.log.has_ratings or self.log.rating_range != SCALE:
            raise DataError(
                f"The study of books needs ratings from 1 to 10, and the log {self.log.name!r} "
                f"has {_range(self.log)}: use book-crossing, or a log whose scale is 1 to 10."
            )
        if self.quick:
            object.__setattr__(self, "replicates", 200)

    @cached_property
    def split(self) -> Split:
        """A tenth of the rows for test and a tenth for validation, drawn at random."""
        return split_random(self.log, validation=0.1, test=0.1, seed=self.seed)

    @cached_property
    def validation(self) -> Holdout:
        """The validation rows."""
        held = self.split.validation
        assert held is not None  # a tenth of the rows
        return held

    @cached_property
    def test(self) -> Holdout:
        """The test rows."""
        return self.split.test

    @cached_property
    def published_test(self) -> Holdout:
        """The same test rows in the same order, where nothing is known but training rows."""
        held = self.log.subset(self.split.sides == TEST)
        return Holdout.of(self.split.train, held)

    def liked(self, holdout: Holdout) -> Bool:
        """bool[n_rows], which held-out ratings are to be recommended."""
        assert holdout.ratings is not None
        return holdout.ratings >= self.like

    def warm(self, split: Split) -> Bool:
        """bool[n_rows], which test rows are of users with training ratings."""
        return split.train.user_counts[split.test.rows.users] > 0

    @cached_property
    def targets(self) -> dict[str, Target]:
        """The three published targets by name."""
        return {"original": Rating(), "adjusted": Adjusted(), "binary": Like(self.like)}

    def cut(self, target: str) -> float:
        """From which prediction on a book counts as recommended, as published.

        On the adjusted scale this is the same number as on the original one, which is the trap
        that `books_trap` is about.
        """
        return 0.5 if target == "binary" else self.like

    def model(self, spec: str) -> Recommender:
        """A model of the table of models, unfitted, with the study's seed."""
        found = make(spec).clone(seed=self.seed)
        if self.quick and "epochs" in found.params():
            return found.clone(epochs=2)
        return found


def drawn(log: Dataset, readers: int, seed: int) -> Dataset:
    """The ratings of so many readers drawn at random; the log itself where it has no more.

    Books that none of them rated leave, too.
    """
    there = np.flatnonzero(log.user_counts)
    if readers >= len(there):
        return log
    chosen = np.sort(np.random.default_rng(seed).permutation(there)[:readers])
    ids = log.users.take(chosen).alias(f"{readers:,} readers drawn by the seed {seed}")
    found = where(log, pl.col("user").is_in(ids.implode()))
    found = found if found.item_counts.all() else k_core(found, 1, 1)
    return replace(found, name=f"{log.name}, {readers:,} readers")


def answers(model: Recommender, setup: Setup) -> Found:
    """What a fitted model predicts for validation and test rows, and what it took.

    For test rows validation rows are known, too, which new users get their own answers from; in
    `published test` they are not.
    """
    assert isinstance(model, RatesRows)
    return {
        "validation": rounded(model.predict(setup.validation.rows)),
        "test": rounded(model.predict(setup.test.rows)),
        "published test": rounded(model.predict(setup.published_test.rows)),
        "chances": model.target == Like(setup.like),
        "seconds": model.fit_seconds_,
        "parameters": model.n_parameters(),
    }


def rounded(values: npt.ArrayLike) -> list[float]:
    """Values short enough for a file."""
    return [float(x) for x in np.round(np.asarray(values, np.float64), 6)]


def scores(found: Found, part: str = "published test") -> Float64:
    """float64[n_rows], what was predicted for a part."""
    return np.asarray(found[part], np.float64)


def span(values: Float64) -> float:
    """How far the middle 98 % of predictions lie apart."""
    low, high = np.quantile(values, (0.01, 0.99))
    return float(high - low)


def f1(decided: npt.ArrayLike, liked: Bool) -> float:
    """F1 of "recommend", 0 where nothing is recommended."""
    value = LikeF1()(decided, liked)
    return 0.0 if np.isnan(value) else value


def accuracy(decided: npt.ArrayLike, liked: Bool) -> float:
    """The share of rows decided rightly."""
    return LikeAccuracy()(decided, liked)


def own_cut(found: Found, setup: Setup) -> float:
    """The cut that is best for F1 on validation rows."""
    return best_threshold(scores(found, "validation"), setup.liked(setup.validation))


def _range(log: Dataset) -> str:
    found = log.rating_range if log.has_ratings else None
    return "none" if found is None else f"{found[0]:g} to {found[1]:g}"

"""What all sections of the study of music share: the log, its splits, and published figures."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from penchant import where
from penchant.data import Dataset, Split, split_by_time, split_random
from penchant.data.reviews import item_statistics, known_products
from penchant.features.reviews import ReviewFeatures, ReviewSettings
from penchant.models import Recommender, make
from penchant.studies.records import published_verdict
from penchant.studies.setup import StudySetup, require_reviews
from penchant.studies.study import DataTable
from penchant.typing import Bool, Float32

T = TypeVar("T")
CATEGORY = "Digital Music"
PUBLISHED_LOG = "amazon-2018/Digital_Music"
PUBLISHED_COUNTS = MappingProxyType(
    {
        "reviews": 1_584_082,
        "products": 74_347,
        "merged": 182_826,
        "features": 14,
        "training": 127_978,
        "steps": 7_999,
        "top": 47_698,
    }
)
"""What was published: files, merged table, its training rows, batches of 16 of them in an epoch of
the network of sentiment, and users who gave the highest rating."""
REGRESSOR = (
    "dnn-regressor:own_text=true,statistics=table,log_scale=false,clip=0,output=linear,"
    "output_start=zero,patience=none"
)
"""The published network: own text, whatever statistics the item table holds, raw numbers."""
TEST_SHARE = 0.3
MANY = 50_000
"""From so many reviews on one split tells as much as several of few."""


@dataclass(frozen=True, kw_only=True, eq=False)
class MusicSetup(StudySetup):
    """What all sections of the study of music share; the log has ratings, texts and summaries.

    Attributes:
        log: the merged table as a log, see `merged_log`.
        whole: the log with the reviews of products that the metadata do not know.
        epochs: of the published networks, 10 as published.
        splits: on how many splits networks and classifiers are compared.
        compared: on how many reviews classifiers and remedies are compared at most.
        together: whether classifiers are compared on all review sets that can be found.

    Raises:
        DataError: the log has no ratings, or neither texts nor summaries.
    """

    whole: Dataset | None = None
    epochs: int = 10
    splits: int = 5
    compared: int | None = None
    together: bool = True

    def __post_init__(self) -> None:
        require_reviews("music", self.log, ("text", "summary"), "amazon-2018/Gift_Cards")

    @property
    def told_apart(self) -> str:
        """What a caption says where published figures are of other data."""
        if self.same_data:
            return ""
        return f" Published figures are of {CATEGORY}, which is other data."

    @cached_property
    def seeds(self) -> list[int]:
        """A seed for each of the splits on which networks are compared."""
        return list(range(self.seed, self.seed + self.splits))

    @cached_property
    def leaking_log(self) -> Dataset:
        """The log whose item table has the statistics of all ratings, as published."""
        return with_statistics(self.log, None)

    def published_split(self, seed: int) -> Split:
        """70 % of all rows to learn from and 30 % for test, at random, as published."""
        return split_random(self.leaking_log, validation=0, test=TEST_SHARE, seed=seed)

    @cached_property
    def honest_split(self) -> Split:
        """The last fifth of time for test, a tenth for validation; random without times."""
        if self.log.has_times and self.log.events["time"].n_unique() > 1:
            return split_by_time(self.log, validation=0.1, test=0.2)
        return split_random(self.log, validation=0.1, test=0.2, seed=self.seed)

    @cached_property
    def published_features(self) -> tuple[ReviewFeatures, Float32]:
        """The 70 features of all rows, fitted on all rows as published."""
        settings = ReviewSettings(own_text=True, logs=False, statistics="table", seed=self.seed)
        return ReviewFeatures.fit(self.leaking_log, settings)

    def network(self, spec: str = REGRESSOR, **changes: Any) -> Recommender:
        """A network of the table of models, unfitted, with the study's epochs."""
        return make(spec).clone(**({"epochs": self.epochs, "seed": self.seed} | changes))

    @property
    def n_training(self) -> int:
        """Rows of the published table that are learned from."""
        return len(self.log) - round(TEST_SHARE * len(self.log))

    @property
    def highest(self) -> float:
        """The highest possible rating."""
        scale = self.log.rating_range
        assert scale is not None  # there are ratings
        return scale[1]


def short_name(log: str) -> str:
    """What a log is called in a table."""
    return log.rpartition("/")[2].replace("_", " ")


def plain_name(log: str) -> str:
    """What a log is called in a sentence; one that is not in the catalogue is named as a log."""
    return short_name(log) if "/" in log else f"the log “{log}”"


def timed(function: Callable[[], T]) -> tuple[T, float]:
    """What a function gives, and how many seconds it took."""
    start = time.perf_counter()
    value = function()
    return value, time.perf_counter() - start


def seconds_table(setup: MusicSetup, network: str, published: float, here: float) -> DataTable:
    """Seconds of training, as published and here."""
    frame = pl.DataFrame(
        {
            "network": [network],
            "published": [published],
            "here": [here],
            "against published": [setup.against_published(published, here, better="low")],
        }
    )
    caption = f"Time of training, as published on a machine with a GPU.{setup.told_apart}"
    return DataTable(frame, caption, {"published": "duration", "here": "duration"})


def sizes_table(rows: Mapping[str, tuple[int, int]]) -> pl.DataFrame:
    """Numbers of a network, published and here, by part; data do not decide them."""
    return pl.DataFrame(
        [(part, old, new, published_verdict(old, new, True)) for part, (old, new) in rows.items()],
        schema={
            "part": pl.String,
            "published": pl.Int64,
            "here": pl.Int64,
            "against published": pl.String,
        },
        orient="row",
    )


def merged_log(log: Dataset) -> Dataset:
    """The reviews of products that the metadata know, as published; all without metadata."""
    known = known_products(log)
    if not known.any() or known[log.events["item"].to_numpy()].all():
        return log
    return where(log, pl.col("item").is_in(log.items.take(np.flatnonzero(known)).implode()))


def with_statistics(log: Dataset, rows: Bool | None) -> Dataset:
    """The log whose item table also has mean, median and number of ratings of these rows.

    Args:
        log: with ratings.
        rows: bool[n_events], or None for all.
    """
    numbers = item_statistics(log, "all" if rows is None else rows)
    table = numbers.select("item") if log.item_table is None else log.item_table
    names = [name for name in numbers.columns if name != "item"]
    others = table.drop(names, strict=False)
    return replace(log, item_table=others.hstack(numbers.select(names)))


@dataclass(frozen=True)
class RowErrors:
    """Errors of predictions in stars.

    Attributes:
        mae: mean absolute error.
        mse: mean squared error.
        correlation: with the ratings; None where either does not vary.
        farthest: the largest absolute error.
    """

    mae: float
    mse: float
    correlation: float | None
    farthest: float


def row_errors(predictions: npt.ArrayLike, ratings: npt.ArrayLike) -> RowErrors:
    """The errors of predictions, float[n_rows] each."""
    predicted, true = np.asarray(predictions, np.float64), np.asarray(ratings, np.float64)
    off = predicted - true
    varies = predicted.std() > 1e-9 and true.std() > 0
    return RowErrors(
        mae=float(np.abs(off).mean()),
        mse=float((off**2).mean()),
        correlation=float(np.corrcoef(predicted, true)[0, 1]) if varies else None,
        farthest=float(np.abs(off).max()),
    )


def mean_errors(splits: Sequence[RowErrors]) -> RowErrors:
    """The means over splits, and the largest error of all; a mean is None where a value is."""
    correlations = [each.correlation for each in splits]
    known = [value for value in correlations if value is not None]
    return RowErrors(
        mae=float(np.mean([each.mae for each in splits])),
        mse=float(np.mean([each.mse for each in splits])),
        correlation=float(np.mean(known)) if len(known) == len(splits) else None,
        farthest=max(each.farthest for each in splits),
    )

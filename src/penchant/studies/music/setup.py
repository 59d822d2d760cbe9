"""What all parts of the study of music share: the log, its splits, and what was published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.reviews import item_statistics
from penchant.data.splits import Split, split_by_time, split_random
from penchant.errors import DataError
from penchant.features.reviews.features import ReviewFeatures
from penchant.features.reviews.settings import ReviewSettings
from penchant.models import make
from penchant.models.base import Recommender
from penchant.run import Run
from penchant.typing import Bool, Float32

Found = dict[str, Any]

CATEGORY = "Digital Music"
PUBLISHED_COUNTS = MappingProxyType(
    {"reviews": 1_584_082, "products": 74_347, "merged": 182_826, "features": 14, "top": 47_698}
)
"""What was published: files, merged table, and users who gave the highest rating."""
REGRESSOR = (
    "dnn-regressor:own_text=true,statistics=table,log_scale=false,clip=0,output=linear,"
    "patience=none"
)
"""The published network: own text, whatever statistics the item table holds, raw numbers."""
TEST = 0.3
_NEEDED = ("text", "summary")


@dataclass(frozen=True, kw_only=True, eq=False)
class Setup:
    """What a part of the study needs to know.

    Attributes:
        log: ratings with texts, if possible with a table of products.
        seed: decides everything random.
        run: threads and progress.
        epochs: of the published networks, 10 as published.
        splits: on how many splits networks and classifiers are compared.
        together: whether sentiment is learned from all review sets that can be found.
        quick: whether everything is cut to seconds, for a look at what the page is like.

    Raises:
        DataError: the log has no ratings, or neither texts nor summaries.
    """

    log: Dataset
    seed: int
    run: Run
    epochs: int = 10
    splits: int = 5
    together: bool = True
    quick: bool = False
    replicates: int = field(init=False, default=1000)

    def __post_init__(self) -> None:
        missing = [name for name in _NEEDED if name not in self.log.events.columns]
        if not self.log.has_ratings or missing:
            lacks = ["rating"] * (not self.log.has_ratings) + missing
            raise DataError(
                f"The study of music needs reviews, and the log {self.log.name!r} has no "
                f"{', no '.join(lacks)}: use amazon-2018/Gift_Cards or another category."
            )
        if self.quick:
            object.__setattr__(self, "replicates", 200)

    @cached_property
    def seeds(self) -> list[int]:
        """A seed for each of the splits on which networks are compared."""
        return list(range(self.seed, self.seed + self.splits))

    @cached_property
    def leaking(self) -> Dataset:
        """The log whose item table has the statistics of all ratings, as published."""
        return with_statistics(self.log, None)

    def published_split(self, seed: int) -> Split:
        """70 % of all rows to learn from and 30 % for test, at random, as published."""
        return split_random(self.leaking, validation=0, test=TEST, seed=seed)

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
        return ReviewFeatures.fit(self.leaking, settings)

    def network(self, spec: str = REGRESSOR, **changes: Any) -> Recommender:
        """A network of the table of models, unfitted, with the study's epochs."""
        return make(spec).clone(**({"epochs": self.epochs, "seed": self.seed} | changes))

    def model(self, spec: str) -> Recommender:
        """A model of the table of models, unfitted, with the study's seed."""
        found = make(spec).clone(seed=self.seed)
        if self.quick and "epochs" in found.params():
            return found.clone(epochs=1)
        return found

    @property
    def highest(self) -> float:
        """The highest possible rating."""
        scale = self.log.rating_range
        assert scale is not None  # there are ratings
        return scale[1]


def with_statistics(log: Dataset, rows: Bool | None) -> Dataset:
    """The log whose item table also has mean, median and number of ratings of these rows.

    Args:
        log: with ratings.
        rows: bool[n_events], or None for all.
    """
    numbers = item_statistics(log, "all" if rows is None else rows)
    table = numbers.select("item") if log.item_table is None else log.item_table
    names = [name for name in numbers.columns if name != "item"]
    kept = table.drop(names, strict=False)
    return replace(log, item_table=kept.hstack(numbers.select(names)))


def errors(predicted: npt.ArrayLike, truth: npt.ArrayLike) -> Found:
    """MAE, MSE, correlation (None where either does not vary) and the farthest miss."""
    said, true = np.asarray(predicted, np.float64), np.asarray(truth, np.float64)
    off = said - true
    varies = said.std() > 1e-9 and true.std() > 0
    return {
        "mae": float(np.abs(off).mean()),
        "mse": float((off**2).mean()),
        "r": float(np.corrcoef(said, true)[0, 1]) if varies else None,
        "farthest": float(np.abs(off).max()),
    }


def average(found: Iterable[Mapping[str, float | None]], name: str) -> float | None:
    """The mean of one figure over splits, None where one is missing."""
    values = [each[name] for each in found]
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known and len(known) == len(values) else None


def rounded(values: npt.ArrayLike, places: int = 6) -> list[float]:
    """Values short enough for a file."""
    return [float(x) for x in np.round(np.asarray(values, np.float64), places)]


def frame_of(plain: Mapping[str, Any]) -> pl.DataFrame:
    """A frame from columns as a file has them."""
    return pl.DataFrame(plain, infer_schema_length=None)


def columns_of(frame: pl.DataFrame) -> Found:
    """A frame as columns that a file can hold."""
    return {name: values.to_list() for name, values in frame.to_dict().items()}

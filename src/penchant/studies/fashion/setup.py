"""What all sections of the study of fashion share: logs, splits, and published figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl

from penchant.auditing import normalised
from penchant.data import TEST, TRAIN, VALIDATION, Dataset, Split, split_by_time, split_random
from penchant.metrics import interval, mean_replicates
from penchant.models import Recommender
from penchant.studies.fashion.products import NONE, ProductLog, with_product_pictures
from penchant.studies.records import Gain
from penchant.studies.setup import StudySetup, require_reviews
from penchant.typing import Float64

CATEGORY = "AMAZON_FASHION"
GAUSSIAN = "Gaussian process"
PUBLISHED = MappingProxyType({"rmse": 0.753, "mae": 0.516, "pearson": 0.820})
CONVERGED = 10
"""The epoch from which on the published network no longer gets better."""
SETTINGS = (
    "hybrid:content=text;picture,loss=mae,learning_rate=0.01,learning_rate_decay=0.0001,"
    "id_dropout=0,optimiser=dense,output_start=zero"
)
"""The published network: four branches, absolute error, a learning rate that decays, no row that
stands for unknown users or items, and Adam and an output that starts at zero as Keras has them."""
QUICK_START = "optimiser=rows,output_start=median"
"""What lets the network learn from few rows: a start at the median rating, and steps that move only
the vectors of a batch. From zero, few steps would not even reach the scale of the ratings."""
EPOCHS = 20
N_PARAMETERS, ROW_PARAMETERS = 187_025, 64
"""What the published network learns beside users and items, and for each of these."""
TEST_SHARE, VALIDATION_SHARE = 0.2, 0.1
"""The shares of test and validation rows."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FashionSetup(StudySetup):
    """What all sections of the study of fashion share; the log has ratings and texts.

    Attributes:
        epochs: of the published network.
        pictures: where those of products come from; see `with_product_pictures`.
        users: how many users of the films take part where networks are trained; None is all.

    Raises:
        DataError: the log has no ratings or no texts.
    """

    epochs: int = EPOCHS
    pictures: str = NONE
    users: int | None = None

    def __post_init__(self) -> None:
        require_reviews("fashion", self.log, ("text",), f"amazon-2018/{CATEGORY}")

    @cached_property
    def published_split(self) -> Split:
        """A fifth of all rows for test, drawn at random, copies and all."""
        return split_random(self.log, validation=VALIDATION_SHARE, test=TEST_SHARE, seed=self.seed)

    @cached_property
    def products(self) -> ProductLog:
        """The log with vectors of pictures."""
        return with_product_pictures(self.log, self.pictures, self.run)

    @cached_property
    def pictured_split(self) -> Split:
        """The published split of the log with vectors of pictures: the same rows."""
        return replace(self.published_split, log=self.products.log)

    def network(self, changes: str = "", **parameters: Any) -> Recommender:
        """The published network, unfitted, with other settings where these are given."""
        spec = f"{SETTINGS},{changes}" if changes else SETTINGS
        return self.model(spec, **({"epochs": self.epochs} | parameters))

    def gaussian_process(self) -> dict[str, Recommender]:
        """A Gaussian process of ratings alone, where the log has not too many items for one."""
        model = self.model("gaussian-process:content=none")
        return {GAUSSIAN: model} if self.log.n_items <= model.params()["max_items"] else {}


def without_copies(log: Dataset) -> Dataset:
    """The first event of each user and text; what differs in case or punctuation is the same.

    Events without a text stay.
    """
    plain = log.events.select("user", text=normalised(pl.col("text")).fill_null(""))
    keyed = plain.with_row_index("at").with_columns(
        text=pl.when(pl.col("text") == "").then(pl.format("{}", "at")).otherwise("text"),
        silent=pl.col("text") == "",
    )
    first = keyed.unique(["user", "text", "silent"], keep="first", maintain_order=True)
    return log.subset(np.sort(first["at"].to_numpy()).astype(np.int64))


def split_by_user(log: Dataset, seed: int) -> Split:
    """All events of a fifth of the users for test and of a tenth for validation."""
    active = np.flatnonzero(log.user_counts)
    order = np.random.default_rng(seed).permutation(active)
    side = np.full(log.n_users, TRAIN, np.uint8)
    n_test, n_validation = (
        max(1, round(share * len(active))) for share in (TEST_SHARE, VALIDATION_SHARE)
    )
    side[order[:n_test]] = TEST
    side[order[n_test : n_test + n_validation]] = VALIDATION
    return Split(
        log=log,
        sides=side[log.events["user"].to_numpy()],
        kind="predefined",
        sentence=f"By user: all events of {n_test:,} users drawn at random (seed {seed}) for test, "
        f"of {n_validation:,} others for validation.",
        ties="Times play no part.",
        seed=seed,
    )


def honest_splits(log: Dataset, seed: int) -> dict[str, Split]:
    """The log without copies, split by time where it has times, and by user."""
    log = without_copies(log)
    splits = {}
    if log.has_times and log.events["time"].n_unique() > 1:
        splits["by time"] = split_by_time(log, validation=VALIDATION_SHARE, test=TEST_SHARE)
    return splits | {"by user": split_by_user(log, seed)}


def mean_gain(values: Float64, over: Float64, replicates: int, seed: int) -> Gain | None:
    """By how much a mean over users is higher than another, over the users who have both.

    Args:
        values: float64[n_users], NaN where a user has none.
        over: the same of what it is compared with.
        replicates: bootstrap resamples of the users.
        seed: of the bootstrap.

    Returns:
        The difference with its 95 % interval; None without users.
    """
    differences = values - over
    differences = differences[~np.isnan(differences)]
    if not len(differences):
        return None
    low, high = interval(mean_replicates(differences[:, None], replicates, seed)[:, 0])
    return Gain(float(differences.mean()), float(low), float(high))


def split_paragraphs(sentences: Mapping[str, str]) -> str:
    """How splits were made, each behind what a page calls it and in a paragraph of its own."""
    return "\n\n".join(
        f"{name[:1].upper()}{name[1:]}: {sentence.removeprefix('By time: ')}"
        for name, sentence in sentences.items()
    )


def plain_name(baseline: str) -> str:
    """A trivial answer in the words of somebody who does not know its name."""
    return _PLAIN.get(baseline, baseline)


_PLAIN = {
    "user-mean": "the user's own mean",
    "item-mean": "the product's mean",
    "global-mean": "the mean of all ratings",
    "bias": "user and item biases",
    "popular": "the most popular items",
}

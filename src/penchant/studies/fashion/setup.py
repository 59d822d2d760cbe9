"""What all parts of the study of fashion share: logs, splits, and what was published."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl

from penchant.auditing.rules.same_text import normalised
from penchant.data.dataset import Dataset
from penchant.data.splits import TEST, TRAIN, VALIDATION, Split, split_by_time, split_random
from penchant.errors import DataError
from penchant.metrics import interval
from penchant.metrics.bootstrap import mean_replicates
from penchant.models import make
from penchant.models.base import Recommender
from penchant.run import Run
from penchant.typing import Float64

Found = dict[str, Any]
Gain = tuple[float, float, float]
"""A difference with the ends of its interval."""

CATEGORY = "AMAZON_FASHION"
GAUSSIAN = "Gaussian process"
PUBLISHED = MappingProxyType({"rmse": 0.753, "mae": 0.516, "pearson": 0.820})
CONVERGED = 10
"""The epoch from which on the published network no longer gets better."""
SETTINGS = "hybrid:content=text;picture,loss=mae,learning_rate=0.01,learning_rate_decay=0.0001"
"""The published network: four branches, absolute error, a learning rate that decays."""
EPOCHS = 20
HELD, CHOSEN = 0.2, 0.1
"""The shares of test and validation rows."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Setup:
    """What a part of the study needs to know.

    Attributes:
        log: reviews with texts and ratings.
        seed: decides everything random.
        run: threads and progress.
        epochs: of the published network.
        users: how many users of the films take part where networks are trained; None is all.
        quick: whether everything is cut to seconds, for a look at what the page is like.

    Raises:
        DataError: the log has no ratings or no texts.
    """

    log: Dataset
    seed: int
    run: Run
    epochs: int = EPOCHS
    users: int | None = None
    quick: bool = False
    replicates: int = field(init=False, default=1000)

    def __post_init__(self) -> None:
        lacks = ["rating"] * (not self.log.has_ratings)
        lacks += ["text"] * ("text" not in self.log.events.columns)
        if lacks:
            raise DataError(
                f"The study of fashion needs reviews, and the log {self.log.name!r} has no "
                f"{', no '.join(lacks)}: use amazon-2018/{CATEGORY} or another category."
            )
        if self.quick:
            object.__setattr__(self, "replicates", 200)

    @cached_property
    def published_split(self) -> Split:
        """A fifth of all rows for test, drawn at random, copies and all."""
        return split_random(self.log, validation=CHOSEN, test=HELD, seed=self.seed)

    def network(self, changes: str = "", **parameters: Any) -> Recommender:
        """The published network, unfitted, with other settings where these are given."""
        spec = f"{SETTINGS},{changes}" if changes else SETTINGS
        return self.model(spec, **({"epochs": self.epochs} | parameters))

    def process(self) -> dict[str, Recommender]:
        """A Gaussian process of ratings alone, where the log has not too many items for one."""
        found = self.model("gaussian-process:content=none")
        return {GAUSSIAN: found} if self.log.n_items <= found.params()["max_items"] else {}

    def model(self, spec: str, **parameters: Any) -> Recommender:
        """A model of the table of models, unfitted, with the study's seed."""
        found = make(spec).clone(seed=self.seed, **parameters)
        return found.clone(epochs=1) if self.quick and "epochs" in found.params() else found


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
    n_test, n_validation = (max(1, round(share * len(active))) for share in (HELD, CHOSEN))
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
    found = {}
    if log.has_times and log.events["time"].n_unique() > 1:
        found["by time"] = split_by_time(log, validation=CHOSEN, test=HELD)
    return found | {"by user": split_by_user(log, seed)}


def gain(values: Float64, over: Float64, replicates: int, seed: int) -> Gain | None:
    """By how much a mean over users is higher than another, over the users who have both.

    Args:
        values: float64[n_users], NaN where a user has none.
        over: the same of what it is compared with.
        replicates: bootstrap resamples of the users.
        seed: of the bootstrap.

    Returns:
        The difference and the ends of its 95 % interval; None without users.
    """
    apart = values - over
    apart = apart[~np.isnan(apart)]
    if not len(apart):
        return None
    low, high = interval(mean_replicates(apart[:, None], replicates, seed)[:, 0])
    return float(apart.mean()), float(low), float(high)


def apart(value: Gain | None) -> str:
    """A difference in words, with its interval."""
    if value is None:
        return "not known"
    return f"{value[0]:+.4f} ({value[1]:+.4f} to {value[2]:+.4f})"

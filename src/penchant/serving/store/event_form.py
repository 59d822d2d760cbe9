"""Feedback as events of a log: which of it trains, and as what."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.reading.id_lists import exact_ids
from penchant.data.target import default_like_threshold
from penchant.data.vocabulary import Vocabulary
from penchant.models.base import Recommender
from penchant.serving.store.records import IdKind
from penchant.typing import Float64
from penchant.wording import counted

logger = logging.getLogger(__name__)

_LIKED = 3.0  # a rating above it is a like where the log has no ratings
_SCALE = (1.0, 5.0)


@dataclass(frozen=True, eq=False)
class EventForm:
    """What events of a log look like.

    Attributes:
        users: whether ids of users are integers or strings.
        items: whether ids of items are.
        scale: the lowest and the highest rating; None where the log has no ratings.
        threshold: the rating from which feedback is an event, None where ratings of all heights
            are; of likes from 1 to 5 where the log has no ratings.
        has_times: whether events have times.
        weights: what events weigh; None where they have no weights.
        has_kinds: whether they have a column `event`.
        has_quantities: whether they say how many pieces they are of.
    """

    users: IdKind
    items: IdKind
    scale: tuple[float, float] | None
    threshold: float | None = None
    has_times: bool = True
    weights: UsualWeights | None = None
    has_kinds: bool = False
    has_quantities: bool = False

    @classmethod
    def of_log(cls, log: Dataset, model: Recommender | None = None) -> Self:
        """That of the events of a log, for a model that is to learn from them."""
        columns = log.events.columns
        scale = log.rating_range if log.has_ratings else None
        return cls(
            log.users.kind,
            log.items.kind,
            scale,
            _threshold(scale, log.positive, model),
            "time" in columns,
            UsualWeights.of(log.histories, log.users) if "weight" in columns else None,
            "event" in columns,
            log.quantities is not None,
        )

    @classmethod
    def of_model(cls, model: Recommender) -> Self:
        """That of the events that a fitted model has learned from."""
        from penchant.opinions import rating_scale

        histories = model.histories_
        scale = rating_scale(model)
        return cls(
            model.users_.kind,
            model.items_.kind,
            scale,
            _threshold(scale, histories.positive, model),
            histories.times is not None,
            None if histories.weights is None else UsualWeights.of(histories, model.users_),
            has_quantities=histories.quantities is not None,
        )

    @classmethod
    def of_outcomes(
        cls,
        outcomes: pl.DataFrame,
        users: IdKind,
        items: IdKind,
        model: Recommender | None = None,
    ) -> Self:
        """That of feedback alone: with ratings where there is any, from 1 to 5 where that fits."""
        ratings = outcomes.filter(pl.col("kind") == "rating")["value"]
        has_dislikes = bool((outcomes["kind"] == "dislike").any())
        scale = None
        if len(ratings) or has_dislikes:
            low, high = _SCALE
            values = [float(value) for value in ratings]
            scale = (min([low, *values]), max([high, *values]))
        counted_ones = (outcomes["kind"] == "purchase") & outcomes["value"].is_not_null()
        threshold = _threshold(scale, None, model)
        return cls(users, items, scale, threshold, has_quantities=bool(counted_ones.any()))

    def events(self, outcomes: pl.DataFrame) -> pl.DataFrame:
        """Feedback as events, in the order of time, with a column `sequence`.

        Where the log has ratings, likes and purchases are rated as high as anything, and dislikes
        as low. Where it has none, or a model takes events of all ratings for likes, dislikes and
        low ratings are no events, and take back what came before of the same user and item. What
        was only seen does not train, and neither does what an id of another kind names; the latter
        are counted in a line.

        Args:
            outcomes: see `Store.outcomes`.
        """
        kept = self.said(outcomes)
        if n := len(outcomes) - len(kept):
            logger.warning(
                f"{counted(n, 'event')} of the store {'has' if n == 1 else 'have'} ids that are no "
                f"integers, as those of the log are, and {'is' if n == 1 else 'are'} left out."
            )
        kept = kept.filter(pl.col("kind") != "seen")
        overruled = pl.col("disliked").cum_max(reverse=True).over("user", "item")
        kept = kept.filter(~overruled)
        columns = [pl.col("sequence"), pl.col("user"), pl.col("item")]
        if self.scale is not None:
            columns.append(_rating(*self.scale).cast(pl.Float32).alias("rating"))
        is_purchase = pl.col("kind") == "purchase"
        pieces = pl.when(is_purchase).then(pl.col("value"))
        if self.weights is not None:
            usual = self.weights.of_users(kept["user"])
            columns.append(pieces.fill_null(usual).cast(pl.Float32).alias("weight"))
        if self.has_quantities:
            columns.append(pieces.fill_null(1.0).cast(pl.Float32).alias("quantity"))
        if self.has_times:
            columns.append(pl.col("time").cast(pl.Datetime("us")))
        if self.has_kinds:
            columns.append(pl.col("kind").alias("event"))
        return kept.select(columns)

    def dislikes(self, outcomes: pl.DataFrame) -> pl.DataFrame:
        """The last dislike or low rating of each user and item, where these are no events.

        Args:
            outcomes: see `Store.outcomes`.

        Returns:
            `user, item, sequence, time` and `is_latest`, whether the user has said nothing else of
            the item since.
        """
        said = self.said(outcomes).filter(pl.col("kind") != "seen")
        latest = pl.int_range(pl.len()).over("user", "item") == pl.len().over("user", "item") - 1
        return (
            said.with_columns(is_latest=latest)
            .filter("disliked")
            .unique(["user", "item"], keep="last", maintain_order=True)
            .select("user", "item", "sequence", "time", "is_latest")
        )

    def said(self, outcomes: pl.DataFrame) -> pl.DataFrame:
        """Feedback with ids of the log in the order of time, and whether it is `disliked`.

        Args:
            outcomes: see `Store.outcomes`.
        """
        frame = outcomes.with_columns(
            exact_ids(outcomes["user"], self.users, "user"),
            exact_ids(outcomes["item"], self.items, "item"),
        )
        disliked = pl.lit(value=False)
        if self.threshold is not None:
            low, high = self.scale or _SCALE
            is_opinion = pl.col("kind").is_in(["rating", "dislike"])
            disliked = is_opinion & (_rating(low, high) < self.threshold)
        return (
            frame.filter(pl.col("user").is_not_null() & pl.col("item").is_not_null())
            .sort("time", "sequence")
            .with_columns(disliked=disliked)
        )


@dataclass(frozen=True, eq=False)
class UsualWeights:
    """What an event of each user of a log weighs on average.

    Attributes:
        users: of the log.
        means: float64[n_users], NaN where a user has no events that count.
        mean: of all events; what those of others weigh.
    """

    users: Vocabulary
    means: Float64
    mean: float

    @classmethod
    def of(cls, histories: Histories, users: Vocabulary) -> Self:
        """Those of all events of a log, which have weights."""
        assert histories.weights is not None
        some = histories.is_positive
        owners = histories.users[histories.rows[some]]
        n = np.bincount(owners, minlength=len(users))
        total = np.bincount(owners, histories.weights[some], len(users))
        means = np.where(n > 0, total / np.maximum(n, 1), np.nan)
        return cls(users, means, histories.mean_weight or 1.0)

    def of_users(self, users: pl.Series) -> pl.Series:
        """What a further event of each of these weighs; ids are those of the log, or new ones."""
        index = self.users.indices(users)
        means = np.append(self.means, np.nan)[index]  # -1 takes the last
        return pl.Series(np.where(np.isnan(means), self.mean, means))


def _rating(low: float, high: float) -> pl.Expr:
    kind = pl.col("kind")
    return (
        pl.when(kind == "rating")
        .then(pl.col("value").clip(low, high))
        .when(kind == "dislike")
        .then(pl.lit(low))
        .otherwise(pl.lit(high))
    )


def _threshold(
    scale: tuple[float, float] | None, positive: float | None, model: Recommender | None
) -> float | None:
    """From which rating on feedback is an event; see `EventForm`."""
    if scale is None:
        return math.nextafter(_LIKED, math.inf)
    if positive is not None or model is None or not model.learns_interactions:
        return None
    return default_like_threshold(scale)

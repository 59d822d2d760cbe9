"""Feedback as events of a log: which of it trains, and as what."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Self

import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.reading.id_lists import exact_ids
from penchant.models.base import Recommender
from penchant.serving.store.records import IdKind
from penchant.wording import counted

logger = logging.getLogger(__name__)

_LIKED = 3.0  # a rating above it is a like where the log has no ratings
_SCALE = (1.0, 5.0)


@dataclass(frozen=True)
class EventForm:
    """What events of a log look like.

    Attributes:
        users: whether ids of users are integers or strings.
        items: whether ids of items are.
        scale: the lowest and the highest rating; None where the log has no ratings.
        has_times: whether events have times.
        has_weights: whether they have weights.
        has_kinds: whether they have a column `event`.
        has_quantities: whether they say how many pieces they are of.
    """

    users: IdKind
    items: IdKind
    scale: tuple[float, float] | None
    has_times: bool = True
    has_weights: bool = False
    has_kinds: bool = False
    has_quantities: bool = False

    @classmethod
    def of_log(cls, log: Dataset) -> Self:
        """That of the events of a log."""
        columns = log.events.columns
        return cls(
            log.users.kind,
            log.items.kind,
            log.rating_range if log.has_ratings else None,
            "time" in columns,
            "weight" in columns,
            "event" in columns,
            log.quantities is not None,
        )

    @classmethod
    def of_model(cls, model: Recommender) -> Self:
        """That of the events that a fitted model has learned from."""
        from penchant.opinions import rating_scale

        histories = model.histories_
        return cls(
            model.users_.kind,
            model.items_.kind,
            rating_scale(model),
            histories.times is not None,
            histories.weights is not None,
            has_quantities=histories.quantities is not None,
        )

    @classmethod
    def of_outcomes(cls, outcomes: pl.DataFrame, users: IdKind, items: IdKind) -> Self:
        """That of feedback alone: with ratings where there is any, from 1 to 5 where that fits."""
        ratings = outcomes.filter(pl.col("kind") == "rating")["value"]
        has_dislikes = bool((outcomes["kind"] == "dislike").any())
        scale = None
        if len(ratings) or has_dislikes:
            low, high = _SCALE
            values = [float(value) for value in ratings]
            scale = (min([low, *values]), max([high, *values]))
        counted_ones = (outcomes["kind"] == "purchase") & outcomes["value"].is_not_null()
        return cls(users, items, scale, has_quantities=bool(counted_ones.any()))

    def events(self, outcomes: pl.DataFrame) -> pl.DataFrame:
        """Feedback as events, in its order, with a column `sequence`.

        Where the log has ratings, likes and purchases are rated as high as anything, and dislikes
        as low. Elsewhere likes, purchases and high ratings are events, and dislikes take back
        likes. What was only seen does not train, and neither does what an id of another kind
        names; both are counted in a line.

        Args:
            outcomes: see `Store.outcomes`.
        """
        frame = outcomes.with_columns(
            exact_ids(outcomes["user"], self.users, "user"),
            exact_ids(outcomes["item"], self.items, "item"),
        )
        fits = pl.col("user").is_not_null() & pl.col("item").is_not_null()
        kept = frame.filter(fits)
        if n := len(frame) - len(kept):
            logger.warning(
                f"{counted(n, 'event')} of the store {'has' if n == 1 else 'have'} ids that are no "
                f"integers, as those of the log are, and {'is' if n == 1 else 'are'} left out."
            )
        columns = [pl.col("sequence"), pl.col("user"), pl.col("item")]
        if self.scale is None:
            kept = kept.filter(_trains())
        else:
            kept = kept.filter(pl.col("kind") != "seen")
            low, high = self.scale
            columns.append(_rating(low, high).cast(pl.Float32).alias("rating"))
        pieces = pl.when(pl.col("kind") == "purchase").then(pl.col("value")).fill_null(1.0)
        for name, has in (("weight", self.has_weights), ("quantity", self.has_quantities)):
            if has:
                columns.append(pieces.cast(pl.Float32).alias(name))
        if self.has_times:
            columns.append(pl.col("time").cast(pl.Datetime("us")))
        if self.has_kinds:
            columns.append(pl.col("kind").alias("event"))
        return kept.select(columns)


def _rating(low: float, high: float) -> pl.Expr:
    kind = pl.col("kind")
    return (
        pl.when(kind == "rating")
        .then(pl.col("value").clip(low, high))
        .when(kind == "dislike")
        .then(pl.lit(low))
        .otherwise(pl.lit(high))
    )


def _trains() -> pl.Expr:
    """Whether feedback is an event of a log without ratings."""
    kind, value = pl.col("kind"), pl.col("value")
    liked = (kind == "like") | ((kind == "rating") & (value > _LIKED))
    disliked = (kind == "dislike") | ((kind == "rating") & (value <= _LIKED))
    opinion = pl.when(liked).then(pl.lit(1)).when(disliked).then(pl.lit(-1))
    latest = opinion.drop_nulls().last().over("user", "item")
    return (kind == "purchase") | (liked & (latest == 1))

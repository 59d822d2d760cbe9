"""The features of a review: its words, its circumstances, and what is known of item and user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.event_columns import EVENT_COLUMNS
from penchant.data.histories import Histories
from penchant.data.holdout import Rows
from penchant.errors import DataError
from penchant.features.biases import Groups
from penchant.features.cross_fitting import folds
from penchant.features.reviews.items import DAMPING, NUMBERS, STATISTICS, ItemColumns
from penchant.features.reviews.text import ReviewText
from penchant.typing import AnyArray, Bool, Float32, Float64

Statistics = Literal["out-of-fold", "table"]

WHEN = ("verified", "weekday (sine)", "weekday (cosine)", "year")
STYLE = ("style's deviation", "style's share")
PLAIN = (*NUMBERS, "brand's items")
RATED = (*STATISTICS, "brand's deviation")
USER = ("user's mean", "user's ratings")
_MICROSECONDS_A_YEAR = 365.25 * 86_400e6
_MICROSECONDS_A_DAY = 86_400 * 1_000_000
_THURSDAY = 3  # the first day of 1970, counted from Monday


@dataclass(frozen=True, kw_only=True)
class ReviewSettings:
    """Which features there are.

    Attributes:
        own_text: whether the review that was written in the very event is a feature. Nobody has it
            when recommending; without it the item's other reviews speak.
        dim: length of the vectors of texts.
        words: how many words the tokeniser of summaries knows.
        length: numbers that stand for a summary, where own texts are used.
        logs: whether prices, ranks and counts are compared by their logarithms. As they are, a few
            lie dozens of standard deviations out.
        statistics: `out-of-fold` counts ratings in training events, for each of these in the other
            folds; `table` takes `overall_mean`, `overall_median` and `overall_count` of the item
            table, whatever events they were counted in.
        folds: into how many parts training events are divided.
        seed: decides the folds and where text vectors start.
    """

    own_text: bool = False
    dim: int = 32
    words: int = 100
    length: int = 20
    logs: bool = True
    statistics: Statistics = "out-of-fold"
    folds: int = 10
    seed: int = 0


@dataclass(frozen=True, eq=False)
class ReviewFeatures:
    """Fitted, standardised features of rows of a review log; a gap is 0, the training mean.

    With own texts and the usual settings there are 70: twenty words of the summary, a vector of 32
    numbers of summary and text, how long the text is; whether the purchase is verified, weekday
    and year; how the style (such as a format) is rated and how frequent it is; price, rank, items
    also bought and viewed, the brand's items; mean, median and number of the item's ratings and
    the brand's deviation; mean and number of the user's ratings. Without, the vector is the mean
    of the item's other reviews, and words and length are left out: 49.

    Everything is fitted on training events alone. What ratings say of an item is counted, for a
    training event, in the other folds; what they say of a user comes from the history given, for
    a training event without those of its fold.
    """

    settings: ReviewSettings
    mean: float
    text: ReviewText | None
    styles: dict[str, list[float]]
    plain: Float32
    rated: Float32
    item_text: Float32
    means: Float32
    spreads: Float32

    @classmethod
    def fit(cls, train: Dataset, settings: ReviewSettings) -> tuple[ReviewFeatures, Float32]:
        """The features of a log, and those of its events, float32[n_events, n_features].

        Raises:
            DataError: the log has no ratings.
        """
        ratings = train.ratings
        mean = float(ratings.mean(dtype=np.float64))
        text = None
        if {"summary", "text"} & set(train.events.columns):
            text = ReviewText.fit(
                train.events,
                dim=settings.dim,
                words=settings.words,
                length=settings.length if settings.own_text else 0,
                seed=settings.seed,
            )
        elif settings.own_text:
            raise DataError(
                f"The log {train.name!r} has neither a column text nor summary: name it when "
                "reading, or leave own texts out."
            )
        columns = ItemColumns.of(train)
        blank = np.empty(0, np.float32)
        made = cls(settings, mean, text, {}, columns.plain(logs=settings.logs), *([blank] * 4))
        counting = _Counting(train, columns, made)
        raw = counting.of_training()
        whole = counting.on(np.ones(len(train), bool))
        known = ~np.isnan(raw)
        counts = np.maximum(known.sum(0), 1)
        filled = np.where(known, raw, 0).astype(np.float64)
        means = filled.sum(0) / counts
        spreads = np.sqrt(np.where(known, (filled - means) ** 2, 0).sum(0) / counts)
        whole = replace(
            whole,
            means=means.astype(np.float32),
            spreads=np.where(spreads > 1e-6, spreads, 1).astype(np.float32),
        )
        return whole, whole._standardised(raw)

    @property
    def names(self) -> tuple[str, ...]:
        """What each feature is."""
        return (*self._text_names(), *WHEN, *STYLE, *PLAIN, *RATED, *USER)

    def _text_names(self) -> tuple[str, ...]:
        if self.text is None:
            return ()
        if self.settings.own_text:
            return self.text.names
        return tuple(f"item's text {n + 1}" for n in range(self.text.dim))

    def of_rows(self, rows: Rows) -> Float32:
        """float32[n_rows, n_features], standardised.

        Without own texts nothing that was written in the rows' events is looked at.
        """
        return self._standardised(self._raw(rows))

    def _standardised(self, raw: Float32) -> Float32:
        found = (raw - self.means) / self.spreads
        return np.where(np.isnan(found), np.float32(0), found)

    def _raw(self, rows: Rows) -> Float32:
        n, items = len(rows), rows.items
        parts: list[AnyArray] = []
        if self.text is not None:
            own = self.settings.own_text
            parts.append(self._own_text(rows) if own else self.item_text[items])
        parts += [
            self._when(rows),
            self._style(rows.context, n),
            self.plain[items],
            self.rated[items],
            self._users(rows.histories)[rows.history],
        ]
        return np.hstack(parts).astype(np.float32)

    def _own_text(self, rows: Rows) -> Float32:
        assert self.text is not None
        found = self.text.encode(rows.context, len(rows))
        if rows.context is None:  # nobody has written anything yet
            found[:] = np.nan
        return found

    def _when(self, rows: Rows) -> Float64:
        found = np.full((len(rows), len(WHEN)), np.nan)
        context = rows.context
        if context is not None and "verified" in context.columns:
            verified = context["verified"].cast(pl.Float64, strict=False)
            found[:, 0] = verified.fill_null(np.nan).to_numpy()
        if rows.times is not None:
            day = (rows.times // _MICROSECONDS_A_DAY + _THURSDAY) % 7
            angle = 2 * np.pi * day / 7
            found[:, 1], found[:, 2] = np.sin(angle), np.cos(angle)
            found[:, 3] = 1970 + rows.times / _MICROSECONDS_A_YEAR
        return found

    def _style(self, context: pl.DataFrame | None, n: int) -> Float64:
        found = np.full((n, len(STYLE)), np.nan)
        if context is None or "style" not in context.columns or not self.styles:
            return found
        known = pl.DataFrame(
            {"style": list(self.styles), "values": list(self.styles.values())},
            schema_overrides={"style": pl.String},
        )
        asked = context.select(pl.col("style").cast(pl.String))
        values = asked.join(known, on="style", how="left", maintain_order="left")["values"]
        for place in range(len(STYLE)):
            found[:, place] = values.list.get(place).fill_null(np.nan).to_numpy()
        return found

    def _users(self, users: Histories) -> Float64:
        groups = Groups(users.rows, len(users))
        counts = groups.counts()
        found = np.full((len(users), len(USER)), np.nan)
        if users.ratings is not None:
            rest = users.ratings.astype(np.float64) - self.mean
            found[:, 0] = np.where(counts > 0, groups.shrunken(rest, DAMPING), np.nan)
        found[:, 1] = np.log1p(counts)
        return found

    def state(self) -> dict[str, Any]:
        """All of it as arrays and plain values, under names that a bundle can keep."""
        return {
            "feature_settings_": dict(vars(self.settings)),
            "mean_": self.mean,
            "has_text_": self.text is not None,
            "styles_": self.styles,
            "item_plain_": self.plain,
            "item_rated_": self.rated,
            "item_text_": self.item_text,
            "feature_means_": self.means,
            "feature_spreads_": self.spreads,
            **({} if self.text is None else self.text.state()),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> ReviewFeatures:
        """The features whose `state` this is."""
        return cls(
            ReviewSettings(**state["feature_settings_"]),
            state["mean_"],
            ReviewText.from_state(state) if state["has_text_"] else None,
            state["styles_"],
            state["item_plain_"],
            state["item_rated_"],
            state["item_text_"],
            state["feature_means_"],
            state["feature_spreads_"],
        )


class _Counting:
    """Features with what some of the training events say, for the others or for all."""

    def __init__(self, train: Dataset, columns: ItemColumns, blank: ReviewFeatures) -> None:
        self.train, self.columns, self.blank = train, columns, blank
        self.user, self.item = (train.events[c].to_numpy() for c in ("user", "item"))
        self.vectors = np.zeros((len(train), 0), np.float32)
        if blank.text is not None and not blank.settings.own_text:
            self.vectors = blank.text.vectors_of(train.events, len(train))

    def on(self, keep: Bool) -> ReviewFeatures:
        """The features with what is counted in these events alone, bool[n_events]."""
        items, ratings = self.item[keep], self.train.ratings[keep]
        if self.blank.settings.statistics == "table":
            rated = self.columns.given()
        else:
            rated = self.columns.rated(items, ratings, self.blank.mean)
        return replace(
            self.blank,
            rated=rated,
            styles=self._styles(keep, ratings),
            item_text=self._item_text(items, keep),
        )

    def of_training(self) -> Float32:
        """float32[n_events, n_features], not standardised; each counted in the other folds."""
        settings = self.blank.settings
        context = self.train.events.drop([c for c in EVENT_COLUMNS if c in self.train.events])
        times = None
        if self.train.has_times:
            times = self.train.events["time"].to_physical().to_numpy()
        found: Float32 | None = None
        k = min(settings.folds, len(self.train))
        for known, rows, held in folds(self.train, k, settings.seed):
            keep = np.ones(len(self.train), bool)
            keep[held] = False
            # Known users' histories lack the fold's events, and so does all that is counted.
            asked = replace(
                rows,
                histories=known.histories,
                times=None if times is None else times[held],
                context=context[held] if context.width else None,
            )
            raw = self.on(keep)._raw(asked)
            if found is None:
                found = np.empty((len(self.train), raw.shape[1]), np.float32)
            found[held] = raw
        assert found is not None  # a log has events
        return found

    def _styles(self, keep: Bool, ratings: Float32) -> dict[str, list[float]]:
        if "style" not in self.train.events.columns:
            return {}
        rest = ratings.astype(np.float64) - self.blank.mean
        frame = pl.DataFrame(
            {"style": self.train.events["style"].cast(pl.String).filter(keep), "rest": rest}
        )
        found = (
            frame.drop_nulls()
            .group_by("style")
            .agg(total=pl.col("rest").sum(), n=pl.len())
            .sort("style")
        )
        return {
            style: [total / (n + DAMPING), n / max(len(rest), 1)]
            for style, total, n in found.iter_rows()
        }

    def _item_text(self, items: AnyArray, keep: Bool) -> Float32:
        """float32[n_items + 1, dim], the mean vector of each item's reviews, NaN without any."""
        groups = Groups(items, self.train.n_items + 1)
        counts = groups.counts()[:, None]
        sums = np.zeros((groups.size, self.vectors.shape[1]))
        for place, column in enumerate(self.vectors[keep].T):
            sums[:, place] = groups.sums(column)
        return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan).astype(np.float32)

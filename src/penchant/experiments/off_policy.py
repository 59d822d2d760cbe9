"""What the lists of another model would have got, from lists drawn with a little chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import polars as pl

from penchant.data.polars_frames import Frame
from penchant.errors import DataError, ParameterError
from penchant.experiments.attribution import SUCCESS, WINDOW, attribute_outcomes
from penchant.experiments.frames import checked_shown, checked_target
from penchant.experiments.intervals import t_interval
from penchant.experiments.policy_estimate import Estimator, OffPolicyEstimate
from penchant.experiments.reward_model import cross_fitted
from penchant.results.formatting import percent
from penchant.results.tables import MetricValue
from penchant.typing import AnyInt, Float64
from penchant.wording import counted

_LEAST_SUPPORT = 0.95  # of the model's places that lists must have been able to show


def estimate_off_policy(
    shown: Frame,
    outcomes: Frame,
    target: Frame,
    *,
    model: str = "the model",
    success: Sequence[str] = SUCCESS,
    window: timedelta = WINDOW,
    level: float = 0.95,
    least_effective: float = 100.0,
) -> OffPolicyEstimate:
    """Estimate what another model's lists would have got in place of those that were shown.

    Each shown item that stands where the model would have put it counts by 1 / propensity, since
    items that are seldom shown there stand for many others (inverse propensity, position by
    position, which asks that success depends on an item and its position alone: Li et al.,
    "Offline Evaluation of Ranking Policies with Click Models", 2018). The self-normalised estimate
    divides by the sum of the weights (Swaminathan and Joachims 2015), and the doubly robust one
    adds weighted errors to the predictions of a model of success (Dudík, Langford and Li 2011). It
    has the narrowest intervals as a rule. These are over users, with as many degrees of freedom as
    places of equal weight were matched.

    Args:
        shown: lists with `list`, `user`, `time`, `position` (from 1), `item` and `propensity`, the
            probability of the item at that position as `sample_list` gives it. Lists without one
            are left out.
        outcomes: with `user`, `item`, `kind` and `time`.
        target: the model's lists, with `user` (or `list`, where it would have shown this user
            another one at another time), `position` and `item`. It must not have learned from the
            outcomes.
        model: what it is called.
        success: kinds of outcomes that are a success; `rating>=4` counts those of 4 or more.
        window: how long after a list something may come of it.
        level: of the intervals.
        least_effective: the fewest matched places, counted as those of equal weight, from which
            something is estimated.

    Raises:
        DataError: a table lacks columns or has values that cannot be used, no list has a
            propensity, or the model has lists for nobody.
        ParameterError: an argument is impossible.

    Example:
        >>> shown = pl.DataFrame({"user": range(400)}).with_columns(
        ...     list="user", time=pl.datetime(2024, 1, 1), position=1, item=pl.col("user") % 2,
        ...     propensity=0.5,
        ... )
        >>> outcomes = shown.filter(pl.col("user") % 4 == 0).select(
        ...     "user", "item", kind=pl.lit("like"), time=pl.datetime(2024, 1, 2)
        ... )
        >>> theirs = shown.select("user", "position", item=0)
        >>> print(pn.estimate_off_policy(shown, outcomes, theirs).model)
        the model
    """
    if not 0 < level < 1:
        raise ParameterError(f"The level is between 0 and 1, and not {level!r}.")
    rows = checked_shown(shown, "propensity").filter(pl.col("propensity").is_not_null())
    if not len(rows):
        raise DataError(
            "No shown list has a propensity: estimates of other models need lists that were drawn "
            "with a little chance."
        )
    drawn = rows.filter((pl.col("propensity") < 1).any().over("list"))
    n_certain = rows["list"].n_unique() - drawn["list"].n_unique()
    certain: tuple[str, ...] = ()
    if n_certain and len(drawn):
        rows = drawn
        certain = (
            f"{counted(n_certain, 'list')} shown without chance {'is' if n_certain == 1 else 'are'}"
            " left out.",
        )
    by, lists_of_model = checked_target(target)
    attribution = attribute_outcomes(rows, outcomes, success=success, window=window)
    rows = attribution.shown.filter(pl.col(by).is_in(lists_of_model[by].unique().implode()))
    if not len(rows):
        raise DataError(f"The model has no list for any {by} that was shown something.")
    wins = attribution.successes.select("list", "position").unique()
    rows = rows.join(
        wins.with_columns(pl.lit(1.0).alias("success")),
        on=["list", "position"],
        how="left",
        maintain_order="left",
    ).join(
        lists_of_model.rename({"item": "target"}),
        on=[by, "position"],
        how="left",
        maintain_order="left",
    )
    return _Places(rows).estimate(
        model,
        level,
        least_effective,
        (str(attribution), *certain, *_notes(attribution.lists, rows, by)),
    )


class _Places:
    """Positions of shown lists beside what the other model would have shown there."""

    def __init__(self, rows: pl.DataFrame) -> None:
        ids = pl.concat([rows["item"], rows["target"].drop_nulls()]).unique().sort()
        index = pl.DataFrame({"id": ids, "n": np.arange(len(ids))})
        self.user: AnyInt = _codes(rows["user"])
        self.list: AnyInt = _codes(rows["list"])
        self.position: AnyInt = rows["position"].to_numpy()
        self.success: Float64 = rows["success"].fill_null(0.0).to_numpy()
        item = rows["item"].replace_strict(index["id"], index["n"])
        target = rows["target"].replace_strict(index["id"], index["n"], default=-1)
        self.item: AnyInt = item.to_numpy()
        self.target: AnyInt = target.fill_null(-1).to_numpy()
        matched = self.item == self.target
        self.weight: Float64 = np.where(matched, 1 / rows["propensity"].to_numpy(), 0.0)
        owner = np.zeros(int(self.list.max()) + 1, np.int64)
        owner[self.list] = self.user
        self.n_lists: Float64 = np.bincount(owner).astype(np.float64)  # of each user

    def estimate(
        self, model: str, level: float, least_effective: float, notes: tuple[str, ...]
    ) -> OffPolicyEstimate:
        """All estimates, or the reason why there are none."""
        weight, has_target = self.weight, (self.target >= 0).astype(np.float64)
        squares = float((weight**2).sum())
        effective = float(weight.sum()) ** 2 / squares if squares else 0.0
        logged, logged_parts = self._mean(self.success)
        support = self._support(has_target, effective, level)
        refusal = _refusal(model, effective, least_effective, support)
        estimates: dict[Estimator, MetricValue] = {}
        if not refusal:
            predicted, predicted_target = cross_fitted(
                self.user, self.position, self.item, self.success, self.target
            )
            corrected = predicted_target + weight * (self.success - predicted)
            parts: dict[Estimator, tuple[float, Float64]] = {
                "ips": self._mean(weight * self.success),
                "self-normalised": self._self_normalised(has_target),
                "doubly-robust": self._mean(corrected),
            }
            for name, (value, part) in parts.items():
                low, high = self._interval(value, part, effective, level)
                gain = value - logged
                ends = self._interval(gain, part - logged_parts, effective, level)
                estimates[name] = MetricValue(value, low, high, gain, *ends)
        return OffPolicyEstimate(
            model=model,
            users=len(self.n_lists),
            lists=int(self.n_lists.sum()),
            logged=MetricValue(
                logged, *self._interval(logged, logged_parts, len(self.n_lists), level)
            ),
            estimates=estimates,
            matched=int((weight > 0).sum()),
            effective=effective,
            support=support,
            largest_weight=float(weight.max()),
            level=level,
            refusal=refusal,
            notes=notes,
        )

    def _mean(self, values: Float64) -> tuple[float, Float64]:
        """The mean sum of a list, and how far each user moves it."""
        sums = np.bincount(self.user, values, len(self.n_lists)).astype(np.float64)
        value = float(sums.sum() / self.n_lists.sum())
        return value, (sums - value * self.n_lists) / self.n_lists.mean()

    def _self_normalised(self, has_target: Float64) -> tuple[float, Float64]:
        """The sum over positions of weighted means, and how far each user moves it."""
        weights = np.bincount(self.position, self.weight)
        wins = np.bincount(self.position, self.weight * self.success, len(weights))
        mean = wins / np.where(weights > 0, weights, 1.0)
        places = np.bincount(self.position, has_target, len(weights)) / self.n_lists.sum()
        scale = np.where(weights > 0, places / np.where(weights > 0, weights, 1.0), 0.0)
        moved = scale[self.position] * self.weight * (self.success - mean[self.position])
        sums = np.bincount(self.user, moved, len(self.n_lists)).astype(np.float64)
        return float(places @ mean), sums * len(self.n_lists)

    def _support(self, has_target: Float64, effective: float, level: float) -> MetricValue:
        """The sum of the weights over the places that the model fills."""
        weights = np.bincount(self.user, self.weight, len(self.n_lists))
        places = np.bincount(self.user, has_target, len(self.n_lists))
        if not places.sum():
            return MetricValue(0.0)
        value = float(weights.sum() / places.sum())
        parts = (weights - value * places) / places.mean()
        return MetricValue(value, *self._interval(value, parts, effective, level))

    def _interval(
        self, value: float, parts: Float64, freedom: float, level: float
    ) -> tuple[float, float]:
        n = len(parts)
        error = float(parts.std(ddof=1)) / math.sqrt(n) if n > 1 else math.nan
        return t_interval(value, error, min(n, freedom) - 1, level)


def _codes(values: pl.Series) -> AnyInt:
    """Numbers from 0 for the distinct values."""
    codes: AnyInt = values.rank("dense").to_numpy() - 1
    return codes.astype(np.int64)


def _refusal(model: str, effective: float, least: float, support: MetricValue) -> str:
    """Why nothing is estimated, or nothing."""
    if effective < least:
        return (
            f"Nothing is estimated of {model!r}: the shown lists agree with its lists in places "
            f"worth {effective:,.0f} of equal weight, and {least:,.0f} are needed: log more lists, "
            "or with more exploration."
        )
    at_most = support.high if math.isfinite(support.high) else support.value
    if at_most < _LEAST_SUPPORT:
        return (
            f"Nothing is estimated of {model!r}: the lists could show only about "
            f"{percent(support.value)} of what it puts where; draw them from more candidates, and "
            "log propensities as they are."
        )
    return ""


def _notes(lists: pl.DataFrame, rows: pl.DataFrame, by: str) -> tuple[str, ...]:
    """What was left out."""
    n_left_out = len(lists) - rows["list"].n_unique()
    if not n_left_out:
        return ()
    return (
        f"{counted(n_left_out, 'list')} of {len(lists):,} {'is' if n_left_out == 1 else 'are'} "
        f"left out, since the model has no list for the {by}.",
    )

"""Tests of whether a model is better than its baselines, and which models are tied."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from penchant.errors import ParameterError
from penchant.metrics.bootstrap import interval
from penchant.typing import Bool, Float64

Verdict = Literal["beats", "no better", "worse"]


class PairedComparison(NamedTuple):
    """A model against the best of its baselines; positive gains are improvements.

    Attributes:
        gain: improvement over the best baseline, also where lower values are better.
        low: the lower end of the interval of the gain.
        high: its upper end.
        p_value: two-sided, of no difference.
    """

    gain: float
    low: float
    high: float
    p_value: float


def compare(
    model: Float64,
    model_value: float,
    baselines: Float64,
    baseline_values: Float64,
    *,
    higher_is_better: bool = True,
    level: float = 0.95,
) -> PairedComparison:
    """Compare a model with the best baseline by a paired bootstrap.

    Which baseline is best is decided anew inside each replicate, so that none is selected on
    the data: the lower end, and the p-value of being better, demand a lead over all of them at
    once. Taken alone that would make a model of equal merit look worse the more baselines there
    are. For the upper end, and the p-value of being worse, the replicates of the baselines are
    therefore moved together by the largest of their deviations (a simultaneous bound); baselines
    that are best in no replicate do not take part, as in Hansen, "A Test for Superior Predictive
    Ability" (2005), so that poor ones cannot widen the bound. With one baseline both are the
    ordinary percentile bootstrap (Efron and Tibshirani 1993, chapter 13).

    Args:
        model: float64[n_replicates], of the same seed as the baselines.
        model_value: the model's value on all users.
        baselines: float64[n_replicates, n_baselines].
        baseline_values: float64[n_baselines]; baselines with NaN are left out.
        higher_is_better: the metric's direction.
        level: of the interval.

    Returns:
        All NaN if the model or every baseline is undefined.

    Raises:
        ParameterError: shapes do not fit.
    """
    if model.ndim != 1 or baselines.shape != (len(model), len(baseline_values)):
        raise ParameterError(
            f"Replicates of model {model.shape}, of baselines {baselines.shape} and "
            f"{len(baseline_values)} baseline values do not fit together."
        )
    sign = 1.0 if higher_is_better else -1.0
    leads = sign * (model_value - baseline_values)
    usable = ~np.isnan(leads)
    leads = leads[usable]
    lead = sign * (model[:, np.newaxis] - baselines[:, usable])
    lead = lead[~np.isnan(lead).all(axis=1)]
    if not lead.size:
        return PairedComparison(np.nan, np.nan, np.nan, np.nan)
    gain = float(leads.min())
    # fmin and fmax pass over a baseline that is undefined in a replicate.
    over_best = np.fmin.reduce(lead, axis=1)
    rivals = (lead == over_best[:, np.newaxis]).any(axis=0)
    at_most = gain + np.fmax.reduce((lead - leads)[:, rivals], axis=1)
    p_value = 2 * min(_share(over_best <= 0), _share(at_most >= 0))
    return PairedComparison(
        gain=gain,
        low=float(interval(over_best, level)[0]),
        high=float(interval(at_most, level)[1]),
        p_value=min(1.0, p_value),
    )


def holm(p_values: ArrayLike) -> Float64:
    """Adjust p-values so that any false finding among them is rare (Holm 1979).

    Args:
        p_values: [n]; NaN stays NaN and is not counted as a test.

    Raises:
        ParameterError: a value is outside 0 to 1.
    """
    adjusted = np.array(p_values, dtype=np.float64, ndmin=1)
    if ((adjusted < 0) | (adjusted > 1)).any():
        raise ParameterError("P-values must lie between 0 and 1.")
    order = np.argsort(adjusted)[: int((~np.isnan(adjusted)).sum())]  # NaN sorts last
    scaled = adjusted[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(scaled))
    return adjusted


def verdict(
    gain: float, low: float, high: float, p_value: float, *, alpha: float = 0.05
) -> Verdict:
    """Name the result of a comparison.

    Args:
        gain: as in `PairedComparison`.
        low: as in `PairedComparison`.
        high: as in `PairedComparison`.
        p_value: corrected for the number of comparisons, see `holm`.
        alpha: the level of significance.

    Returns:
        "beats" or "worse" if interval and p-value agree, otherwise (also for NaN) "no better".
    """
    if p_value < alpha and gain > 0 and low > 0:
        return "beats"
    if p_value < alpha and gain < 0 and high < 0:
        return "worse"
    return "no better"


def tie_groups(
    replicates: Mapping[str, Float64],
    values: Mapping[str, float],
    *,
    higher_is_better: bool = True,
    level: float = 0.95,
) -> tuple[tuple[str, ...], ...]:
    """Group models that cannot be told apart, the best group first.

    Each group is led by the best model that no group has yet, and holds every worse one whose
    paired difference from the leader may be zero. The intervals are corrected for the number of
    comparisons with the leader (Bonferroni), so that a group is not split by chance. A model that
    is within reach of two leaders stands in the better one's group.

    Args:
        replicates: float64[n_replicates] of each model on the same resamples.
        values: each model's value; models without a finite one are left out.
        higher_is_better: the metric's direction.
        level: of the intervals.
    """
    sign = 1.0 if higher_is_better else -1.0
    ungrouped = sorted(
        (name for name in replicates if math.isfinite(values[name])),
        key=lambda name: -sign * values[name],
    )
    groups: list[tuple[str, ...]] = []
    while ungrouped:
        leader, *others = ungrouped
        corrected = 1 - (1 - level) / max(1, len(others))
        group = [leader]
        for name in others:
            lead = sign * (replicates[leader] - replicates[name])
            if float(interval(lead, corrected)[0]) <= 0:
                group.append(name)
        groups.append(tuple(group))
        ungrouped = [name for name in others if name not in group]
    return tuple(groups)


def _share(condition: Bool) -> float:
    """The share of replicates, the observed data counted as one more (never 0)."""
    return float((1 + condition.sum()) / (1 + len(condition)))

"""Tests of whether a model is better than its baselines, and which models are tied."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from penchant.errors import ParameterError
from penchant.metrics.bootstrap import interval
from penchant.typing import Float64

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
    n_users: int,
    higher_is_better: bool = True,
    level: float = 0.95,
) -> PairedComparison:
    """Compare a model with the best baseline by a paired bootstrap.

    Which baseline is best is decided anew inside each replicate, so that none is selected on
    the data: the lower end of the interval demands a lead over all of them at once. Taken alone
    that would make a model of equal merit look worse the more baselines there are. For the upper
    end the replicates of the baselines are therefore moved together by the largest of their
    deviations (a simultaneous bound); baselines that are best in no replicate do not take part,
    as in Hansen, "A Test for Superior Predictive Ability" (2005), so that poor ones cannot widen
    the bound. With one baseline both are the ordinary percentile bootstrap (Efron and Tibshirani
    1993, chapter 13).

    The p-value is of Student's t with the bootstrap's standard errors, see `tail_probabilities`,
    and not a share of replicates, whose least value of about 2 / n_replicates would leave no
    verdict on many models. A model is better only if it is better than each baseline (an
    intersection-union test, Berger 1982), and worse if it is worse than one, corrected for the
    number of those that are best in any replicate (Bonferroni).

    Args:
        model: float64[n_replicates], of the same seed as the baselines.
        model_value: the model's value on all users.
        baselines: float64[n_replicates, n_baselines].
        baseline_values: float64[n_baselines]; baselines with NaN are left out.
        n_users: how many users were resampled.
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
    scale = max(abs(model_value), float(np.abs(baseline_values[usable]).max()))
    above, below = tail_probabilities(leads, lead, n_users, scale)
    p_value = 2 * min(float(above.max()), int(rivals.sum()) * float(below[rivals].min()))
    return PairedComparison(
        gain=gain,
        low=float(interval(over_best, level)[0]),
        high=float(interval(at_most, level)[1]),
        p_value=min(1.0, p_value),
    )


def tail_probabilities(
    differences: Float64, replicates: Float64, n_users: int, scale: float
) -> tuple[Float64, Float64]:
    """One-sided p-values of paired differences: that they are 0 or less, and 0 or more.

    The standard deviation of a difference's replicates is its standard error (Efron and
    Tibshirani 1993, chapter 6), which some hundred replicates estimate well whatever the
    metric. For means over users this is the paired t-test, the most trustworthy of the usual
    ones in retrieval (Urbano, Lima and Hanjalic 2019, "Statistical Significance Testing in
    Information Retrieval"). No p-value is below what n_users differences of one sign are worth
    (the sign test), so that a few users alike in everything prove nothing.

    Args:
        differences: float64[n_differences], on all users.
        replicates: float64[n_replicates, n_differences], on resamples of them; NaN is left out.
        n_users: how many users were resampled.
        scale: the size of the values that were subtracted; what is small beside it is 0.

    Returns:
        float64[n_differences] each; the smaller one doubled is the two-sided p-value.
    """
    from scipy.special import stdtr  # here, so that metrics load with numpy alone

    least = 0.5**n_users
    n_known = (~np.isnan(replicates)).sum(axis=0)
    freedom = np.minimum(n_known, n_users) - 1
    if (freedom < 1).any():
        return np.full(len(differences), 1.0), np.full(len(differences), 1.0)
    # The bootstrap divides by the number of users, the t-test by one less.
    error = np.nanstd(replicates, axis=0, ddof=1) * math.sqrt(n_users / (n_users - 1))
    rounding = 1e-12 * scale
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(np.abs(differences) <= rounding, 0.0, differences / error)
    above, below = stdtr(freedom, -t), stdtr(freedom, t)
    return np.maximum(above, least), np.maximum(below, least)


def fewest_replicates(level: float = 0.95) -> int:
    """The number of resamples from which on an interval of that level has any outside it.

    Fewer leave no replicate for the tails, so that their extremes stand for the ends.
    """
    return math.ceil(2 / (1 - level) - 1e-9) - 1


def fewest_users(n_models: int, level: float = 0.95) -> int:
    """The number of users from which on a verdict on so many models is possible.

    Fewer users could not show a difference even if all of them had one of the same sign (a sign
    test, corrected for the number of models).
    """
    return math.floor(math.log2(n_models / (1 - level)) + 1e-9) + 2


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
    n_users: int,
    higher_is_better: bool = True,
    level: float = 0.95,
) -> tuple[tuple[str, ...], ...]:
    """Group models that cannot be told apart, the best group first.

    Each group is led by the best model that no group has yet, and holds every worse one whose
    paired difference from the leader may be zero: its interval holds 0, or its p-value (see
    `tail_probabilities`), corrected for the number of comparisons with the leader (Bonferroni),
    is not significant, so that a group is not split by chance. A model that is within reach of
    two leaders stands in the better one's group.

    Args:
        replicates: float64[n_replicates] of each model on the same resamples.
        values: each model's value; models without a finite one are left out.
        n_users: how many users were resampled.
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
        group = [leader]
        for name in others:
            comparison = compare(
                replicates[leader],
                values[leader],
                replicates[name][:, np.newaxis],
                np.array([values[name]]),
                n_users=n_users,
                higher_is_better=higher_is_better,
                level=level,
            )
            p_value = min(1.0, comparison.p_value * len(others))
            if verdict(comparison.gain, *comparison[1:3], p_value, alpha=1 - level) != "beats":
                group.append(name)
        groups.append(tuple(group))
        ungrouped = [name for name in others if name not in group]
    return tuple(groups)

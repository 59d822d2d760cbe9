"""Whether a model is better than the trivial answers, or only looks so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from penchant.errors import ParameterError
from penchant.metrics.bootstrap import interval
from penchant.typing import Bool, Float64

Verdict = Literal["beats", "no better", "worse"]

_BLOCK_CELLS = 2_000_000


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
        model_value: the model's figure on all users.
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


def sign_flip_test(differences: ArrayLike, n: int = 10_000, seed: int = 0) -> float:
    """The paired randomisation test: two-sided p-value that users' mean difference is zero.

    If two models were alike, each user's difference could as well have the other sign (Fisher
    1935; Smucker et al. 2007 compare it with other tests for rankings).

    Args:
        differences: [n_users], NaN for users without a value.
        n: how many random sign patterns.
        seed: of the patterns.

    Returns:
        The share of patterns with a mean as far from zero, the given one included; 1 without
        users.

    Raises:
        ParameterError: the differences are not one column.
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 1 or np.isinf(values).any():
        raise ParameterError("Differences must be one column, finite or NaN.")
    values = values[~np.isnan(values)]
    observed = abs(values.sum())
    # Patterns that tie with the given one count, whatever the order of summation does to them.
    reached = observed - 1e-12 * np.abs(values).sum()
    rng = np.random.default_rng(seed)
    n_bytes = -(-len(values) // 8)
    step = max(1, _BLOCK_CELLS // max(1, len(values)))
    extreme = 0
    for start in range(0, n, step):
        bits = rng.integers(0, 256, (min(step, n - start), n_bytes), np.uint8)
        plus = np.unpackbits(bits, axis=1, count=len(values)) @ values
        extreme += int((np.abs(2 * plus - values.sum()) >= reached).sum())
    return (1 + extreme) / (1 + n)


def holm(p_values: ArrayLike) -> Float64:
    """Adjust p-values so that any false finding among them is rare (Holm 1979).

    Args:
        p_values: [n]; NaN stays NaN and is not counted as a test.

    Raises:
        ParameterError: a value is outside 0 to 1.
    """

    def step_down(p: Float64) -> Float64:
        return np.maximum.accumulate(p * np.arange(len(p), 0, -1))

    return _adjusted(p_values, step_down)


def benjamini_hochberg(p_values: ArrayLike) -> Float64:
    """Adjust p-values so that the expected share of false findings is bounded.

    Benjamini and Hochberg 1995; arguments and errors as for `holm`.
    """

    def step_up(p: Float64) -> Float64:
        return np.minimum.accumulate((p * len(p) / np.arange(1, len(p) + 1))[::-1])[::-1]

    return _adjusted(p_values, step_up)


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


def _share(condition: Bool) -> float:
    """The share of replicates, the observed data counted as one more (never 0)."""
    return float((1 + condition.sum()) / (1 + len(condition)))


def _adjusted(p_values: ArrayLike, sorted_rule: Callable[[Float64], Float64]) -> Float64:
    out = np.array(p_values, dtype=np.float64, ndmin=1)
    if ((out < 0) | (out > 1)).any():
        raise ParameterError("P-values must lie between 0 and 1.")
    order = np.argsort(out)[: int((~np.isnan(out)).sum())]  # NaN sorts last
    out[order] = np.minimum(1.0, sorted_rule(out[order]))
    return out

"""Differences of ratios over users: intervals for one look and for any number, and sample sizes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from penchant.typing import Float64


@dataclass(frozen=True)
class Ratio:
    """A sum over users divided by another, with its standard error by the delta method.

    Attributes:
        value: NaN without users.
        variance: of one user's share in it; its mean over n users is the squared error.
        n: users.
    """

    value: float
    variance: float
    n: int

    @property
    def error(self) -> float:
        """The standard error."""
        return math.sqrt(self.variance / self.n) if self.n else math.nan

    def interval(self, level: float) -> tuple[float, float]:
        """From Student's t; NaN where the users do not differ or are fewer than two."""
        return t_interval(self.value, self.error, self.n - 1, level)


def ratio(above: Float64, below: Float64) -> Ratio:
    """The ratio of two sums over users, who are independent of each other.

    Args:
        above: float64[n_users], such as successful lists.
        below: float64[n_users], such as lists; ones for a mean over users.
    """
    n = len(above)
    total = float(below.sum())
    if n == 0 or total == 0:
        return Ratio(math.nan, math.nan, n)
    value = float(above.sum()) / total
    # How far one user moves the ratio (Deng, Knoblich and Lu, "Applying the Delta Method in
    # Metric Analytics", 2018, section 3).
    linear = (above - value * below) * (n / total)
    return Ratio(value, float(np.var(linear, ddof=1)) if n > 1 else math.nan, n)


class Difference(NamedTuple):
    """An arm's ratio less the control's.

    Attributes:
        value: of the difference.
        error: its standard error.
        low: the lower end of the interval that holds for one look.
        high: its upper end.
        p_value: two-sided, of no difference, for one look.
        always_low: the lower end of the interval that holds at all looks together.
        always_high: its upper end.
    """

    value: float
    error: float
    low: float
    high: float
    p_value: float
    always_low: float
    always_high: float


def difference(arm: Ratio, control: Ratio, *, level: float, tuned_for: int) -> Difference:
    """The difference of two arms, by Welch's t and by a confidence sequence.

    The confidence sequence is the asymptotic one of Waudby-Smith, Arbour, Sinha, Kennedy and
    Ramdas, "Time-uniform central limit theory and asymptotic confidence sequences" (2021), theorem
    2.2: with the probability `level` it holds the true difference at every number of users at
    once, so that one may look at any time and stop when it suits.

    Args:
        arm: of one arm.
        control: of the other.
        level: of both intervals.
        tuned_for: the number of users in both arms at which the confidence sequence is to be
            narrow; it must not depend on what was seen.
    """
    from scipy.special import stdtr  # loaded when asked for

    value = arm.value - control.value
    parts = (arm.variance / max(arm.n, 1), control.variance / max(control.n, 1))
    error = math.sqrt(sum(parts)) if min(arm.n, control.n) > 1 else math.nan
    if not error > 0:  # also NaN
        return Difference(value, math.nan, *4 * (math.nan,), math.nan)
    spread = parts[0] ** 2 / (arm.n - 1) + parts[1] ** 2 / (control.n - 1)
    freedom = error**4 / spread
    low, high = t_interval(value, error, freedom, level)
    wide = error * sequence_width(arm.n + control.n, level=level, tuned_for=tuned_for)
    p_value = float(2 * stdtr(freedom, -abs(value) / error))
    return Difference(value, error, low, high, p_value, value - wide, value + wide)


def sequence_width(n: int, *, level: float, tuned_for: int) -> float:
    """Half the width of a confidence sequence after n users, in standard errors."""
    alpha = 1 - level
    log_term = -2 * math.log(alpha)
    rho = (log_term + math.log1p(log_term)) / tuned_for  # squared, as in their appendix B.2
    mixture = n * rho
    return math.sqrt(2 * (mixture + 1) / mixture * math.log(math.sqrt(mixture + 1) / alpha))


def users_needed(arm: Ratio, control: Ratio, effect: float, *, level: float, power: float) -> float:
    """How many users in both arms show a difference, divided among them as they are now.

    Args:
        arm: of one arm.
        control: of the other.
        effect: the true difference; its sign does not matter.
        level: of the interval for one look.
        power: the probability of an interval without 0.

    Returns:
        The number; infinite where the effect is 0, and NaN where variances are unknown.
    """
    from scipy.special import ndtri

    if effect == 0:
        return math.inf
    n = arm.n + control.n
    variance = n * (arm.variance / max(arm.n, 1) + control.variance / max(control.n, 1))
    return float((ndtri(0.5 + level / 2) + ndtri(power)) ** 2 * variance / effect**2)


def t_interval(value: float, error: float, freedom: float, level: float) -> tuple[float, float]:
    """Student's interval; NaN where there is no error or no degree of freedom."""
    from scipy.special import stdtrit

    if not (error > 0 and freedom > 0):
        return math.nan, math.nan
    wide = float(stdtrit(freedom, 0.5 + level / 2)) * error
    return value - wide, value + wide

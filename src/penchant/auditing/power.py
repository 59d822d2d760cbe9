"""The number of users that a comparison needs to show a difference."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from penchant.errors import ParameterError


def users_needed(
    differences: ArrayLike, effect: float | None = None, *, power: float = 0.8, level: float = 0.95
) -> int:
    """How many users would show a mean difference with the given power.

    A paired comparison over users: n = ((z_level + z_power) · sd / effect)², the normal
    approximation of Cohen 1988, section 2.4, with the spread of the per-user differences.

    Args:
        differences: [n_users], one model's value minus the other's for each user; NaN for users
            without one.
        effect: the mean difference to be seen; by default the observed one.
        power: the chance of seeing it.
        level: of the two-sided interval that has to leave out zero.

    Raises:
        ParameterError: fewer than two users have a value, the effect is 0, or power or level is
            not between 0 and 1.
    """
    values = np.asarray(differences, dtype=np.float64)
    values = values[~np.isnan(values)]
    if len(values) < 2:
        raise ParameterError("The spread of differences needs at least two users.")
    size = float(values.mean()) if effect is None else effect
    if not size:
        raise ParameterError("No number of users shows a difference of zero: give an effect.")
    return _needed(float(values.std(ddof=1)), size, power, level)


def users_for(
    gain: float,
    ends: tuple[float, float],
    users: int,
    *,
    power: float = 0.8,
    level: float = 0.95,
) -> int | None:
    """As `users_needed`, from a gain with its interval over so many users; None where unknown."""
    spread = (ends[1] - ends[0]) / (2 * float(stats.norm.ppf((1 + level) / 2)))
    if not (math.isfinite(spread) and math.isfinite(gain)) or users < 2 or not gain or not spread:
        return None
    return _needed(spread * math.sqrt(users), gain, power, level)


def _needed(spread: float, effect: float, power: float, level: float) -> int:
    if not (0 < power < 1 and 0 < level < 1):
        raise ParameterError(f"Power and level lie between 0 and 1, not at {power} and {level}.")
    z = float(stats.norm.ppf((1 + level) / 2) + stats.norm.ppf(power))
    return max(2, math.ceil((z * spread / effect) ** 2))

"""Figures of an experiment as people read them, and sentences on how far they can be trusted."""

from __future__ import annotations

import math

from penchant.experiments.user_sums import SHARES, ArmMetric
from penchant.results.formatting import DASH, fixed, percent, signed
from penchant.results.tables import MetricValue


def planned_sentence(users: int, planned: int | None, level: float) -> str:
    """Which interval decides, and why looking early misleads."""
    wrong = percent(1 - level)
    if planned is None:
        return (
            "No number of users was planned: where one looks again and again, the interval for one "
            f"look is wrong in more than {wrong} of experiments without a difference, so that the "
            "one for any number of looks decides (planned_users=, --planned-users, set before the "
            "start)."
        )
    if users >= planned:
        return (
            f"The {planned:,} planned users are reached ({users:,}): the interval for one look "
            "decides, if it is looked at this once."
        )
    return (
        f"{users:,} of {planned:,} planned users are there: looking before that makes the interval "
        f"for one look wrong in more than {wrong} of experiments without a difference, so that the "
        "one for any number of looks decides."
    )


def needed_sentence(arms: str, users: int, needed: float, effect: str, power: float) -> str:
    """How many users show a difference, and how many are still to come."""
    if not math.isfinite(needed):
        return (
            f"How many users are needed for {arms} cannot be said yet: there are too few users or "
            "successes."
        )
    more = math.ceil(needed) - users
    rest = f"{more:,} more than there are" if more > 0 else f"and {users:,} are there"
    return (
        f"To see a difference of {effect} between {arms} at one look with a probability of "
        f"{percent(power)}, {math.ceil(needed):,} users are needed in both, {rest}."
    )


def sample_ratio_sentence(p_value: float | None, *, mismatch: bool) -> str:
    """Whether each arm has as many users as it should."""
    if p_value is None:
        return (
            "Whether each arm has as many users as it should was not tested, since the shares are "
            "not known (shares=, --share)."
        )
    if mismatch:
        return (
            "The arms have other numbers of users than their shares say (sample ratio mismatch, "
            f"p-value {p_value_text(p_value)}): users are lost in one of them or moved to another, "
            "and the experiment is not to be trusted until that is understood."
        )
    return f"The arms have as many users as their shares say (p-value {p_value_text(p_value)})."


def value_text(value: float, metric: ArmMetric) -> str:
    """A value as people read it: shares in per cent."""
    return percent(value) if metric in SHARES else fixed(value, 3)


def difference_text(value: float, metric: ArmMetric) -> str:
    """A difference with its sign: of shares in percentage points."""
    if not math.isfinite(value):
        return DASH
    return f"{signed(100 * value, 2)} points" if metric in SHARES else signed(value, 3)


def interval_text(one: MetricValue, metric: ArmMetric) -> str:
    """A value with its interval, where there is one."""
    value = value_text(one.value, metric)
    if not math.isfinite(one.low):
        return value
    return f"{value} [{value_text(one.low, metric)}, {value_text(one.high, metric)}]"


def range_text(low: float, high: float, metric: ArmMetric) -> str:
    """An interval of differences."""
    if not math.isfinite(low):
        return DASH
    scale, places = (100, 2) if metric in SHARES else (1, 3)
    return f"[{signed(scale * low, places)}, {signed(scale * high, places)}]"


def p_value_text(p_value: float) -> str:
    """A p-value of four decimals at most."""
    return "< 0.0001" if p_value < 1e-4 else fixed(p_value, 4)

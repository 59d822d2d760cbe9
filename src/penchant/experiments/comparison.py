"""Which arm of an experiment is better, and how sure that is."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from penchant.data.polars_frames import Frame
from penchant.errors import DataError, ParameterError
from penchant.experiments.arm_comparison import ArmComparison, ArmDifference, ArmFigures
from penchant.experiments.assignment import checked_shares
from penchant.experiments.attribution import (
    SUCCESS,
    WINDOW,
    Attribution,
    attribute_outcomes,
    span,
)
from penchant.experiments.frames import checked_shown
from penchant.experiments.intervals import Ratio, difference, users_needed
from penchant.experiments.parallel import parallel_lists
from penchant.experiments.user_sums import ARM_METRICS, ArmMetric, arm_ratios, user_sums
from penchant.results.formatting import join_names
from penchant.results.tables import MetricValue
from penchant.wording import counted

logger = logging.getLogger(__name__)

_TUNED_FOR = 5000  # users at which intervals for any look are narrow where none are planned
_CUTS = 30  # moments of the course of the difference
_COURSE: dict[str, pl.DataType | type[pl.DataType]] = {
    "time": pl.Datetime("us"),
    "arm": pl.String,
    "users": pl.Int64,
    **dict.fromkeys(("difference", "low", "high", "always_low", "always_high"), pl.Float64),
}


def compare_arms(
    shown: Frame,
    outcomes: Frame,
    *,
    experiment: str | None = None,
    success: Sequence[str] = SUCCESS,
    window: timedelta = WINDOW,
    metric: ArmMetric = "users",
    control: str | None = None,
    arms: Sequence[str] | None = None,
    since: datetime | None = None,
    shares: Mapping[str, float] | None = None,
    planned_users: int | None = None,
    detectable: float = 0.1,
    power: float = 0.8,
    level: float = 0.95,
) -> ArmComparison:
    """Compare the arms of an experiment by what came of the lists that users were shown.

    A success counts once, for the latest list of the user that showed the item before it, within
    the window. Users are the unit: intervals are over users, of whom each is in the arm that
    showed a list first. Lists that were shown before one of the arms began or after one ended are
    left out, and a note says so.

    Args:
        shown: a row for each position of each list, with `list`, `user`, `time`, `arm`, `position`
            (from 1) and `item`, and `experiment` where there are several.
        outcomes: with `user`, `item`, `kind` and `time`, and `value` where there is one.
        experiment: which one; may be left open where only one has several arms.
        success: kinds of outcomes that are a success; `rating>=4` counts those of 4 or more.
        window: how long after a list something may come of it.
        metric: what decides: the share of `users` with a success, that of `lists` with one, the
            number of `successes` per user, or the `value` of purchases per user.
        control: the arm that the others are compared with; by default the one called control, or
            the one with most users.
        arms: that take part; all by default.
        since: what was shown before does not count, such as lists of an arm's former model.
        shares: of the users that each arm was to get, to test whether it did.
        planned_users: in all arms, chosen before the start, at which the experiment is judged.
        detectable: the difference one wants to be able to see, as a share of the control's value.
        power: the probability with which it is to be seen.
        level: of the intervals; with several arms besides the control these are wider, so that it
            holds for all of them together (Bonferroni).

    Raises:
        DataError: a table lacks columns, or has values that cannot be used.
        ParameterError: an argument is impossible, or the experiment or the arm is not there.

    Example:
        >>> shown = pl.DataFrame({"user": range(200)}).with_columns(
        ...     list="user", time=pl.datetime(2024, 1, 1), position=1, item=7,
        ...     arm=pn.arms_of(range(200), "fresh", {"control": 0.5, "new": 0.5}),
        ... )
        >>> outcomes = shown.filter(pl.col("user") < 50).select(
        ...     "user", "item", kind=pl.lit("like"), time=pl.datetime(2024, 1, 2)
        ... )
        >>> [arm.arm for arm in pn.compare_arms(shown, outcomes).arms]
        ['control', 'new']
    """
    if metric not in ARM_METRICS:
        raise ParameterError(f"There is no metric {metric!r}: known are {', '.join(ARM_METRICS)}.")
    for name, share in (("level", level), ("power", power)):
        if not 0 < share < 1:
            raise ParameterError(f"The {name} is between 0 and 1, and not {share!r}.")
    if detectable <= 0 or (planned_users is not None and planned_users < 1):
        raise ParameterError("The detectable difference and the planned users are above 0.")
    shown, experiment = _of_experiment(shown, experiment)
    shown, notes = parallel_lists(_chosen(shown, arms, since))
    attribution = attribute_outcomes(shown, outcomes, success=success, window=window)
    sums = user_sums(attribution)
    users = dict(
        sums.group_by("arm").len().sort("len", "arm", descending=[True, False]).iter_rows()
    )
    names = sorted(users if shares is None else {*users, *checked_shares(shares)})
    control = _control(control, names, users)
    if metric == "value" and not (sums["value"] != 0).any():
        raise DataError("No purchase that came of a list has a value, so that value decides none.")
    ratios = {name: arm_ratios(sums, names, name) for name in ARM_METRICS}
    others = [arm for arm in names if arm != control]
    single_level = 1 - (1 - level) / max(len(others), 1)
    tuned_for = planned_users or _TUNED_FOR

    def compared(arm: str, name: ArmMetric) -> ArmDifference:
        one, other = ratios[name][arm], ratios[name][control]
        needed = users_needed(
            one, other, detectable * abs(other.value), level=single_level, power=power
        )
        figures = difference(one, other, level=single_level, tuned_for=tuned_for)
        return ArmDifference(arm, name, one.n + other.n, figures, needed)

    return ArmComparison(
        experiment=experiment,
        metric=metric,
        control=control,
        arms=tuple(
            ArmFigures(
                arm,
                users.get(arm, 0),
                *_totals(sums.filter(arm=arm)),
                {name: _value(ratios[name][arm], level) for name in ARM_METRICS},
            )
            for arm in (control, *others)
        ),
        differences=tuple(compared(arm, name) for name in ARM_METRICS for arm in others),
        course=_course(attribution, control, others, metric, single_level, tuned_for),
        level=level,
        planned_users=planned_users,
        detectable=detectable,
        power=power,
        sample_ratio=None if shares is None else _sample_ratio(users, checked_shares(shares)),
        notes=(*_notes(attribution, sums), *notes),
    )


def _of_experiment(shown: Frame, experiment: str | None) -> tuple[pl.DataFrame, str | None]:
    """The rows of one experiment and its name; lists of no arm are of none."""
    rows = checked_shown(shown, "arm").filter(pl.col("arm").is_not_null())
    if not len(rows):
        raise DataError("No shown list has an arm: no experiment took place.")
    if "experiment" not in rows.columns:
        if experiment is not None:
            raise DataError("The table of shown lists has no column 'experiment'.")
        return rows, None
    names = rows["experiment"].drop_nulls().unique().sort().to_list()
    if experiment is None and len(names) > 1:
        # Lists of one arm alone, such as those between two canaries, are no experiment.
        arms = rows.group_by("experiment").agg(pl.col("arm").n_unique().alias("n"))
        compared = arms.filter(pl.col("experiment").is_not_null() & (pl.col("n") > 1))
        if len(compared) == 1:
            (experiment,) = compared["experiment"]
    if experiment is None and len(names) <= 1:
        return rows.filter(pl.col("experiment").is_not_null() | (not names)), "".join(names) or None
    if experiment not in names:
        listed = join_names([repr(name) for name in names]) or "none"
        asked = "Say which experiment" if experiment is None else f"No experiment {experiment!r}"
        raise ParameterError(f"{asked}: there are {listed} (experiment=, --experiment).")
    return rows.filter(experiment=experiment), experiment


def _chosen(
    shown: pl.DataFrame, arms: Sequence[str] | None, since: datetime | None
) -> pl.DataFrame:
    """The rows of these arms, from then on."""
    there = shown["arm"].unique().sort().to_list()
    for arm in arms or ():
        if arm not in there:
            raise ParameterError(f"There is no arm {arm!r}: there are {join_names(there)}.")
    if arms:
        shown = shown.filter(pl.col("arm").is_in(list(arms)))
    if since is not None:
        shown = shown.filter(pl.col("time") >= since)
        if not len(shown):
            raise DataError(f"No list of the experiment was shown since {since}.")
    return shown


def _control(control: str | None, arms: Sequence[str], users: Mapping[str, int]) -> str:
    if control is None:
        control = "control" if "control" in arms else next(iter(users))
        if len(arms) > 1 and control != "control":
            logger.info(
                f"Arms are compared with {control!r}, which has most users (control=, --control "
                "names another)."
            )
    if control not in arms:
        raise ParameterError(f"There is no arm {control!r}: there are {join_names(arms)}.")
    return control


def _totals(sums: pl.DataFrame) -> tuple[int, int, float]:
    """Lists, successes and value of an arm."""
    return int(sums["lists"].sum()), int(sums["successes"].sum()), float(sums["value"].sum())


def _value(one: Ratio, level: float) -> MetricValue:
    return MetricValue(one.value, *one.interval(level))


def _sample_ratio(users: Mapping[str, int], shares: Mapping[str, float]) -> float:
    """The p-value of as many users in each arm as its share (a sample ratio mismatch test)."""
    from scipy.stats import chisquare

    unknown = [repr(arm) for arm in users if arm not in shares]
    if unknown:
        raise ParameterError(f"The shares name no arm {join_names(unknown, 'or')}.")
    if any(users.get(arm, 0) and not share for arm, share in shares.items()):
        return 0.0
    used = [arm for arm, share in shares.items() if share]
    total = sum(users.values())
    observed = np.array([users.get(arm, 0) for arm in used], np.float64)
    expected = np.array([shares[arm] for arm in used])
    if len(used) < 2:
        return 1.0
    return float(chisquare(observed, total * expected / expected.sum()).pvalue)


def _course(
    attribution: Attribution,
    control: str,
    others: Sequence[str],
    metric: ArmMetric,
    level: float,
    tuned_for: int,
) -> pl.DataFrame:
    """The difference as somebody saw it who looked at regular intervals from the start."""
    first: datetime = attribution.lists["time"][0]
    last: datetime = max([attribution.lists["time"][-1], *attribution.successes["time"].tail(1)])
    rows: list[tuple[object, ...]] = []
    for cut in range(1, _CUTS + 1):
        until = first + (last - first) * cut / _CUTS
        sums = user_sums(attribution, until)
        ratios = arm_ratios(sums, (control, *others), metric)
        for arm in others:
            one = difference(ratios[arm], ratios[control], level=level, tuned_for=tuned_for)
            users = ratios[arm].n + ratios[control].n
            rows.append(
                (until, arm, users, one.value, one.low, one.high, one.always_low, one.always_high)
            )
    return pl.DataFrame(rows, schema=_COURSE, orient="row").fill_nan(None)


def _notes(attribution: Attribution, sums: pl.DataFrame) -> tuple[str, ...]:
    """What was counted and how, where that is doubtful."""
    notes = [str(attribution)]
    moved = int((sums["arms"] > 1).sum())
    if moved:
        notes.append(
            f"{counted(moved, 'user')} of {len(sums):,} {'was' if moved == 1 else 'were'} shown "
            "lists of several arms, as where shares change: what they did counts for the first."
        )
    last = attribution.lists["time"].max()
    assert isinstance(last, datetime)
    young = int((attribution.lists["time"] > last - attribution.window).sum())
    if 2 * young > len(attribution.lists):
        notes.append(
            f"{young:,} of {counted(len(attribution.lists), 'list')} were shown in the last "
            f"{span(attribution.window)}, and more may come of them."
        )
    return tuple(notes)

"""The arms of an experiment beside each other, as figures and in sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl
from rich.console import Console
from rich.table import Table as Grid

from penchant.experiments.intervals import Difference
from penchant.experiments.sentences import (
    difference_text,
    interval_text,
    needed_sentence,
    p_value_text,
    planned_sentence,
    range_text,
    sample_ratio_sentence,
    value_text,
)
from penchant.experiments.user_sums import ARM_METRICS, TITLES, ArmMetric
from penchant.json_values import json_value
from penchant.results.formatting import percent
from penchant.results.output import Output
from penchant.results.tables import MetricValue

ArmVerdict = Literal["better", "worse", "no difference shown", "no verdict"]

FEWEST_USERS = 30  # of an arm with a verdict
_MISMATCH = 0.001  # p-value from which on the numbers of users are no accident


@dataclass(frozen=True)
class ArmFigures:
    """One arm.

    Attributes:
        arm: its name.
        users: who were shown its list first.
        lists: that they were shown.
        successes: that came of these.
        value: of the purchases among them.
        metrics: each with its interval over users.
    """

    arm: str
    users: int
    lists: int
    successes: int
    value: float
    metrics: Mapping[ArmMetric, MetricValue]


@dataclass(frozen=True)
class ArmDifference:
    """One metric of an arm less that of the control.

    Attributes:
        arm: the arm.
        metric: of what.
        users: in both arms.
        figures: the difference with its intervals.
        users_needed: in both arms, to see the detectable difference.
    """

    arm: str
    metric: ArmMetric
    users: int
    figures: Difference
    users_needed: float


@dataclass(frozen=True, eq=False)
class ArmComparison(Output):
    """What an experiment says so far; see `compare_arms`.

    Attributes:
        experiment: its name, where it has one.
        metric: what decides.
        control: the arm that the others are compared with.
        arms: the figures of each, the control's first.
        differences: of each other arm, in each metric.
        course: the difference in the deciding metric over time, as it was at each `time`: `arm`,
            `users`, `difference`, `low`, `high`, `always_low` and `always_high`.
        level: of the intervals of arms, and of those of all differences together.
        planned_users: at how many it was to be judged.
        detectable: the difference to be seen, as a share of the control's value.
        power: the probability with which it is to be seen.
        sample_ratio: p-value of the numbers of users in the arms; None where shares are unknown.
        notes: what was counted and how.
    """

    experiment: str | None
    metric: ArmMetric
    control: str
    arms: tuple[ArmFigures, ...]
    differences: tuple[ArmDifference, ...]
    course: pl.DataFrame
    level: float
    planned_users: int | None
    detectable: float
    power: float
    sample_ratio: float | None
    notes: tuple[str, ...]

    @property
    def users(self) -> int:
        """In all arms."""
        return sum(arm.users for arm in self.arms)

    @property
    def planned_reached(self) -> bool:
        """Whether as many users as planned are there."""
        return self.planned_users is not None and self.users >= self.planned_users

    @property
    def mismatch(self) -> bool:
        """Whether arms have more or fewer users than their shares allow."""
        return self.sample_ratio is not None and self.sample_ratio < _MISMATCH

    @property
    def verdicts(self) -> dict[str, ArmVerdict]:
        """What the deciding metric says of each arm beside the control."""
        return {one.arm: self._verdict(one) for one in self.decisive}

    @property
    def decisive(self) -> tuple[ArmDifference, ...]:
        """The differences in the deciding metric."""
        return tuple(one for one in self.differences if one.metric == self.metric)

    def figures(self, arm: str) -> ArmFigures:
        """Those of one arm."""
        return next(one for one in self.arms if one.arm == arm)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The verdicts, how sure they are, and what was counted."""
        return (
            *(self._verdict_sentence(one) for one in self.decisive),
            *(() if len(self.arms) > 1 else ("There is one arm alone, so that none is better.",)),
            *((self._planned_sentence,) if self.decisive else ()),
            *(self._needed_sentence(one) for one in self.decisive),
            *((self._sample_ratio_sentence,) if self.decisive else ()),
            *self.notes,
        )

    def _verdict(self, one: ArmDifference) -> ArmVerdict:
        few = min(self.figures(name).users for name in (one.arm, self.control)) < FEWEST_USERS
        low, high = self._deciding_interval(one.figures)
        if few or self.mismatch or math.isnan(low):
            return "no verdict"
        return "better" if low > 0 else "worse" if high < 0 else "no difference shown"

    def _deciding_interval(self, one: Difference) -> tuple[float, float]:
        return (one.low, one.high) if self.planned_reached else (one.always_low, one.always_high)

    def _verdict_sentence(self, one: ArmDifference) -> str:
        verdict, metric = self._verdict(one), self.metric
        values = [
            value_text(self.figures(name).metrics[metric].value, metric)
            for name in (one.arm, self.control)
        ]
        figures = f"{TITLES[metric]} {values[0]} against {values[1]}"
        low, high = self._deciding_interval(one.figures)
        if math.isfinite(low):
            looks = "one look" if self.planned_reached else "any number of looks"
            figures += (
                f", a difference of {difference_text(one.figures.value, metric)} "
                f"{range_text(low, high, metric)} for {looks}"
            )
        if verdict == "no verdict":
            reason = (
                "the arms have other numbers of users than they should"
                if self.mismatch
                else f"an arm has fewer than {FEWEST_USERS} users"
                if min(self.figures(name).users for name in (one.arm, self.control)) < FEWEST_USERS
                else "users do not differ in it"
            )
            return f"No verdict on {one.arm!r} is possible, since {reason}: {figures}."
        if verdict == "no difference shown":
            return f"No difference between {one.arm!r} and {self.control!r} is shown: {figures}."
        return f"{one.arm!r} is {verdict} than {self.control!r}: {figures}."

    @property
    def _planned_sentence(self) -> str:
        return planned_sentence(self.users, self.planned_users, self.level)

    @property
    def _sample_ratio_sentence(self) -> str:
        return sample_ratio_sentence(self.sample_ratio, mismatch=self.mismatch)

    def _needed_sentence(self, one: ArmDifference) -> str:
        base = self.figures(self.control).metrics[self.metric].value
        effect = difference_text(self.detectable * abs(base), self.metric)
        return needed_sentence(
            f"{one.arm!r} and {self.control!r}",
            one.users,
            one.users_needed,
            f"{percent(self.detectable)} of {self.control!r} ({effect})",
            self.power,
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        plain: dict[str, Any] = json_value(
            {
                "experiment": self.experiment,
                "metric": self.metric,
                "control": self.control,
                "level": self.level,
                "users": self.users,
                "planned_users": self.planned_users,
                "planned_reached": self.planned_reached,
                "detectable": self.detectable,
                "power": self.power,
                "sample_ratio": self.sample_ratio,
                "sample_ratio_mismatch": self.mismatch,
                "verdicts": self.verdicts,
                "sentences": self.sentences,
                "arms": [
                    vars(arm)
                    | {
                        "metrics": {
                            name: {"value": one.value, "low": one.low, "high": one.high}
                            for name, one in arm.metrics.items()
                        }
                    }
                    for arm in self.arms
                ],
                "differences": [
                    {"arm": one.arm, "metric": one.metric, "users": one.users}
                    | one.figures._asdict()
                    | {"users_needed": one.users_needed}
                    for one in self.differences
                ],
                "course": self.course,
            }
        )
        return plain

    def render(self, console: Console) -> None:
        """Print two tables and the sentences."""
        name = f" of {self.experiment}" if self.experiment else ""
        level = f"{100 * self.level:g} %"
        arms = Grid(title=f"The arms{name} [{level}]", title_justify="left", title_style="bold")
        arms.add_column("arm", overflow="fold")
        for heading in ("users", "lists", *(TITLES[metric] for metric in self.shown_metrics)):
            arms.add_column(heading, justify="right")
        for arm in self.arms:
            cells = [interval_text(arm.metrics[metric], metric) for metric in self.shown_metrics]
            arms.add_row(arm.arm, f"{arm.users:,}", f"{arm.lists:,}", *cells)
        console.print(arms)
        if self.differences:
            console.print(self._differences_grid(level))
        for sentence in self.sentences:
            console.print(sentence, highlight=False, markup=False)

    @property
    def shown_metrics(self) -> tuple[ArmMetric, ...]:
        """The metrics worth a column: value only where something was bought."""
        bought = any(arm.value for arm in self.arms)
        return tuple(metric for metric in ARM_METRICS if metric != "value" or bought)

    def _differences_grid(self, level: str) -> Grid:
        grid = Grid(
            title=f"Differences from {self.control} [{level}]",
            title_justify="left",
            title_style="bold",
        )
        grid.add_column("arm", overflow="fold")
        grid.add_column("metric")
        for heading in ("difference", "for one look", "p-value", "for any number of looks"):
            grid.add_column(heading, justify="right")
        grid.add_column("verdict")
        for one in self.differences:
            if one.metric not in self.shown_metrics:
                continue
            figures, decides = one.figures, one.metric == self.metric
            grid.add_row(
                one.arm,
                TITLES[one.metric],
                difference_text(figures.value, one.metric),
                range_text(figures.low, figures.high, one.metric),
                p_value_text(figures.p_value),
                range_text(figures.always_low, figures.always_high, one.metric),
                self._verdict(one) if decides else "",
                style="" if decides else "dim",
            )
        return grid

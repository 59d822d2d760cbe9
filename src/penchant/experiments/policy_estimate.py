"""What another model's lists would have got, as figures and in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from rich.console import Console
from rich.table import Table as Grid

from penchant.json_values import json_value
from penchant.results.formatting import fixed, percent, signed
from penchant.results.output import Output
from penchant.results.tables import MetricValue

Estimator = Literal["ips", "self-normalised", "doubly-robust"]
TITLES: Mapping[Estimator, str] = {
    "ips": "inverse propensity",
    "self-normalised": "self-normalised",
    "doubly-robust": "doubly robust",
}


@dataclass(frozen=True, eq=False)
class OffPolicyEstimate(Output):
    """What another model's lists would have got; see `estimate_off_policy`.

    Attributes:
        model: what it is called.
        users: who were shown lists and for whom the model has one.
        lists: that they were shown.
        logged: successes of each list that was shown.
        estimates: of each list of the model, and its gain over those that were shown; empty where
            the estimate is refused.
        matched: shown items that stand where the model would have shown them.
        effective: how many places of equal weight the matched ones are worth.
        support: the sum of the weights over the model's places; 1 where the lists that were shown
            could hold everything that the model shows.
        largest_weight: of a single place.
        level: of the intervals.
        refusal: why nothing is estimated, a sentence; empty where something is.
        notes: what was counted and how.
    """

    model: str
    users: int
    lists: int
    logged: MetricValue
    estimates: Mapping[Estimator, MetricValue]
    matched: int
    effective: float
    support: MetricValue
    largest_weight: float
    level: float
    refusal: str
    notes: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """By the doubly robust estimate: how the model compares with what was shown."""
        if self.refusal:
            return "no verdict"
        best = self.estimates["doubly-robust"]
        if best.gain_low > 0:
            return "better"
        return "worse" if best.gain_high < 0 else "no difference shown"

    @property
    def sentences(self) -> tuple[str, ...]:
        """The estimate, what it rests on, and what was counted."""
        overlap = (
            f"{self.matched:,} shown items stand where {self.model!r} would have put them, worth "
            f"{self.effective:,.0f} of equal weight; weights sum to {percent(self.support.value)} "
            f"of its places, the largest is {self.largest_weight:,.0f}."
        )
        if self.refusal:
            return (self.refusal, overlap, *self.notes)
        best = self.estimates["doubly-robust"]
        return (
            f"Lists of {self.model!r} would have got {fixed(best.value)} successes each "
            f"[{fixed(best.low)}, {fixed(best.high)}] (doubly robust), {signed(best.gain)} "
            f"[{signed(best.gain_low)}, {signed(best.gain_high)}] beside the "
            f"{fixed(self.logged.value)} of those that were shown: {self.verdict}.",
            overlap,
            "This holds where success depends on an item and its position and not on the others "
            "of the list, and where the propensities are those with which items were drawn.",
            *self.notes,
        )

    def to_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        plain: dict[str, Any] = json_value(
            {
                name: value
                for name, value in vars(self).items()
                if name not in ("logged", "estimates", "support")
            }
            | {
                "logged": _interval(self.logged),
                "support": _interval(self.support),
                "estimates": {
                    name: _interval(one)
                    | {"gain": one.gain, "gain_low": one.gain_low, "gain_high": one.gain_high}
                    for name, one in self.estimates.items()
                },
                "verdict": self.verdict,
                "sentences": self.sentences,
            }
        )
        return plain

    def render(self, console: Console) -> None:
        """Print a table and the sentences."""
        if self.estimates:
            grid = Grid(
                title=f"Successes of a list of {self.model} [{100 * self.level:g} %]",
                title_justify="left",
                title_style="bold",
            )
            grid.add_column("estimate")
            grid.add_column("successes", justify="right")
            grid.add_column("beside those shown", justify="right")
            for name, one in self.estimates.items():
                grid.add_row(
                    TITLES[name],
                    f"{fixed(one.value)} [{fixed(one.low)}, {fixed(one.high)}]",
                    f"{signed(one.gain)} [{signed(one.gain_low)}, {signed(one.gain_high)}]",
                )
            shown = self.logged
            grid.add_row(
                "lists that were shown",
                f"{fixed(shown.value)} [{fixed(shown.low)}, {fixed(shown.high)}]",
                "",
            )
            console.print(grid)
        for sentence in self.sentences:
            console.print(sentence, highlight=False, markup=False)


def _interval(one: MetricValue) -> dict[str, float]:
    return {"value": one.value, "low": one.low, "high": one.high}

"""What rules cost and bring: each model's figures of lists without and with them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from rich.table import Table as Grid

from penchant.notebook import ShownAsTable
from penchant.results.formatting import quoted
from penchant.wording import counted


@dataclass(frozen=True)
class RuleCost:
    """One figure of one model's lists without and with rules.

    Attributes:
        model: its name in the table.
        metric: the metric's name.
        without: the figure of the model's own lists.
        with_rules: that of its lists with rules, for the same users.
        low: lower end of the interval of the difference over resampled users, the same ones for
            both; NaN where a figure is of all lists together.
        high: its upper end.
        deviation: the standard deviation of the difference over several comparisons, where the
            figures are means over these; NaN otherwise.
    """

    model: str
    metric: str
    without: float
    with_rules: float
    low: float = math.nan
    high: float = math.nan
    deviation: float = math.nan

    @property
    def difference(self) -> float:
        """What the rules add; below 0 they take."""
        return self.with_rules - self.without

    @property
    def difference_in_words(self) -> str:
        """The difference with its interval, or its deviation, where there is one."""
        interval = "" if math.isnan(self.low) else f" [{self.low:+.4f}, {self.high:+.4f}]"
        deviation = "" if math.isnan(self.deviation) else f" ± {self.deviation:.4f}"
        return f"{self.difference:+.4f}{interval}{deviation}"

    @property
    def in_words(self) -> str:
        """Both figures with the difference."""
        return (
            f"{self.metric} {self.with_rules:.4f} in place of {self.without:.4f} "
            f"({self.difference_in_words})"
        )


@dataclass(frozen=True)
class RuleCosts(ShownAsTable):
    """What rules cost and bring for all models of a comparison.

    Attributes:
        source: what the rules are called.
        metrics: names of the figures, the first one deciding.
        costs: of every model and metric, models as in the table.
        level: of the intervals.
        notes: what a reader must know, a sentence each.
        unit: the calendar period or fold over several of which figures are means; empty of one
            comparison.
        rounds: how many.
    """

    source: str
    metrics: tuple[str, ...]
    costs: tuple[RuleCost, ...]
    level: float
    notes: tuple[str, ...] = ()
    unit: str = ""
    rounds: int = 1

    @classmethod
    def mean(cls, unit: str, rounds: Sequence[tuple[int, RuleCosts]]) -> RuleCosts:
        """What rules cost and bring on average over several comparisons.

        Args:
            unit: what they are of, such as `month`.
            rounds: for each the number of its test users, by which it weighs, and its figures.
        """
        users = [n for n, _ in rounds]
        by_round = [{(c.model, c.metric): c for c in costs.costs} for _, costs in rounds]
        costs = tuple(
            _mean(users, [own.get(key) for own in by_round])
            for key in dict.fromkeys(key for own in by_round for key in own)
        )
        first = rounds[0][1]
        metrics = dict.fromkeys(name for _, costs in rounds for name in costs.metrics)
        notes = dict.fromkeys(note for _, costs in rounds for note in costs.notes)
        return cls(first.source, (*metrics,), costs, first.level, (*notes,), unit, len(rounds))

    def of_model(self, model: str) -> dict[str, RuleCost]:
        """The figures of one model by metric."""
        return {cost.metric: cost for cost in self.costs if cost.model == model}

    @property
    def models(self) -> tuple[str, ...]:
        """The names of the models."""
        return tuple(dict.fromkeys(cost.model for cost in self.costs))

    @property
    def sentences(self) -> tuple[str, ...]:
        """What a report says: of the first model, and what a reader must know."""
        return (self.sentence(self.models[0]), *self.notes)

    def sentence(self, model: str) -> str:
        """What the rules do to one model's lists, by the first metric and the coverage."""
        own = self.of_model(model)
        wanted = [name for name in own if name == self.metrics[0] or _is_beside(name)]
        figures = "; ".join(own[name].in_words for name in wanted)
        over = f" over {counted(self.rounds, self.unit)}" if self.unit else ""
        return f"With {self.source} the lists of {quoted([model])[0]}{over} have {figures}."

    @property
    def spread(self) -> str:
        """What stands beside each difference, in words."""
        if self.unit:
            return f"with its standard deviation over {counted(self.rounds, self.unit)}"
        return (
            f"with its {100 * self.level:.0f} % interval over resampled users; figures of all "
            "lists together have none"
        )

    def frame(self) -> pl.DataFrame:
        """One row for each model and metric."""
        rows = [asdict(cost) | {"difference": cost.difference} for cost in self.costs]
        return pl.DataFrame(rows)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values for JSON, numbers that are not finite among them."""
        return {
            "source": self.source,
            "metrics": list(self.metrics),
            "notes": list(self.notes),
            "unit": self.unit,
            "rounds": self.rounds,
            "costs": self.frame().to_dicts(),
        }

    def renamed(self, names: dict[str, str]) -> RuleCosts:
        """The same with other names for some models."""
        costs = tuple(replace(c, model=names.get(c.model, c.model)) for c in self.costs)
        return replace(self, costs=costs)

    def grid(self, width: int) -> Grid:
        """A table for a terminal: as many metrics as fit into so many characters."""
        grid = Grid(
            title=f"What the rules cost and bring ({self.source})",
            title_justify="left",
            title_style="bold",
        )
        grid.add_column("model")
        left = width - 3 - max(map(len, ("model", *self.models)))
        shown: list[list[str]] = []
        for metric in self.metrics:
            cells = [_cell(self.of_model(model).get(metric)) for model in self.models]
            heading = f"{metric}\nwithout → with (difference{' ± deviation' if self.unit else ''})"
            needed = 3 + max(len(line) for line in (*heading.split("\n"), *cells))
            if shown and needed > left:
                break
            grid.add_column(heading, justify="right", no_wrap=True)
            shown.append(cells)
            left -= needed
        for n, model in enumerate(self.models):
            grid.add_row(model, *(cells[n] for cells in shown))
        return grid


def _mean(users: Sequence[int], costs: Sequence[RuleCost | None]) -> RuleCost:
    """The means over comparisons, which weigh by their users; not of those without the figure."""
    known = [
        (n, cost)
        for n, cost in zip(users, costs, strict=True)
        if cost is not None and not math.isnan(cost.difference)
    ]
    if not known:
        cost = next(cost for cost in costs if cost is not None)
        return replace(cost, low=math.nan, high=math.nan)
    weights = [n for n, _ in known]
    without, with_rules = (
        float(np.average([getattr(cost, side) for _, cost in known], weights=weights))
        for side in ("without", "with_rules")
    )
    differences = [cost.difference for _, cost in known]
    deviation = float(np.std(differences, ddof=1)) if len(known) > 1 else math.nan
    first = known[0][1]
    return RuleCost(first.model, first.metric, without, with_rules, deviation=deviation)


def _is_beside(metric: str) -> bool:
    return metric.startswith(("coverage@", "intra-list-diversity@", "calibration-kl@"))


def _cell(cost: RuleCost | None) -> str:
    if cost is None:
        return "–"
    return f"{cost.without:.4f} → {cost.with_rules:.4f} ({cost.difference_in_words})"

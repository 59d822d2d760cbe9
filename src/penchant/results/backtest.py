"""What lists made at the start of each of several periods would have caught."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

import polars as pl
from rich.console import Console
from rich.table import Table as Grid

from penchant.errors import ParameterError
from penchant.json_values import json_value
from penchant.results.console import number
from penchant.results.formatting import quoted
from penchant.results.output import Output
from penchant.results.tables import Table
from penchant.wording import counted


@dataclass(frozen=True)
class Period:
    """One period: models learned from all that came before it.

    Attributes:
        start: its first moment.
        end: the moment after its last.
        whole: whether the log covers all of it.
        train_events: events before it.
        table: the models on the events in it.
        notes: what a reader must know, a sentence each.
    """

    start: datetime
    end: datetime
    whole: bool
    train_events: int
    table: Table
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The day it begins."""
        return self.start.date().isoformat()


@dataclass(frozen=True, eq=False)
class Backtest(Output):
    """Models on period after period, each learned from all that came before.

    Attributes:
        log: the log's name.
        every: how long a period is: `day`, `week` or `month`.
        metric: the first metric, which decides order and verdicts.
        periods: in order of time.
        settings: of the evaluations, versions and the log's fingerprint.
    """

    _width: ClassVar[int] = 160

    log: str
    every: str
    metric: str
    periods: tuple[Period, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def models(self) -> tuple[str, ...]:
        """The names of the models, best first by the mean over all periods' users."""
        names = [entry.name for entry in self.periods[0].table.entries]
        sign = 1 if self.periods[0].table.higher_is_better else -1
        return tuple(sorted(names, key=lambda name: -sign * self.mean(name)))

    def values(self, model: str, metric: str | None = None) -> list[float]:
        """A metric of one model, a number for each period.

        Raises:
            ParameterError: the model was not compared, or the metric not asked for.
        """
        wanted = metric or self.metric
        entries = [period.table[model] for period in self.periods]
        if wanted not in entries[0].metrics:
            known = ", ".join(entries[0].metrics)
            raise ParameterError(f"There is no metric {wanted!r}, only {known}.")
        return [entry.metrics[wanted].value for entry in entries]

    def mean(self, model: str, metric: str | None = None) -> float:
        """A metric of one model over the users of all periods."""
        values = zip(self.values(model, metric), self.periods, strict=True)
        known = [(v, p.table.users) for v, p in values if not math.isnan(v)]
        users = sum(n for _, n in known)
        return sum(v * n for v, n in known) / users if users else math.nan

    def beaten(self, model: str) -> int:
        """In how many periods a model beats the best trivial answer significantly."""
        return sum(period.table[model].verdict == "beats" for period in self.periods)

    @property
    def sentences(self) -> tuple[str, ...]:
        """What came out, a sentence each."""
        table = self.periods[0].table
        real = [name for name in self.models if not table[name].trivial]
        trivial = [name for name in self.models if table[name].trivial]
        n = counted(len(self.periods), self.every)
        found = []
        if trivial:
            found.append(
                f"Over {n} the best trivial answer is {trivial[0]}, with a mean {self.metric} of "
                f"{number(self.mean(trivial[0]))}."
            )
        for name in real:
            beats = f"in {self.beaten(name)} of {len(self.periods)}"
            (shown,) = quoted([name])
            found.append(
                f"{shown} beats the best trivial answer of the {self.every} {beats}; its mean "
                f"{self.metric} is {number(self.mean(name))}."
            )
        partial = [period.name for period in self.periods if not period.whole]
        if partial:
            found.append(f"The log does not cover the whole {self.every} from {partial[-1]}.")
        return tuple(found)

    def frame(self) -> pl.DataFrame:
        """A row for each period, model and metric, with intervals and verdicts."""
        rows = [
            {
                "period": period.start,
                "model": entry.name,
                "trivial": entry.trivial,
                "metric": metric,
                "value": figure.value,
                "low": figure.low,
                "high": figure.high,
                "gain": figure.gain,
                "verdict": figure.verdict,
                "users": period.table.users,
                "events": period.table.rows,
                "train_events": period.train_events,
            }
            for period in self.periods
            for entry in period.table.entries
            for metric, figure in entry.metrics.items()
        ]
        return pl.DataFrame(rows, infer_schema_length=None)

    def to_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        plain: dict[str, Any] = json_value(
            {
                "log": self.log,
                "every": self.every,
                "metric": self.metric,
                "sentences": list(self.sentences),
                "settings": dict(self.settings),
                "models": [
                    {
                        "model": name,
                        "trivial": self.periods[0].table[name].trivial,
                        "mean": self.mean(name),
                        "beats_trivial_in": self.beaten(name),
                    }
                    for name in self.models
                ],
                "periods": [
                    {
                        "start": period.start.isoformat(),
                        "end": period.end.isoformat(),
                        "whole": period.whole,
                        "train_events": period.train_events,
                        "notes": list(period.notes),
                        "table": period.table.to_dict(),
                    }
                    for period in self.periods
                ],
            }
        )
        return plain

    def render(self, console: Console) -> None:
        """Print the first metric of each model and period, and what came out."""
        title = f"{self.metric} of lists made at the start of each {self.every}: {self.log}"
        grid = Grid(title=title, title_justify="left", title_style="bold")
        grid.add_column("model", overflow="fold")
        for period in self.periods:
            users = counted(period.table.users, "user")
            grid.add_column(f"{period.name}\n{users}", justify="right", no_wrap=True)
        grid.add_column("mean", justify="right", no_wrap=True)
        grid.add_column("beats trivial", justify="right", no_wrap=True)
        for name in self.models:
            trivial = self.periods[0].table[name].trivial
            beaten = "" if trivial else f"{self.beaten(name)} of {len(self.periods)}"
            cells = [number(value) for value in (*self.values(name), self.mean(name))]
            grid.add_row(name, *cells, beaten, style="dim" if trivial else "")
        console.print(grid)
        for sentence in self.sentences:
            console.print(sentence, highlight=False)

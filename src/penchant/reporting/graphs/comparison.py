"""The charts of a comparison: figures with intervals, quality against cost, training curves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from penchant.reporting.glossary import direction
from penchant.results.formatting import duration, fixed
from penchant.results.graph import Graph, Mark, intervals, lines, scatter
from penchant.results.tables import Entry, MetricValue, Table

_SHORTEST = 0.001  # seconds; nobody cares for less


def metric_intervals(table: Table) -> Graph | None:
    """Each model's first metric with its interval, and a band at the best trivial answer.

    None where no model has a figure.
    """
    metric, entries = table.primary, _known(table)
    if not entries:
        return None
    best, levels, trivial = entries[0], {}, ""
    if any(entry.trivial for entry in table.entries):
        bar = table.best_trivial
        value = bar.metrics[metric]
        levels["best trivial answer"] = _interval(value)
        trivial = f", the best trivial answer is {bar.name} with {fixed(value.value, 4)}"
    return intervals(
        f"{metric} of {len(entries)} models with intervals: {best.name} stands first with "
        f"{fixed(best.metrics[metric].value, 4)}{trivial}.",
        {entry.name: entry.metrics[metric] for entry in entries},
        x=f"{metric}, {direction(table)}",
        marks=[_mark(entry) for entry in entries],
        levels=levels,
    )


def quality_against_cost(table: Table) -> Graph | None:
    """The first metric against the time to learn; None where no time is known."""
    metric = table.primary
    entries = [entry for entry in _known(table) if math.isfinite(entry.cost.fit_seconds)]
    if not entries:
        return None
    fast = min(entries, key=lambda entry: entry.cost.fit_seconds)
    slow = max(entries, key=lambda entry: entry.cost.fit_seconds)
    return scatter(
        f"{metric} against the time to learn, from {fast.name} ({duration(fast.cost.fit_seconds)}) "
        f"to {slow.name} ({duration(slow.cost.fit_seconds)}). Time is that of learning on the "
        "machine of this comparison; up and to the left is best.",
        [max(entry.cost.fit_seconds, _SHORTEST) for entry in entries],
        [entry.metrics[metric] for entry in entries],
        x="time to learn (at least 1 ms), on a logarithmic scale",
        y=f"{metric} (better upwards)",
        labels=[entry.name for entry in entries],
        marks=[_mark(entry) for entry in entries],
        log_x=True,
        x_format="duration",
        downwards=not table.higher_is_better,
        half=False,
    )


def training_curve(name: str, rows: Sequence[Mapping[str, float]], best: int | None) -> Graph:
    """Loss by epoch, on training and validation, with the epoch whose weights were kept."""
    series = {"training": {row["epoch"]: row["loss"] for row in rows}}
    validation = {row["epoch"]: row.get("validation_loss", math.nan) for row in rows}
    loss = ""
    if any(math.isfinite(value) for value in validation.values()):
        series["validation"] = validation
        loss = f", validation loss {list(validation.values())[-1]:.4g}"
    kept = f"; the weights of epoch {best} were kept" if best is not None else ""
    return lines(
        f"Training of {name}: loss {rows[-1]['loss']:.4g} after {len(rows)} epochs{loss}{kept}.",
        series,
        places={"kept": best} if best is not None and 1 <= best <= len(rows) else None,
    )


def _known(table: Table) -> list[Entry]:
    """The entries whose first figure is a number."""
    return [e for e in table.entries if math.isfinite(e.metrics[table.primary].value)]


def _mark(entry: Entry) -> Mark:
    return "trivial" if entry.trivial else entry.verdict or ""


def _interval(figure: MetricValue) -> float | tuple[float, float, float]:
    if math.isfinite(figure.high - figure.low):
        return figure.value, figure.low, figure.high
    return figure.value

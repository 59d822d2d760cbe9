"""Which contenders of a table cannot be told apart."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from penchant.auditing.power import groups
from penchant.evaluation.measured import Measured
from penchant.metrics import Metric
from penchant.results.tables import Table


def grouped(
    table: Table, results: Mapping[str, Mapping[str, Measured]], metric: Metric, level: float
) -> Table:
    """The table with its groups by the first metric, and a note that names them."""
    found = {name: row[metric.name] for name, row in results.items() if metric.name in row}
    drawn = {n: m.replicates for n, m in found.items() if m.replicates is not None}
    usable = {n: r for n, r in drawn.items() if math.isfinite(found[n].value)}
    if len(usable) < 2:
        return table
    values = {name: found[name].value for name in usable}
    made = groups(usable, values, higher_is_better=metric.higher_is_better, level=level)
    several = [", ".join(group) for group in made if len(group) > 1]
    if not several:
        return replace(table, groups=made)
    note = f"Cannot be told apart by {table.primary}: {'; '.join(several)}."
    return replace(table, groups=made, notes=(*table.notes, note))

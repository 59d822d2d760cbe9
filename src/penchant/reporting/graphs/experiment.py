"""The charts of an experiment."""

from __future__ import annotations

import polars as pl

from penchant.experiments.arm_comparison import ArmComparison
from penchant.experiments.user_sums import SHARES, TITLES
from penchant.results.graph import Graph, lines


def course(comparison: ArmComparison, arm: str) -> Graph | None:
    """How the difference of an arm from the control went while users came."""
    rows = comparison.course.filter(arm=arm).unique("users", keep="last").sort("users")
    rows = rows.filter(pl.col("low").is_not_null())
    if len(rows) < 2:
        return None
    metric = comparison.metric
    scale = 100 if metric in SHARES else 1
    names = {
        "difference": "difference",
        "low": "one look, lower end",
        "high": "one look, upper end",
        "always_low": "any number of looks, lower end",
        "always_high": "any number of looks, upper end",
    }
    users = rows["users"].to_list()
    return lines(
        f"{arm} beside {comparison.control}: {TITLES[metric]}, as it was at each look; the outer "
        "lines hold the truth at all looks together, the inner ones at a single one.",
        {
            name: dict(zip(users, (rows[column] * scale).to_list(), strict=True))
            for column, name in names.items()
        },
        x="users",
        y="difference in points" if metric in SHARES else "difference",
        levels={"no difference": 0.0},
        half=False,
    )

"""What each user of an experiment was shown and did, and the metrics made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, get_args

import polars as pl

from penchant.experiments.attribution import Attribution
from penchant.experiments.intervals import Ratio, ratio

ArmMetric = Literal["users", "lists", "successes", "value"]
"""Users with a success, lists with one, successes of a user, and their value."""

ARM_METRICS: tuple[ArmMetric, ...] = get_args(ArmMetric)
TITLES: Mapping[ArmMetric, str] = {
    "users": "users with a success",
    "lists": "lists with a success",
    "successes": "successes per user",
    "value": "value per user",
}
SHARES = ("users", "lists")
"""Metrics that are shares and shown in per cent."""


def user_sums(attribution: Attribution, until: datetime | None = None) -> pl.DataFrame:
    """One row for each user, in the arm whose list the user was shown first.

    A user who later changes arms stays in the first one, so that a change of shares moves nobody
    from one side of the comparison to the other (an analysis by intention to treat).

    Args:
        attribution: shown lists, with arms, and the successes that came of them.
        until: what is later does not count; None for everything.

    Returns:
        A frame with `user`, `arm`, `arms` (how many the user was in), `lists`, `successful_lists`,
        `successes` and `value` (of purchases, 0 where nothing was bought).
    """
    lists, successes = attribution.lists, attribution.successes
    if until is not None:
        lists = lists.filter(pl.col("time") <= until)
        successes = successes.filter(pl.col("time") <= until)
    bought = pl.when(pl.col("kind") == "purchase").then(pl.col("value"))
    of_list = successes.group_by("list").agg(
        pl.len().alias("successes"), bought.sum().alias("value")
    )
    return (
        lists.join(of_list, on="list", how="left", maintain_order="left")
        .group_by("user", maintain_order=True)
        .agg(
            pl.col("arm").first(),
            pl.col("arm").n_unique().alias("arms"),
            pl.len().alias("lists"),
            pl.col("successes").is_not_null().sum().alias("successful_lists"),
            pl.col("successes").sum(),
            pl.col("value").sum(),
        )
    )


def arm_ratios(sums: pl.DataFrame, arms: Sequence[str], metric: ArmMetric) -> dict[str, Ratio]:
    """One metric of each arm."""
    above = {
        "users": (pl.col("successes") > 0),
        "lists": pl.col("successful_lists"),
        "successes": pl.col("successes"),
        "value": pl.col("value"),
    }[metric].cast(pl.Float64)
    below = (pl.col("lists") if metric == "lists" else pl.lit(1.0)).cast(pl.Float64)
    columns = sums.select("arm", above.alias("above"), below.alias("below"))
    ratios = {}
    for arm in arms:
        one = columns.filter(arm=arm)
        ratios[arm] = ratio(one["above"].to_numpy(), one["below"].to_numpy())
    return ratios

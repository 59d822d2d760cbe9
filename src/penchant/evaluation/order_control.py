"""A control for models of order: the same histories once more, in a random order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.data.shuffled_histories import shuffled_histories
from penchant.evaluation.ranking import RankingValues, rank
from penchant.metrics import (
    Bootstrap,
    Catalogue,
    Metric,
    RankingMetric,
    fewest_replicates,
    fewest_users,
    interval,
    mean_replicates,
)
from penchant.models.base import Recommender
from penchant.models.shared.base_models import reads_order
from penchant.results.order_loss import OrderLoss
from penchant.run import Run
from penchant.typing import Bool

HISTORIES = 5000
"""How many shuffled histories a model is asked with, at most."""
DRAWS = 10
"""How many random orders of a history there are, at most."""
ROUNDING = 1e-12
"""A smaller difference of metrics is none."""


def order_loss(
    model: Recommender,
    values: RankingValues,
    holdout: Holdout,
    metrics: Sequence[Metric],
    catalogue: Catalogue,
    bootstrap: Bootstrap,
    run: Run,
) -> OrderLoss | None:
    """What a model of order loses where the items of each history come in a random order.

    Histories with fewer than two different items cannot lose anything and do not count. Of more
    than `HISTORIES` others so many are drawn; where there are fewer, each comes in up to `DRAWS`
    random orders, which depend on the seed alone, so that all models see the same ones.

    Args:
        model: fitted.
        values: its metrics on the holdout, histories being as they are.
        holdout: what it ranked for.
        metrics: of those, the first that judges lists decides.
        catalogue: the training items.
        bootstrap: settings of the interval, and the seed of the orders.
        run: threads and progress.

    Returns:
        None where neither the model nor a base model of it reads the order, or no metric or user
        can tell.
    """
    judging = [m for m in metrics if isinstance(m, RankingMetric) and m.name in values.per_user]
    can_lose = np.flatnonzero(_has_an_order(holdout.histories))
    if not reads_order(model) or not judging or not len(can_lose):
        return None
    metric, rng = judging[0], np.random.default_rng(bootstrap.seed)
    if len(can_lose) > HISTORIES:
        can_lose = np.sort(rng.choice(can_lose, HISTORIES, replace=False))
    draws = min(DRAWS, HISTORIES // len(can_lose))
    wanted = np.zeros(holdout.n_users, np.bool_)
    wanted[can_lose] = True
    some = holdout.subset(wanted[holdout.rows.history])
    shuffled = np.zeros(len(can_lose))
    for _ in range(draws):
        histories = shuffled_histories(some.histories, rng)
        other = replace(some, rows=replace(some.rows, histories=histories))
        shuffled += rank(model, other, [metric], catalogue, run).per_user[metric.name] / draws
    known = values.per_user[metric.name][can_lose]
    lost = known - shuffled
    lost[np.abs(lost) < ROUNDING] = 0  # sums of the same values are not the same to the last digit
    loss = OrderLoss(
        metric=metric.name,
        users=len(can_lose),
        draws=draws,
        value=float(np.nanmean(known)),
        shuffled=float(np.nanmean(known - lost)),
    )
    groups = None if holdout.prefix_groups is None else holdout.prefix_groups[can_lose]
    independent = len(can_lose) if groups is None else len(np.unique(groups))
    enough = bootstrap.replicates >= fewest_replicates(bootstrap.level)
    if not enough or independent < fewest_users(1, bootstrap.level):
        return loss
    means = mean_replicates(lost[:, None], bootstrap.replicates, bootstrap.seed, groups=groups)
    low, high = interval(means[:, 0], bootstrap.level)
    return replace(loss, low=float(low), high=float(high))


def _has_an_order(histories: Histories) -> Bool:
    """bool[n_users], whether a history has two different items that models learn from."""
    some = histories.positives
    lowest, highest = np.full(len(some), some.n_items), np.full(len(some), -1)
    np.minimum.at(lowest, some.rows, some.items)
    np.maximum.at(highest, some.rows, some.items)
    has: Bool = lowest < highest
    return has

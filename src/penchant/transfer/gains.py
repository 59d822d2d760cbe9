"""Measure what a second log adds to models: the same models with and without it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from penchant.data.splits import Split
from penchant.errors import DataError
from penchant.evaluation import catalogue_of, rank
from penchant.metrics import interval, mean_replicates, parse
from penchant.models.base import Recommender
from penchant.notebook import ShownAsText
from penchant.run import Run
from penchant.typing import Float64


@dataclass(frozen=True)
class TransferGain(ShownAsText):
    """What a second log adds to one model, on the same test users.

    Attributes:
        model: its name.
        metric: of lists.
        alone: the metric of the model that learned from the first log.
        joined: of the model that learned from both.
        gain: the difference of both.
        low: lower end of its 95 % interval over users.
        high: upper end.
        users: test users who have a value in both.
    """

    model: str
    metric: str
    alone: float
    joined: float
    gain: float
    low: float
    high: float
    users: int

    def __str__(self) -> str:
        return (
            f"{self.model}: {self.metric} {self.alone:.4f} alone, {self.joined:.4f} with the "
            f"second log, {self.gain:+.4f} ({self.low:+.4f} to {self.high:+.4f})"
        )


def transfer_gains(
    models: Mapping[str, Recommender],
    split: Split,
    joined_split: Split,
    metrics: Sequence[str] = ("ndcg@10",),
    *,
    replicates: int = 2000,
    seed: int = 0,
    run: Run | None = None,
) -> list[TransferGain]:
    """Fit each model to both training parts and compare their lists for the same test users.

    Args:
        models: unfitted, by name; they are cloned.
        split: the first log alone.
        joined_split: the same with a second log, as `joined` gives it.
        metrics: of lists, with a value for each user.
        replicates: resamples of the users for intervals.
        seed: of these.
        run: threads and progress.

    Returns:
        A gain for each model and metric.

    Raises:
        DataError: the splits have different test events.
    """
    run = run or Run()
    if not _same_test(split, joined_split):
        raise DataError("Both splits need the same test events: give a split and what it joined.")
    gains: list[TransferGain] = []
    for name, model in models.items():
        alone, both = (_values(model, part, metrics, run) for part in (split, joined_split))
        gains += [gain_of(name, m, alone[m], both[m], replicates, seed) for m in metrics]
    return gains


def _values(
    model: Recommender, split: Split, metrics: Sequence[str], run: Run
) -> Mapping[str, Float64]:
    fitted = model.clone().fit(split.train, split.validation, run=run)
    parsed = [parse(metric) for metric in metrics]
    return rank(fitted, split.test, parsed, catalogue_of(split.train), run).per_user


def values_of(model: Recommender, split: Split, metric: str, run: Run | None = None) -> Float64:
    """float64[n_users], a metric of the lists of a model fitted to the training part of a split."""
    return _values(model, split, [metric], run or Run())[metric]


def gain_of(
    model: str, metric: str, alone: Float64, both: Float64, replicates: int = 2000, seed: int = 0
) -> TransferGain:
    """The difference of a metric of the same users, NaN where a user has none.

    Args:
        model: its name.
        metric: its name.
        alone: float64[n_users], of the model that learned from the first log.
        both: float64[n_users], of the one that learned from both.
        replicates: resamples of the users.
        seed: of these.
    """
    known = ~np.isnan(alone) & ~np.isnan(both)
    if not known.any():
        nan = math.nan
        return TransferGain(model, metric, nan, nan, nan, nan, nan, users=0)
    difference = both[known] - alone[known]
    low, high = interval(mean_replicates(difference[:, None], replicates, seed)[:, 0])
    return TransferGain(
        model,
        metric,
        float(alone[known].mean()),
        float(both[known].mean()),
        float(difference.mean()),
        float(low),
        float(high),
        int(known.sum()),
    )


def _same_test(first: Split, second: Split) -> bool:
    """Whether the test events have the same users and items, in the same order."""
    pairs = []
    for split in (first, second):
        test = split.test
        users = test.histories.users[test.rows.history]
        pairs.append((split.log.users.take(users), split.log.items.take(test.items)))
    return all(a.equals(b) for a, b in zip(*pairs, strict=True))

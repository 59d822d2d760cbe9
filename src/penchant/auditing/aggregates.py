"""Aggregates of a target by key, such as an item's mean rating, over training rows and all rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from penchant.auditing.features import KeyedEvents
from penchant.typing import Bool, Float64, Int64

DAMPING = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
"""How many rows of the overall mean a damped mean may have added."""
_MAX_LEVELS = 12
_RECENT = (0.5, 0.75, 0.9, 0.95)


@dataclass(frozen=True, eq=False)
class Aggregates:
    """What one training part says of each key, and what all rows say.

    Attributes:
        train: float64[n_keys] by kind, such as `mean`, over training rows.
        whole: the same over training and test rows.
        recent: float64[n_keys, n], counts and means of the latest training rows; none without
            times.
    """

    train: dict[str, Float64]
    whole: dict[str, Float64]
    recent: Float64

    @classmethod
    def of(cls, events: KeyedEvents, key: str, n_keys: int) -> Aggregates:
        """Aggregates of the events by one of their keys, whose codes lie below `n_keys`."""
        codes, target = events.keys[key], events.target
        train = ~events.test
        known = np.isfinite(target)
        thresholds = _thresholds(target[train & known])
        mean = float(target[train & known].mean()) if (train & known).any() else 0.0
        return cls(
            train=_by_kind(codes[train], target[train], n_keys, thresholds, mean),
            whole=_by_kind(codes, target, n_keys, thresholds, mean),
            recent=_recent(events, codes, train, n_keys),
        )

    @property
    def n_train(self) -> Float64:
        """float64[n_keys], training rows of each key."""
        return self.train[COUNT]

    @property
    def n_test(self) -> Float64:
        """float64[n_keys], test rows of each key."""
        return self.whole[COUNT] - self.train[COUNT]


COUNT, LOG_COUNT, MEAN, SUM = "number of rows", "logarithm of the number of rows", "mean", "sum"
ORDERED = ("median", "minimum", "maximum")


def damped_mean(rows: float) -> str:
    """The kind of a mean with so many rows of the overall mean added."""
    return f"mean damped by {rows:g} rows"


def _by_kind(
    codes: Int64, target: Float64, n_keys: int, thresholds: Float64, overall: float
) -> dict[str, Float64]:
    """Each aggregate by key; 0 for keys without rows or targets."""
    known = np.isfinite(target)
    count = np.bincount(codes, minlength=n_keys).astype(float)
    kinds = {COUNT: count, LOG_COUNT: np.log(np.maximum(count, 1))}
    if not known.any():
        return kinds
    codes, target = codes[known], target[known]
    rated = np.bincount(codes, minlength=n_keys).astype(float)
    divisor = np.maximum(rated, 1)
    total = np.bincount(codes, target, n_keys)
    kinds |= {MEAN: total / divisor, SUM: total}
    for rows in DAMPING:
        kinds[damped_mean(rows)] = (total + rows * overall) / (rated + rows)
    order = np.lexsort((target, codes))
    ordered, start = target[order], np.concatenate([[0], np.cumsum(rated)]).astype(np.int64)
    has, first, last = rated > 0, start[:-1], start[1:] - 1
    for kind, low, high in (
        ("median", (first + last) // 2, (first + last + 1) // 2),
        ("minimum", first, first),
        ("maximum", last, last),
    ):
        kinds[kind] = np.zeros(n_keys)
        kinds[kind][has] = (ordered[low[has]] + ordered[high[has]]) / 2
    for threshold in thresholds:
        number = np.bincount(codes, target >= threshold, n_keys)
        kinds[f"number of values of {threshold:g} or more"] = number
        kinds[f"share of values of {threshold:g} or more"] = number / divisor
    return kinds


def _thresholds(target: Float64) -> Float64:
    """The values from which on a rate may count; all of a scale of few steps but the lowest."""
    values = np.unique(target)
    if len(values) <= _MAX_LEVELS:
        return values[1:]
    deciles: Float64 = np.unique(np.quantile(target, np.arange(1, 10) / 10))
    return deciles


def _recent(events: KeyedEvents, codes: Int64, train: Bool, n_keys: int) -> Float64:
    """Counts of the latest training rows of each key, plain and as logarithms, and their means."""
    if events.times is None or not train.any():
        return np.empty((n_keys, 0))
    columns = []
    for quantile in _RECENT:
        late = train & (events.times >= np.quantile(events.times[train], quantile))
        count = np.bincount(codes[late], minlength=n_keys).astype(float)
        columns += [count, np.log1p(count)]
        rated = late & np.isfinite(events.target)
        if rated.any():
            total = np.bincount(codes[rated], events.target[rated], n_keys)
            columns.append(total / np.maximum(np.bincount(codes[rated], minlength=n_keys), 1))
    return np.stack(columns, axis=1)

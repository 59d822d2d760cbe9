"""The difference of two models of a comparison, with an interval over users."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from penchant.errors import ParameterError
from penchant.metrics import compare, fewest_replicates
from penchant.notebook import ShownAsText
from penchant.results.formatting import quoted
from penchant.results.tables import Table
from penchant.results.verdicts import Measurements
from penchant.wording import counted


@dataclass(frozen=True)
class Difference(ShownAsText):
    """One model's metric minus another's on the same test users.

    Attributes:
        first: the name of the model.
        second: that of the other one.
        metric: its name.
        value: of the first model minus that of the second.
        low: lower end of the interval over users; NaN where resamples are too few for any.
        high: upper end.
        p_value: two-sided, of no difference, and of this one comparison: correct those of several
            by `penchant.metrics.holm`.
        level: of the interval.
        users: test users, or groups of them, that are independent of each other.
    """

    first: str
    second: str
    metric: str
    value: float
    low: float = math.nan
    high: float = math.nan
    p_value: float = math.nan
    level: float = 0.95
    users: int = 0

    def __str__(self) -> str:
        first, second = quoted([self.first, self.second])
        text = f"{self.metric} of {first} minus that of {second} is {self.value:+.4f}"
        if math.isnan(self.low):
            return f"{text}, of {counted(self.users, 'test user')}"
        return (
            f"{text} ({self.low:+.4f} to {self.high:+.4f}, p = {self.p_value:.2g}), of "
            f"{counted(self.users, 'test user')}"
        )


def difference_of(
    table: Table, measurements: Measurements, first: str, second: str, metric: str, level: float
) -> Difference:
    """The paired difference of two models by a metric, by the resamples that verdicts use.

    Args:
        table: that has both.
        measurements: of the models of the table, by the names of its metrics.
        first: the name of a model.
        second: that of another one.
        metric: the name of one of the table's metrics.
        level: of the interval.

    Raises:
        ParameterError: a model is not in the table, or the metric has no value for each user.
    """
    one, other = (measurements[table[name].name][metric] for name in (first, second))
    found = Difference(
        first, second, metric, one.value - other.value, level=level, users=table.n_independent
    )
    if one.replicates is None or other.replicates is None:
        raise ParameterError(
            f"{metric} is not resampled over users for both {first} and {second}, so that their "
            "difference has no interval: take a metric with a value for each user, such as ndcg@10."
        )
    if len(one.replicates) < fewest_replicates(level):
        return found
    paired = compare(
        one.replicates,
        one.value,
        other.replicates[:, np.newaxis],
        np.array([other.value]),
        n_users=table.n_independent,
        level=level,
    )
    return replace(found, low=paired.low, high=paired.high, p_value=paired.p_value)

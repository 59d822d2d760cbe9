"""What a model of order loses where the order of each history is shuffled."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class OrderLoss:
    """A metric of histories as they are, and of the same with their items in a random order.

    Attributes:
        metric: its name; higher is better.
        users: test users it is over: those with two different items in their history, or some of
            them, drawn at random.
        draws: random orders of each history, whose mean counts.
        value: the metric of the histories as they are.
        shuffled: the metric of the shuffled ones.
        low: lower end of the interval of the loss, over resampled users; NaN where there is none.
        high: upper end.
    """

    metric: str
    users: int
    draws: int
    value: float
    shuffled: float
    low: float = math.nan
    high: float = math.nan

    @property
    def loss(self) -> float:
        """By how much the metric is lower without the order; below 0 where it is higher."""
        return self.value - self.shuffled

    @property
    def share(self) -> float:
        """The loss as a share of the metric; NaN where that is 0."""
        return self.loss / self.value if self.value else math.nan

    @property
    def uses_order(self) -> bool:
        """Whether the loss is beyond what another draw of users would change."""
        return self.low > 0

    def to_dict(self) -> dict[str, Any]:
        """All figures as plain values for JSON."""
        return {**vars(self), "loss": self.loss, "share": self.share}

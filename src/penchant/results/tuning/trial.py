"""What a tuning is made of: what could be tried of each hyper-parameter, and each trial."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from penchant.json_values import json_value

RangeEnd = Literal["low", "high"]
_NEAR = 0.05  # of a range: closer to an end than this share counts as on its edge
_FEWEST = 3  # values without which a list has no inside


@dataclass(frozen=True, kw_only=True)
class Range:
    """What could be tried of one hyper-parameter: the values of a list, or all between two ends.

    Attributes:
        values: those of a list, distinct; empty where there are only two ends.
        low: the lower end, or the least of a list of numbers; None where values have no order.
        high: the upper end, or the greatest of a list of numbers.
        log: whether it is searched, and shown, on a logarithmic scale.
        whole: whether only whole numbers between the ends are tried.
        own: the ends that are the parameter's own, beyond which there is nothing to try, such as
            the lower end of a dropout from 0 to 0.8.
        given: the model's own value, where that is tried whether or not it lies between the ends:
            nothing where only what a person has named may be tried. None is a value by which the
            log decides.
    """

    values: tuple[Any, ...] = ()
    low: float | None = None
    high: float | None = None
    log: bool = False
    whole: bool = False
    own: frozenset[RangeEnd] = frozenset()
    given: tuple[Any, ...] = ()

    def edge(self, value: Any) -> RangeEnd | None:
        """The end at which a value lies; None inside, outside, without order or at an own end.

        In a list of three or more numbers only its least and greatest lie at an end; between two
        ends whatever is closer to one of them than a twentieth of the range.
        """
        if self.low is None or self.high is None or not isinstance(value, int | float):
            return None
        if not self.low <= value <= self.high:  # the model's own
            return None
        found: RangeEnd | None = None
        if self.values:
            if len(self.values) >= _FEWEST:
                found = "low" if value == self.low else "high" if value == self.high else None
        else:
            low, high, at = map(self._scaled, (self.low, self.high, value))
            place = (at - low) / (high - low)
            found = "low" if place < _NEAR else "high" if place > 1 - _NEAR else None
        return None if found in self.own else found

    def holds(self, value: Any) -> bool:
        """Whether a value may be tried."""
        return value in self.given or self.spans(value)

    def spans(self, value: Any) -> bool:
        """Whether a value is in the list, or lies between the ends."""
        if self.values:
            return value in self.values
        if isinstance(value, bool) or not isinstance(value, int if self.whole else int | float):
            return False
        assert self.low is not None
        assert self.high is not None
        return self.low <= value <= self.high

    def to_dict(self) -> dict[str, Any]:
        """The values of a list, or the ends, for JSON."""
        if self.values:
            return {"values": json_value(self.values)}
        return {"low": self.low, "high": self.high, "log": self.log, "whole": self.whole}

    def _scaled(self, value: float) -> float:
        return math.log(value) if self.log else value


@dataclass(frozen=True)
class Trial:
    """One set of hyper-parameters and what it was worth.

    Attributes:
        number: from 1, in the order of trying.
        values: what was tried, by name.
        score: the metric on validation events; None where the trial failed.
        seconds: of fitting and judging; 0 where the same values had been tried before.
        settled: what validation decided while fitting, such as a number of epochs.
        problem: why it failed, or None.
    """

    number: int
    values: Mapping[str, Any]
    score: float | None
    seconds: float
    settled: Mapping[str, Any] = field(default_factory=dict)
    problem: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values for JSON."""
        return {
            "number": self.number,
            "values": json_value(self.values),
            "score": self.score,
            "seconds": self.seconds,
            "settled": json_value(self.settled),
            "problem": self.problem,
        }


def value_text(value: Any) -> str:
    """A value in a table or a sentence."""
    return f"{value:.10g}" if isinstance(value, float) else str(value)

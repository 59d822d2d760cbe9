"""Find values such as -1, 0 or 99 that stand for `not rated` among ratings."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from penchant.typing import Float32, Float64, Int64

_MANY = 0.01  # of the ratings, from which a value is no slip
_FEWEST = 2  # ratings
_MOST_VALUES = 3  # that stand together, such as 97, 98 and 99
_OTHERS = (3, 4)  # distinct values at least that show the scale, for values below and above it
_GRID = 30  # distinct values at most of ratings that are given in steps
_BOTTOMS = (0.0, 0.5, 1.0)  # where usual scales begin
_TOPS = (4.0, 5.0, 6.0, 7.0, 10.0)  # where usual scales end, whatever else was given
_LONG_TOPS = (20.0, 100.0)  # where scales end on which values above 10 are given


class Sentinel(NamedTuple):
    """Values at one end of the ratings that seem to be none.

    Attributes:
        values: them, ascending.
        low: the lowest of all other ratings.
        high: the highest of them.
    """

    values: tuple[float, ...]
    low: float
    high: float

    def rest(self) -> str:
        """What they are, and how to leave them out, after `ratings are`."""
        is_below = self.values[0] < self.low
        edge = self.low if is_below else self.high
        option, argument = ("--min-rating", "low") if is_below else ("--max-rating", "high")
        named = " or ".join(f"{value:g}" for value in self.values)
        return (
            f" {named}, {'below' if is_below else 'above'} all others "
            f"({self.low:g} to {self.high:g}): such a value often means that nobody rated; leave "
            f"them out with {option} {edge:g} (pn.rating_range(log, {argument}={edge:g}))"
        )


def find_sentinels(values: Float32, counts: Int64) -> tuple[Sentinel, ...]:
    """Values that are far from all other ratings, and that many events have.

    Args:
        values: the distinct ratings, ascending.
        counts: how many events have each.
    """
    numbers = values.astype(np.float64)
    first, last = 0, len(numbers)
    many = max(_FEWEST, _MANY * counts.sum())
    while size := _sentinels_below(numbers[first:last], counts[first:last], many):
        first += size
    while size := _sentinels_above(numbers[first:last], counts[first:last], many):
        last -= size
    others = numbers[first:last]
    return tuple(
        Sentinel(tuple(map(float, group)), float(others[0]), float(others[-1]))
        for group in (numbers[:first], numbers[last:])
        if len(group)
    )


def _sentinels_below(values: Float64, counts: Int64, many: float) -> int:
    """How many of the lowest values are sentinels."""
    for size in range(1, _MOST_VALUES + 1):
        group, others = values[:size], values[size:]
        if len(others) < _OTHERS[0] or counts[:size].sum() < many:
            continue
        gap, extent = others[0] - group[-1], others[-1] - others[0]
        leaves_steps_out = gap >= 2 * np.diff(others).min()
        if size == 1 and leaves_steps_out:
            if group[0] < 0 <= others[0]:
                return size
            # Of a scale from 0 the lower values are missing, though most others were given.
            in_steps = len(others) <= _GRID and others[0] >= 1
            if group[0] == 0 and in_steps and gap <= extent:
                return size
        if gap >= _far(size) * extent and not set(group) & set(_BOTTOMS):
            return size
    return 0


def _sentinels_above(values: Float64, counts: Int64, many: float) -> int:
    """How many of the highest values are sentinels."""
    for size in range(1, _MOST_VALUES + 1):
        group, others = values[-size:], values[:-size]
        if len(others) < _OTHERS[1] or counts[-size:].sum() < many:
            continue
        tops = (*_TOPS, *_LONG_TOPS) if others[-1] > _TOPS[-1] else _TOPS
        extent = others[-1] - others[0]
        if group[0] - others[-1] >= _far(size) * extent and not set(group) & set(tops):
            return size
    return 0


def _far(size: int) -> int:
    """How many times the extent of all others some values must be away from them.

    Several values may be one side of a scale without a middle, such as -3 to 3 without 0.
    """
    return 1 if size == 1 else 3

"""Ranges of numbers of ratings, as a person says them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

CountRange = tuple[int, int | None]
"""The least and the most ratings; without a most where it is None."""


def range_name(low: int, high: int | None) -> str:
    """A range as a table and a chart name it."""
    if high is None:
        return f"{low}+"
    return "none" if high == 0 else f"{low}–{high}"


def training_ratings(names: Sequence[str], ranges: Sequence[CountRange]) -> str:
    """Ranges of numbers of ratings in a sentence, those that follow one another as one.

    Args:
        names: of ranges, by `range_name`.
        ranges: all of them, in ascending order; the first begins with 0.
    """
    here = [each for each in enumerate(ranges) if range_name(*each[1]) in names]
    parts = []
    for _, run in groupby(enumerate(here), key=lambda pair: pair[1][0] - pair[0]):
        spans = [each for _, (_, each) in run]
        parts.append(_span(spans[0][0], spans[-1][1]))
    return f"{' or '.join(parts)} training ratings"


def _span(low: int, high: int | None) -> str:
    if high is None:
        return f"{low} or more" if low else "any number of"
    if high == 0:
        return "no"
    return f"{low} to {high}" if low else f"at most {high}"

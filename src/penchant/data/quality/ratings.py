"""Find impossible ratings, and users whose ratings carry no information."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from penchant.data.dataset import Dataset
from penchant.data.quality.issue import Level, QualityIssue, constant_users, event_issues
from penchant.typing import Float32, Int64

_USUAL_SCALES = ((1.0, 5.0), (0.5, 5.0), (0.0, 5.0), (1.0, 10.0), (0.0, 10.0), (0.0, 100.0))
_INSIDE = 0.99  # of the ratings lie on a scale that the others miss by mistake


def issues(log: Dataset) -> Iterator[QualityIssue]:
    """Ratings outside the scale, zeros that may mean `not rated`, users of one rating."""
    if not log.has_ratings or not len(log):
        return
    ratings = log.ratings
    values, counts = np.unique(ratings, return_counts=True)
    if len(values) == 1:
        sentence = f"every rating is {values[0]:g}, so that ratings say no more than the events"
        yield from event_issues(log, "one_rating", "note", np.arange(len(log)), sentence)
        return
    zeros = _count_zeros(values, counts, log.scale)
    scale = log.scale or _guess_scale(values, counts, zeros)
    if scale is not None:
        low, high = scale
        outside = ((ratings < low) | (ratings > high)) & ((ratings != 0) | (zeros == 0))
        is_known = log.scale is not None
        named = "the scale" if is_known else "what looks like the scale"
        sentence = f"ratings are outside {named}, {low:g} to {high:g}"
        level: Level = "wrong" if is_known else "doubtful"
        yield from event_issues(log, "out_of_scale", level, outside, sentence)
    if zeros:
        sentence = (
            f"ratings are 0 in a log of ratings from {values[1]:g} to {values[-1]:g}: "
            "0 often means that nobody rated"
        )
        yield from event_issues(log, "zeros", "doubtful", ratings == 0, sentence)
    yield from constant_users(log, "rating", "constant_raters", "always give the same rating")


def _count_zeros(values: Float32, counts: Int64, scale: tuple[float, float] | None) -> int:
    """How many zeros there are in a log of whole ratings from 1."""
    if scale is not None or values[0] != 0 or len(values) < 4:
        return 0
    others = values[1:]
    whole = bool((others == np.round(others)).all())
    return int(counts[0]) if whole and others[0] == 1 else 0


def _guess_scale(values: Float32, counts: Int64, zeros: int) -> tuple[float, float] | None:
    """The narrowest usual scale that nearly all ratings are on."""
    rated = counts.sum() - zeros
    for low, high in _USUAL_SCALES:
        inside = (values >= low) & (values <= high) & ((values != 0) | (zeros == 0))
        halves = bool((values[inside] != np.round(values[inside])).any())
        if low == 1.0 and halves and 0.5 in values:
            continue
        if counts[inside].sum() >= _INSIDE * rated and values[inside].max() == high:
            return low, high
    return None

"""Find impossible ratings, and users whose ratings carry no information."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from penchant.data.dataset import Dataset
from penchant.data.quality.count_ratings import counts_sentence, ratings_are_counts
from penchant.data.quality.issue import Level, QualityIssue, constant_users, event_issues
from penchant.data.quality.sentinels import Sentinel, find_sentinels
from penchant.typing import Float32, Int64

_USUAL_SCALES = ((1.0, 5.0), (0.5, 5.0), (0.0, 5.0), (1.0, 10.0), (0.0, 10.0), (0.0, 100.0))
_ARE = ("rating is", "ratings are")
_ALWAYS = ("always gives", "always give")
_INSIDE = 0.99  # of the ratings lie on a scale that the others miss by mistake


def issues(log: Dataset) -> Iterator[QualityIssue]:
    """Ratings outside the scale, values that may mean `not rated`, users of one rating."""
    if not log.has_ratings or not len(log):
        return
    values = np.unique(log.ratings)
    if len(values) == 1:
        subject = (f"rating is {values[0]:g}", f"ratings are all {values[0]:g}")
        every, rest = np.arange(len(log)), ", so that ratings say no more than the events"
        yield from event_issues(log, "one_rating", "note", every, subject, rest)
        return
    yield from value_issues(log)
    yield from constant_users(log, "rating", "constant_raters", _ALWAYS, " the same rating")


def value_issues(log: Dataset) -> Iterator[QualityIssue]:
    """Ratings that are counts, or outside the scale, and values that may mean `not rated`."""
    if not log.has_ratings or not len(log):
        return
    ratings = log.ratings
    if ratings_are_counts(log):
        every, rest = np.arange(len(log)), f" {counts_sentence(log)}"
        yield from event_issues(log, "counts", "doubtful", every, ("rating", "ratings"), rest)
        return
    values = np.unique(ratings)
    sentinels, unrated, scale = _scale_of(log)
    is_unrated = np.isin(values, np.array(unrated, dtype=np.float32))
    if scale is not None:
        low, high = scale
        strange = values[~is_unrated & ((values < low) | (values > high))]
        is_known = log.scale is not None
        named = "the scale" if is_known else "what looks like the scale"
        rest, outside = f" outside {named}, {low:g} to {high:g}", np.isin(ratings, strange)
        level: Level = "wrong" if is_known else "doubtful"
        yield from event_issues(log, "out_of_scale", level, outside, _ARE, rest)
    for sentinel in sentinels:
        concerned = np.isin(ratings, np.array(sentinel.values, dtype=np.float32))
        yield from event_issues(log, "sentinels", "doubtful", concerned, _ARE, sentinel.rest())
    if unrated == [0.0] and not sentinels:
        rest = (
            f" 0 in a log of ratings from {values[1]:g} to {values[-1]:g}: 0 often "
            f"means that nobody rated; if so, leave them out with --min-rating {values[1]:g} "
            f"(pn.rating_range(log, low={values[1]:g}))"
        )
        yield from event_issues(log, "zeros", "doubtful", ratings == 0, _ARE, rest)


def likely_scale(log: Dataset) -> tuple[float, float] | None:
    """The lowest and highest possible rating, known or by nearly all ratings; None where unclear.

    A few ratings may be outside, by mistake.
    """
    return _scale_of(log)[2] if log.has_ratings and len(log) else log.scale


def _scale_of(
    log: Dataset,
) -> tuple[tuple[Sentinel, ...], list[float], tuple[float, float] | None]:
    """Values far from all others, those that seem to be no ratings, and the scale of the others."""
    values, counts = np.unique(log.ratings, return_counts=True)
    if log.scale is not None:
        return (), [], log.scale
    sentinels = find_sentinels(values, counts)
    unrated = [value for sentinel in sentinels for value in sentinel.values]
    if not sentinels and _has_zeros(values):
        unrated = [0.0]
    is_rating = ~np.isin(values, np.array(unrated, dtype=np.float32))
    return sentinels, unrated, _guess_scale(values[is_rating], counts[is_rating])


def _has_zeros(values: Float32) -> bool:
    """Whether there are zeros in a log of whole ratings from 1."""
    others = values[1:]
    whole = bool((others == np.round(others)).all())
    return bool(values[0] == 0 and len(values) >= 4 and whole and others[0] == 1)


def _guess_scale(values: Float32, counts: Int64) -> tuple[float, float] | None:
    """The narrowest usual scale that nearly all ratings are on."""
    for low, high in _USUAL_SCALES:
        inside = (values >= low) & (values <= high)
        halves = bool((values[inside] != np.round(values[inside])).any())
        if low == 1.0 and halves and 0.5 in values:
            continue
        if counts[inside].sum() >= _INSIDE * counts.sum() and values[inside].max() == high:
            return low, high
    return None

"""Find impossible ratings, and users whose ratings carry no information."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.quality.issue import QualityIssue, event_rows, id_rows
from penchant.typing import Float32, Int64

_USUAL_SCALES = ((1.0, 5.0), (0.5, 5.0), (0.0, 5.0), (1.0, 10.0), (0.0, 10.0), (0.0, 100.0))
_INSIDE = 0.99  # of the ratings lie on a scale that the others miss by mistake
_MIN_EVENTS = 5  # from here on a user's ratings should differ


def issues(log: Dataset) -> Iterator[QualityIssue]:
    """Ratings outside the scale, zeros that may mean `not rated`, users of one rating."""
    if not log.has_ratings or not len(log):
        return
    ratings = log.ratings
    values, counts = np.unique(ratings, return_counts=True)
    if len(values) == 1:
        yield QualityIssue.of(
            "one_rating",
            "note",
            len(log),
            len(log),
            f"every rating is {values[0]:g}, so that ratings say no more than the events",
            event_rows(log, np.arange(len(log))),
        )
        return
    zeros = _count_zeros(values, counts, log.scale)
    scale = log.scale or _guess_scale(values, counts, zeros)
    if scale is not None:
        outside = (ratings < scale[0]) | (ratings > scale[1])
        if zeros:
            outside &= ratings != 0
        yield from _out_of_scale(log, np.flatnonzero(outside), scale)
    if zeros:
        yield QualityIssue.of(
            "zeros",
            "doubtful",
            zeros,
            len(log),
            f"ratings are 0 in a log of ratings from {values[1]:g} to {values[-1]:g}: "
            f"0 often means that nobody rated",
            event_rows(log, np.flatnonzero(ratings == 0)),
        )
    yield from _constant_raters(log)


def _out_of_scale(
    log: Dataset, positions: Int64, scale: tuple[float, float]
) -> Iterator[QualityIssue]:
    if not len(positions):
        return
    is_known = log.scale is not None
    named = "the scale" if is_known else "what looks like the scale"
    yield QualityIssue.of(
        "out_of_scale",
        "wrong" if is_known else "doubtful",
        len(positions),
        len(log),
        f"ratings are outside {named}, {scale[0]:g} to {scale[1]:g}",
        event_rows(log, positions),
    )


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


def _constant_raters(log: Dataset) -> Iterator[QualityIssue]:
    users = (
        log.events.lazy()
        .group_by("user")
        .agg(pl.len(), low=pl.col("rating").min(), high=pl.col("rating").max())
        .filter((pl.col("low") == pl.col("high")) & (pl.col("len") >= _MIN_EVENTS))
        .sort("len", "user", descending=[True, False])
        .collect()
    )
    if len(users):
        yield QualityIssue.of(
            "constant_raters",
            "doubtful",
            len(users),
            int((log.user_counts > 0).sum()),
            f"users with {_MIN_EVENTS} events or more always give the same rating "
            f"({int(users['len'].sum()):,} events)",
            id_rows(log, "user", users["user"].to_numpy(), {"rating": users["low"].to_numpy()}),
        )

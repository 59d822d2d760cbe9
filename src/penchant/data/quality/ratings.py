"""Ratings that cannot be, and users whose ratings say nothing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.quality.finding import Finding
from penchant.data.quality.rows import event_rows, id_rows

_USUAL = ((1.0, 5.0), (0.5, 5.0), (0.0, 5.0), (1.0, 10.0), (0.0, 10.0), (0.0, 100.0))
_INSIDE = 0.99  # of the ratings, where the few others are strays
_ENOUGH = 5  # events from which on a user's ratings should differ


def find(log: Dataset) -> Iterator[Finding]:
    """Ratings beyond the scale, zeros that may mean `not rated`, users who never differ."""
    if not log.has_ratings or not len(log):
        return
    ratings = log.ratings
    values, counts = np.unique(ratings, return_counts=True)
    if len(values) == 1:
        yield Finding.of(
            "one_rating",
            "note",
            len(log),
            len(log),
            f"every rating is {values[0]:g}, so that ratings say no more than the events",
            event_rows(log, np.arange(len(log))),
        )
        return
    zeros = _zeros(values, counts, log.scale)
    scale, certain = (log.scale, True) if log.scale else (_guess(values, counts, zeros), False)
    if scale is not None:
        outside = (ratings < scale[0]) | (ratings > scale[1])
        if zeros:
            outside &= ratings != 0
        yield from _outside(log, outside, scale, certain)
    if zeros:
        yield Finding.of(
            "zeros",
            "doubtful",
            zeros,
            len(log),
            f"ratings are 0 in a log of ratings from {values[1]:g} to {values[-1]:g}: "
            f"0 often means that nobody rated",
            event_rows(log, np.flatnonzero(ratings == 0)),
        )
    yield from _constant(log)


def _outside(
    log: Dataset, outside: np.ndarray[tuple[int], np.dtype[np.bool_]],
    scale: tuple[float, float], certain: bool,
) -> Iterator[Finding]:  # fmt: skip
    positions = np.flatnonzero(outside)
    if not len(positions):
        return
    of = "the scale" if certain else "what looks like the scale"
    yield Finding.of(
        "out_of_scale",
        "wrong" if certain else "doubtful",
        len(positions),
        len(log),
        f"ratings are outside {of}, {scale[0]:g} to {scale[1]:g}",
        event_rows(log, positions),
    )


def _zeros(
    values: np.ndarray[tuple[int], np.dtype[np.float32]],
    counts: np.ndarray[tuple[int], np.dtype[np.int64]],
    scale: tuple[float, float] | None,
) -> int:
    """How many zeros there are in a log of whole ratings from 1."""
    if scale is not None or values[0] != 0 or len(values) < 4:
        return 0
    others = values[1:]
    whole = bool((others == np.round(others)).all())
    return int(counts[0]) if whole and others[0] == 1 else 0


def _guess(
    values: np.ndarray[tuple[int], np.dtype[np.float32]],
    counts: np.ndarray[tuple[int], np.dtype[np.int64]],
    zeros: int,
) -> tuple[float, float] | None:
    """The narrowest usual scale that nearly all ratings are on."""
    rated = counts.sum() - zeros
    for low, high in _USUAL:
        inside = (values >= low) & (values <= high) & ((values != 0) | (zeros == 0))
        halves = bool((values[inside] != np.round(values[inside])).any())
        if low == 1.0 and halves and 0.5 in values:
            continue
        if counts[inside].sum() >= _INSIDE * rated and values[inside].max() == high:
            return low, high
    return None


def _constant(log: Dataset) -> Iterator[Finding]:
    users = (
        log.events.lazy()
        .group_by("user")
        .agg(pl.len(), low=pl.col("rating").min(), high=pl.col("rating").max())
        .filter((pl.col("low") == pl.col("high")) & (pl.col("len") >= _ENOUGH))
        .sort("len", "user", descending=[True, False])
        .collect()
    )
    if len(users):
        yield Finding.of(
            "constant_raters",
            "doubtful",
            len(users),
            int((log.user_counts > 0).sum()),
            f"users with {_ENOUGH} events or more always give the same rating "
            f"({int(users['len'].sum()):,} events)",
            id_rows(log, "user", users["user"].to_numpy(), {"rating": users["low"].to_numpy()}),
        )

"""Tell counts, such as plays or quantities, from ratings."""

from __future__ import annotations

import numpy as np

from penchant.data.dataset import Dataset
from penchant.data.quality.sentinels import find_sentinels
from penchant.data.reading.column_guessing import has_usual_name
from penchant.typing import Float32, Int64

_SHORT_SCALE = 10.0  # the top of most scales, which mistyped ratings exceed, too
_LONGEST_SCALE = 100.0
_ABOVE = (3, 0.02)  # so many different values, and this share of all, are above it
_TAIL = 10  # times the median that the highest count is at least


def ratings_are_counts(log: Dataset) -> bool:
    """Whether a log's ratings look like counts: by their column's name, or by a long tail."""
    if not log.has_ratings or not len(log) or log.scale is not None:
        return False
    values, counts = np.unique(log.ratings, return_counts=True)
    if len(values) < 2 or values[0] < 0:
        return False
    if has_usual_name(rating_column(log), "weight"):
        return True
    if has_usual_name(rating_column(log), "rating") and values[-1] <= _LONGEST_SCALE:
        return False
    return _has_long_tail(values, counts) and not find_sentinels(values, counts)


def rating_column(log: Dataset) -> str:
    """The column that a log's ratings were read from."""
    return log.origin.columns.get("rating", "rating")


def counts_sentence(log: Dataset) -> str:
    """What ratings that look like counts are better read as."""
    column = rating_column(log)
    high, median = log.ratings.max(), np.median(log.ratings)
    return (
        f"look like counts (up to {high:,g}, half of them at most {median:,g}), not like ratings: "
        f"read them as weights with --weight {column!r} (weight={column!r} in Python)"
    )


def _has_long_tail(values: Float32, counts: Int64) -> bool:
    """Whether these are whole numbers, most of them small and a few large."""
    above = values > _SHORT_SCALE
    few = above.sum() < _ABOVE[0] or counts[above].sum() < _ABOVE[1] * counts.sum()
    if few or (values != np.round(values)).any():
        return False
    below = np.cumsum(counts)
    median = values[np.searchsorted(below, (below[-1] + 1) // 2)]
    mean = float(values @ counts) / int(below[-1])
    return bool(values[-1] >= _TAIL * max(median, 1) and mean > median)

"""Tell counts, such as plays or quantities, from ratings."""

from __future__ import annotations

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.quality.sentinels import find_sentinels
from penchant.data.reading.column_contents import has_long_tail
from penchant.data.reading.column_names import has_usual_name

_LONGEST_SCALE = 100.0


def ratings_are_counts(log: Dataset) -> bool:
    """Whether a log's ratings look like counts: by their column's name, or by a long tail."""
    if not log.has_ratings or not len(log) or log.scale is not None:
        return False
    values, counts = np.unique(log.ratings, return_counts=True)
    if len(values) < 2 or values[0] < 0:
        return False
    if any(has_usual_name(rating_column(log), role) for role in ("weight", "quantity")):
        return True
    if has_usual_name(rating_column(log), "rating") and values[-1] <= _LONGEST_SCALE:
        return False
    return has_long_tail(pl.Series(log.ratings)) and not find_sentinels(values, counts)


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

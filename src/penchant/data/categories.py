"""Columns of categories, of which each text is there once and each event has a code of 4 bytes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl


def by_category(values: pl.Series, function: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """What a function of single texts makes of a column, worked out once a category.

    Args:
        values: texts, which are given to the function as they are, or categories.
        function: of texts that gives as many values, each of which its own text decides; what
            it makes of a missing text does not count for categories, which stay null there.
    """
    if not isinstance(values.dtype, pl.Categorical):
        return function(values)
    present = values.unique().drop_nulls()
    codes = present.to_physical().to_numpy()
    places = np.zeros(int(codes.max(initial=0)) + 1, np.uint32)
    places[codes] = np.arange(len(codes))
    of_values = values.to_physical()
    index = pl.Series(places[of_values.fill_null(0).to_numpy()])
    if of_values.null_count():
        index = index.set(of_values.is_null(), None)
    return function(present.cast(pl.String)).gather(index).alias(values.name)


def as_texts(values: pl.Series) -> pl.Series:
    """Categories as texts, whose long ones lie in memory once; other columns as they are."""
    return by_category(values, lambda texts: texts)


def with_texts(frame: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """A frame in which these columns, as far as it has them, are no categories."""
    present = [frame[name] for name in columns if name in frame.columns]
    return frame.with_columns(map(as_texts, present))

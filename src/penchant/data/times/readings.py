"""Times with an account of how they were read."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl


class TimesRead(NamedTuple):
    """Times, and how they were read.

    Attributes:
        values: null where there is none.
        remark: what was ambiguous; may be empty.
        reading: the form that the times have, so that parts of a column with equal forms are read
            as the whole column is; empty where there is no time, None where only the whole column
            decides.
        date_form: `day-first`, `month-first` or `year-first` where dates were read so that have
            another meaning otherwise.
    """

    values: pl.Series
    remark: str
    reading: str | None
    date_form: str | None = None

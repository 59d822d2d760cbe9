"""Texts that stand where a value is missing."""

from __future__ import annotations

import polars as pl

MISSING = ("null", "none", "nan", "nat", "na", "n/a", r"\n", "?", "-")
"""What programs write where a value is missing, in lower case."""


def without_missing(texts: pl.Series, *further: str) -> pl.Series:
    """Texts without blanks around them; empty ones and those that mean `missing` become null.

    Programs write NULL, NaN, NaT and the like; `further` are others of a column, in lower case.
    """
    texts = texts.str.strip_chars().replace("", None)
    is_missing = texts.str.to_lowercase().is_in([*MISSING, *further]).fill_null(False)
    return texts.zip_with(~is_missing, pl.Series([None], dtype=pl.String))

"""Years in the titles of films, and the words for films without a genre."""

from __future__ import annotations

import polars as pl

NO_GENRES = ("(no genres listed)", "unknown", "")


def year_in_title(title: pl.Expr) -> pl.Expr:
    """The year, Int16, in the last parentheses that hold one: `Fawlty Towers (1975-1979)`."""
    return title.str.extract(r".*\((\d{4})(?:\s*[-–]\s*\d{0,4})?\)").cast(pl.Int16)


def no_genres(genres: pl.Expr) -> pl.Expr:
    """Lists of genres without the words that say there is none."""
    return genres.list.eval(pl.element().filter(~pl.element().is_in(NO_GENRES)))

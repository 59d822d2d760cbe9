"""Apply to a column of ratings which of them, as they are written, are positive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from penchant.data.reading.ratings import ParsedRatings
from penchant.errors import DataError

_LISTED = 6  # ratings in a message


def mark_positive(
    ratings: ParsedRatings, words: Sequence[str], source: str
) -> tuple[ParsedRatings, float]:
    """The ratings with the threshold from which they are positive.

    Where the ratings are known as numbers, and the words are the highest of them, the numbers stay
    and the lowest of these is the threshold. Otherwise the words are 1, all others 0, and the
    threshold is 1.

    Raises:
        DataError: a word is not among the ratings, or they are numbers of which some higher one is
            not among the words.
    """
    texts = _comparable(ratings.texts)
    present = texts.drop_nulls().unique().to_list()
    wanted = _comparable(pl.Series(words, dtype=pl.String)).to_list()
    for word, written in zip(words, wanted, strict=True):
        if written not in present:
            counts = ratings.texts.cast(pl.String).drop_nulls().value_counts(sort=True)
            listed = ", ".join(repr(text) for text in counts.to_series()[:_LISTED])
            more = " …" if len(counts) > _LISTED else ""
            raise DataError(
                f"{source}: no rating is {word!r}; there are {listed}{more}: name positive ones of "
                f"these, or a threshold such as positive='>=4' (--positive '>=4')."
            )
    is_wanted = texts.is_in(wanted).fill_null(False)
    usable = ratings.values.is_finite().fill_null(False) & texts.is_not_null()
    if 2 * int(usable.sum()) > texts.count():
        threshold = ratings.values.filter(is_wanted & usable).min()
        if isinstance(threshold, float):
            higher = (ratings.values >= threshold).fill_null(False) & usable & ~is_wanted
            if not higher.any():
                return ratings, threshold
        if not ratings.remark:
            raise DataError(
                f"{source}: the ratings are numbers, and some higher ones than {words[0]!r} are "
                f"not among the positive ones: say where they begin, as in positive='>={words[0]}' "
                f"(--positive '>={words[0]}')."
            )
    values = is_wanted.cast(pl.Float32).zip_with(
        texts.is_not_null(), pl.Series([None], dtype=pl.Float32)
    )
    others = ratings.texts.cast(pl.String).filter(~is_wanted & texts.is_not_null())
    named = [f"{text!r}" for text in others.unique(maintain_order=True)[:_LISTED]]
    rest = f", others ({', '.join(named)}) as 0" if named else ""
    remark = f"ratings are read as numbers: {', '.join(map(repr, words))} as 1{rest}"
    return replace(ratings, values=values, remark=remark), 1.0


def _comparable(texts: pl.Series) -> pl.Series:
    """Texts without blanks around them and in lower case; whole numbers without `.0`."""
    lowered = texts.cast(pl.String).str.strip_chars().str.to_lowercase()
    return lowered.str.replace(r"^(-?\d+)\.0+$", "${1}")

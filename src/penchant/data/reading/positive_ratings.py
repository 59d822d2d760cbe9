"""Apply to a column of ratings which of them, as they are written, are positive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from penchant.data.positive import threshold_example
from penchant.data.reading.rating_words import word_value
from penchant.data.reading.ratings import ParsedRatings
from penchant.errors import DataError

_LISTED = 6  # ratings in a message


def mark_positive(
    ratings: ParsedRatings, words: Sequence[str], source: str
) -> tuple[ParsedRatings, float]:
    """The ratings with the threshold from which they are positive.

    Where the ratings are known as numbers, and the words are the highest of them, the numbers stay
    and the lowest of these is the threshold. Otherwise the words are 1, all others 0, and the
    threshold is 1. Where ratings say like or dislike, whatever the words, another word of the same
    meaning stands for them: `like` for `yes` and `thumbs up`.

    Raises:
        DataError: a word is not among the ratings, or they are numbers of which some higher one is
            not among the words.
    """
    texts = _comparable(ratings.texts)
    present = set(texts.drop_nulls().unique())
    usable = ratings.values.is_finite().fill_null(False) & texts.is_not_null()
    are_numbers = 2 * int(usable.sum()) > texts.count()
    wanted: set[str] = set()
    for word, written in zip(words, _comparable(pl.Series(words, dtype=pl.String)), strict=True):
        meant = {written} & present or _of_equal_meaning(word, texts, ratings.values)
        if not meant:
            advice = "name positive ones of these"
            if are_numbers:
                example = threshold_example(ratings.values.filter(usable).to_numpy())
                advice += f", or say from which on they are positive, as in {example}"
            raise DataError(
                f"{source}: no rating is {word!r}; there are {_listed(ratings)}: {advice}."
            )
        wanted |= meant
    is_wanted = texts.is_in(wanted).fill_null(False)
    if are_numbers:
        threshold = ratings.values.filter(is_wanted & usable).min()
        if isinstance(threshold, float):
            higher = (ratings.values >= threshold).fill_null(False) & usable & ~is_wanted
            if not higher.any():
                return ratings, threshold
        if not ratings.remark:
            lowest = f"{threshold:g}" if isinstance(threshold, float) else words[0]
            raise DataError(
                f"{source}: the ratings are numbers, and some higher ones than {lowest} are not "
                f"among the positive ones: say where they begin, as in positive='>={lowest}' "
                f"(--positive '>={lowest}')."
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


def _of_equal_meaning(word: str, texts: pl.Series, values: pl.Series) -> set[str]:
    """The ratings that say the same as a word that is not among them, such as `yes` for `like`.

    Args:
        word: positive ratings as somebody calls them.
        texts: the ratings as they are written, comparable.
        values: the same as numbers, all 0, 0.5 or 1 where they say like or dislike.
    """
    value = word_value(word)
    if value is None or not values.drop_nulls().is_in([0.0, 0.5, 1.0]).all():
        return set()
    return set(texts.filter((values == value).fill_null(False)).drop_nulls())


def _listed(ratings: ParsedRatings) -> str:
    """The different ratings as they are written, from the lowest to the highest; some of many."""
    texts = ratings.texts.cast(pl.String).alias("text")
    pairs = pl.DataFrame([texts, ratings.values.alias("value")]).drop_nulls("text").unique()
    written = pairs.sort("value", "text", nulls_last=True)["text"].to_list()
    if len(written) > _LISTED:
        written = [*written[: _LISTED // 2], None, *written[-_LISTED // 2 :]]
    return ", ".join("…" if text is None else repr(text) for text in written)

"""Parse a wish such as `>=4` or `like` that says which events models of interactions learn from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from penchant.data.dataset import Dataset
from penchant.data.required import require_log
from penchant.data.target import default_like_threshold, threshold_words
from penchant.errors import DataError, ParameterError
from penchant.typing import Float32

Wish: TypeAlias = "str | float | bool | Sequence[str]"
"""`>=4`, `>3`, 4, or ratings as they are written: `like`, `like,love`, `["like", "love"]`."""

_COMPARISON = re.compile(r"(>=|=>|≥|>)?\s*(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)", re.IGNORECASE)
_EXAMPLES = "say >=4 or >3 of numbers, and which ratings are positive of words, as in like,love"


@dataclass(frozen=True)
class Positive:
    """Which events are positive.

    Attributes:
        threshold: the lowest rating of a positive event; None where it is ratings as written.
        words: the ratings of positive events, as they are written.
    """

    threshold: float | None = None
    words: tuple[str, ...] = ()


def parse_positive(wish: Wish) -> Positive:
    """A threshold of float32 from a comparison or a number, otherwise ratings as written.

    Raises:
        ParameterError: the wish is none of these.
    """
    if isinstance(wish, bool):
        return Positive(words=(str(wish).lower(),))
    if isinstance(wish, int | float):
        wish = f">={wish!r}"
    if not isinstance(wish, str):
        words = tuple(str(word).strip() for word in wish)
    elif match := _COMPARISON.fullmatch(wish.strip()):
        with np.errstate(over="ignore"):
            number = np.float32(match[2])
        if match[1] == ">":
            number = np.nextafter(number, np.float32(np.inf))
        if not np.isfinite(number):
            raise ParameterError(f"Positive ratings cannot begin with {match[2]}: {_EXAMPLES}.")
        return Positive(threshold=float(number))
    else:
        words = tuple(word.strip() for word in wish.split(","))
    if not words or not all(words) or words[0][0] in "<>=≥≤!":
        raise ParameterError(f"{wish!r} does not say which ratings are positive: {_EXAMPLES}.")
    return Positive(words=words)


def with_positive(log: Dataset, wish: Wish) -> Dataset:
    """The log with the threshold of a wish, whose ratings are numbers.

    Raises:
        DataError: the log has no ratings, or none is positive.
        ParameterError: the wish is none, or speaks of words.

    Example:
        >>> frame = pl.DataFrame({"user": [1, 1, 2], "item": [*"abb"], "rating": [3.0, 5.0, 4.0]})
        >>> pn.with_positive(pn.read(frame), ">=4").positive
        4.0
    """
    require_log(log)
    positive = parse_positive(wish)
    if positive.threshold is None:
        listed = ", ".join(repr(word) for word in positive.words)
        low, high = log.ratings.min(), log.ratings.max()
        raise ParameterError(
            f"The ratings of {log.name!r} are numbers from {low:g} to {high:g}, not {listed}: say "
            f"from which on they are positive, as in {threshold_example(log.ratings)}."
        )
    check_threshold(log.ratings, positive.threshold, log.name)
    return replace(log, positive=positive.threshold)


def check_threshold(ratings: Float32, threshold: float, name: str) -> None:
    """Refuse a threshold that no rating reaches.

    Raises:
        DataError: there is none.
    """
    if len(ratings) and ratings.max() < threshold:
        low, high = ratings.min(), ratings.max()
        raise DataError(
            f"No event of {name!r} is positive: its ratings go from {low:g} to {high:g}, and "
            f"positive ones are {threshold_words(threshold)}; lower the threshold, as in "
            f"{threshold_example(ratings)}."
        )


def threshold_example(ratings: Float32) -> str:
    """A wish that fits the scale of some ratings, as it is written in Python and as an option."""
    low, high = float(ratings.min()), float(ratings.max())
    threshold = lowest_liked(ratings, default_like_threshold((low, high)))
    return f"positive='>={threshold:g}' (--positive '>={threshold:g}')"


def lowest_liked(ratings: Float32, threshold: float) -> float:
    """The lowest rating from a threshold on, the threshold itself where no rating reaches it."""
    liked = ratings[ratings >= threshold]
    return float(liked.min()) if len(liked) else threshold

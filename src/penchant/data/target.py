"""Targets: what a model learns of an event, such as its rating or whether it is a like."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from penchant.errors import ParameterError
from penchant.typing import Bool, Float32


class Target(ABC):
    """Maps ratings to the values that a model learns, and its predictions back to ratings.

    Example:
        >>> pn.Target.parse("like>=4").of_ratings([3, 5]).tolist()
        [0.0, 1.0]
    """

    @abstractmethod
    def of_ratings(self, ratings: npt.ArrayLike) -> Float32:
        """float32[n], the target of each rating."""

    @abstractmethod
    def to_rating(self, predictions: npt.ArrayLike) -> Float32 | None:
        """Predictions on the scale of ratings, or None where they cannot be mapped back."""

    def is_like(self, ratings: npt.ArrayLike, threshold: float) -> Bool:
        """Whether each rating counts as a like at this threshold."""
        return np.asarray(ratings) >= threshold

    @property
    def needs_ratings(self) -> bool:
        """Whether a log must have ratings to learn this target."""
        return True

    @staticmethod
    def parse(text: str | Target) -> Target:
        """Read a target from a text, as on the command line.

        Texts are `rating`, `adjusted`, `adjusted(5,1)` (inflection, steepness),
        `adjusted(3,2,1,5)` (also the ends of the scale), `like>=4` and `interaction`. Parsing
        `str(target)` gives an equal target.

        Raises:
            ParameterError: the text is none of these.
        """
        if isinstance(text, Target):
            return text
        for pattern, build in _PATTERNS if isinstance(text, str) else ():
            if match := re.fullmatch(pattern, text.replace(" ", "")):
                return build(*(float(g) for g in match.groups() if g is not None))
        raise ParameterError(
            f"There is no target {text!r}: use rating, adjusted(5,1), like>=4 or interaction."
        )


@dataclass(frozen=True)
class Rating(Target):
    """The rating as it is.

    Example:
        >>> pn.Rating().of_ratings([1, 5]).tolist()
        [1.0, 5.0]
    """

    def of_ratings(self, ratings: npt.ArrayLike) -> Float32:
        """float32[n], the ratings themselves."""
        return np.asarray(ratings, dtype=np.float32)

    def to_rating(self, predictions: npt.ArrayLike) -> Float32:
        """The predictions themselves."""
        return np.asarray(predictions, dtype=np.float32)

    def __str__(self) -> str:
        return "rating"


@dataclass(frozen=True)
class Adjusted(Target):
    """The rating, moved towards the ends of its scale by a sigmoid.

    adjusted = low + (high - low) / (1 + exp((inflection - rating) * steepness)), by default for
    ratings from 1 to 10.

    Example:
        >>> adjusted = pn.Adjusted(inflection=3, low=1, high=5).of_ratings([1, 3, 5])
        >>> [round(float(value), 2) for value in adjusted]
        [1.48, 3.0, 4.52]
    """

    inflection: float = 5.0
    steepness: float = 1.0
    low: float = 1.0
    high: float = 10.0

    def __post_init__(self) -> None:
        if not (self.steepness > 0 and self.high > self.low):
            raise ParameterError("An adjusted target needs a steepness above 0 and low < high.")

    def of_ratings(self, ratings: npt.ArrayLike) -> Float32:
        """float32[n], the adjusted ratings."""
        x = np.asarray(ratings, dtype=np.float64)
        with np.errstate(over="ignore"):  # far below a steep inflection it is 0
            sigmoid = 1 / (1 + np.exp((self.inflection - x) * self.steepness))
        return (self.low + (self.high - self.low) * sigmoid).astype(np.float32)

    def to_rating(self, predictions: npt.ArrayLike) -> Float32:
        """The inverse; predictions beyond what a rating of the scale can give are clipped."""
        y = np.clip(np.asarray(predictions, dtype=np.float64), self.low, self.high)
        with np.errstate(divide="ignore"):  # a steep sigmoid reaches the ends of the scale
            ratings = self.inflection + np.log((y - self.low) / (self.high - y)) / self.steepness
        return np.clip(ratings, self.low, self.high).astype(np.float32)

    def __str__(self) -> str:
        numbers = [self.inflection, self.steepness]
        if (self.low, self.high) != (1.0, 10.0):
            numbers += [self.low, self.high]
        return f"adjusted({','.join(map(_shortest, numbers))})"


@dataclass(frozen=True)
class Like(Target):
    """1 where the rating reaches the threshold, otherwise 0.

    Example:
        >>> str(pn.Like(4)), pn.Like(4).of_ratings([3, 4]).tolist()
        ('like>=4', [0.0, 1.0])
    """

    threshold: float = 4.0

    def of_ratings(self, ratings: npt.ArrayLike) -> Float32:
        """float32[n] of zeros and ones."""
        return (np.asarray(ratings) >= self.threshold).astype(np.float32)

    def to_rating(self, predictions: npt.ArrayLike) -> None:
        """None, since a like does not tell the rating."""
        return

    def __str__(self) -> str:
        return f"like>={_shortest(self.threshold)}"


@dataclass(frozen=True)
class Interaction(Target):
    """1 for every event, whatever its rating.

    Example:
        >>> pn.Interaction().of_ratings([1, 5]).tolist()
        [1.0, 1.0]
    """

    def of_ratings(self, ratings: npt.ArrayLike) -> Float32:
        """float32[n] of ones."""
        return np.ones(np.shape(ratings), dtype=np.float32)

    def to_rating(self, predictions: npt.ArrayLike) -> None:
        """None, since an interaction does not tell the rating."""
        return

    @property
    def needs_ratings(self) -> bool:
        """False: any log will do."""
        return False

    def __str__(self) -> str:
        return "interaction"


def default_like_threshold(scale: tuple[float, float] | None) -> float:
    """The lowest rating of the upper quarter of a scale: 4 of 1 to 5, 8 of 1 to 10.

    Raises:
        ParameterError: the scale is not known.
    """
    if scale is None:
        raise ParameterError("A threshold for likes needs ratings, and the log has none.")
    low, high = scale
    threshold = low + 0.75 * (high - low)
    return float(np.ceil(threshold)) if high - low >= 2 else threshold


def threshold_words(threshold: float) -> str:
    """`of at least 4`, or `above 3` where the threshold is the next number after 3."""
    short = float(f"{threshold:g}")
    if short < threshold <= np.nextafter(np.float32(short), np.float32(np.inf)):
        return f"above {short:g}"
    return f"of at least {threshold:g}"


def _shortest(number: float) -> str:
    """The shortest text that reads as this very number."""
    short = f"{number:g}"
    return short if float(short) == number else repr(float(number))


_NUMBER = r"(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)"
_PATTERNS: tuple[tuple[str, Callable[..., Target]], ...] = (
    (r"rating", Rating),
    (r"adjusted", Adjusted),
    (rf"adjusted\({_NUMBER},{_NUMBER}\)", Adjusted),
    (rf"adjusted\({_NUMBER},{_NUMBER},{_NUMBER},{_NUMBER}\)", Adjusted),
    (rf"like>={_NUMBER}", Like),
    (r"interaction", Interaction),
)

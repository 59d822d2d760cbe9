"""Which held-out events a list should have: all, or likes alone."""

from __future__ import annotations

from typing import Literal

from penchant.data.dataset import Dataset
from penchant.data.holdout import Holdout
from penchant.data.target import Like, threshold_words
from penchant.errors import ParameterError

Relevant = Literal["all", "liked"]


def like_threshold(log: Dataset, like: float | None) -> float | None:
    """The rating from which an event is a like, by default what the log says; None without any."""
    if not log.has_ratings:
        return None
    return log.like_threshold if like is None else like


def relevance_of(log: Dataset, relevant: Relevant | None) -> Relevant:
    """What counts as relevant: by default likes where the log says which events are positive.

    Raises:
        ParameterError: it is neither `all` nor `liked`.
    """
    if relevant is None:
        return "all" if log.positive is None else "liked"
    if relevant not in ("all", "liked"):
        raise ParameterError(f"relevant is 'all' or 'liked', not {relevant!r}.")
    return relevant


def relevant_events(holdout: Holdout, relevant: Relevant, threshold: float | None) -> Holdout:
    """The held-out events that are relevant in lists, perhaps none.

    Raises:
        ParameterError: likes are wanted and there are no ratings.
    """
    if relevant == "all":
        return holdout
    if threshold is None or holdout.ratings is None:
        raise ParameterError("relevant='liked' needs ratings, and the log has none.")
    return holdout.subset(Like(threshold).of_ratings(holdout.ratings) > 0)


def require_relevant(holdout: Holdout, threshold: float | None, noun: str) -> Holdout:
    """Held-out events, where there are any; `noun` is what the message calls one.

    Raises:
        ParameterError: there are none.
    """
    if not len(holdout) and threshold is not None:
        raise ParameterError(
            f"No {noun} has a rating {threshold_words(threshold)}, so that nothing is "
            "relevant: lower `like`."
        )
    return holdout

"""What a person says of items, as the history that a model takes."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from penchant.data.histories import Histories
from penchant.data.tables import titles_of
from penchant.data.target import default_like_threshold
from penchant.data.vocabulary import Id
from penchant.errors import ParameterError
from penchant.models.base import Recommender
from penchant.typing import Float32, Int32, Int64

logger = logging.getLogger(__name__)

_NAMED = 5  # items of each kind in the title of a list


@dataclass(frozen=True)
class Opinions:
    """What a person, somebody new or a user of the log, says of items.

    Attributes:
        liked: items that they like, in the order of time.
        rated: items with ratings.
        disliked: items that they dislike.
    """

    liked: list[Id] = field(default_factory=list)
    rated: dict[Id, float] = field(default_factory=dict)
    disliked: list[Id] = field(default_factory=list)

    @property
    def items(self) -> list[Id]:
        """All items, those disliked last."""
        return [*self.liked, *self.rated, *self.disliked]

    def history(self, model: Recommender) -> Histories:
        """The history of somebody new, as a model takes it.

        What is liked is rated as high as anything in the log of the model, what is disliked as
        low. A model that learns from which items somebody had, whatever the rating, takes those
        below the like threshold for seen and no more.

        Raises:
            UnknownIdError: an item is not known to the model.
            ParameterError: an item is given twice, a rating is not on the scale of the log, or
                the log has no ratings and not everything is liked.
        """
        twice = [item for item in dict.fromkeys(self.items) if self.items.count(item) > 1]
        if twice:
            named = ", ".join(titles_of_ids(model, twice[:_NAMED]))
            raise ParameterError(f"Say once only what someone new thinks of {named}.")
        scale = rating_scale(model)
        if scale is None:
            if self.rated or self.disliked:
                raise ParameterError(
                    f"The log {model.log_name_!r} has no ratings, so that this model learns "
                    "nothing from ratings and dislikes: give what they like with --items, and "
                    "leave others out with --exclude."
                )
            return model.history(self.liked)
        low, high = scale
        for item, rating in self.rated.items():
            if not low <= rating <= high:
                (title,) = titles_of_ids(model, [item])
                raise ParameterError(
                    f"The rating {rating:g} of {title} is not on the log's scale, which goes from "
                    f"{low:g} to {high:g}."
                )
        ratings = [high] * len(self.liked) + [*self.rated.values()] + [low] * len(self.disliked)
        history = model.history(self.items, ratings)
        if not self.rated and not self.disliked:
            return history
        return _without_dislikes(model, history, scale)

    def describe(self, model: Recommender) -> str:
        """What stands above a list for them."""
        clauses = [f"likes {_names(model, self.liked)}"] if self.liked else []
        if self.rated:
            first = list(self.rated)[:_NAMED]
            titles = titles_of_ids(model, first)
            rated = [f"{t} with {self.rated[i]:g}" for t, i in zip(titles, first, strict=True)]
            clauses.append(f"rated {', '.join(rated)}{_more(len(self.rated))}")
        if self.disliked:
            clauses.append(f"dislikes {_names(model, self.disliked)}")
        return f"For someone who {' and '.join(clauses)}" if clauses else "For someone new"


def rating_scale(model: Recommender) -> tuple[float, float] | None:
    """The lowest and the highest rating of a fitted model's log, or None where it has none."""
    ratings = model.histories_.ratings
    if ratings is None or not len(ratings):
        return None
    return float(ratings.min()), float(ratings.max())


def like_threshold(model: Recommender) -> float | None:
    """The rating below which an event is not to be learned, or None where ratings may be.

    A model that learns from which items somebody had takes every event for a like, unless the log
    has a lowest positive rating.
    """
    scale = rating_scale(model)
    if scale is None or not model.learns_interactions or model.histories_.positive is not None:
        return None
    return default_like_threshold(scale)


def counts_as_disliked(model: Recommender, rating: float) -> bool:
    """Whether an event of this rating only says what a fitted model is not to recommend."""
    threshold = like_threshold(model)
    return threshold is not None and rating < threshold


def continued(
    model: Recommender,
    history: Histories,
    items: Int32,
    ratings: Float32 | None,
    times: Int64 | None = None,
) -> tuple[Histories, Int32]:
    """A history with what the same person has done since.

    The person gets index -1: a model that keeps a vector for each known user is to answer from
    the events, as it does for new users. A model that learns from which items somebody had takes
    no item in that is rated below the like threshold, and forgets what it knew of it; these are
    given back as seen and no more.

    Where the history has times they stay as they are, and the further events are later. Where
    events have weights, a further one weighs as much as the person's others do on average, or as
    those of the log where the person has none, whatever the unit.

    Args:
        model: a fitted model.
        history: of one user; empty for somebody new.
        items: int32[n], further items in the order of time.
        ratings: float32[n], where the log has ratings.
        times: int64[n], when that was, in microseconds since 1970; None for now. They count where
            the history has times; one before an earlier event is taken for the time of that.

    Returns:
        The history, and int32[m], items that it lacks and that are not to be recommended either.
    """
    aside = np.empty(0, np.int32)
    threshold = like_threshold(model)
    if ratings is not None and threshold is not None:
        liked = ratings >= threshold
        aside, items, ratings = items[~liked], items[liked], ratings[liked]
        times = None if times is None else times[liked]
        history = history.subset(~np.isin(history.items, aside))
    n = len(items)
    baskets = history.baskets
    if baskets is not None:  # what comes now is a basket of its own
        baskets = np.append(baskets, np.full(n, baskets.max(initial=-1) + 1, np.int32))
    weights = history.weights
    if weights is not None:
        weights = np.append(weights, np.full(n, _usual_weight(model, history), np.float32))
    together = replace(
        history,
        users=np.array([-1], np.int32),
        offsets=np.array([0, history.n_events + n], np.int64),
        items=np.append(history.items, items).astype(np.int32),
        ratings=None if ratings is None else _joined(history.ratings, ratings),
        times=_times_of_all(history, times, n),
        weights=weights,
        baskets=baskets,
        quantities=None,
    )
    return together, aside


def titles_of_ids(model: Recommender, items: Sequence[Id]) -> list[str]:
    """The titles of items, or their ids where no title is known."""
    return titles_of(model.items_, model.item_table_, model.items_.indices(list(items)))


def _joined(before: Float32 | None, after: Float32) -> Float32:
    return after if before is None else np.append(before, after)


def _times_of_all(history: Histories, times: Int64 | None, n: int) -> Int64 | None:
    """int64[n_events + n], with those of n further events; None where the history has none."""
    if history.times is None or not history.n_events:
        return None
    if times is None:
        times = np.full(n, time.time_ns() // 1000)
    # An instant of its own: events of one instant are a basket where the log names none.
    later = np.maximum.accumulate(np.maximum(times, history.times[-1] + 1))
    return np.append(history.times, later)


def _usual_weight(model: Recommender, history: Histories) -> float:
    """What an event of a person weighs on average, or one of the log where they have none."""
    return history.mean_weight or model.histories_.mean_weight or 1.0


def _without_dislikes(
    model: Recommender, history: Histories, scale: tuple[float, float]
) -> Histories:
    """The same history, in which items rated low speak for nothing."""
    if not model.learns_interactions or history.positive is not None:
        return history
    threshold = default_like_threshold(scale)
    assert history.ratings is not None
    if (history.ratings < threshold).any():
        logger.info(
            f"{type(model).__name__} learns from which items somebody had: those rated "
            f"{threshold:g} or higher count, the others are left out of the list and no more."
        )
    return replace(history, positive=threshold)


def _names(model: Recommender, items: list[Id]) -> str:
    return ", ".join(titles_of_ids(model, items[:_NAMED])) + _more(len(items))


def _more(n: int) -> str:
    return f" and {n - _NAMED:,} more" if n > _NAMED else ""

"""Somebody new: what they like, how they rated things, and what they dislike."""

from __future__ import annotations

import csv
import io
import logging
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.cli.ids import id_of, resolve_ids
from penchant.cli.titles import items_of_titles
from penchant.errors import DataError, ParameterError

if TYPE_CHECKING:
    from penchant.data.histories import Histories
    from penchant.data.vocabulary import Id
    from penchant.models.base import Recommender

logger = logging.getLogger(__name__)

RATED = "ITEM=RATING with an id or a title, or @FILE of a CSV with both"
"""How ratings are given, for the help of options."""

_NAMED = 5  # items of each kind in the title of a list
_SEPARATORS = "\t;,"


@dataclass(frozen=True)
class NewUser:
    """What somebody new says of items.

    Attributes:
        liked: items that they like.
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
        """The history as a model takes it.

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
        ratings_of_log = model.histories_.ratings
        if ratings_of_log is None or not len(ratings_of_log):
            if self.rated or self.disliked:
                raise ParameterError(
                    f"The log {model.log_name_!r} has no ratings, so that this model learns "
                    "nothing from ratings and dislikes: give what they like with --items, and "
                    "leave others out with --exclude."
                )
            return model.history(self.liked)
        low, high = float(ratings_of_log.min()), float(ratings_of_log.max())
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
        return _without_dislikes(model, history, (low, high))

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


def read_new_user(
    model: Recommender,
    *,
    items: Sequence[str] = (),
    like_titles: Sequence[str] = (),
    rated: Sequence[str] = (),
    disliked: Sequence[str] = (),
    dislike_titles: Sequence[str] = (),
) -> NewUser:
    """What the options of a command say of somebody new.

    Raises:
        UnknownIdError: an item or a title is not known to the model.
        ParameterError: a rating is not written as `ITEM=RATING`, or of an item that has another.
        DataError: a file cannot be read.
    """
    liked = resolve_ids(model.items_, items, "items liked")
    avoided = resolve_ids(model.items_, disliked, "items disliked")
    ratings: dict[Id, float] = {}
    for text, rating in (pair for value in rated for pair in _ratings(value)):
        item = id_of(model.items_, text)
        if item is None:
            (item,) = items_of_titles(model, [text])
        if ratings.setdefault(item, rating) != rating:
            raise ParameterError(f"{text!r} is rated twice: {ratings[item]:g} and {rating:g}.")
    if like_titles:
        liked += items_of_titles(model, like_titles)
    if dislike_titles:
        avoided += items_of_titles(model, dislike_titles)
    return NewUser(list(dict.fromkeys(liked)), ratings, list(dict.fromkeys(avoided)))


def titles_of_ids(model: Recommender, items: Sequence[Id]) -> list[str]:
    """The titles of items, or their ids where no title is known."""
    from penchant.data.dataset import titles_of

    return titles_of(model.items_, model.item_table_, model.items_.indices(list(items)))


def _without_dislikes(
    model: Recommender, history: Histories, scale: tuple[float, float]
) -> Histories:
    """The same history, in which items rated low speak for nothing."""
    from dataclasses import replace

    from penchant.data.target import default_like_threshold

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


def _ratings(value: str) -> Iterator[tuple[str, float]]:
    """The items and ratings of one option value."""
    if value.startswith("@"):
        yield from _in_file(value[1:])
        return
    text, equals, number = value.rpartition("=")
    rating = _number(number)
    if not equals or not text.strip() or rating is None:
        raise ParameterError(f"{value!r} must be written ITEM=RATING, such as 'Heat=5'.")
    yield text.strip(), rating


def _in_file(name: str) -> Iterator[tuple[str, float]]:
    """The first two cells of each line of a file."""
    from penchant.data.reading.files import decode, load_bytes

    text = decode(load_bytes(Path(name)), name, None).decode()
    first = text.partition("\n")[0]
    separator = next((s for s in _SEPARATORS if s in first), ",")
    lines = [row for row in csv.reader(io.StringIO(text), delimiter=separator) if any(row)]
    for number, row in enumerate(lines):
        rating = _number(row[1]) if len(row) > 1 else None
        if rating is not None and row[0].strip():
            yield row[0].strip(), rating
        elif number:  # the first line may be a heading
            raise DataError(
                f"{name}, line {number + 1}: {separator.join(row)!r} is no item with a rating."
            )


def _number(text: str) -> float | None:
    try:
        number = float(text.strip())
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _names(model: Recommender, items: list[Id]) -> str:
    return ", ".join(titles_of_ids(model, items[:_NAMED])) + _more(len(items))


def _more(n: int) -> str:
    return f" and {n - _NAMED:,} more" if n > _NAMED else ""

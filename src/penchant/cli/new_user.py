"""Somebody new: what they like, how they rated things, and what they dislike."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.cli.ids import id_of, resolve_ids
from penchant.cli.titles import items_of_titles
from penchant.errors import DataError, ParameterError

if TYPE_CHECKING:
    from penchant.data.vocabulary import Id
    from penchant.models.base import Recommender
    from penchant.opinions import Opinions

RATED = "ITEM=RATING with an id or a title, or @FILE of a CSV with both"
"""How ratings are given, for the help of options."""

_SEPARATORS = "\t;,"


def read_new_user(
    model: Recommender,
    *,
    items: Sequence[str] = (),
    like_titles: Sequence[str] = (),
    rated: Sequence[str] = (),
    disliked: Sequence[str] = (),
    dislike_titles: Sequence[str] = (),
) -> Opinions:
    """What the options of a command say of somebody new.

    Raises:
        UnknownIdError: an item or a title is not known to the model.
        ParameterError: a rating is not written as `ITEM=RATING`, or of an item that has another.
        DataError: a file cannot be read.
    """
    from penchant.data.reading.id_lists import last_mentions
    from penchant.opinions import Opinions

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
    return Opinions(last_mentions(liked), ratings, last_mentions(avoided))


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

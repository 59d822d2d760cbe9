"""What a request and the store say of somebody, as a model takes it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from penchant.data.histories import Histories
from penchant.data.reading.id_lists import exact_ids, is_integer
from penchant.data.vocabulary import Vocabulary
from penchant.models.base import Recommender
from penchant.opinions import continued, rating_scale
from penchant.typing import Int32


@dataclass(frozen=True)
class Event:
    """One thing that somebody has said or done.

    Attributes:
        item: the text of its id.
        kind: `rating`, `like`, `dislike`, `seen` or `purchase`.
        value: of a rating.
        time: when that was, in microseconds since 1970; None for now.
    """

    item: str
    kind: str
    value: float | None = None
    time: int | None = None


@dataclass(frozen=True, eq=False)
class Person:
    """Somebody for whom lists are made.

    Attributes:
        history: of one user.
        user: the index of a user of the model's log, or -1.
        hidden: int32[n], items that are not to be shown though they are not in the history: those
            disliked or seen.
        unknown_items: texts of ids that the model does not know, which were passed over.
        n_new: how many events came on top of those of the log.
    """

    history: Histories
    user: int = -1
    hidden: Int32 = field(default_factory=lambda: np.empty(0, np.int32))
    unknown_items: tuple[str, ...] = ()
    n_new: int = 0

    @property
    def is_known(self) -> bool:
        """Whether the model's log has them."""
        return self.user >= 0


def index_of(vocabulary: Vocabulary, text: str) -> int:
    """The index of an id that is given as text; -1 where it is not known."""
    if vocabulary.kind == "string":
        return int(vocabulary.indices([text])[0])
    return int(vocabulary.indices([int(text)])[0]) if is_integer(text) else -1


def indices_of(vocabulary: Vocabulary, texts: Sequence[str]) -> tuple[Int32, list[str]]:
    """The indices of ids that are known, in order and without repetition, and the other texts."""
    distinct = list(dict.fromkeys(texts))
    if not distinct:
        return np.empty(0, np.int32), []
    index = vocabulary.indices(exact_ids(distinct, vocabulary.kind))
    unknown = [text for text, i in zip(distinct, index, strict=True) if i < 0]
    return index[index >= 0], unknown


def person_of(
    model: Recommender, index: int, events: Iterable[Event] = (), *, now: int | None = None
) -> Person:
    """Somebody as a model takes them.

    Likes and purchases are rated as high as anything in the log, dislikes as low. Where the log
    has no ratings, ratings of the upper half of the scale from 1 to 5 are likes. What was seen, or
    disliked where the log has no ratings, is only kept out of lists. Of several events with one
    item the last counts.

    Args:
        model: a fitted model.
        index: of a user of the log whose history there counts, or -1.
        events: what they have done beside that, in the order of time.
        now: the time of events without one, in microseconds since 1970; that of the clock by
            default.
    """
    base = _history(model, index)
    latest: dict[str, Event] = {}
    for event in events:
        latest.pop(event.item, None)
        latest[event.item] = event
    if not latest:
        return Person(base, index)
    indices = model.items_.indices(exact_ids(list(latest), model.items_.kind))
    unknown = tuple(text for text, i in zip(latest, indices, strict=True) if i < 0)
    known = [(event, int(i)) for event, i in zip(latest.values(), indices, strict=True) if i >= 0]
    scale = rating_scale(model)
    taken: list[int] = []
    ratings: list[float] = []
    times: list[int] = []
    now = time.time_ns() // 1000 if now is None else now
    hidden: list[int] = []
    for event, item in known:
        rating = _rating(event, scale)
        if event.kind == "seen" or rating is None:
            hidden.append(item)
        else:
            taken.append(item)
            ratings.append(rating)
            times.append(now if event.time is None else event.time)
    if not taken:
        return Person(base, index, np.array(hidden, np.int32), unknown, len(known))
    history, aside = continued(
        model,
        base,
        np.array(taken, np.int32),
        None if scale is None else np.array(ratings, np.float32),
        np.array(times, np.int64),
    )
    hidden_items = np.concatenate([np.array(hidden, np.int32), aside])
    return Person(history, index, hidden_items, unknown, len(known))


_LIKED = 3.0  # above it a rating is a like where the log has no ratings


def _rating(event: Event, scale: tuple[float, float] | None) -> float | None:
    """What an event says on the scale of the log; None where it says no more than seen."""
    if event.kind == "rating" and event.value is not None:
        if scale is None:
            return event.value if event.value > _LIKED else None
        return min(max(event.value, scale[0]), scale[1])
    if event.kind == "dislike":
        return None if scale is None else scale[0]
    return 1.0 if scale is None else scale[1]


def _history(model: Recommender, index: int) -> Histories:
    histories = model.histories_
    if 0 <= index < len(histories) and histories.users[index] == index:
        return histories.block(index, index + 1)
    if index >= 0:
        return model.histories_of([model.users_[index]])
    return Histories.of(
        np.empty(0, np.int32),
        n_items=len(model.items_),
        ratings=None if model.histories_.ratings is None else [],
        weights=None if model.histories_.weights is None else [],
        positive=model.histories_.positive,
    )

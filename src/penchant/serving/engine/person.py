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
from penchant.opinions import continued, counts_as_disliked, rating_scale
from penchant.typing import Int32


@dataclass(frozen=True)
class Event:
    """One thing that somebody has said or done.

    Attributes:
        item: the text of its id.
        kind: `rating`, `like`, `dislike`, `seen` or `purchase`.
        value: of a rating.
        time: when that was, in microseconds since 1970; None for now.
        learned: whether the model has learned it, as far as it trains.
        undone: whether it was taken back after the model had learned it.
    """

    item: str
    kind: str
    value: float | None = None
    time: int | None = None
    learned: bool = False
    undone: bool = False


@dataclass(frozen=True, eq=False)
class Person:
    """Somebody for whom lists are made.

    Attributes:
        history: of one user.
        user: the index of a user of the model's log, or -1.
        hidden: int32[n], items that are not to be shown whether they are in the history or not:
            those disliked or seen.
        unknown_items: texts of ids that the model does not know, which were passed over.
        n_said: of how many items they have said something that the model knows, beside its log.
    """

    history: Histories
    user: int = -1
    hidden: Int32 = field(default_factory=lambda: np.empty(0, np.int32))
    unknown_items: tuple[str, ...] = ()
    n_said: int = 0

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
    disliked where the log has no ratings, is only kept out of lists. Of several opinions of one
    item the last counts; what was only seen is no opinion.

    What the model has learned of these events is not counted twice, and what it has learned of
    those that were taken back, or that a dislike has overruled, is not counted.

    Args:
        model: a fitted model.
        index: of a user of the log whose history there counts, or -1.
        events: what they have done beside that, in the order of time, with what the model has
            learned of it.
        now: the time of events without one, in microseconds since 1970; that of the clock by
            default.
    """
    base = _history(model, index)
    events = list(events)
    if not events:
        return Person(base, index)
    now = time.time_ns() // 1000 if now is None else now
    scale = rating_scale(model)
    texts = list(dict.fromkeys(event.item for event in events))
    indices = model.items_.indices(exact_ids(texts, model.items_.kind))
    places = {text: int(i) for text, i in zip(texts, indices, strict=True) if i >= 0}
    new = dict.fromkeys(event.item for event in events if not event.learned)
    valid = [event for event in events if event.item in places and not event.undone]
    last = {event.item: event for event in valid}
    kept_out = [places[item] for item, e in last.items() if e.kind in ("seen", "dislike")]
    opinions: dict[str, Event] = {}
    for event in valid:
        if event.kind != "seen":
            opinions.pop(event.item, None)
            opinions[event.item] = event
    history = _without(base, [(places[e.item], e) for e in events if e.undone and e.item in places])
    again = _later_than_new(history, opinions.values())
    history = _without(history, [(places[event.item], event) for event in again])
    disliked: list[int] = []
    taken: list[tuple[int, float, int]] = []
    for event in opinions.values():
        item, rating = places[event.item], _rating(event, scale)
        if rating is None:
            disliked.append(item)
        elif (
            not event.learned
            or event in again
            or item not in history.items
            or counts_as_disliked(model, rating)
        ):
            taken.append((item, rating, now if event.time is None else event.time))
    if disliked:
        history = history.subset(~np.isin(history.items, disliked))
    hidden = np.array([*kept_out, *disliked], np.int32)
    if taken or history.n_events != base.n_events:
        items, ratings, times = zip(*taken, strict=True) if taken else ((), (), ())
        history, aside = continued(
            model,
            history,
            np.array(items, np.int32),
            None if scale is None else np.array(ratings, np.float32),
            np.array(times, np.int64),
        )
        hidden = np.append(hidden, aside)
    unknown = tuple(item for item in new if item not in places)
    return Person(history, index, np.unique(hidden), unknown, len(last))


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


def _without(history: Histories, learned: Iterable[tuple[int, Event]]) -> Histories:
    """A history without what was learned of some events, given with the indices of their items.

    Where events have times, these tell which one it is; elsewhere it is the last of the item.
    """
    keep = np.ones(history.n_events, np.bool_)
    for item, event in learned:
        found = keep & (history.items == item)
        if history.times is not None:
            keep &= ~(found & (history.times == event.time))
        elif event.kind in ("like", "purchase", "rating") and found.any():
            keep[np.flatnonzero(found)[-1]] = False
    return history if keep.all() else history.subset(keep)


def _later_than_new(history: Histories, opinions: Iterable[Event]) -> list[Event]:
    """Learned events that come after one that has not been learned, as that one came in late."""
    if history.times is None:
        return []
    opinions = list(opinions)
    new = [event.time for event in opinions if not event.learned and event.time is not None]
    return [e for e in opinions if new and e.learned and e.time is not None and e.time > min(new)]


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

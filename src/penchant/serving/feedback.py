"""What the store says of each person, in the memory of a worker."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from penchant.errors import ParameterError
from penchant.serving.engine import Event

if TYPE_CHECKING:
    from penchant.serving.store import Store, StoredEvent

MOST_HELD = 200_000
"""Events and people that a worker holds in memory; those asked for last stay."""

_EARLIEST = 315_532_800_000_000  # 1980, in microseconds since 1970


def check_unit(time: int) -> None:
    """Refuse a time of feedback that is one in seconds or milliseconds.

    Raises:
        ParameterError: in microseconds it would be before 1980.
    """
    if time >= _EARLIEST:
        return
    likely = next((time * n for n in (1_000_000, 1000) if time * n >= _EARLIEST), None)
    advice = "" if likely is None else f", such as {likely}"
    raise ParameterError(
        f"The time {time} is in 1979 or earlier as microseconds since 1970: give it in "
        f"microseconds{advice}."
    )


class FeedbackView:
    """The events of a store by user, as new as the store whenever they are asked for.

    Those of a person are read when they are asked for first, all of them: what somebody dislikes
    or has seen stays out of lists whatever a model has learned, and models may have learned
    different amounts. All deletions are known from the beginning.

    Args:
        store: where events are kept, by this worker and others.
        most_held: how many events and people may be in memory; the others are read again.

    Raises:
        StoreError: the database fails; so for everything that is asked.
    """

    def __init__(self, store: Store, most_held: int = MOST_HELD) -> None:
        self.store = store
        self._lock = threading.Lock()
        # By the hash of the person, which is all that deletions name.
        self._events: OrderedDict[str, list[StoredEvent]] = OrderedDict()
        self._held, self._most_held = 0, most_held
        self._last = store.last()  # events in memory have numbers up to this
        self._deleted = {hash_: d.sequence for hash_, d in store.tombstones().items()}
        self._read()

    def events_of(self, user: str, learned: int = 0, removed: int | None = None) -> list[Event]:
        """What a person has said, in the order of time, and what a model has learned of it.

        Events that were taken back are left out, but for those that the model has learned.

        Args:
            user: the text of the id.
            learned: the sequence number up to which the model has learned.
            removed: the one up to which it knows nothing of what was taken back or deleted; the
                same by default.
        """
        removed = learned if removed is None else removed
        self._catch_up()
        with self._lock:
            stored = list(self._of(user))
        undone: dict[int | None, int] = {}
        for event in stored:
            if event.kind == "undo":
                undone.setdefault(event.of, event.sequence)
        events = []
        for event in sorted(stored, key=lambda event: (event.time, event.sequence)):
            is_learned, undo = event.sequence <= learned, undone.get(event.sequence)
            if event.item is None or (undo is not None and not (is_learned and undo > removed)):
                continue
            events.append(
                Event(event.item, event.kind, event.value, event.time, is_learned, undo is not None)
            )
        return events

    def are_deleted(self, users: Sequence[str], removed: int = 0) -> list[bool]:
        """Whether what a model has learned of each of some people is not to be used.

        Args:
            users: the texts of their ids.
            removed: the sequence number up to which the model knows nothing of who was deleted.
        """
        self._catch_up()
        if not self._deleted:
            return [False] * len(users)
        return [self._deleted.get(self.store.hash_of(user), 0) > removed for user in users]

    def is_deleted(self, user: str, removed: int = 0) -> bool:
        """The same of one person."""
        return self.are_deleted([user], removed)[0]

    def _catch_up(self) -> None:
        if self.store.changed():
            with self._lock:
                self._read()

    def _read(self) -> None:
        """Take in what has come; of people who are not in memory that is read when they are."""
        tail = self.store.since(self._last)
        for deletion in tail.deletions:  # the events that came along are later than these
            self._deleted[deletion.hash] = deletion.sequence
            self._let_go(deletion.hash)
        for event in tail.events:
            held = self._events.get(self.store.hash_of(event.user))
            if held is not None:
                held.append(event)
                self._held += 1
        self._last = tail.last

    def _of(self, user: str) -> list[StoredEvent]:
        hash_ = self.store.hash_of(user)
        held = self._events.get(hash_)
        if held is not None:
            self._events.move_to_end(hash_)
            return held
        try:
            held = self.store.said_by(user, until=self._last)
        except ParameterError:
            return []  # of no id that the store could have
        self._events[hash_] = held
        self._held += len(held) + 1
        while self._held > self._most_held and len(self._events) > 1:
            self._let_go(next(iter(self._events)))
        return held

    def _let_go(self, hash_: str) -> None:
        held = self._events.pop(hash_, None)
        if held is not None:
            self._held -= len(held) + 1

"""What the store says of each person, in the memory of a worker."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from penchant.serving.engine import Event

if TYPE_CHECKING:
    from penchant.serving.store import Deletion, Store, StoredEvent


class FeedbackView:
    """The events of a store by user, as new as the store whenever they are asked for.

    All deletions are known from the beginning. Events of a model that has learned less than those
    before it are read when it asks for them, once; `release` lets go of what nobody needs.

    Args:
        store: where events are kept, by this worker and others.
        after: the sequence number up to which the models in place have learned; what came before
            is not held in memory.

    Raises:
        StoreError: the database fails; so for everything that is asked.
    """

    def __init__(self, store: Store, after: int = 0) -> None:
        self.store = store
        self._lock = threading.Lock()
        self._events: dict[str, list[StoredEvent]] = {}
        self._after = self._last = after  # events in memory have numbers between these
        self._deleted = {hash_: d.sequence for hash_, d in store.tombstones().items()}
        self._read()

    def events_of(self, user: str, after: int = 0) -> list[Event]:
        """What a person has said and not taken back, in the order of time.

        Args:
            user: the text of the id.
            after: pass over events up to this sequence number, which the model has learned.
        """
        self._catch_up()
        with self._lock:
            if after < self._after:
                self._read_older(after)
            stored = list(self._events.get(user, ()))
        undone = {event.of for event in stored if event.kind == "undo"}
        return [
            Event(event.item, event.kind, event.value, event.time)
            for event in stored
            if event.kind != "undo"
            and event.item is not None
            and event.sequence > after
            and event.sequence not in undone
        ]

    def is_deleted(self, user: str, after: int = 0) -> bool:
        """Whether what a model has learned of a person is not to be used.

        Args:
            user: the text of the id.
            after: the sequence number up to which the model has learned.
        """
        self._catch_up()
        if not self._deleted:
            return False
        return self._deleted.get(self.store.hash_of(user), 0) > after

    def release(self, until: int) -> None:
        """Hold no events in memory up to a sequence number, which all models have learned."""
        with self._lock:
            if until <= self._after:
                return
            self._drop(lambda user: until)
            self._after = until

    def _catch_up(self) -> None:
        if self.store.changed():
            with self._lock:
                self._read()

    def _read(self) -> None:
        tail = self.store.since(self._last)
        self._forget(tail.deletions)  # the events that came along are later than these
        for event in tail.events:
            self._events.setdefault(event.user, []).append(event)
        self._last = tail.last

    def _read_older(self, after: int) -> None:
        """Read what came before; of who was deleted meanwhile the store has none of it."""
        earlier: dict[str, list[StoredEvent]] = {}
        for event in self.store.between(after, self._after):
            earlier.setdefault(event.user, []).append(event)
        for user, events in earlier.items():
            self._events[user] = events + self._events.get(user, [])
        self._after = after

    def _forget(self, deletions: Sequence[Deletion]) -> None:
        if deletions:
            gone = {deletion.hash: deletion.sequence for deletion in deletions}
            self._deleted |= gone
            self._drop(lambda user: gone.get(self.store.hash_of(user), 0))

    def _drop(self, last_of: Callable[[str], int]) -> None:
        """Let go of the events of each user up to a number."""
        for user, events in list(self._events.items()):
            last = last_of(user)
            if events[0].sequence > last:
                continue
            if later := [event for event in events if event.sequence > last]:
                self._events[user] = later
            else:
                del self._events[user]

"""What the store says of each person, in the memory of a worker."""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import TYPE_CHECKING

from penchant.serving.engine import Event

if TYPE_CHECKING:
    from penchant.serving.store import Store, StoredEvent


class FeedbackView:
    """The events of a store by user, as new as the store whenever they are asked for.

    Args:
        store: where events are kept, by this worker and others.
        after: the sequence number up to which the model in place has learned; what came before
            is not held in memory.
    """

    def __init__(self, store: Store, after: int = 0) -> None:
        self.store = store
        self._lock = threading.Lock()
        self._events: dict[str, list[StoredEvent]] = defaultdict(list)
        self._deleted: dict[str, int] = {}
        self._last = after
        self._read()

    def events_of(self, user: str, after: int = 0) -> list[Event]:
        """What a person has said and not taken back, in the order of time.

        Args:
            user: the text of the id.
            after: pass over events up to this sequence number, which the model has learned.
        """
        self._catch_up()
        stored = self._events.get(user)
        if not stored:
            return []
        undone = {event.of for event in stored if event.kind == "undo"}
        return [
            Event(event.item, event.kind, event.value)
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

    def _catch_up(self) -> None:
        if self.store.changed():
            self._read()

    def _read(self) -> None:
        with self._lock:
            tail = self.store.since(self._last)
            for event in tail.events:
                self._events[str(event.user)].append(event)
            for deletion in tail.deletions:
                self._deleted[deletion.hash] = deletion.sequence
                self._forget(deletion.hash, deletion.sequence)
            self._last = tail.last

    def _forget(self, hash_: str, sequence: int) -> None:
        for user in [user for user in self._events if self.store.hash_of(user) == hash_]:
            later = [event for event in self._events[user] if event.sequence > sequence]
            if later:
                self._events[user] = later
            else:
                del self._events[user]

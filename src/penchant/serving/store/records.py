"""What goes into a store and comes out of it, as plain records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

Kind = Literal["rating", "like", "dislike", "seen", "purchase", "undo"]
IdKind = Literal["integer", "string"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Feedback:
    """One thing that a person says or does.

    Attributes:
        user: the id of the person.
        item: that of the item; None where an event is taken back.
        kind: what it is; `undo` takes back an earlier event of the same person.
        value: of a rating; of a purchase the quantity, 1 where it is None.
        time: microseconds since 1970; None for now.
        key: the sender's name for this event, by which it is kept once however often it is sent.
        session: the sender's name for a visit.
        of: the sequence number of the event that an `undo` takes back.
    """

    user: int | str
    item: int | str | None = None
    kind: str = "like"
    value: float | None = None
    time: int | None = None
    key: str | None = None
    session: str | None = None
    of: int | None = None


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event that is kept; see `Feedback`.

    Attributes:
        sequence: its number; numbers rise by one in the order in which events were kept.
        user: the text of the id.
        item: the text of the id.
        kind: one of `KINDS`.
        value: of a rating or a purchase.
        time: microseconds since 1970.
        key: of the sender.
        session: of the sender.
        of: what it takes back.
    """

    sequence: int
    user: str
    item: str | None
    kind: str
    value: float | None
    time: int
    key: str | None
    session: str | None
    of: int | None


@dataclass(frozen=True, slots=True)
class Deletion:
    """A person was deleted: events of lower sequence numbers are gone, and count nowhere.

    Attributes:
        sequence: its number, of the same count as those of events.
        hash: `Store.hash_of` the person's id, which cannot be turned back into it without the key.
        time: microseconds since 1970.
        n_events: how many events were removed, known to whom deletes alone.
        n_lists: how many shown lists, likewise.
    """

    sequence: int
    hash: str
    time: int
    n_events: int = 0
    n_lists: int = 0


@dataclass(frozen=True, slots=True)
class Tail:
    """What has come into a store after a sequence number.

    Attributes:
        events: in the order of their numbers.
        deletions: likewise.
        last: the highest number given to anything so far.
    """

    events: list[StoredEvent]
    deletions: list[Deletion]
    last: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of a store a bundle has learned.

    Attributes:
        learned: the number up to which it has learned events.
        removed: the number up to which it knows nothing of who was deleted and of what was taken
            back; below `learned` where an update has kept that.
    """

    learned: int = 0
    removed: int = 0


@dataclass(frozen=True, slots=True)
class ShownList:
    """A list that was shown to somebody.

    Attributes:
        list: its id.
        user: the id of the person or visitor; None where nobody knows.
        time: microseconds since 1970.
        experiment: which one it belongs to.
        arm: of the experiment.
        model: the fingerprint of the model.
        items: for each place from the top the item, its score (None where the model has none), how
            likely it was to stand there, whether it was explored, and the reasons as plain values.
    """

    list: str
    user: int | str | None
    time: int
    experiment: str
    arm: str
    model: str
    items: Sequence[tuple[int | str, float | None, float, bool, Any]]

"""A store of what people say and do, which loses nothing it has taken."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import sqlalchemy as sa

from penchant.errors import ParameterError
from penchant.serving.store import frames
from penchant.serving.store.changes import ChangeWatch
from penchant.serving.store.checks import event_row, id_text, list_row, now
from penchant.serving.store.database import Database
from penchant.serving.store.errors import StoreError, store_errors
from penchant.serving.store.group_commit import GroupCommit
from penchant.serving.store.migrating import migrate
from penchant.serving.store.records import (
    Deletion,
    Feedback,
    Progress,
    ShownList,
    StoredEvent,
    Tail,
)
from penchant.serving.store.schema import counter, deletions, events, meta, shown
from penchant.serving.store.writing import (
    deleted,
    hold_counter,
    id_kinds,
    note_progress,
    progress_of,
    said_by,
    set_counter,
    stored,
)
from penchant.serving.texts import text_of

if TYPE_CHECKING:
    import polars as pl

    from penchant.data.dataset import Dataset
    from penchant.models.base import Recommender
    from penchant.serving.store.feedback_log import FeedbackLog

MOST_EVENTS = 10_000
"""Events that can be added at once."""

_HASH_BYTES = 16


class Store:
    """Events, shown lists and deletions of people in a database; threads may share it.

    Nothing is ever changed, and nothing removed but by the deletion of a person. Several processes
    may have a store open; a process that forks opens it afterwards.

    Args:
        database: at the newest version; see `open`.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.name = database.name
        self._watch = ChangeWatch(database)
        self._commits = GroupCommit(database)
        with database.reading() as connection:
            query = sa.select(meta.c.value).where(meta.c.name == "hash_key")
            key = connection.execute(query).scalar_one_or_none()
        if key is None:
            raise StoreError(f"The store {self.name} is damaged: it has lost its key of hashes.")
        self._hash_key = bytes.fromhex(key)

    @classmethod
    def open(cls, url: str, *, create: bool = True) -> Self:
        """Open a store, and bring its tables to the newest version.

        Args:
            url: `sqlite:///feedback.db`, or `postgresql://user@host/name`.
            create: whether an SQLite file may be made.

        Raises:
            ParameterError: this is no such URL.
            StoreError: the database cannot be used, or is of a newer version of penchant.
            MissingExtraError: the driver is not installed.
        """
        database = Database(url, create=create)
        try:
            with store_errors(database.name):
                migrate(database, database.name)
            database.flush_folder()
            return cls(database)
        except BaseException:
            database.close()
            raise

    def close(self) -> None:
        """Close all connections."""
        self._watch.close()
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def ping(self) -> None:
        """Ask the database for something.

        Raises:
            StoreError: it does not answer.
        """
        with self._database.reading() as connection:
            connection.execute(sa.select(counter.c.last)).scalar_one()

    # Events

    def add(self, events: Sequence[Feedback]) -> list[StoredEvent]:
        """Keep events, all of them or none; they are on disk when this returns.

        An event whose key is known already is not kept again: the one of the first time is
        returned.

        Raises:
            ParameterError: one of them is nothing that can be kept.
            ConflictError: a key is that of another event.
            StoreError: the database fails; nothing is kept then.
        """
        if len(events) > MOST_EVENTS:
            raise ParameterError(f"At most {MOST_EVENTS:,} events can be added at once.")
        moment = now()
        rows = [event_row(event, moment) for event in events]
        if not rows:
            return []
        return self._commits.add(rows, [event.time is not None for event in events])

    def since(self, sequence: int) -> Tail:
        """What has come after a sequence number; 0 for everything.

        `changed` is false from here on until something else is written.

        Raises:
            StoreError: the database fails.
        """
        version = self._watch.version()  # before reading: what comes between is found next time
        with self._database.reading() as connection:
            last = int(connection.execute(sa.select(counter.c.last)).scalar_one())
            after = stored(connection, events.c.sequence > sequence)
            gone = deleted(connection, sequence)
        self._watch.mark(version)
        return Tail(after, gone, last)

    def said_by(self, user: int | str, *, until: int) -> list[StoredEvent]:
        """All events of a person, undos among them, with numbers up to one, in their order.

        Raises:
            ParameterError: this is no id.
            StoreError: the database fails.
        """
        text = id_text(user, "user")
        with self._database.reading() as connection:
            return said_by(connection, text, until)

    def changed(self) -> bool:
        """Whether something may have been written since `since` was called last.

        This is asked before each list: it takes microseconds with SQLite, and one exchange with
        PostgreSQL.

        Raises:
            StoreError: the database fails.
        """
        return self._watch.changed()

    def last(self) -> int:
        """The highest number given so far.

        Raises:
            StoreError: the database fails.
        """
        with self._database.reading() as connection:
            return int(connection.execute(sa.select(counter.c.last)).scalar_one())

    def outcomes(self, *, after: int = 0, until: int | None = None) -> pl.DataFrame:
        """Events that were not taken back: `sequence, user, item, kind, value, time`.

        Args:
            after: pass over those up to this number.
            until: and over those above this one.

        Raises:
            StoreError: the database fails.
        """
        with self._database.reading() as connection:
            return frames.outcomes(connection, after, until)

    # Learning

    def feedback_log(self, progress: Progress | None = None) -> FeedbackLog:
        """What the store says to who learns, at one moment.

        Args:
            progress: what was learned already; nothing by default.

        Raises:
            StoreError: the database fails.
        """
        from penchant.serving.store.feedback_log import FeedbackLog

        progress = progress or Progress()
        with self._database.reading() as connection:
            return FeedbackLog(
                outcomes=frames.outcomes(connection, progress.learned),
                taken_back=frames.taken_back(connection, progress),
                tombstones={d.hash: d for d in deleted(connection)},
                progress=progress,
                last=int(connection.execute(sa.select(counter.c.last)).scalar_one()),
                id_kinds=id_kinds(connection),
                hash_of=self.hash_of,
            )

    def dataset(self, base: Dataset | None = None, model: Recommender | None = None) -> Dataset:
        """A log and the store's events as one log to learn from; see `FeedbackLog.dataset`.

        Args:
            base: the log; None for the store alone.
            model: which is to learn from it: one that takes all events for likes, whatever their
                rating, gets no dislikes.

        Raises:
            DataError: there is nothing to learn from.
            StoreError: the database fails.
        """
        return self.feedback_log().dataset(base, model)

    # Shown lists

    def show(self, lists: Sequence[ShownList]) -> None:
        """Keep lists that were shown; one that is kept already stays as it is.

        Raises:
            ParameterError: one of them is nothing that can be kept.
            StoreError: the database fails; nothing is kept then.
        """
        moment = now()
        rows = {each.list: list_row(each, moment) for each in reversed(lists)}
        if rows:
            with self._database.writing() as connection:
                dialect = frames.insert_of(connection)
                connection.execute(dialect(shown).on_conflict_do_nothing(), [*rows.values()])

    def shown(self, *, experiment: str | None = None) -> pl.DataFrame:
        """Every place of every shown list, in the order of time.

        The columns are `list, user, time, experiment, arm, model, position` (from 1), `item,
        score, propensity, explored, reasons` (as JSON).

        Args:
            experiment: lists of this one alone.

        Raises:
            StoreError: the database fails.
        """
        with self._database.reading() as connection:
            return frames.shown_places(connection, experiment)

    # People

    def hash_of(self, user: int | str) -> str:
        """What stands for a person in tombstones: a hash with a key of this store alone."""
        text = str(user).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(text, key=self._hash_key, digest_size=_HASH_BYTES).hexdigest()

    def export(self, user: int | str) -> dict[str, Any]:
        """Everything that is kept of a person, as plain values; times are of ISO 8601.

        Raises:
            ParameterError: this is no id.
            StoreError: the database fails.
        """
        text = id_text(user, "user")
        with self._database.reading() as connection:
            own = stored(connection, events.c.user == text)
            query = sa.select(shown).where(shown.c.user == text).order_by(shown.c.time)
            lists = [frames.list_to_dict(row._mapping) for row in connection.execute(query)]
            gone = deleted(connection, hash_=self.hash_of(text))
        return {
            "user": text,
            "events": [
                {name: getattr(event, name) for name in StoredEvent.__slots__ if name != "user"}
                | {"time": iso(event.time)}
                for event in own
            ],
            "shown": [each | {"time": iso(each["time"])} for each in lists],
            "deletions": [{"sequence": d.sequence, "time": iso(d.time)} for d in gone],
        }

    def events_of(self, user: int | str) -> list[StoredEvent]:
        """What a person has said and not taken back, in the order of numbers.

        Raises:
            ParameterError: this is no id.
            StoreError: the database fails.
        """
        text = id_text(user, "user")
        with self._database.reading() as connection:
            own = stored(connection, events.c.user == text)
        undone = {event.of for event in own if event.kind == "undo"}
        return [e for e in own if e.kind != "undo" and e.sequence not in undone]

    def delete(self, user: int | str) -> Deletion:
        """Remove all that is kept of a person, and note that a log's events are not to count.

        What the person does afterwards counts again.

        Raises:
            ParameterError: this is no id.
            StoreError: the database fails; nothing is removed then.
        """
        text = id_text(user, "user")
        with self._database.writing() as connection:
            sequence = hold_counter(connection) + 1
            n_events = connection.execute(sa.delete(events).where(events.c.user == text)).rowcount
            n_lists = connection.execute(sa.delete(shown).where(shown.c.user == text)).rowcount
            deletion = Deletion(sequence, self.hash_of(text), now(), n_events, n_lists)
            row = {"sequence": sequence, "hash": deletion.hash, "time": deletion.time}
            connection.execute(sa.insert(deletions), row)
            set_counter(connection, sequence)
        self._database.empty_log()
        return deletion

    def tombstones(self) -> dict[str, Deletion]:
        """The latest deletion of each person who was deleted, by hash.

        Raises:
            StoreError: the database fails.
        """
        with self._database.reading() as connection:
            return {deletion.hash: deletion for deletion in deleted(connection)}

    # Bundles

    def progress(self, fingerprint: str) -> Progress:
        """How much a bundle has learned; nothing where nobody has said so.

        Args:
            fingerprint: `penchant.store.digest(penchant.bundle.describe(folder))`.

        Raises:
            StoreError: the database fails.
        """
        with self._database.reading() as connection:
            return progress_of(connection, fingerprint)

    def learned(self, fingerprint: str) -> int:
        """Up to which number a bundle has learned; see `progress`."""
        return self.progress(fingerprint).learned

    def set_learned(self, fingerprint: str, sequence: int, removed: int | None = None) -> None:
        """Note up to which number a bundle has learned.

        Args:
            fingerprint: see `progress`.
            sequence: the number.
            removed: see `Progress`; the same number by default.

        Raises:
            StoreError: the database fails.
        """
        name = text_of(fingerprint, "fingerprint of a bundle")
        progress = Progress(sequence, sequence if removed is None else removed)
        with self._database.writing() as connection:
            note_progress(connection, name, progress, now())


def iso(microseconds: int) -> str:
    """A time as ISO 8601 in UTC."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    return moment.isoformat()

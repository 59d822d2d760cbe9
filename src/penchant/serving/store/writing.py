"""Keep events, each once, in the order of their numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from penchant.data.reading.id_lists import is_integer
from penchant.errors import ParameterError
from penchant.serving.store.checks import column
from penchant.serving.store.errors import ConflictError
from penchant.serving.store.records import Deletion, IdKind, Progress, StoredEvent
from penchant.serving.store.schema import bundles, counter, deletions, events, meta

_COLUMNS = ("user", "item", "kind", "value", "time", "key", "session", "of")
_AT_ONCE = 500  # values in a query; databases bound their number


def add_rows(
    connection: sa.Connection, rows: Sequence[dict[str, Any]], timed: Sequence[bool]
) -> list[StoredEvent]:
    """Keep rows that `checks.event_row` has made, or find those that are kept already.

    Args:
        connection: in a transaction that writes.
        rows: the columns of each event.
        timed: whether the sender has said the time of each.

    Raises:
        ConflictError: a key is that of another event.
        ParameterError: what an undo takes back is not there, or another's.
    """
    last = hold_counter(connection)
    by_key = {
        event.key: event
        for keys in _parts(column(rows, "key"))
        for event in stored(connection, events.c.key.in_(keys))
    }
    named = {
        event.sequence: event
        for numbers in _parts(column(rows, "of"))
        for event in stored(connection, events.c.sequence.in_(numbers))
    }
    result, new = [], []
    for row, has_time in zip(rows, timed, strict=True):
        first = None if row["key"] is None else by_key.get(row["key"])
        if first is not None:
            _check_same(first, row, has_time)
            result.append(first)
            continue
        if row["kind"] == "undo":
            _check_undo(named.get(row["of"]), row)
        last += 1
        event = StoredEvent(last, *(row[name] for name in _COLUMNS))
        if event.key is not None:
            by_key[event.key] = event
        named.setdefault(last, event)
        new.append({"sequence": last, **row})
        result.append(event)
    if new:
        connection.execute(sa.insert(events), new)
        set_counter(connection, last)
        _note_ids(connection, new)
    return result


def hold_counter(connection: sa.Connection) -> int:
    """The highest number so far; others who write wait until the transaction ends."""
    query = sa.select(counter.c.last).where(counter.c.id == 1).with_for_update()
    return int(connection.execute(query).scalar_one())


def set_counter(connection: sa.Connection, last: int) -> None:
    """Note the highest number."""
    connection.execute(sa.update(counter).where(counter.c.id == 1).values(last=last))


def stored(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> list[StoredEvent]:
    """Events that are kept, in the order of their numbers."""
    query = sa.select(events).where(condition).order_by(events.c.sequence)
    return [StoredEvent(*row) for row in connection.execute(query)]


# Made once: it is asked for of each person, and making it takes longer than answering it.
_SAID_BY = (
    sa.select(events)
    .where(events.c.user == sa.bindparam("person"), events.c.sequence <= sa.bindparam("until"))
    .order_by(events.c.sequence)
)


def said_by(connection: sa.Connection, user: str, until: int) -> list[StoredEvent]:
    """All events of a person with numbers up to one, in the order of their numbers."""
    rows = connection.execute(_SAID_BY, {"person": user, "until": until})
    return [StoredEvent(*row) for row in rows]


def deleted(connection: sa.Connection, after: int = 0, hash_: str | None = None) -> list[Deletion]:
    """Deletions with numbers above one, of everybody or of who has a hash, in their order."""
    query = sa.select(deletions).where(deletions.c.sequence > after)
    if hash_ is not None:
        query = query.where(deletions.c.hash == hash_)
    return [Deletion(*row) for row in connection.execute(query.order_by(deletions.c.sequence))]


def id_kinds(connection: sa.Connection) -> dict[str, IdKind]:
    """Whether all ids so far are integers, `integer` or `string` by `user` and `item`."""
    text = connection.execute(sa.select(meta.c.value).where(meta.c.name == "ids")).scalar_one()
    return dict(json.loads(text))


def progress_of(connection: sa.Connection, fingerprint: str) -> Progress:
    """How much of the store a bundle has learned; nothing where nobody has said so."""
    query = sa.select(bundles.c.sequence, bundles.c.removed)
    row = connection.execute(query.where(bundles.c.fingerprint == fingerprint)).first()
    return Progress() if row is None else Progress(int(row[0]), int(row[1] or 0))


def note_progress(
    connection: sa.Connection, fingerprint: str, progress: Progress, moment: int
) -> None:
    """Note how much of the store a bundle has learned, in the place of what was noted before."""
    connection.execute(sa.delete(bundles).where(bundles.c.fingerprint == fingerprint))
    row = {"sequence": progress.learned, "removed": progress.removed, "time": moment}
    connection.execute(sa.insert(bundles), {"fingerprint": fingerprint, **row})


def _note_ids(connection: sa.Connection, rows: Sequence[dict[str, Any]]) -> None:
    kinds: dict[str, IdKind] = {
        noun: "integer" if all(map(is_integer, column(rows, noun))) else "string"
        for noun in ("item", "user")
    }
    if "string" not in kinds.values():
        return
    before = id_kinds(connection)
    after: dict[str, IdKind] = {
        n: "string" if "string" in (before[n], kinds[n]) else "integer" for n in kinds
    }
    if after != before:
        text = json.dumps(after, sort_keys=True)
        connection.execute(sa.update(meta).where(meta.c.name == "ids").values(value=text))


def _check_same(first: StoredEvent, row: dict[str, Any], has_time: bool) -> None:
    names = [name for name in _COLUMNS if has_time or name != "time"]
    different = [name for name in names if getattr(first, name) != row[name]]
    if different:
        raise ConflictError(
            f"The key {ascii(first.key)[1:-1]!r} is that of event {first.sequence}, which has "
            f"another {different[0]}: give each event a key of its own."
        )


def _check_undo(event: StoredEvent | None, row: dict[str, Any]) -> None:
    if event is None or event.user != row["user"]:  # no word of events of others
        raise ParameterError(f"This user has no event {row['of']} that could be taken back.")
    if event.kind == "undo":
        raise ParameterError(
            f"Event {event.sequence} takes one back itself: send what is to count once more."
        )


def _parts(values: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]

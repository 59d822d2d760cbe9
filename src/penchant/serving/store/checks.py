"""What may go into a store: texts that every database takes, of bounded length, and numbers."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from typing import Any

from penchant.errors import ParameterError
from penchant.serving.store.records import KINDS, Feedback, ShownList
from penchant.serving.texts import text_of

_LARGEST_VALUE = 3.4e38  # of float32, in which logs hold ratings
_FIRST = -62_135_596_800_000_000  # the year 1, in microseconds
_AHEAD = 86_400_000_000  # clocks may be wrong by a day
_LONGEST_LIST = 10_000
_LONGEST_JSON = 4_000_000


def now() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000


def id_text(id_: object, noun: str) -> str:
    """The text of an id.

    Raises:
        ParameterError: it is none that can be kept.
    """
    if isinstance(id_, int) and not isinstance(id_, bool):
        id_ = str(id_)
    if not isinstance(id_, str):
        raise ParameterError(
            f"The id of {_with_article(noun)} is an integer or a text, and not a value of "
            f"{type(id_).__name__}."
        )
    return text_of(id_, f"id of {_with_article(noun)}")


def event_row(event: Feedback, moment: int) -> dict[str, Any]:
    """The columns of an event but for its number.

    Args:
        event: what was said or done.
        moment: the time where it has none.

    Raises:
        ParameterError: it is nothing that can be kept; says what is wrong.
    """
    if event.kind not in KINDS:
        raise ParameterError(f"The kind of an event is one of {', '.join(KINDS)}.")
    undo = event.kind == "undo"
    if undo is (event.of is None):
        raise ParameterError(
            "An undo names by `of` the number of the event that it takes back."
            if undo
            else f"An event of the kind {event.kind} has no `of`, for it takes nothing back."
        )
    if undo is (event.item is not None):
        raise ParameterError(
            "An undo names no item, for the event that it takes back does."
            if undo
            else f"An event of the kind {event.kind} names an item."
        )
    return {
        "user": id_text(event.user, "user"),
        "item": None if event.item is None else id_text(event.item, "item"),
        "kind": event.kind,
        "value": _value(event),
        "time": moment if event.time is None else _time(event.time, moment),
        "key": None if event.key is None else text_of(event.key, "key of an event"),
        "session": None if event.session is None else text_of(event.session, "session"),
        "of": None if event.of is None else _number(event.of),
    }


def list_row(shown: ShownList, moment: int) -> dict[str, Any]:
    """The columns of a shown list.

    Raises:
        ParameterError: it is nothing that can be kept; says what is wrong.
    """
    if len(shown.items) > _LONGEST_LIST:
        raise ParameterError(f"A shown list has at most {_LONGEST_LIST:,} items.")
    places = [
        [
            id_text(item, "item"),
            _finite(score, "score"),
            _finite(propensity, "propensity"),
            bool(explored),
            None if reasons is None else json.dumps(reasons),
        ]
        for item, score, propensity, explored, reasons in shown.items
    ]
    items = json.dumps(places)
    if len(items) > _LONGEST_JSON:
        raise ParameterError("The reasons of a shown list are too long to be kept.")
    return {
        "list": text_of(shown.list, "id of a list"),
        "user": None if shown.user is None else id_text(shown.user, "user"),
        "time": _time(shown.time, moment),
        "experiment": text_of(shown.experiment, "name of an experiment"),
        "arm": text_of(shown.arm, "name of an arm"),
        "model": text_of(shown.model, "fingerprint of a model"),
        "items": items,
    }


def column(rows: Sequence[dict[str, Any]], name: str) -> list[Any]:
    """The distinct values of one column that are there."""
    return list(dict.fromkeys(row[name] for row in rows if row[name] is not None))


def _value(event: Feedback) -> float | None:
    value = event.value
    if event.kind not in ("rating", "purchase"):
        if value is not None:
            raise ParameterError(f"An event of the kind {event.kind} has no value.")
        return None
    if value is None:
        if event.kind == "rating":
            raise ParameterError("A rating has a value.")
        return None
    number = _finite(value, "value of an event")
    if event.kind == "purchase" and (number is None or number <= 0):
        raise ParameterError("The value of a purchase is how many were bought, and above 0.")
    return number


def _finite(value: object, noun: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ParameterError(f"The {noun} is a number, and not a value of {type(value).__name__}.")
    if not abs(value) <= _LARGEST_VALUE or not math.isfinite(value):
        raise ParameterError(f"The {noun} is not finite, or too large.")
    return float(value)


def _time(value: object, moment: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ParameterError("The time of an event is a whole number of microseconds since 1970.")
    if not _FIRST <= value <= moment + _AHEAD:
        raise ParameterError(
            f"The time {value} lies in the future, or before the year 1: give microseconds since "
            "1970, or leave it out."
        )
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 2**63:
        raise ParameterError("`of` is the number of an event, from 1.")
    return value


def _with_article(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeio" else f"a {noun}"

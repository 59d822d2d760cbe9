"""Lines of a study's file: records of JSON with a checksum, and the trials in them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from penchant.results.tuning.trial import Range, Trial, value_text
from penchant.store import digest

_MOST = 2**31  # a number of a trial


def line_of(record: Mapping[str, Any]) -> bytes:
    """A record as a line that ends with its checksum."""
    return json.dumps({**record, "checksum": digest(record)}).encode() + b"\n"


def record_of(line: bytes) -> dict[str, Any]:
    """The record of a line.

    Raises:
        ValueError: it is no record, or another than was written.
    """
    try:
        record = json.loads(line)
        checksum = record.pop("checksum")
        if checksum == digest(record):
            return dict(record)
    except (AttributeError, KeyError, TypeError, RecursionError):
        pass
    raise ValueError("The line is no record.")


def trial_record(trial: Trial) -> dict[str, Any]:
    """A trial as a record; what has no word in JSON, such as a target, stands there as its text."""
    values = {
        name: value if value is None or type(value) in (bool, int, float) else value_text(value)
        for name, value in trial.values.items()
    }
    return trial.to_dict() | {"values": values}


def trial_of(record: Mapping[str, Any], space: Mapping[str, Range]) -> Trial:
    """A trial with the very values that are tried, not their texts.

    Raises:
        ValueError: something is missing or impossible.
    """
    try:
        number, score, problem = record["number"], record["score"], record["problem"]
        settled, seconds = record["settled"], record["seconds"]
        values = {name: _value(range_, record["values"][name]) for name, range_ in space.items()}
        failed = score is None and isinstance(problem, str)
        sound = (
            type(number) is int
            and 0 < number < _MOST
            and (failed or (problem is None and _is_number(score)))
            and _is_number(seconds)
            and seconds >= 0
            and all(
                value is None or isinstance(value, str | bool) or _is_number(value)
                for value in settled.values()
            )
        )
    except (AttributeError, KeyError, TypeError):
        sound = False
    if not sound:
        raise ValueError("The record is no trial.")
    return Trial(number, values, score, seconds, settled, problem)


def _value(range_: Range, plain: Any) -> Any:
    if range_.values:
        return {value_text(value): value for value in range_.values}[value_text(plain)]
    if not range_.holds(plain):
        raise ValueError("A value lies outside of what can be tried.")
    return plain


def _is_number(value: Any) -> bool:
    """Whether a value is a number that tables and JSON can hold."""
    if type(value) is int:
        return abs(value) < 2**63
    return type(value) is float and math.isfinite(value)

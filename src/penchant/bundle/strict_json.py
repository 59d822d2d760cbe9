"""JSON without its loose ends: no duplicated keys, NaN, huge numbers or deep nesting."""

from __future__ import annotations

import json
import math
from typing import Any

from penchant.bundle.damage import DamageError

MAX_DEPTH = 32
_MAX_DIGITS = 20  # 2**64 has as many


def loads(data: bytes) -> Any:
    """Read JSON strictly.

    Raises:
        DamageError: the text is not JSON of the strict kind.
    """
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
            parse_int=_integer,
            parse_float=_finite,
        )
    except RecursionError:
        raise DamageError("it is nested too deeply") from None
    except ValueError:  # of decoding and of JSON
        raise DamageError("it is not JSON") from None
    check_depth(value)
    return value


def dumps(value: Any, *, indent: int | None = None) -> bytes:
    """JSON as UTF-8; without `indent` the same for equal values whatever the order of keys.

    Raises:
        DamageError: a text has characters that UTF-8 cannot hold.
    """
    separators = (",", ":") if indent is None else (",", ": ")
    text = json.dumps(
        value,
        indent=indent,
        separators=separators,
        sort_keys=indent is None,
        allow_nan=False,
        ensure_ascii=False,
    )
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise DamageError("it has a text that is not Unicode") from None


def check_depth(value: Any, most: int = MAX_DEPTH) -> None:
    """Refuse lists and objects within each other beyond `most` levels.

    Raises:
        DamageError: there are more levels.
    """
    level = [value]
    for _ in range(most):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return
    raise DamageError("it is nested too deeply")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        raise DamageError("it has the same key twice")
    return mapping


def _refuse_constant(text: str) -> Any:
    raise DamageError(f"it has the number {text}")


def _integer(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise DamageError("it has a number that is too large")
    return int(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise DamageError("it has a number that is too large")
    return number

"""Plain values (numbers, texts, lists, dictionaries) as JSON, without loss."""

from __future__ import annotations

import math
from typing import Any

from penchant.bundle.damage import DamageError

_MAX_DEPTH = 16
_FLOAT = "$float"  # stands for the floats that JSON does not have


def encode(value: Any, depth: int = 0) -> Any:
    """A plain value as JSON can hold it; floats are exact, also NaN and infinities.

    Raises:
        DamageError: the value is not plain.
    """
    if depth > _MAX_DEPTH:
        raise DamageError("it is nested too deeply")
    # Subclasses such as np.float64 or an enumeration would come back as something else.
    if value is None or type(value) in (bool, str):
        return value
    if type(value) is int:
        return _checked_integer(value)
    if type(value) is float:
        return value if math.isfinite(value) else {_FLOAT: repr(value)}
    if type(value) is list:
        return [encode(v, depth + 1) for v in value]
    if type(value) is dict:
        _check_keys(value)
        return {k: encode(v, depth + 1) for k, v in value.items()}
    raise DamageError(f"it holds a {type(value).__name__}")


def decode(value: Any, depth: int = 0) -> Any:
    """The value that `encode` was given.

    Raises:
        DamageError: `encode` cannot have written this.
    """
    if depth > _MAX_DEPTH:
        raise DamageError("it is nested too deeply")
    if isinstance(value, list):
        return [decode(v, depth + 1) for v in value]
    if isinstance(value, dict):
        if _FLOAT in value:
            if len(value) != 1 or value[_FLOAT] not in ("nan", "inf", "-inf"):
                raise DamageError("it holds an unknown number")
            return float(value[_FLOAT])
        _check_keys(value)
        return {k: decode(v, depth + 1) for k, v in value.items()}
    return _checked_integer(value) if type(value) is int else value


def _checked_integer(value: int) -> int:
    if not -(2**63) <= value < 2**64:
        raise DamageError("it holds an integer of more than 64 bits")
    return value


def _check_keys(value: dict[Any, Any]) -> None:
    if not all(type(key) is str and not key.startswith("$") for key in value):
        raise DamageError("it holds a dictionary with keys that are no plain texts")

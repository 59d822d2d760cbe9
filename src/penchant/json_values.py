"""Values of results as JSON has them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

import polars as pl


def json_value(value: Any) -> Any:
    """A value as JSON has it: without NaN and infinities, and with what it has no word for as text.

    Mappings, sequences, NumPy's numbers and arrays and Polars' series become dictionaries, lists
    and numbers; frames become lists of rows, times ISO texts, and records with a `to_dict` what
    that gives.
    """
    if isinstance(value, bool | int | str | None):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): json_value(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(inner) for inner in value]
    if isinstance(value, pl.DataFrame):
        return json_value(value.to_dicts())
    for convert in ("tolist", "to_list", "to_dict"):  # NumPy's, Polars' and our own
        if hasattr(value, convert):
            return json_value(getattr(value, convert)())
    return value.isoformat() if isinstance(value, date) else str(value)

"""Match the rows of a feature table with the events of a split."""

from __future__ import annotations

import numpy as np
import polars as pl

from penchant.auditing.features import Features
from penchant.auditing.material import Material
from penchant.auditing.table_reading import indices, keys_of
from penchant.data.reading.column_guessing import plain_name, roles_by_name
from penchant.errors import DataError
from penchant.typing import Bool, Float64, Int64

_SIDES = ("side", "split", "part", "set", "istest", "fold")


def features_of(frame: pl.DataFrame, material: Material, target: str | None) -> Features:
    """The rows of a feature table with target and side.

    A table with users and items has a row an event; one with items only, or users only, is spread
    over the events of a split. Whether a row is held out is in a column such as `split`
    (with the word test), otherwise in the split.

    Raises:
        DataError: the target column is missing, or sides and targets are unknown.
    """
    if target is not None and target not in frame.columns:
        raise DataError(
            f"The table of features has no column {target!r} as target, only {frame.columns}."
        )
    roles = {r: c for r, c in roles_by_name(frame.columns).items() if r in ("user", "item")}
    side = next((c for c in frame.columns if plain_name(c) in _SIDES), None)
    dropped = [*roles.values(), *([side] if side else []), *([target] if target else [])]
    if material.split is not None and len(roles) == 1:
        return _spread(frame, material, roles, dropped)
    rows = np.arange(1, len(frame) + 1)
    keys: dict[str, Int64] = {}
    if material.split is None:
        for role, column in roles.items():
            codes = np.unique(frame[column].cast(pl.String).to_numpy(), return_inverse=True)[1]
            keys[role] = codes.astype(np.int64)
        if target is None or side is None:
            raise DataError(
                "A table of features without training and test files needs its target column "
                "named, and a column `split` that says train or test."
            )
        return Features(
            frame.drop(dropped), _floats(frame[target]), _is_test(frame[side]), keys, rows
        )
    if len(roles) < 2:
        raise DataError("The table of features has neither users nor items to find its events by.")
    log = material.split.log
    pairs = keys_of(log, frame[roles["user"]], frame[roles["item"]])
    is_event, test, rating = _events(material, pairs)
    if side is not None:
        test = _is_test(frame[side])
        is_event = np.ones(len(frame), bool)
    if not is_event.any():
        raise DataError("No row of the table of features is an event of the split.")
    known = rating if target is None else _floats(frame[target])
    for role, vocabulary in (("user", log.users), ("item", log.items)):
        codes = indices(vocabulary, frame[roles[role]]).astype(np.int64)
        keys[role] = np.where(codes < 0, len(vocabulary), codes)[is_event]
    return Features(
        frame.drop(dropped).filter(pl.Series(is_event)),
        known[is_event],
        test[is_event],
        keys,
        rows[is_event],
    )


def _spread(
    frame: pl.DataFrame, material: Material, roles: dict[str, str], dropped: list[str]
) -> Features:
    """One row an event, from a table of items or of users."""
    assert material.split is not None
    log = material.split.log
    if not log.has_ratings:
        raise DataError("Features of items or users need a log with ratings as the target.")
    ((role, column),) = roles.items()
    vocabulary = log.users if role == "user" else log.items
    index = indices(vocabulary, frame[column])
    place = np.full(len(vocabulary), -1)
    place[index[index >= 0]] = np.flatnonzero(index >= 0)
    at = np.concatenate([material.known_rows, material.test_rows])
    row = place[log.events[role].to_numpy()[at]]
    at, row = at[row >= 0], row[row >= 0]
    test = np.zeros(len(log), bool)
    test[material.test_rows] = True
    codes = log.events[role].to_numpy()[at].astype(np.int64)
    return Features(
        frame.drop(dropped)[row], log.ratings[at].astype(float), test[at], {role: codes}, row + 1
    )


def _events(material: Material, pairs: Int64) -> tuple[Bool, Bool, Float64]:
    """For each pair whether it is an event, whether of the test, and its rating."""
    log = material.log
    at = np.concatenate([material.test_rows, material.known_rows])  # the test's come first
    keys = material.pairs[at]
    order = np.argsort(keys, kind="stable")
    place = np.searchsorted(keys[order], pairs).clip(0, len(order) - 1)
    event = order[place]
    is_event = keys[event] == pairs
    rating = (
        log.ratings[at[event]].astype(float) if log.has_ratings else np.full(len(pairs), np.nan)
    )
    return (
        is_event,
        is_event & (event < len(material.test_rows)),
        np.where(is_event, rating, np.nan),
    )


def _is_test(side: pl.Series) -> Bool:
    if side.dtype == pl.Boolean or side.dtype.is_numeric():
        return side.cast(pl.Boolean).fill_null(False).to_numpy()
    return side.cast(pl.String).str.to_lowercase().str.contains("test").fill_null(False).to_numpy()


def _floats(values: pl.Series) -> Float64:
    return values.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()

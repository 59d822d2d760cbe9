"""Match the rows of a feature table with the events of a split."""

from __future__ import annotations

import numpy as np
import polars as pl

from penchant.auditing.features import Features, KeyedEvents
from penchant.auditing.material import Material
from penchant.auditing.table_reading import indices, keys_of
from penchant.data.dataset import Dataset
from penchant.data.reading.column_names import plain_name, roles_by_name
from penchant.data.splits import TEST, TRAIN, VALIDATION
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
            frame=frame.drop(dropped),
            target=_floats(frame[target]),
            test=_is_test(frame[side]),
            keys=keys,
            rows=rows,
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
        frame=frame.drop(dropped).filter(pl.Series(is_event)),
        target=known[is_event],
        test=test[is_event],
        keys=keys,
        rows=rows[is_event],
        split_events=_split_events(material, rated=bool(_are_ratings(known, rating).all())),
    )


def _spread(
    frame: pl.DataFrame, material: Material, roles: dict[str, str], dropped: list[str]
) -> Features:
    """One row an event, from a table of items or of users."""
    assert material.split is not None
    log = material.split.log
    ((role, column),) = roles.items()
    vocabulary = log.users if role == "user" else log.items
    index = indices(vocabulary, frame[column])
    place = np.full(len(vocabulary), -1)
    place[index[index >= 0]] = np.flatnonzero(index >= 0)
    at = np.concatenate([material.known_rows, material.test_rows])
    row = place[log.events[role].to_numpy()[at]]
    at, row = at[row >= 0], row[row >= 0]
    if not len(row):
        raise DataError(f"No {role} of the table of features is in the log.")
    return Features(
        frame=frame.drop(dropped)[row],
        target=_ratings(log)[at],
        test=material.split.sides[at] == TEST,
        keys={role: log.events[role].to_numpy()[at].astype(np.int64)},
        rows=row + 1,
        split_events=_split_events(material, rated=True),
    )


def _split_events(material: Material, *, rated: bool) -> tuple[KeyedEvents, ...]:
    """The events of the split as a table of features may have aggregated them.

    With validation events among the training rows, and without them where there are any.
    """
    assert material.split is not None
    sides, log = material.split.sides, material.log
    parts = [(TRAIN, VALIDATION, TEST), (TRAIN, TEST)]
    events = []
    for part in parts if (sides == VALIDATION).any() else parts[:1]:
        at = np.flatnonzero(np.isin(sides, part))
        events.append(
            KeyedEvents(
                target=_ratings(log)[at] if rated else np.full(len(at), np.nan),
                test=sides[at] == TEST,
                keys={
                    role: log.events[role].to_numpy()[at].astype(np.int64)
                    for role in ("user", "item")
                },
                times=None if material.times is None else material.times[at],
            )
        )
    return tuple(events)


def _are_ratings(target: Float64, rating: Float64) -> Bool:
    """bool[n_rows], whether targets are the ratings of their events, where there are both."""
    return np.isnan(target) | np.isnan(rating) | np.isclose(target, rating)


def _ratings(log: Dataset) -> Float64:
    """float64[n_events], the ratings, NaN where the log has none."""
    return log.ratings.astype(float) if log.has_ratings else np.full(len(log), np.nan)


def _events(material: Material, pairs: Int64) -> tuple[Bool, Bool, Float64]:
    """For each pair whether it is an event, whether of the test, and its rating."""
    log = material.log
    at = np.concatenate([material.test_rows, material.known_rows])  # the test's come first
    keys = material.pairs[at]
    order = np.argsort(keys, kind="stable")
    place = np.searchsorted(keys[order], pairs).clip(0, len(order) - 1)
    event = order[place]
    is_event = keys[event] == pairs
    return (
        is_event,
        is_event & (event < len(material.test_rows)),
        np.where(is_event, _ratings(log)[at[event]], np.nan),
    )


def _is_test(side: pl.Series) -> Bool:
    if side.dtype == pl.Boolean or side.dtype.is_numeric():
        return side.cast(pl.Boolean).fill_null(False).to_numpy()
    return side.cast(pl.String).str.to_lowercase().str.contains("test").fill_null(False).to_numpy()


def _floats(values: pl.Series) -> Float64:
    return values.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()

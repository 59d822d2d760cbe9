"""A split from a training and a test file that others made, with the files' row numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from penchant.data.baskets import BASKET
from penchant.data.dataset import Dataset
from penchant.data.event_order import POSITION, has_positions
from penchant.data.sessions import users_are_sessions
from penchant.data.sources.releases import read
from penchant.data.splits import GIVEN, TEST, TRAIN, VALIDATION, Split
from penchant.errors import DataError


def split_of_files(
    train: Any,
    test: Any,
    validation: Any = None,
    *,
    given: Any = None,
    options: dict[str, Any] | None = None,
) -> Split:
    """The split that these files are; each event keeps its row number in its own file.

    Files of a sequence a line have users of their own: the last item of each held-out line is what
    is to be predicted, and the items before it are given. So it is where sessions stand for users
    and none goes on from one part in another. Where users have sessions, these are kept if all
    parts have them: of one user a key stands for one session in all of them.

    Args:
        train: a file, frame or `Dataset`.
        test: likewise.
        validation: likewise, or None.
        given: likewise, events of held-out users that are known and of which no model learns, or
            None.
        options: columns and the like for `penchant.read`.

    Raises:
        DataError: one of them cannot be read, or is empty.
    """
    parts = [("training", train, TRAIN), ("test", test, TEST)]
    if validation is not None:
        parts.insert(1, ("validation", validation, VALIDATION))
    if given is not None:
        parts.insert(1, ("given", given, GIVEN))
    logs = [
        source if isinstance(source, Dataset) else read(source, **(options or {}))
        for _, source, _ in parts
    ]
    for (what, _, _), log in zip(parts, logs, strict=True):
        if not len(log):
            raise DataError(f"The {what} part has no events.")
    frames = [log.frame() for log in logs]
    for noun in ("user", "item"):
        if len({frame[noun].dtype for frame in frames}) > 1:
            frames = [frame.with_columns(pl.col(noun).cast(pl.String)) for frame in frames]
    if logs[0].origin.layout == "sequences":  # whose users are numbers of lines
        frames = _apart(frames)
    in_sessions = all(log.has_sessions for log in logs)
    if in_sessions and len({frame[BASKET].dtype for frame in frames}) > 1:
        frames = [frame.with_columns(pl.col(BASKET).cast(pl.String)) for frame in frames]
    for column in ("rating", "weight", "time", "text"):  # what one part lacks is not compared
        if not all(column in frame.columns for frame in frames):
            frames = [frame.drop(column, strict=False) for frame in frames]
    wanted = ["user", "item", "rating", "weight", "time", "text", "row"]
    wanted += [BASKET] if in_sessions else []
    keep = [c for c in wanted if c in frames[0].columns]
    sides = np.repeat([side for _, _, side in parts], [len(frame) for frame in frames])
    names = " and ".join(
        Path(source).name if isinstance(source, str | Path) else log.name
        for (_, source, _), log in zip(parts, logs, strict=True)
    )
    events = pl.concat([frame.select(keep) for frame in frames], how="vertical_relaxed")
    if any(has_positions(log.events) for log in logs):
        events = events.with_columns(
            pl.int_range(pl.len(), dtype=pl.UInt32).over("user").alias(POSITION)
        )
    merged = Dataset.from_frame(
        events,
        name=names,
        positive=_positive(logs) if "rating" in keep else None,
        in_sessions=in_sessions,
    )
    are_sequences = logs[0].origin.layout == "sequences"
    sentence = f"As given by {names}."
    if are_sequences or _are_new_sessions(logs):
        order = merged.event_order
        owner = merged.events["user"].to_numpy()[order]
        is_last = np.empty(len(order), np.bool_)
        is_last[order] = np.append(owner[1:] != owner[:-1], True)
        sides[(sides != TRAIN) & ~is_last] = GIVEN
        if not are_sequences:
            sentence += " Of held-out sessions the last item is predicted from those before it."
    return Split(
        log=merged,
        sides=sides.astype(np.uint8),
        kind="predefined",
        sentence=sentence,
        ties="As given.",
    )


def _apart(frames: list[pl.DataFrame]) -> list[pl.DataFrame]:
    """The frames with other users in each, which are numbers from 1 in all of them."""
    apart: list[pl.DataFrame] = []
    last = 0
    for frame in frames:
        apart.append(frame.with_columns(pl.col("user").cast(pl.Int64) + last))
        last = int(apart[-1]["user"].max())  # type: ignore[arg-type]
    return apart


def _are_new_sessions(logs: list[Dataset]) -> bool:
    """Whether sessions stand for users, and each is in one part alone."""
    if not all(users_are_sessions(log) for log in logs):
        return False
    ids = pl.concat([log.users.ids.cast(pl.String) for log in logs])
    return bool(ids.is_unique().all())


def _positive(logs: list[Dataset]) -> float | None:
    """The lowest rating of a positive event, which all parts must agree on."""
    thresholds = {log.positive for log in logs}
    if len(thresholds) > 1:
        raise DataError(
            "The files do not agree on which ratings are positive: say it as a number, such as "
            "positive='>=4' (--positive '>=4')."
        )
    return thresholds.pop()

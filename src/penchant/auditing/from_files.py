"""A split from a training and a test file that others made, with the files' row numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.event_order import POSITION, has_positions
from penchant.data.sources.releases import read
from penchant.data.splits import GIVEN, TEST, TRAIN, VALIDATION, Split
from penchant.errors import DataError


def split_of_files(
    train: Any, test: Any, validation: Any = None, *, options: dict[str, Any] | None = None
) -> Split:
    """The split that these files are; each event keeps its row number in its own file.

    Files of a sequence a line have users of their own: the last item of each held-out line is what
    is to be predicted, and the items before it are given.

    Args:
        train: a file, frame or `Dataset`.
        test: likewise.
        validation: likewise, or None.
        options: columns and the like for `penchant.read`.

    Raises:
        DataError: one of them cannot be read, or is empty.
    """
    parts = [("training", train, TRAIN), ("test", test, TEST)]
    if validation is not None:
        parts.insert(1, ("validation", validation, VALIDATION))
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
    for column in ("rating", "weight", "time", "text"):  # what one part lacks is not compared
        if not all(column in frame.columns for frame in frames):
            frames = [frame.drop(column, strict=False) for frame in frames]
    wanted = ("user", "item", "rating", "weight", "time", "text", "row")
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
        events, name=names, positive=_positive(logs) if "rating" in keep else None
    )
    if logs[0].origin.layout == "sequences":
        last = events.select(pl.int_range(pl.len()).over("user") == pl.len().over("user") - 1)
        sides[(sides != TRAIN) & ~last.to_series().to_numpy()] = GIVEN
    return Split(
        log=merged,
        sides=sides.astype(np.uint8),
        kind="predefined",
        sentence=f"As given by {names}.",
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


def _positive(logs: list[Dataset]) -> float | None:
    """The lowest rating of a positive event, which all parts must agree on."""
    thresholds = {log.positive for log in logs}
    if len(thresholds) > 1:
        raise DataError(
            "The files do not agree on which ratings are positive: say it as a number, such as "
            "positive='>=4' (--positive '>=4')."
        )
    return thresholds.pop()

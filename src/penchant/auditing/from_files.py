"""A split from a training and a test file that others made, with the files' row numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.sources.releases import read
from penchant.data.splits import TEST, TRAIN, VALIDATION, Split
from penchant.errors import DataError


def split_of_files(
    train: Any, test: Any, validation: Any = None, *, options: dict[str, Any] | None = None
) -> Split:
    """The split that these files are; each event keeps its row number in its own file.

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
    for column in ("rating", "time", "text"):  # what only one part has cannot be compared
        if not all(column in frame.columns for frame in frames):
            frames = [frame.drop(column, strict=False) for frame in frames]
    keep = [c for c in ("user", "item", "rating", "time", "text", "row") if c in frames[0].columns]
    sides = np.repeat([side for _, _, side in parts], [len(frame) for frame in frames])
    names = " and ".join(
        Path(source).name if isinstance(source, str | Path) else log.name
        for (_, source, _), log in zip(parts, logs, strict=True)
    )
    merged = Dataset.from_frame(
        pl.concat([frame.select(keep) for frame in frames], how="vertical_relaxed"), name=names
    )
    return Split(
        log=merged,
        sides=sides.astype(np.uint8),
        kind="predefined",
        sentence=f"As given by {names}.",
        ties="As given.",
    )

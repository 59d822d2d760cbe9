"""The parts of a split as files, for other programs and for a comparison that is done again."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from penchant.data.baskets import BASKET
from penchant.data.fetching.cache import staged_folder
from penchant.data.splits import GIVEN, TEST, TRAIN, VALIDATION, Split
from penchant.errors import ParameterError
from penchant.json_values import json_value

_SIDES = {"train": TRAIN, "validation": VALIDATION, "given": GIVEN, "test": TEST}
_COLUMNS = ("user", "item", "rating", "weight", "time", "text")


def write_split(split: Split, folder: str | Path) -> list[Path]:
    """Write `train.csv`, `test.csv` and, where there are such events, the other parts of a split.

    Events stand in the order of the log, with ids as the log has them, and with their sessions.
    `given.csv` has the events of held-out users that are known and of which no model learns.
    `split.json` says how the split was made, with its seed and fingerprint. `penchant compare
    train.csv --test test.csv --validation validation.csv --given given.csv` and `penchant audit
    FOLDER` read them.

    Args:
        split: the split.
        folder: a folder that is made, with all files or none.

    Returns:
        The files.

    Raises:
        ParameterError: the folder is there already, or the split ranks given candidates alone.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ParameterError(f"{str(folder)!r} is there already: name a new folder.")
    if split.candidates is not None:
        raise ParameterError("A split with candidate lists cannot be written as files.")
    columns = [name for name in _COLUMNS if name in split.log.events.columns]
    sessions = [pl.col(BASKET).alias("session")] if split.log.has_sessions else []
    events = split.log.frame().select(*columns, *sessions)
    sides = pl.Series(split.sides)
    names = []
    with staged_folder(folder) as draft:
        for name, side in _SIDES.items():
            part = events.filter(sides == side)
            if len(part):
                part.write_csv(draft / f"{name}.csv")
                names.append(f"{name}.csv")
        text = json.dumps(json_value(split.describe()), indent=2, ensure_ascii=False)
        (draft / "split.json").write_text(f"{text}\n", encoding="utf-8")
    return [folder / name for name in (*names, "split.json")]

"""The parts of a split as files, for other programs and for a comparison that is done again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Literal, get_args

import polars as pl

from penchant.atomic_write import require_new_folder
from penchant.data.baskets import BASKET
from penchant.data.fetching.cache import staged_folder
from penchant.data.required_split import require_split
from penchant.data.splits import GIVEN, TEST, TRAIN, VALIDATION, Split
from penchant.errors import ParameterError
from penchant.json_values import json_value

SplitForm = Literal["csv", "parquet"]
EVENTS_AT_ONCE = 2_000_000
"""How many events of a log are written at once, and so at most in a Parquet file."""

_MOST_AS_CSV = 10_000_000  # events
_SIDES = {"train": TRAIN, "validation": VALIDATION, "given": GIVEN, "test": TEST}
_COLUMNS = ("user", "item", "rating", "weight", "time", "text")


def write_split(split: Split, folder: str | Path, *, form: SplitForm | None = None) -> list[Path]:
    """Write `train.csv`, `test.csv` and, where there are such events, the other parts of a split.

    Events stand in the order of the log, with ids as the log has them, and with their sessions.
    `given.csv` has the events of held-out users that are known and of which no model learns.
    `split.json` says how the split was made, with its seed and fingerprint. `penchant compare
    train.csv --test test.csv --validation validation.csv --given given.csv` and `penchant audit
    FOLDER` read them. As Parquet each part is a folder, such as `train`, of files of some million
    events, which are written and read one after the other.

    Args:
        split: the split.
        folder: a folder that is made, with all files or none.
        form: `csv` or `parquet`; by default CSV for logs of up to 10 million events.

    Returns:
        The files, or folders of files.

    Raises:
        ParameterError: the folder is there already, the split ranks given candidates alone, or
            there is no such form.

    Example:
        >>> split = pn.split_random(planted_pairs(), validation=0.1, test=0.2)
        >>> sorted(path.name for path in pn.write_split(split, "parts"))
        ['split.json', 'test.csv', 'train.csv', 'validation.csv']
    """
    if form not in (None, *get_args(SplitForm)):
        raise ParameterError(f"Parts of a split are csv or parquet files, not {form!r}.")
    require_split(split)
    folder = Path(folder)
    require_new_folder(folder)
    if split.candidates is not None:
        raise ParameterError("A split with candidate lists cannot be written as files.")
    as_csv = len(split.log) <= _MOST_AS_CSV if form is None else form == "csv"
    names = {name: f"{name}.csv" if as_csv else name for name in _SIDES}
    with staged_folder(folder) as draft:
        for number, start in enumerate(range(0, len(split.log), EVENTS_AT_ONCE)):
            events = _events(split, start)
            sides = pl.Series(split.sides[start : start + EVENTS_AT_ONCE])
            for name, side in _SIDES.items():
                part = events.filter(sides == side)
                if part.is_empty():
                    continue
                if not as_csv:
                    (draft / name).mkdir(exist_ok=True)
                    part.write_parquet(draft / name / f"part-{number:04}.parquet")
                    continue
                path = draft / names[name]
                with path.open("ab") as file:
                    part.write_csv(file, include_header=not file.tell())
        written = [name for name in names.values() if (draft / name).exists()]
        text = json.dumps(json_value(split.describe()), indent=2, ensure_ascii=False)
        (draft / "split.json").write_text(f"{text}\n", encoding="utf-8")
    return [folder / name for name in (*written, "split.json")]


def _events(split: Split, start: int) -> pl.DataFrame:
    """Some of the events from a position on, with ids and in the columns that are written."""
    some = replace(split.log, events=split.log.events.slice(start, EVENTS_AT_ONCE))
    columns = [name for name in _COLUMNS if name in some.events.columns]
    sessions = [pl.col(BASKET).alias("session")] if some.has_sessions else []
    return some.frame().select(*columns, *sessions)

"""A log as files of columns that are read where they lie, so that it need not fit into memory."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

import numpy as np
import polars as pl

from penchant.atomic_write import require_new_folder
from penchant.data.baskets import BASKET
from penchant.data.dataset import Dataset
from penchant.data.event_columns import quantities_of
from penchant.data.event_order import POSITION, event_order
from penchant.data.fetching.cache import staged_folder
from penchant.data.histories import Histories
from penchant.data.mapped_columns import (
    TYPES,
    mapped_array,
    mapped_series,
    numpy_type,
    packed,
    type_of,
)
from penchant.data.origin import Origin
from penchant.data.required import require_log
from penchant.data.vocabulary import Vocabulary
from penchant.errors import DataError, require
from penchant.typing import AnyInt, Bool, Int64

logger = logging.getLogger(__name__)

HEADER = "encoded-log.json"
"""The file by which such a folder is known."""

_VERSION = 1
_AT_ONCE = 2**22  # events that are looked at
_SORTED_AT_ONCE = 2**23  # events that are put in order
_TABLES = ("user_table", "item_table", "anonymous")
_LISTS = ("skipped", "netted")  # of the origin


def write_encoded(log: Dataset, folder: str | Path) -> Path:
    """Write a log as files of columns, in the order of users and times.

    `pn.read(folder)` opens it at once, however large it is: what is asked for is read from the
    files, and models that learn block by block need not have all events in memory. Ids are kept as
    Parquet, numbers as NumPy's files. Further columns of text are left out, which is said.

    Args:
        log: the log.
        folder: a folder that is made, with all files or none.

    Returns:
        The folder.

    Raises:
        ParameterError: the folder is there already.
        DataError: the log has no events.

    Example:
        >>> pn.read(pn.write_encoded(planted_pairs(), "events.encoded"))
        Dataset('planted pairs': 1,120 events, 80 users, 40 items)
    """
    require_log(log)
    folder = Path(folder)
    require_new_folder(folder)
    if not len(log):
        raise DataError(f"The log {log.name!r} has no events to write.")
    columns = {name: kind for name in log.events.columns if (kind := _kind(log.events[name]))}
    left_out = [name for name in log.events.columns if name not in columns]
    if left_out:
        logger.warning(f"Columns that are no numbers are left out: {', '.join(left_out)}.")
    with staged_folder(folder) as draft:
        with ExitStack() as files:
            written: list[_WrittenColumn] = []
            for name, kind in columns.items():
                series = log.events[name]
                if kind == "code":
                    columns[name] = "int64"
                    series = series.rank("dense").cast(pl.Int64) - 1
                path = draft / _file_name(name, len(written))
                file = files.enter_context(path.with_suffix(".npy").open("wb"))
                written.append(_WrittenColumn(series, path, file))
            for places in _places_in_order(log):
                for column in written:
                    column.append(places)
        for column in written:
            column.write_known()
        for vocabulary in (log.users, log.items):
            vocabulary.ids.to_frame().write_parquet(draft / f"{vocabulary.noun}s.parquet")
        frames = {name: getattr(log, name) for name in _TABLES}
        frames |= {name: getattr(log.origin, name) for name in _LISTS}
        for name, frame in frames.items():
            if frame is not None:
                frame.write_parquet(draft / f"{name}.parquet")
        gap = log.origin.session_gap
        header = {
            "version": _VERSION,
            "name": log.name,
            "events": len(log),
            "columns": columns,
            "scale": log.scale,
            "positive": log.positive,
            "in_sessions": log.in_sessions,
            "frames": [name for name, frame in frames.items() if frame is not None],
            "origin": {
                "source": log.origin.source,
                "columns": log.origin.columns,
                "guessed": log.origin.guessed,
                "dropped": log.origin.dropped,
                "layout": log.origin.layout,
                "session_gap": None if gap is None else gap // timedelta(microseconds=1),
            },
        }
        text = json.dumps(header, indent=2, ensure_ascii=False)
        (draft / HEADER).write_text(f"{text}\n", encoding="utf-8")
    return folder


def _kind(series: pl.Series) -> str | None:
    """The type of a column's file; `code` where values are only told apart, None for others."""
    if kind := type_of(series.dtype):
        return kind
    return "code" if series.name == BASKET else None


def _file_name(column: str, number: int) -> str:
    """The name of a column's files without an ending, which is its own where it can be."""
    return column if column.isidentifier() else f"column-{number}"


class _WrittenColumn:
    """NAME.npy, and NAME.known.npy, a bit for each event, where some are null."""

    def __init__(self, series: pl.Series, path: Path, file: BinaryIO) -> None:
        self._series, self._path, self._file = series, path, file
        self._values = series.to_physical().fill_null(0).to_numpy()
        self._known: list[Bool] = []
        facts = np.lib.format.header_data_from_array_1_0(self._values)
        np.lib.format.write_array_header_1_0(file, facts)

    def append(self, places: AnyInt) -> None:
        """Write the events of these places."""
        self._file.write(self._values[places].data)  # a mapped file would kill where a disk is full
        if self._series.null_count():
            self._known.append(self._series[places].is_not_null().to_numpy())

    def write_known(self) -> None:
        """Write what is not null, where something is."""
        if self._known:
            path = self._path.with_suffix(".known.npy")
            np.save(path, packed(np.concatenate(self._known)))


def _places_in_order(log: Dataset) -> Iterator[AnyInt]:
    """Where the log's events are by user and time, some users after the others."""
    ends = np.cumsum(log.user_counts)
    first = 0
    users = log.events["user"].to_numpy()
    told_by = log.events.select(c for c in ("user", "time", POSITION) if c in log.events.columns)
    while first < log.n_users:
        before = ends[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(ends, before + _SORTED_AT_ONCE, side="right")))
        if first == 0 and last >= log.n_users:
            yield log.event_order
            return
        some = np.concatenate(
            [
                piece.start + np.flatnonzero((users[piece] >= first) & (users[piece] < last))
                for piece in _pieces(len(users))
            ]
        )
        yield some[event_order(told_by[some], log.n_users)]
        first = last


def is_encoded(path: Path) -> bool:
    """Whether a folder is a log that `write_encoded` has written."""
    return (path / HEADER).is_file()


def read_encoded(folder: Path, name: str | None = None) -> Dataset:
    """Open a log that `write_encoded` has written.

    Args:
        folder: the folder.
        name: what reports call the log; by default as it was written.

    Raises:
        DataError: the folder is damaged, or was written by a later version.
        MissingExtraError: PyArrow is not installed.
    """
    require("pyarrow", "arrow")
    try:
        header = json.loads((folder / HEADER).read_text(encoding="utf-8"))
        if header["version"] != _VERSION:
            raise DataError(
                f"The log {str(folder)!r} was written by another version of penchant (form "
                f"{header['version']}, and this one reads {_VERSION}): write it again."
            )
        columns = {
            column: _Column(folder / _file_name(column, number), column, kind, header["events"])
            for number, (column, kind) in enumerate(header["columns"].items())
        }
        users, items = (_vocabulary(folder / f"{noun}s.parquet", noun) for noun in ("user", "item"))
        if not {*header["frames"]} <= {*_TABLES, *_LISTS}:
            raise ValueError("there are unknown tables")
        frames = {each: pl.read_parquet(folder / f"{each}.parquet") for each in header["frames"]}
        told = header["origin"]
        gap = told.get("session_gap")  # µs
        origin = Origin(
            source=told["source"],
            columns=told["columns"],
            guessed=tuple(told["guessed"]),
            skipped=frames.get("skipped"),
            dropped=tuple(told["dropped"]),
            netted=frames.get("netted"),
            layout=told["layout"],
            session_gap=None if gap is None else timedelta(microseconds=gap),
        )
        counts = _checked(columns, len(users), len(items))
        for vocabulary in (users, items):
            table = frames.get(f"{vocabulary.noun}_table")
            if table is not None and not table[vocabulary.noun].equals(vocabulary.ids):
                raise ValueError(f"the {vocabulary.noun} table has other ids")
        log = Dataset(
            events=pl.DataFrame([column.series() for column in columns.values()]),
            users=users,
            items=items,
            name=name or header["name"],
            scale=None if header["scale"] is None else tuple(header["scale"]),
            positive=header["positive"],
            origin=origin,
            in_sessions=header["in_sessions"],
            user_table=frames.get("user_table"),
            item_table=frames.get("item_table"),
            anonymous=frames.get("anonymous"),
        )
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        pl.exceptions.PolarsError,
    ) as error:
        raise DataError(f"The log {str(folder)!r} is damaged ({error}): write it again.") from error
    if BASKET not in columns:
        vars(log)["histories"] = _histories(log, columns, counts)
    return log


class _Column:
    """A column's files, in memory as far as they are read."""

    def __init__(self, path: Path, name: str, kind: str, n: int) -> None:
        if kind not in TYPES:
            raise ValueError(f"the column {name!r} of {kind}")
        self.name, self.kind = name, kind
        self.values = mapped_array(path.with_suffix(".npy"), numpy_type(kind), n)
        known = path.with_suffix(".known.npy")
        self.known = mapped_array(known, np.dtype("uint8"), -(-n // 8)) if known.exists() else None

    def series(self) -> pl.Series:
        """The values, in the memory of the file."""
        return mapped_series(self.name, self.kind, self.values, self.known)


def _vocabulary(path: Path, noun: str) -> Vocabulary:
    ids = pl.read_parquet(path)[noun]
    vocabulary = Vocabulary(ids, noun=noun)
    if not vocabulary.ids.equals(ids):
        raise ValueError(f"{path.name} is not in order")
    return vocabulary


def _checked(columns: Mapping[str, _Column], n_users: int, n_items: int) -> Int64:
    """int64[n_users], how many events each has.

    Raises:
        ValueError: an index is not of the vocabularies, users do not ascend, or a rating is not
            finite.
    """
    user, item = columns["user"].values, columns["item"].values
    counts, last = np.zeros(n_users, np.int64), 0
    for some in _pieces(len(user)):
        users, items = user[some], item[some]
        if users[0] < last or (users[1:] < users[:-1]).any() or users[-1] >= n_users:
            raise ValueError("users do not ascend")
        if items.min() < 0 or items.max() >= n_items:
            raise ValueError("there are unknown items")
        for name in ("rating", "weight"):
            if name in columns and not np.isfinite(columns[name].values[some]).all():
                raise ValueError(f"the {name} of some events is no number")
        counts += np.bincount(users, minlength=n_users)
        last = users[-1]
    return counts


def _histories(log: Dataset, columns: Mapping[str, _Column], counts: Int64) -> Histories:
    """Those of all users, in the memory of the files."""
    arrays = {name: column.values for name, column in columns.items()}
    return Histories(
        users=np.arange(log.n_users, dtype=np.int32),
        offsets=np.append(0, np.cumsum(counts)),
        items=arrays["item"],
        ratings=arrays.get("rating"),
        times=arrays["time"] if log.has_times else None,
        n_items=log.n_items,
        weights=arrays.get("weight"),
        positive=log.positive,
        quantities=quantities_of(log.events),
    )


def _pieces(n: int) -> Iterator[slice]:
    return (slice(start, min(start + _AT_ONCE, n)) for start in range(0, n, _AT_ONCE))

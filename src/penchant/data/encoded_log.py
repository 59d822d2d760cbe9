"""A log as files of columns that are read where they lie, so that it need not fit into memory."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from penchant.data.baskets import BASKET
from penchant.data.dataset import Dataset
from penchant.data.event_columns import quantities_of
from penchant.data.fetching.cache import staged_folder
from penchant.data.histories import Histories
from penchant.data.origin import Origin
from penchant.data.vocabulary import Vocabulary
from penchant.errors import DataError, ParameterError, require
from penchant.typing import AnyInt, Int64

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]

logger = logging.getLogger(__name__)

HEADER = "encoded-log.json"
"""The file by which such a folder is known."""

_VERSION = 1
_AT_ONCE = 2**22  # events
_INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
_TYPES = (*_INTEGERS, "float32", "float64", "datetime")
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
        >>> log = planted_ratings()
        >>> again = pn.read(pn.write_encoded(log, "events.encoded"))
        >>> len(again) == len(log)
        True
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ParameterError(f"{str(folder)!r} is there already: name a new folder.")
    if not len(log):
        raise DataError(f"The log {log.name!r} has no events to write.")
    columns = {name: kind for name in log.events.columns if (kind := _kind(log.events[name]))}
    left_out = [name for name in log.events.columns if name not in columns]
    if left_out:
        logger.warning(f"Columns that are no numbers are left out: {', '.join(left_out)}.")
    with staged_folder(folder) as draft:
        for name, kind in columns.items():
            series = log.events[name]
            if kind == "code":
                columns[name] = "int64"
                series = series.rank("dense").cast(pl.Int64) - 1
            _write_column(series, log.event_order, draft / name)
        for vocabulary in (log.users, log.items):
            vocabulary.ids.to_frame().write_parquet(draft / f"{vocabulary.noun}s.parquet")
        frames = {name: getattr(log, name) for name in _TABLES}
        frames |= {name: getattr(log.origin, name) for name in _LISTS}
        for name, frame in frames.items():
            if frame is not None:
                frame.write_parquet(draft / f"{name}.parquet")
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
            },
        }
        text = json.dumps(header, indent=2, ensure_ascii=False)
        (draft / HEADER).write_text(f"{text}\n", encoding="utf-8")
    return folder


def _kind(series: pl.Series) -> str | None:
    """The type of a column's file; `code` where values are only told apart, None for others."""
    if series.dtype == pl.Datetime("us"):
        return "datetime"
    if series.dtype.is_integer() or series.dtype.is_float():
        name = str(series.dtype).lower()
        return name if name in _TYPES else None
    return "code" if series.name == BASKET else None


def _write_column(series: pl.Series, order: AnyInt, path: Path) -> None:
    """Write NAME.npy, and NAME.known.npy, a bit for each event, where some are null."""
    values = series.to_physical().fill_null(0).to_numpy()
    file = np.lib.format.open_memmap(
        path.with_name(f"{path.name}.npy"), "w+", values.dtype, values.shape
    )
    for some in _pieces(len(values)):
        file[some] = values[order[some]]
    file.flush()
    if series.null_count():
        known = series.is_not_null().to_numpy()[order]
        np.save(path.with_name(f"{path.name}.known.npy"), np.packbits(known, bitorder="little"))


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
    arrow = require("pyarrow", "arrow")
    try:
        header = json.loads((folder / HEADER).read_text(encoding="utf-8"))
        if header["version"] != _VERSION:
            raise DataError(
                f"The log {str(folder)!r} was written by another version of penchant (form "
                f"{header['version']}, and this one reads {_VERSION}): write it again."
            )
        columns = {
            column: _Column(folder, column, kind, header["events"])
            for column, kind in header["columns"].items()
        }
        users, items = (
            Vocabulary(pl.read_parquet(folder / f"{noun}s.parquet")[noun], noun=noun)
            for noun in ("user", "item")
        )
        frames = {each: pl.read_parquet(folder / f"{each}.parquet") for each in header["frames"]}
        told = header["origin"]
        origin = Origin(
            source=told["source"],
            columns=told["columns"],
            guessed=tuple(told["guessed"]),
            skipped=frames.get("skipped"),
            dropped=tuple(told["dropped"]),
            netted=frames.get("netted"),
            layout=told["layout"],
        )
        counts = _checked(columns, len(users), len(items))
        log = Dataset(
            events=pl.DataFrame({each: column.series(arrow) for each, column in columns.items()}),
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

    def __init__(self, folder: Path, name: str, kind: str, n: int) -> None:
        if kind not in _TYPES or not name or Path(name).name != name:
            raise ValueError(f"the column {name!r}")
        dtype = np.dtype("int64" if kind == "datetime" else kind)
        self.kind = kind
        self.values = _mapped(folder / f"{name}.npy", dtype, n)
        known = folder / f"{name}.known.npy"
        self.known = _mapped(known, np.dtype("uint8"), -(-n // 8)) if known.exists() else None

    def series(self, arrow: Any) -> pl.Series:
        """The values, in the memory of the file."""
        kind = arrow.timestamp("us") if self.kind == "datetime" else getattr(arrow, self.kind)()
        buffers = [None if x is None else arrow.py_buffer(x) for x in (self.known, self.values)]
        array: pa.Array = arrow.Array.from_buffers(kind, len(self.values), buffers)
        series = pl.from_arrow(array)
        assert isinstance(series, pl.Series)
        return series


def _mapped(path: Path, dtype: np.dtype[Any], n: int) -> npt.NDArray[Any]:
    """An array in the memory of a file, which is not changed by what is written to it."""
    values = np.load(path, mmap_mode="c", allow_pickle=False)
    if values.dtype != dtype or values.shape != (n,):
        raise ValueError(f"{path.name} has {values.dtype}{values.shape}")
    return np.asarray(values)


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

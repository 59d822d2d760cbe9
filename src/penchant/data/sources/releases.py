"""Files and folders whose columns are known: recognised by their content, read as they are."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, ParamSpec

from penchant.data.dataset import Dataset
from penchant.data.encoded_log import is_encoded, read_encoded
from penchant.data.positive import with_positive
from penchant.data.reading import log_reader
from penchant.data.reading.id_tables import with_table
from penchant.data.reading.log_reader import read_table
from penchant.data.sources import amazon, atomic, book_crossing, movielens
from penchant.data.sources.catalogue import is_published
from penchant.errors import DataError, ParameterError

P = ParamSpec("P")
_MOVIELENS = ("u.data", "ratings.dat", "ratings.csv")
_FLAGS = {"malformed": "--strict"}
_TABLES = {"user": "user_table", "item": "item_table"}
_ALWAYS = {"name", "positive", "quiet", "scratch", *_TABLES.values()}
"""Options that do not say how events are read."""


def read_release(path: Path, name: str | None = None) -> Dataset:
    """Read a folder as MovieLens, Book-Crossing, Amazon's reviews or atomic files are released.

    Or one that `write_encoded` has written.

    Args:
        path: the folder, or a file of Book-Crossing's ratings or of Amazon's reviews.
        name: what reports call the log; by default the folder's or the file's own.

    Raises:
        DataError: it holds nothing of the kind, or is damaged.
    """
    if is_encoded(path):
        return read_encoded(path, name)
    if book_crossing.can_read(path):
        return book_crossing.read(path, name or path.stem.removesuffix(".csv"))
    if path.is_dir() and any(path.glob("*.inter")):
        return atomic.read(path, name=name or path.name)
    if path.is_dir() and any((path / file).exists() for file in _MOVIELENS):
        return movielens.read(path, name or path.name)
    if amazon.can_read(path):
        return amazon.read(path, name)
    raise DataError(
        f"The folder {str(path)!r} holds no release of MovieLens, no Book-Crossing, no Amazon "
        "reviews and no atomic files: name the file in it that has the events."
    )


def is_release(source: str) -> bool:
    """Whether `read` knows the columns of a file or folder by its content."""
    path = _path(source)
    return path is not None and (_is_release_folder(path) or _is_release_file(path))


def _with_releases(read: Callable[P, Dataset]) -> Callable[P, Dataset]:
    """`read` for folders and for files of known releases, too."""

    @functools.wraps(read)
    def read_any(*arguments: P.args, **options: P.kwargs) -> Dataset:
        path = _path(arguments[0] if arguments else options.get("source"))
        given = _given(options)
        if path is None or not (_is_release_folder(path) or (not given and _is_release_file(path))):
            _check_exists(path)
            return read(*arguments, **options)
        if given:
            flags = {option: f"--{option.replace('_', '-')}" for option in given} | _FLAGS
            listed = ", ".join(f"{option} ({flags[option]})" for option in given)
            raise ParameterError(
                f"{listed} cannot be used with the folder {str(path)!r}, whose columns are known: "
                "leave that out, or name the file in it that has the events."
            )
        return _read_folder(path, options)

    return read_any


def _read_folder(path: Path, options: Mapping[str, Any]) -> Dataset:
    log = read_release(path, options.get("name"))
    for noun, option in _TABLES.items():
        if (table := options.get(option)) is not None:
            log = with_table(log, read_table(table, noun, log))
    positive = options.get("positive")
    return log if positive is None else with_positive(log, positive)


def _path(source: object) -> Path | None:
    """The file or folder that a source names, whether it exists or not; None for others."""
    if not isinstance(source, str | Path) or "://" in str(source):
        return None
    with suppress(OSError, ValueError):  # no file can have such a name
        Path(source).exists()
        return Path(source)
    return None


def _is_release_file(path: Path) -> bool:
    return path.is_file() and (book_crossing.can_read(path) or amazon.can_read(path))


def _is_release_folder(path: Path) -> bool:
    """Whether a folder is a release, and not one of parts of a log."""
    return path.is_dir() and (
        any((path / file).exists() for file in _MOVIELENS)
        or any(path.glob("*.inter"))
        or is_encoded(path)
        or book_crossing.can_read(path)
        or amazon.can_read(path)
    )


def _check_exists(path: Path | None) -> None:
    if path is not None and is_published(str(path)) and not path.exists():
        raise DataError(
            f"There is no file {str(path)!r}: pn.load({str(path)!r}) reads the published data set."
        )


def _given(options: dict[str, Any]) -> list[str]:
    """The options that say how events are read, as far as they were given."""
    return [
        option
        for option, value in options.items()
        if option not in {*_ALWAYS, "source"} and value is not None
        if not (isinstance(value, str) and value == "skip")
    ]


read = _with_releases(log_reader.read)

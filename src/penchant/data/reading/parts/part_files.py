"""Find the files of a log that is in several: in a folder, by a pattern, or as a list."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from penchant.data.reading.files import is_there
from penchant.errors import DataError
from penchant.wording import counted

_TEXT = {"csv", "tsv", "tab", "txt", "dat", "data"}
_DATA = {*_TEXT, "json", "jsonl", "ndjson", "parquet", "pq", "xlsx", "xlsm"}
_PACKED = {"gz", "gzip", "zst", "zstd"}
_NOT_DATA = re.compile(r"(readme|license|licence|copying|notice|changelog)\b", re.IGNORECASE)
_PARTITION = re.compile(r"([A-Za-z_][\w.-]*)=(.*)")
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
_MOST_LEVELS = 10  # of folders in folders, which links may make endless
_WILDCARDS = re.compile(r"[*?\[]")


@dataclass(frozen=True, eq=False)
class PartFile:
    """A file of a log.

    Attributes:
        path: of the file.
        name: what messages call it.
        partitions: the values in names of its folders, as in `date=2024-01-01`.
    """

    path: Path
    name: str
    partitions: dict[str, str | None]


@dataclass(frozen=True)
class PartFiles:
    """The files of a log in their order, and what messages call all of them.

    `remarks` say which files of a folder are none of them.
    """

    files: tuple[PartFile, ...]
    source: str
    remarks: tuple[str, ...] = ()

    @property
    def n_bytes(self) -> list[int]:
        """The sizes of the files on disk."""
        return [file.path.stat().st_size for file in self.files]


def find_parts(source: Any) -> PartFiles | None:
    """The files that a folder, a pattern such as `parts/*.csv` or a list of files stands for.

    Hidden files, those whose names begin with `_`, and those that are no data by their names are
    passed over. None for other sources. Files of a folder or a pattern are in the order of their
    names, with numbers by their values.

    Raises:
        DataError: there is no such file.
    """
    if isinstance(source, list | tuple):
        return _of_list(source)
    if not isinstance(source, str | Path) or "://" in str(source):
        return None
    path = Path(source)
    if is_there(path):
        return _of_folder(path) if path.is_dir() else None
    if _WILDCARDS.search(str(source)) and "\0" not in str(source):
        return _of_pattern(str(source))
    return None


def _of_list(paths: Sequence[Any]) -> PartFiles:
    if not paths or not all(isinstance(path, str | Path) for path in paths):
        raise DataError("A list of sources needs one file or more, each by its name or path.")
    names = [Path(path).name for path in paths]
    if len(set(names)) < len(names):
        names = [str(path) for path in paths]
    files = [
        PartFile(Path(path), name, _partitions(Path(path).parts[:-1]))
        for path, name in zip(paths, names, strict=True)
    ]
    more = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
    return PartFiles(tuple(files), names[0] + more)


def _of_pattern(pattern: str) -> PartFiles:
    paths = [Path(name) for name in glob.glob(pattern, recursive=True)]  # noqa: PTH207
    paths = [path for path in paths if path.is_file() and not path.name.startswith("_")]
    if not paths:
        raise DataError(f"There is no file {pattern!r}, and none with a name of this pattern.")
    files = [
        PartFile(path, path.name, _partitions(path.parts[:-1]))
        for path in sorted(paths, key=_natural_order)
    ]
    folders = [part for part in Path(pattern).parts[:-1] if not _WILDCARDS.search(part)]
    return PartFiles(tuple(files), folders[-1] if folders and folders[-1] != ".." else pattern)


def _of_folder(folder: Path) -> PartFiles:
    files, others = [], []
    try:
        paths = sorted(_visible_files(folder), key=_natural_order)
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {error.strerror or error}.") from None
    for path in paths:
        relative = path.relative_to(folder)
        if _may_be_data(path.name):
            files.append(PartFile(path, relative.as_posix(), _partitions(relative.parts[:-1])))
        else:
            others.append(relative.as_posix())
    if not files:
        raise DataError(
            f"The folder {str(folder)!r} holds no release of MovieLens, no Book-Crossing, no "
            "Amazon reviews, no atomic files, and no CSV, Parquet, JSON or other files that may be "
            "parts of a log: name the file in it that has the events."
        )
    remarks = []
    if others:
        more = f" and {len(others) - 1:,} more" if len(others) > 1 else ""
        verb = "are" if len(others) > 1 else "is"
        remarks.append(
            f"read {counted(len(files), 'file')} as parts of one table; {others[0]}{more} {verb} "
            "no part by name and passed over"
        )
    return PartFiles(tuple(files), folder.resolve().name, tuple(remarks))


def _visible_files(folder: Path, levels: int = _MOST_LEVELS) -> list[Path]:
    """The files of a folder and of its partitions, such as `date=2024-01-01`."""
    files = []
    for path in folder.iterdir():
        if path.name.startswith((".", "_")):
            continue
        if path.is_dir():
            if levels and _PARTITION.fullmatch(path.name):
                files += _visible_files(path, levels - 1)
        elif path.is_file():
            files.append(path)
    return files


def _may_be_data(name: str) -> bool:
    """Whether a name has an ending of data, or none and a number, as `part-00000` has."""
    parts = name.lower().split(".")
    if parts[-1] in _PACKED:
        parts.pop()
    if _NOT_DATA.match(name):
        return False
    return parts[-1] in _DATA if len(parts) > 1 else any(c.isdigit() for c in name)


def _partitions(folders: Sequence[str]) -> dict[str, str | None]:
    matches = [_PARTITION.fullmatch(folder) for folder in folders]
    return {m[1]: None if m[2] == _NO_VALUE else unquote(m[2]) for m in matches if m is not None}


def _natural_order(path: Path) -> list[tuple[int, int, str]]:
    """A key by which `part-2` stands before `part-10`."""
    pieces = re.split(r"(\d+)", path.as_posix())
    return [
        (int(piece), len(piece), "") if n % 2 else (0, 0, piece) for n, piece in enumerate(pieces)
    ]

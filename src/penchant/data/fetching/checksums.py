"""Keep the checksums of a fetched data set beside it, and check them when it is used."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import TypedDict

from penchant.atomic_write import write_text_atomically
from penchant.data.fetching.cache import checksum
from penchant.errors import DownloadError

logger = logging.getLogger(__name__)
RECORD = "CHECKSUMS"


class _File(TypedDict):
    sha256: str
    size: int
    mtime_ns: int


def record_checksums(folder: Path) -> None:
    """Write the SHA-256, size and time of every file of a folder into a file in it."""
    files = sorted(path for path in folder.iterdir() if _counts(path))
    _write(folder, {path.name: _describe(path) for path in files})


def verify_checksums(folder: Path, names: Collection[str]) -> None:
    """Check that the files of a folder are those whose checksums are written there.

    A file that has the size and time that are written down is taken for the same; others are read.
    Copies from before checksums were kept get theirs now, with a line in the log.

    Args:
        folder: the folder.
        names: files that are read where they are there, and have to have a checksum, too.

    Raises:
        DownloadError: a file was altered, added or removed.
    """
    if not (folder / RECORD).exists():
        logger.warning(
            "The copy in %s has no checksums; those of its files as they are now were written.",
            folder,
        )
        with suppress(OSError):  # a cache that can only be read
            record_checksums(folder)
        return
    known = _read(folder)
    altered = [
        name
        for name in sorted({*known, *names})
        if name in known or (folder / name).exists()
        if name not in known or not _is_same(folder / name, known[name])
    ]
    if altered:
        raise DownloadError(
            f"The copy in {folder} is not as it was fetched ({', '.join(altered)} differs from "
            f"{RECORD}): remove the folder to fetch it again, or only {RECORD} to use it as it is."
        )
    if any(
        _stat(folder / name) != (file["size"], file["mtime_ns"]) for name, file in known.items()
    ):
        with suppress(OSError):  # a copied cache: next time a look at sizes and times is enough
            record_checksums(folder)


def _counts(path: Path) -> bool:
    return path.is_file() and path.name != RECORD and not path.name.startswith(".")


def _describe(path: Path) -> _File:
    size, mtime_ns = _stat(path)
    return {"sha256": checksum(path, "sha256"), "size": size, "mtime_ns": mtime_ns}


def _stat(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


def _is_same(path: Path, file: _File) -> bool:
    try:
        size, mtime_ns = _stat(path)
        if size != file["size"]:
            return False
        return mtime_ns == file["mtime_ns"] or checksum(path, "sha256") == file["sha256"]
    except OSError:
        return False


def _read(folder: Path) -> dict[str, _File]:
    try:
        files = json.loads((folder / RECORD).read_text(encoding="utf-8"))["files"]
        return {
            str(name): {
                "sha256": str(file["sha256"]),
                "size": int(file["size"]),
                "mtime_ns": int(file["mtime_ns"]),
            }
            for name, file in files.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DownloadError(
            f"{folder / RECORD} is damaged: remove the folder to fetch the data set again, or only "
            "that file to use the copy as it is."
        ) from error


def _write(folder: Path, files: dict[str, _File]) -> None:
    text = json.dumps({"files": files}, indent=1, sort_keys=True)
    write_text_atomically(f"{text}\n", folder / RECORD)

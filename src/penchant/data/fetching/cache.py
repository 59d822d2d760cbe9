"""Locate the cache folder, and fill folders in it atomically."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_cache_path

from penchant.errors import DownloadError

VARIABLE = "PENCHANT_CACHE"


def cache_folder(cache: str | Path | None = None) -> Path:
    """Return the folder for downloads and stored results; it need not exist yet.

    It is `cache` where given, else the environment variable `PENCHANT_CACHE`, else the
    platform's cache folder, such as `~/.cache/penchant`.

    Raises:
        DownloadError: nothing is set and the platform names no absolute path.
    """
    chosen = cache or os.environ.get(VARIABLE)
    if chosen:
        return Path(chosen).expanduser().absolute()
    folder = user_cache_path("penchant", appauthor=False)
    if not folder.is_absolute():
        raise DownloadError(f"No folder to keep data sets in is known: set {VARIABLE} to a folder.")
    return folder


@contextmanager
def staged_folder(target: Path) -> Iterator[Path]:
    """Fill a folder beside `target` that takes its place only if nothing is raised.

    Whoever looks at `target` sees all of its files or none. Something already there is
    replaced. The name of the folder is unique, so that two processes do not clash.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=_prefix(target), dir=target.parent))
    try:
        content = work / "new"
        content.mkdir()  # unlike the folder around it, with the user's usual permissions
        yield content
        try:
            content.replace(target)
        except OSError:
            # A folder with files in it cannot be replaced in one step.
            target.replace(work / "old")
            content.replace(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def sweep(target: Path) -> None:
    """Remove what killed processes left beside `target`; only for the holder of its lock."""
    for left in target.parent.glob(f"{_prefix(target)}*"):
        shutil.rmtree(left, ignore_errors=True)


def _prefix(target: Path) -> str:
    return f".{target.name}~"


def checksum(path: Path, method: str) -> str:
    """The checksum of a file in hexadecimal, by `method` (`"md5"` or `"sha256"`)."""
    with path.open("rb") as file:
        return hashlib.file_digest(
            file, lambda: hashlib.new(method, usedforsecurity=False)
        ).hexdigest()

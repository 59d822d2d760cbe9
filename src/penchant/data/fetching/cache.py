"""Locate the cache folder, and fill folders in it atomically."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from platformdirs import user_cache_path

from penchant.data.fetching.ownership import check_ownership
from penchant.errors import DownloadError
from penchant.exchange import exchange
from penchant.file_locks import is_locked, locked_folder, remove_abandoned

VARIABLE = "PENCHANT_CACHE"


def cache_folder(cache: str | Path | None = None) -> Path:
    """Return the folder for downloads and stored results; it need not exist yet.

    It is `cache` where given, else the environment variable `PENCHANT_CACHE`, else the
    platform's cache folder, such as `~/.cache/penchant`.

    Raises:
        DownloadError: nothing is set and the platform names no absolute path, or others can
            change what is in the folder.
    """
    chosen = cache or os.environ.get(VARIABLE)
    if chosen:
        folder = Path(chosen).expanduser().absolute()
    else:
        folder = user_cache_path("penchant", appauthor=False)
        if not folder.is_absolute():
            raise DownloadError(
                f"No folder to keep data sets in is known: set {VARIABLE} to a folder."
            )
    check_ownership(folder)
    return folder


@contextmanager
def staged_folder(target: Path) -> Iterator[Path]:
    """Fill a folder beside `target` that takes its place only if nothing is raised.

    Whoever looks at `target` sees all of its files or none. Something already there is
    replaced. The name of the folder is unique, so that two processes do not clash.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with locked_folder(
        lambda: target.with_name(f"{_prefix(target)}{secrets.token_hex(4)}")
    ) as work:
        try:
            content = work / "new"
            content.mkdir()
            yield content
            _replace(target, content, work / "old")
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _replace(target: Path, content: Path, old: Path) -> None:
    if target.is_dir() and not target.is_symlink() and exchange(content, target):
        return
    try:
        content.replace(target)
    except OSError:
        # A folder with files in it cannot be replaced in one step.
        target.replace(old)
        content.replace(target)


def sweep(target: Path) -> None:
    """Complete or remove what killed processes have left beside `target`."""
    for left in target.parent.glob(f"{_prefix(target)}*"):
        if (left / "old").exists() and not target.exists() and not is_locked(left):
            with suppress(OSError):  # it was complete, or else the old one would be in place
                (left / "new").replace(target)
        remove_abandoned(left)


def _prefix(target: Path) -> str:
    return f".{target.name}~"


def checksum(path: Path, method: str) -> str:
    """The checksum of a file in hexadecimal, by `method` (`"md5"` or `"sha256"`)."""
    with path.open("rb") as file:
        return hashlib.file_digest(
            file, lambda: hashlib.new(method, usedforsecurity=False)
        ).hexdigest()

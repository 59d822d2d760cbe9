"""The folder that downloaded data sets are kept in, and how a copy gets into it whole."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from penchant.errors import DownloadError
from penchant.run import say

VARIABLE = "PENCHANT_CACHE"


def cache_folder(cache: str | Path | None = None) -> Path:
    """Where downloaded data sets are kept; the folder need not exist yet.

    It is `cache` where given, else the environment variable `PENCHANT_CACHE`, else the
    platform's cache folder, such as `~/.cache/penchant`.

    Raises:
        DownloadError: nothing is set and the user has no home folder.
    """
    given = cache or os.environ.get(VARIABLE)
    if given:
        return Path(given).expanduser().absolute()
    try:
        return _platform_folder() / "penchant"
    except RuntimeError:
        raise DownloadError(
            f"There is no home folder to keep data sets in: set {VARIABLE} to a folder."
        ) from None


def _platform_folder() -> Path:
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return Path(local) if local else Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":  # noqa: RET505 (mypy follows the branches of one platform)
        return Path.home() / "Library" / "Caches"
    else:
        configured = Path(os.environ.get("XDG_CACHE_HOME") or "")
        return configured if configured.is_absolute() else Path.home() / ".cache"


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


@contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """Hold a lock file that one process at a time can hold; wait for it, saying so once.

    A file system without locks is used without.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        if not _lock(file, wait=False):
            say(f"Another process is fetching {what}; waiting for it.")
            _lock(file, wait=True)
        yield  # closing the file gives the lock back


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes], *, wait: bool) -> bool:
        file.seek(0)
        while True:
            try:
                msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
                return True
            except OSError:
                if not wait:
                    return False

else:
    import fcntl

    def _lock(file: IO[bytes], *, wait: bool) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True


def digest(path: Path, method: str) -> str:
    """The checksum of a file in hexadecimal, by `method` (`"md5"` or `"sha256"`)."""
    with path.open("rb") as file:
        return hashlib.file_digest(
            file, lambda: hashlib.new(method, usedforsecurity=False)
        ).hexdigest()

"""Locks that tell files and folders being written from those that a killed process has left."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl

    _HAS_LOCKS = True
except ImportError:  # Windows: nothing is locked there, and what is abandoned stays
    _HAS_LOCKS = False

# Neither a link nor a pipe of the same name is to lead elsewhere or to hold this process up.
_CAREFULLY = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def lock(descriptor: int) -> None:
    """Mark an open file or folder as one that a living process writes."""
    if _HAS_LOCKS:
        with suppress(OSError):  # file systems without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)


def try_lock(descriptor: int) -> bool:
    """Mark an open file or folder as `lock` does, unless another process has.

    Returns:
        False where another process has; True also where there are no locks.
    """
    if _HAS_LOCKS:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # file systems without locks
            return True
    return True


@contextmanager
def locked_folder(name: Callable[[], Path]) -> Iterator[Path]:
    """A new folder that is locked as long as the context lasts, where that can be.

    Args:
        name: gives another unused name at each call.
    """
    while True:
        folder = name()
        folder.mkdir()
        descriptor = None
        with suppress(OSError):  # systems that cannot open folders
            descriptor = os.open(folder, os.O_RDONLY)
            lock(descriptor)
        try:
            if folder.exists():
                yield folder
                return
        finally:
            if descriptor is not None:
                os.close(descriptor)
        # It was taken for an abandoned one before it was locked: make another.


def is_locked(path: Path) -> bool:
    """Whether a living process has locked a file or folder; False where that cannot be known."""
    if not _HAS_LOCKS:
        return False
    try:
        descriptor = os.open(path, _CAREFULLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def remove_abandoned(draft: Path) -> bool:
    """Remove a draft, a file or a folder, of this user that no living process has locked.

    Where locks are not to be had nothing is removed.

    Returns:
        Whether it was removed.
    """
    if not _HAS_LOCKS:
        return False
    try:
        descriptor = os.open(draft, _CAREFULLY)
    except OSError:
        return False
    try:
        if os.fstat(descriptor).st_uid != os.geteuid():
            return False
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if draft.is_dir():
            shutil.rmtree(draft, ignore_errors=True)
        else:
            # SQLite's journal of a database that was being made; it has no use without it.
            draft.with_name(f"{draft.name}-journal").unlink(missing_ok=True)
            draft.unlink()
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return not draft.exists()

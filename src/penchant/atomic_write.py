"""Files that appear whole or not at all, and drafts that a killed process leaves no trace of."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: drafts are not locked there, and abandoned ones stay
    fcntl = None  # type: ignore[assignment]

_DRAFT = re.compile(r"\..+\.[0-9a-f]{8}\.draft")
_swept: set[Path] = set()


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A file beside `path` to write to, which takes its place only if nothing is raised.

    Drafts that killed processes have left in the folder are removed.
    """
    sweep_drafts(path.parent)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.draft")
    # Made here with the usual permissions, whatever writes to it.
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
    try:
        lock(descriptor)
        yield draft
        draft.replace(path)
    finally:
        os.close(descriptor)
        with suppress(FileNotFoundError):
            draft.unlink()


def set_default_permissions(path: Path) -> None:
    """Give a file the permissions that a file made in the usual way has in its folder."""
    example = path.with_name(f".{path.name}.{secrets.token_hex(4)}.draft")
    descriptor = os.open(example, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
    try:
        mode = os.fstat(descriptor).st_mode & 0o777
    finally:
        os.close(descriptor)
        example.unlink()
    path.chmod(mode)


def write_text_atomically(text: str, path: str | Path) -> Path:
    """Write a text so that nobody ever sees a part of it: a failure leaves the old file."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as draft:
        draft.write_text(text, encoding="utf-8", newline="\n")
    return path


def sweep_drafts(folder: Path) -> None:
    """Remove drafts of files that no living process writes; once per folder and process."""
    if folder in _swept:
        return
    _swept.add(folder)
    with suppress(OSError):
        for path in folder.iterdir():
            if _DRAFT.fullmatch(path.name):
                remove_abandoned(path)


def lock(descriptor: int) -> None:
    """Mark an open file or folder as one that a living process writes."""
    if fcntl is not None:
        with suppress(OSError):  # file systems without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)


def remove_abandoned(draft: Path) -> bool:
    """Remove a draft, a file or a folder, unless a living process has locked it.

    Where locks are not to be had nothing is removed.

    Returns:
        Whether it was removed.
    """
    if fcntl is None or draft.is_symlink():
        return False
    try:
        descriptor = os.open(draft, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if draft.is_dir():
            shutil.rmtree(draft, ignore_errors=True)
        else:
            draft.unlink()
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return not draft.exists()

"""Files that appear whole or not at all, and drafts that a killed process leaves no trace of."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from penchant.errors import ParameterError
from penchant.file_locks import lock, locked_folder, remove_abandoned

_DRAFT = re.compile(r"\..+\.[0-9a-f]{8}\.draft")
_LONGEST_NAME = 200  # bytes of a file's name in its draft's, which must fit into 255
_swept: set[Path] = set()


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A file beside `path` to write to, which takes its place only if nothing is raised.

    Drafts that killed processes have left in the folder are removed.
    """
    sweep_drafts(path.parent)
    draft, descriptor = _new_draft(path)
    try:
        yield draft
        draft.replace(path)
    finally:
        os.close(descriptor)
        with suppress(FileNotFoundError):
            draft.unlink()


@contextmanager
def draft_folder(path: Path) -> Iterator[Path]:
    """A folder beside `path` for pieces of it, which is removed in the end, after a kill, too."""
    sweep_drafts(path.parent)
    with locked_folder(lambda: _draft_name(path)) as folder:
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def require_new_folder(path: Path) -> None:
    """Refuse to write to a place where something is already, but for an empty folder.

    Raises:
        ParameterError: there is.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise ParameterError(f"{str(path)!r} is there already: name a new folder.")


def discard_folder(path: Path) -> None:
    """Remove a folder at one moment: a kill leaves it whole, or a draft that is swept later."""
    draft = _draft_name(path)
    path.replace(draft)
    shutil.rmtree(draft, ignore_errors=True)


def set_default_permissions(path: Path) -> None:
    """Give a file the permissions that a file made in the usual way has in its folder."""
    example = _draft_name(path)
    descriptor = os.open(example, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
    try:
        mode = os.fstat(descriptor).st_mode & 0o777
    finally:
        os.close(descriptor)
        with suppress(FileNotFoundError):
            example.unlink()
    path.chmod(mode)


def write_text_atomically(text: str, path: str | Path) -> Path:
    """Write a text so that nobody ever sees a part of it: a failure leaves the old file."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as draft:
        draft.write_text(text, encoding="utf-8", newline="\n")
    return path


def require_writable(path: Path, *, endings: tuple[str, ...] = ()) -> Path:
    """Check before long work that a file can be written there, and make its folder.

    Raises:
        ParameterError: it is a folder, cannot be written, or has an unknown ending.
    """
    if endings and path.suffix not in endings:
        raise ParameterError(
            f"The ending of {str(path)!r} says how to write it, and must be one of "
            f"{', '.join(endings)}."
        )
    if path.is_dir():
        raise ParameterError(f"{str(path)!r} is a folder: name a file in it.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ParameterError(f"{str(path)!r} cannot be written: {error.strerror}.") from None
    if not os.access(path.parent, os.W_OK):
        raise ParameterError(f"{str(path)!r} cannot be written: its folder is read-only.")
    return path


def sweep_drafts(folder: Path) -> None:
    """Remove drafts of files that no living process writes; once per folder and process."""
    folder = folder.absolute()
    if folder in _swept:
        return
    _swept.add(folder)
    with suppress(OSError):
        for path in folder.iterdir():
            if _DRAFT.fullmatch(path.name):
                remove_abandoned(path)


def _new_draft(path: Path) -> tuple[Path, int]:
    """A new file beside another one with the usual permissions, locked by an open descriptor."""
    while True:
        draft = _draft_name(path)
        descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
        lock(descriptor)
        if draft.exists():
            return draft, descriptor
        os.close(descriptor)  # taken for an abandoned one before it was locked


def _draft_name(path: Path) -> Path:
    name = os.fsdecode(os.fsencode(path.name)[:_LONGEST_NAME])
    return path.with_name(f".{name}.{secrets.token_hex(4)}.draft")

"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A file beside `path` to write to, which takes its place only if nothing is raised."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}~", dir=path.parent)
    os.close(handle)
    draft = Path(name)
    try:
        yield draft
        set_default_permissions(draft)
        draft.replace(path)
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()


def set_default_permissions(path: Path) -> None:
    """Give a file the permissions that a file made in the usual way has."""
    mask = os.umask(0)
    os.umask(mask)
    path.chmod(0o666 & ~mask)


def write_text_atomically(text: str, path: str | Path) -> Path:
    """Write a text so that nobody ever sees a part of it: a failure leaves the old file."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as draft:
        draft.write_text(text, encoding="utf-8", newline="\n")
    return path

"""Where a command may write."""

from __future__ import annotations

import os
from pathlib import Path

from penchant.errors import ParameterError


def target(path: Path | None, *, endings: tuple[str, ...] = ()) -> Path | None:
    """Check before long work that a file can be written there, and make its folder.

    Raises:
        ParameterError: it is a folder, cannot be written, or has an unknown ending.
    """
    if path is None:
        return None
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

"""How a flaw found deep inside a bundle becomes one sentence about the whole of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from penchant.errors import BundleError


class Flaw(Exception):
    """What is wrong inside a bundle, as a clause without the bundle's name or advice."""


@contextmanager
def told_of(folder: Path) -> Iterator[None]:
    """Turn a `Flaw` into a sentence that names the bundle and says what to do.

    Raises:
        BundleError: a flaw was found, or a file cannot be read.
    """
    try:
        yield
    except Flaw as flaw:
        # Names in a hostile file may try to steer the terminal.
        clause = "".join(c if c.isprintable() else "?" for c in str(flaw))[:500]
        raise BundleError(
            f"The bundle {str(folder)!r} is damaged or was altered: {clause}; copy it again from "
            "where it was made, or save the model anew."
        ) from None
    except OSError as error:
        raise BundleError(
            f"The bundle {str(folder)!r} cannot be read ({error.strerror or error}): check who may "
            "read it."
        ) from error


@contextmanager
def inside(place: str) -> Iterator[None]:
    """Say in which file or attribute a `Flaw` is."""
    try:
        yield
    except Flaw as flaw:
        raise Flaw(f"{place}: {flaw}") from None

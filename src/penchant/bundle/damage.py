"""Errors for damaged bundles: found deep inside, reported in one sentence about the bundle."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from penchant.errors import BundleError


class DamageError(Exception):
    """What is wrong inside a bundle, as a clause without the bundle's name or advice."""


@contextmanager
def bundle_errors(folder: Path) -> Iterator[None]:
    """Turn a `DamageError` into a sentence that names the bundle and says what to do.

    Raises:
        BundleError: damage was found, or a file cannot be read.
    """
    try:
        yield
    except DamageError as damage:
        # Names in a hostile file may try to steer the terminal.
        clause = "".join(c if c.isprintable() else "?" for c in str(damage))[:500]
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
def located_in(place: str) -> Iterator[None]:
    """Say in which file or attribute a `DamageError` is."""
    try:
        yield
    except DamageError as damage:
        raise DamageError(f"{place}: {damage}") from None

"""A folder that is written whole or not at all, and never in the place of something else."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from penchant.bundle.damage import DamageError
from penchant.bundle.files import read_manifest
from penchant.bundle.manifest import MANIFEST
from penchant.errors import BundleError
from penchant.exchange import exchange
from penchant.file_locks import is_locked, locked_folder, remove_abandoned

_SECONDS = 2.0  # to wait for another process that is between two renames


@contextlib.contextmanager
def replacing(folder: Path, *, overwrite: bool) -> Iterator[Path]:
    """A new folder beside `folder` that takes its place if all goes well, or else is removed.

    Raises:
        BundleError: the place is taken, by a bundle that may not be replaced or by something
            else.
    """
    recover(folder)
    check_place(folder, overwrite=overwrite)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked_folder(
        lambda: folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.new")
    ) as new:
        try:
            yield new
            _flush(new)
            # Again: saving may have taken long.
            check_place(folder, overwrite=overwrite)
            _swap(new, folder)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise


def recover(folder: Path) -> None:
    """Complete what a killed process began in a place, and remove what it left beside it.

    Where folders cannot be exchanged at once, a kill between two renames leaves the place empty,
    the old bundle beside it and the new one, which was complete by then: it takes the place.
    What a living process writes is left alone, and between its two renames it is waited for.
    """
    pattern = re.compile(rf"\.{re.escape(folder.name)}\.[0-9a-f]{{8}}\.(new|old)")
    try:
        left = {p.with_suffix("") for p in folder.parent.iterdir() if pattern.fullmatch(p.name)}
    except OSError:
        return
    for stem in sorted(left):
        new, old = stem.with_name(f"{stem.name}.new"), stem.with_name(f"{stem.name}.old")
        deadline = time.monotonic() + _SECONDS
        while (in_use := is_locked(new)) and old.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        if in_use:
            continue
        if old.exists() and not os.path.lexists(folder):
            with contextlib.suppress(OSError):
                (new if new.exists() else old).rename(folder)
        remove_abandoned(new)
        remove_abandoned(old)


def check_place(folder: Path, *, overwrite: bool) -> None:
    """Refuse to write where something is that must stay.

    Raises:
        BundleError: something is there, and may not or cannot be replaced.
    """
    if not os.path.lexists(folder):
        return
    if not overwrite:
        raise BundleError(
            f"There already is {str(folder)!r}: choose another place, or pass overwrite=True to "
            "replace a bundle."
        )
    if folder.is_symlink() or not _is_ours(folder):
        raise BundleError(
            f"{str(folder)!r} is not a bundle and nothing but a bundle, and is therefore not "
            "overwritten: choose another place, or move it away yourself."
        )


def _is_ours(folder: Path) -> bool:
    """Whether a folder holds a bundle's files, damaged or not, and nothing else."""
    try:
        manifest, _ = read_manifest(folder)
    except (BundleError, DamageError):
        return False
    wanted = {name.partition("/")[0]: "/" in name for name in manifest.files} | {MANIFEST: False}
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name not in wanted:
                return False
            nested = wanted[entry.name]
            if nested and not (entry.is_dir(follow_symlinks=False) and _is_ours(Path(entry.path))):
                return False
            if not nested and not entry.is_file(follow_symlinks=False):
                return False
    return True


def _swap(new: Path, folder: Path) -> None:
    old = None
    if folder.exists():
        if exchange(new, folder):
            _flush_folder(folder.parent)
            shutil.rmtree(new, ignore_errors=True)
            return
        old = new.with_suffix(".old")
        folder.rename(old)
    try:
        new.rename(folder)
    except OSError:
        if old is not None:
            old.rename(folder)
        raise
    _flush_folder(folder.parent)
    if old is not None:
        shutil.rmtree(old, ignore_errors=True)


def _flush(folder: Path) -> None:
    """Make sure that the files are on disk before a name points to them."""
    for path in folder.iterdir():
        if path.is_dir():
            _flush(path)
        else:
            with path.open("rb+") as file:
                os.fsync(file.fileno())
    _flush_folder(folder)


def _flush_folder(folder: Path) -> None:
    # Not every system can open a folder.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

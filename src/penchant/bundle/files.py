"""A bundle's files, read only where nothing in the folder can mislead."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from penchant.bundle.damage import DamageError
from penchant.bundle.manifest import ARRAYS, CARD, MANIFEST, MAX_BYTES, FileEntry, Manifest, parse
from penchant.errors import BundleError


def expected_files(manifest: Manifest) -> set[str]:
    """The files that a bundle with this manifest has, by what it says of its state.

    Names are never taken from the file list: what it says beyond these is refused.

    Raises:
        DamageError: the list of files is not just these.
    """
    files = {ARRAYS} if manifest.part else {ARRAYS, CARD}
    for name, entry in manifest.state.items():
        files |= {f"{folder}/{MANIFEST}" for folder in entry.members(name)}
    if files != set(manifest.files):
        odd = sorted(files ^ set(manifest.files))[0]
        raise DamageError(f"{MANIFEST} does not list the files that its state needs, such as {odd}")
    return files


def read_manifest(folder: Path) -> tuple[Manifest, dict[str, object]]:
    """Read and check the manifest alone; returns it also as plain JSON.

    Raises:
        BundleError: there is no bundle, or one of a newer format.
        DamageError: the manifest is damaged.
    """
    if not folder.exists():
        raise BundleError(f"There is no bundle at {str(folder)!r}: check the path.")
    if not folder.is_dir():
        raise BundleError(
            f"{str(folder)!r} is not a bundle: give the folder that holds {MANIFEST}."
        )
    path = folder / MANIFEST
    if not os.path.lexists(path):
        raise BundleError(
            f"{str(folder)!r} is not a bundle: it has no {MANIFEST}; give a folder that `save` "
            "has written."
        )
    try:
        manifest, content = parse(_read(path), folder)
    except DamageError as damage:
        raise DamageError(f"{MANIFEST}: {damage}") from None
    expected_files(manifest)
    return manifest, content


def check_listing(folder: Path, manifest: Manifest) -> None:
    """Compare the folder's entries with the manifest: names, kinds and sizes.

    Raises:
        DamageError: something is missing, more than expected, a link, or of another size.
    """
    wanted = {name.partition("/")[0]: name for name in manifest.files} | {MANIFEST: MANIFEST}
    with os.scandir(folder) as entries:
        present = {entry.name: entry.stat(follow_symlinks=False) for entry in entries}
    for name in sorted(present.keys() ^ wanted.keys()):
        problem = "missing" if name in wanted else "not part of a bundle"
        raise DamageError(f"{name[:100]} is {problem}")
    for name, status in present.items():
        right = stat.S_ISDIR if "/" in wanted[name] else stat.S_ISREG
        if not right(status.st_mode):
            raise DamageError(f"{name} is a link or of another kind than it must be")
        if name in manifest.files and status.st_size != manifest.files[name].size:
            size = manifest.files[name].size
            raise DamageError(f"{name} has {status.st_size} bytes instead of {size}")


def _read(path: Path) -> bytes:
    with _opened(path) as descriptor, os.fdopen(descriptor, "rb", closefd=False) as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise DamageError("it is longer than it may be")
    return data


def checksum(path: Path) -> FileEntry:
    """Size and SHA-256 of a file as it is.

    Raises:
        DamageError: it cannot be read.
    """
    with _opened(path) as descriptor, os.fdopen(descriptor, "rb", closefd=False) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return FileEntry(sha256=digest, size=os.fstat(descriptor).st_size)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    """A plain file's descriptor: links are not followed, and a pipe does not block."""
    flags = os.O_RDONLY
    for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"):
        flags |= getattr(os, name, 0)
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        raise DamageError(f"it cannot be read ({error.strerror})") from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise DamageError("it is no plain file")
        yield descriptor
    finally:
        os.close(descriptor)


def entries_of(folder: Path) -> dict[str, FileEntry]:
    """Size and checksum of every file of a bundle that is being written."""
    entries = {}
    for path in sorted(folder.iterdir()):
        where = path / MANIFEST if path.is_dir() else path
        entries[where.relative_to(folder).as_posix()] = checksum(where)
    return entries

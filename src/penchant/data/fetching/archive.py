"""Unpack archives that may be broken or hostile."""

from __future__ import annotations

import bz2
import gzip
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Collection, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Self, cast

from penchant.data.fetching.cache import staged_folder
from penchant.errors import DownloadError

_CHUNK = 1 << 20
_QUOTED = 300  # characters of another library's message
_ADDITIONS = frozenset(b"xgXLK"[n : n + 1] for n in range(5))  # long names and pax headers
_MOST_ADDITIONS = 2**13
_MOST_HEADERS = 1 << 20  # bytes of a tar between two members
_BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    gzip.BadGzipFile,
    struct.error,
    EOFError,
    ValueError,  # zipfile: offsets that point nowhere
    NotImplementedError,  # zipfile: an unknown method of compression
)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How large an unpacked archive may be.

    Attributes:
        size: bytes in total.
        ratio: bytes unpacked for each byte of the archive.
        free: bytes that may be unpacked whatever the ratio.
        members: number of files and folders.
    """

    size: int = 8 << 30
    ratio: float = 100.0
    free: int = 16 << 20
    members: int = 10_000

    def bytes_for(self, archive: Path) -> int:
        """How many bytes this archive may unpack to."""
        return min(self.size, max(self.free, int(self.ratio * archive.stat().st_size)))


@dataclass(frozen=True)
class _Member:
    name: str
    size: int
    content: IO[bytes] | None
    """None for a folder."""


def unpack(
    archive: Path,
    folder: Path,
    *,
    only: Collection[str] | None = None,
    limits: Limits | None = None,
) -> None:
    """Unpack a zip or tar (plain, gzip, bzip2, xz) into `folder`, whole or not at all.

    Every member is checked, wanted or not: absolute paths, `..`, links, devices, names given
    twice and sizes beyond the limits are refused. Something already at `folder` is replaced.

    Args:
        archive: the file.
        folder: where the files appear.
        only: file names (without folders) to unpack, put directly into `folder`; by default
            everything, with the folders of the archive.
        limits: bounds on what is unpacked.

    Raises:
        DownloadError: the archive is broken, cut short, hostile or too large.
    """
    limits = limits or Limits()
    try:
        budget = limits.bytes_for(archive)
        with staged_folder(folder) as new, _members(archive, budget) as members:
            _write(archive, members, new, only, limits, budget)
    except DownloadError:
        raise
    except _BROKEN as error:
        reason = f"is broken or cut short ({_brief(error)})"
        raise DownloadError(f"The archive {archive.name} {reason}.") from error
    except (OSError, RuntimeError) as error:  # zipfile: RuntimeError where a password is needed
        raise DownloadError(
            f"The archive {archive.name} cannot be unpacked ({_brief(error)})."
        ) from error


def _write(
    archive: Path,
    members: Iterator[_Member],
    folder: Path,
    only: Collection[str] | None,
    limits: Limits,
    budget: int,
) -> None:
    seen: set[str] = set()
    total = 0
    for count, member in enumerate(members, 1):
        path = _safe_path(archive, member.name)
        total += member.size
        if total > budget or count > limits.members:
            raise _too_large(archive)
        if member.content is None:
            continue
        if only is not None:
            if path.name not in only:
                continue
            path = PurePosixPath(path.name)
        if str(path).casefold() in seen:
            raise DownloadError(f"The archive {archive.name} has {path} more than once.")
        seen.add(str(path).casefold())
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            written = 0
            while chunk := member.content.read(_CHUNK):
                written += file.write(chunk)
                if written > member.size:  # the size that was counted is not the true one
                    raise _too_large(archive)
            if written < member.size:
                raise EOFError(f"{member.name} ends early")


def _brief(error: Exception) -> str:
    """The beginning of a message, which may quote names of any length."""
    text = str(error)
    return text if len(text) <= _QUOTED else f"{text[:_QUOTED]} …"


def _safe_path(archive: Path, name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    unsafe = path.is_absolute() or ".." in path.parts or any(c in name for c in "\\:\0")
    if unsafe or not path.parts:
        raise DownloadError(f"The archive {archive.name} has the unsafe member name {name!r}.")
    return path


def _too_large(archive: Path) -> DownloadError:
    return DownloadError(f"The archive {archive.name} unpacks to more than a data set should.")


def _not_a_file(archive: Path, name: str) -> DownloadError:
    return DownloadError(
        f"The archive {archive.name} has the member {name!r}, which is neither a file nor a folder."
    )


@contextmanager
def _members(archive: Path, budget: int) -> Iterator[Iterator[_Member]]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened, closing(_zip_members(archive, opened)) as members:
            yield members
    else:
        with _decompressed(archive) as raw:
            # A stream that counts also bounds what hides between members.
            counted = _Counted(archive, raw, budget + (1 << 20))
            with tarfile.open(fileobj=cast(IO[bytes], counted), mode="r|", tarinfo=_Header) as tar:
                yield _tar_members(archive, tar, counted)
            if counted.end.strip(b"\0"):  # tarfile takes a break between two members for the end
                raise EOFError("no end mark")


def _zip_members(archive: Path, opened: zipfile.ZipFile) -> Generator[_Member, None, None]:
    for info in opened.infolist():
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise _not_a_file(archive, info.filename)
        _safe_path(archive, info.filename)  # zipfile cannot ask a member without a name
        if info.is_dir():
            yield _Member(info.filename, 0, None)
        else:
            with opened.open(info) as content:
                yield _Member(info.filename, info.file_size, content)


def _tar_members(archive: Path, tar: tarfile.TarFile, counted: _Counted) -> Iterator[_Member]:
    for info in tar:
        counted.until_next = max(info.size, 0) + _MOST_HEADERS
        if info.isdir():
            yield _Member(info.name, 0, None)
        elif info.isreg() and not info.issparse():
            yield _Member(info.name, info.size, tar.extractfile(info))
        else:
            raise _not_a_file(archive, info.name)


def _decompressed(archive: Path) -> IO[bytes]:
    with archive.open("rb") as file:
        start = file.read(6)
    if start.startswith(b"\x1f\x8b"):
        return cast(IO[bytes], gzip.open(archive, "rb"))
    if start.startswith(b"BZh"):
        return cast(IO[bytes], bz2.open(archive, "rb"))
    if start.startswith(b"\xfd7zXZ"):
        return cast(IO[bytes], lzma.open(archive, "rb"))
    return archive.open("rb")


class _Header(tarfile.TarInfo):
    """A header whose additions are short: tarfile takes time with the square of their length."""

    # Also newer Pythons, which read headers past the public `frombuf`, call this for each of them.
    def _proc_member(self, tar: tarfile.TarFile) -> Self:
        """The member after its additions, if it has any.

        Raises:
            HeaderError: the header announces additions beyond a few thousand bytes.
        """
        if self.type in _ADDITIONS and self.size > _MOST_ADDITIONS:
            raise tarfile.HeaderError("invalid header")
        return super()._proc_member(tar)  # type: ignore[misc, no-any-return]


class _Counted:
    """A stream that bounds what is read: as a whole, and between one member and the next.

    tarfile keeps headers in memory, however long they say they are.
    """

    def __init__(self, archive: Path, raw: IO[bytes], budget: int) -> None:
        self.archive, self.raw, self.left = archive, raw, budget
        self.until_next = _MOST_HEADERS
        self.end = b""

    def read(self, size: int) -> bytes:
        data = self.raw.read(size)
        self.left -= len(data)
        self.until_next -= len(data)
        if min(self.left, self.until_next) < 0:
            raise _too_large(self.archive)
        self.end = data[-512:] or self.end
        return data

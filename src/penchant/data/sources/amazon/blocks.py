"""Read a file of lines, compressed or not, in blocks of whole lines up to any damage."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from penchant.data.reading.files import decompress, load_bytes
from penchant.errors import DataError

_PIECE = 1 << 20  # bytes read at once
_OUT = 1 << 20  # bytes unpacked at once
_BLOCK = 8 << 20  # bytes of lines handed on at once
_LONGEST = 64 << 20  # no line of a review is as long
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


class Block(NamedTuple):
    """Some lines of a file, each with its newline, from line `first` on (counted from 1).

    They are not `whole` where the file broke off within the last of them.
    """

    first: int
    data: bytes
    whole: bool = True


class Blocks:
    """The lines of a file, in blocks, unpacked while the last block is being looked at.

    Attributes:
        name: the file's name.
        damage: why not all of the file could be read, for a person; None where all was.
        size: bytes unpacked so far.

    Args:
        path: a file of text, as it is or packed with gzip or Zstandard.
        block: about how many bytes to hand on at once.

    Raises:
        DataError: the file is empty, not there, or another kind of archive.
    """

    def __init__(self, path: Path, block: int = _BLOCK) -> None:
        self.name = path.name
        self.damage: str | None = None
        self.size = 0
        self._path, self._block = path, block
        if path.is_dir():
            raise DataError(f"{path} is a folder: name the file in it that has the reviews.")
        try:
            with path.open("rb") as file:
                self._head = file.read(16)
        except FileNotFoundError:
            raise DataError(f"There is no file {str(path)!r}.") from None
        except OSError as error:
            raise DataError(f"{path.name} cannot be read: {error.strerror or error}.") from None
        if not self._head.startswith((_GZIP, _ZSTD)):
            decompress(self._head, path.name)  # refuses what is empty or packed otherwise

    def __iter__(self) -> Iterator[Block]:
        """All blocks in order; unpacking runs in a thread of its own, one block ahead."""
        blocks = self._blocks()
        with ThreadPoolExecutor(1) as pool:
            upcoming = pool.submit(next, blocks, None)
            while (block := upcoming.result()) is not None:
                upcoming = pool.submit(next, blocks, None)
                yield block

    def first(self) -> bytes:
        """The first block alone."""
        block = next(self._blocks(), None)
        return b"" if block is None else block.data

    def _blocks(self) -> Iterator[Block]:
        line, pieces, size = 1, [], 0
        for piece in self._pieces():
            self.size += len(piece)
            pieces.append(piece)
            size += len(piece)
            if size < self._block:
                continue
            data, rest = b"".join(pieces), b""
            cut = data.rfind(b"\n") + 1
            if not cut and size < _LONGEST:
                pieces = [data]
                continue
            if cut:
                data, rest = data[:cut], data[cut:]
            else:
                raise DataError(
                    f"{self.name}, line {line}, goes on for more than {_LONGEST >> 20} MB: this is "
                    "no file with one JSON object a line."
                )
            yield Block(line, data)
            line += data.count(b"\n")
            pieces, size = [rest], len(rest)
        data = b"".join(pieces)
        if data:
            ends = data.endswith(b"\n")
            yield Block(line, data if ends else data + b"\n", ends or self.damage is None)

    def _pieces(self) -> Iterator[bytes]:
        if self._head.startswith(_GZIP):
            pieces = self._gunzipped()
        elif self._head.startswith(_ZSTD):
            pieces = iter([load_bytes(self._path)])
        else:
            pieces = self._plain()
        start = next(pieces, b"")
        yield start.removeprefix(codecs.BOM_UTF8)
        yield from pieces

    def _plain(self) -> Iterator[bytes]:
        with self._path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece

    def _gunzipped(self) -> Iterator[bytes]:
        """Unpack one gzip member after the other, since files may be concatenated."""
        with self._path.open("rb") as file:
            rest = file.read(_PIECE)
            while rest:
                if not rest.startswith(_GZIP) and len(rest) > 1:
                    self.damage = "something that is no gzip stands behind its gzip data"
                    return
                unpack = zlib.decompressobj(31)
                while not unpack.eof:
                    before = unpack.copy()
                    try:
                        piece = unpack.decompress(rest, _OUT)
                    except zlib.error as error:
                        self.damage = f"its gzip data are damaged ({error})"
                        yield from _until_error(before, rest)
                        return
                    if piece:
                        yield piece
                    rest = unpack.unconsumed_tail or (b"" if unpack.eof else file.read(_PIECE))
                    if not rest and not piece and not unpack.eof:
                        self.damage = "its gzip data stop before their end"
                        return
                rest = (unpack.unused_data + file.read(_PIECE)).lstrip(b"\0")


def _until_error(unpack: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    """What can be unpacked before the place where it fails, byte by byte, since it is little."""
    unpacked = bytearray()
    with suppress(zlib.error):
        while piece := unpack.decompress(data, 1):
            unpacked += piece
            data = unpack.unconsumed_tail
    yield bytes(unpacked)

"""Unpack and decode a file of text piece by piece."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from penchant.data.reading.encodings import (
    UTF8_NAMES,
    UTF16,
    codec_name,
    encoding_of,
    has_windows_controls,
)
from penchant.data.reading.unpacking import packing_of, unpacked

_CHUNK = 2**20
_LONGEST_MARK = 4  # bytes of a byte-order mark, or by which packed files are recognised


def decoded_chunks(path: Path, encoding: str | None, max_bytes: int | None) -> Iterator[bytes]:
    """The text of a file in UTF-8 without a byte-order mark, as `load_bytes` and `decode` give it.

    Line ends of old Macintoshes stay what they are.

    Args:
        path: of the file.
        encoding: of the text, UTF-8 by default.
        max_bytes: as in `load_bytes`.

    Raises:
        DataError: packed data are cut off, damaged or too large, or there is no such encoding.
        UnicodeError: it is no text in this encoding, or may be of a Windows code page instead.
        OSError: it cannot be read.
    """
    is_start = True
    for chunk in _in_utf8(_unpacked_chunks(path, max_bytes), encoding):
        if chunk:
            yield chunk.removeprefix(codecs.BOM_UTF8) if is_start else chunk
            is_start = False


def encoding_of_file(path: Path, encoding: str | None, max_bytes: int | None) -> str | None:
    """The encoding of a file's text, as `encoding_of` tells it.

    The arguments, and what is raised, are those of `decoded_chunks`.
    """
    return encoding_of(_unpacked_chunks(path, max_bytes), encoding)


def _unpacked_chunks(path: Path, max_bytes: int | None) -> Iterator[bytes]:
    with path.open("rb") as file:
        packing = packing_of(file.read(_LONGEST_MARK))
        file.seek(0)
        size = path.stat().st_size
        if packing is None:
            yield from _plain(file)
        else:
            yield from unpacked(file, size, path.name, packing, max_bytes)


def _plain(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK):
        yield chunk


def _in_utf8(chunks: Iterator[bytes], encoding: str | None) -> Iterator[bytes]:
    first = b""
    for chunk in chunks:
        first += chunk
        if len(first) >= _LONGEST_MARK:
            break
    if encoding is None and first.startswith(UTF16):
        encoding = "utf-16"
    if encoding is None or codec_name(encoding) in UTF8_NAMES:
        utf8 = codecs.getincrementaldecoder("utf-8")()
        for chunk in chain([first], chunks):
            if utf8.getstate()[0] or not chunk.isascii():
                utf8.decode(chunk)
            yield chunk
        utf8.decode(b"", final=True)
        return
    decoder = codecs.getincrementaldecoder(encoding)()
    for chunk in chain([first], chunks):
        text = decoder.decode(chunk)
        if has_windows_controls(text, encoding):
            raise UnicodeError  # all of it tells what to say of that
        yield text.encode()
    yield decoder.decode(b"", final=True).encode()

"""Load, decompress and decode the bytes of a file, with errors that say where it is damaged."""

from __future__ import annotations

import codecs
import io
from pathlib import Path

from penchant.data.reading.encodings import (
    UTF8_NAMES,
    UTF16,
    codec_name,
    not_text,
    refuse_controls,
)
from penchant.data.reading.other_formats import refuse_other_formats
from penchant.data.reading.records import NoRecordsError
from penchant.data.reading.unpacking import packing_of, unpacked
from penchant.errors import DataError

_ARCHIVES = {
    b"PK\x03\x04": "a zip archive (or a spreadsheet)",
    b"BZh": "compressed with bzip2",
    b"\xfd7zXZ": "compressed with xz",
    b"7z\xbc\xaf": "a 7-Zip archive",
}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # workbooks before 2007
_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument"
_HEAD = 8192  # bytes by which text is recognised
_STRAY_CONTROLS = 16  # control characters that any text may have


def load_bytes(path: Path, max_bytes: int | None = None) -> bytes:
    """The decompressed content of a file.

    Args:
        path: of the file.
        max_bytes: the most bytes it may have, packed and unpacked; by default those of
            `most_unpacked`.

    Raises:
        DataError: there is no such file, it is a folder, a pipe or a device, unreadable, empty, cut
            off, damaged, or larger than that.
    """
    name = path.name
    if is_there(path) and path.is_dir():
        raise DataError(f"{path} is a folder: name the file in it that has the events.")
    if is_there(path) and not path.is_file():
        raise DataError(
            f"{path} is a pipe or a device and no file: write what it gives to a file first."
        )
    if max_bytes is not None and is_there(path):
        refuse_large(path.stat().st_size, max_bytes, name)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"There is no file {str(path)!r}.") from None
    except OSError as error:
        raise DataError(f"{name[:80]} cannot be read: {error.strerror or error}.") from None
    except ValueError:
        raise DataError(f"There is no file {str(path)!r}: a name cannot have NUL in it.") from None
    return decompress(data, name, max_bytes)


def is_there(path: Path) -> bool:
    """Whether there is a file or folder; false too for names that no file can have."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def only_file(path: Path, candidates: list[Path], noun: str, expected: str) -> Path:
    """The one file of `noun` that a path stands for.

    Raises:
        DataError: there is none, whose text says what is `expected`, or there are several.
    """
    if not candidates:
        raise DataError(f"{path} {expected}")
    if len(candidates) > 1:
        listed = ", ".join(file.name for file in candidates)
        raise DataError(f"{path} has several files of {noun} ({listed}): name one of them.")
    return candidates[0]


def refuse_large(size: int, max_bytes: int, name: str) -> None:
    """Refuse a file of more than `max_bytes`.

    Raises:
        DataError: its size is larger.
    """
    if size > max_bytes:
        raise DataError(
            f"{name} has more than the {max_bytes:,} bytes that are allowed: raise max_bytes "
            "(--max-bytes), or read a part of it."
        )


def decompress(data: bytes, name: str, max_bytes: int | None = None) -> bytes:
    """Unpack gzip or Zstandard, recognised by the first bytes; other data are returned unchanged.

    So are Excel workbooks, which are archives of their own.

    Raises:
        DataError: the data are empty, cut off or damaged, another kind of archive, a pointer to a
            file elsewhere, a table of Arrow, or unpack to more than `most_unpacked`.
    """
    packing = packing_of(data)
    if packing is not None:
        data = b"".join(unpacked(io.BytesIO(data), len(data), name, packing, max_bytes))
    if not data:
        raise NoRecordsError(f"{name} is empty.")
    refuse_other_formats(data, name)
    if data.startswith(_OLE):
        raise DataError(
            f"{name} is an old Excel workbook (.xls): save it as .xlsx, or its sheet as CSV "
            "(UTF-8), and read that file."
        )
    if is_workbook(data, name):
        return data
    if data.startswith(b"PK") and (_OPEN_DOCUMENT in data[:200] or name.lower().endswith(".ods")):
        raise DataError(
            f"{name} is an OpenDocument spreadsheet: save it as .xlsx, or its sheet as CSV "
            "(UTF-8), and read that file."
        )
    for magic, kind in _ARCHIVES.items():
        if data.startswith(magic):
            raise DataError(f"{name} is {kind}: unpack it first.")
    return data


def is_workbook(data: bytes, name: str) -> bool:
    """Whether a file's content, or its name where it is a zip archive, is that of a workbook."""
    is_named = name.lower().endswith((".xlsx", ".xlsm"))
    return data.startswith(b"PK") and (is_named or b"xl/worksheets" in data)


def decode(
    data: bytes, name: str, encoding: str | None = None, *, has_option: bool = False
) -> bytes:
    """The text in UTF-8, without a byte-order mark and with line feeds as newlines.

    Args:
        data: the bytes of a file.
        name: of the file, in messages.
        encoding: of the text, UTF-8 by default.
        has_option: whether the encoding can be given by whoever reads, which messages then advise.

    Raises:
        DataError: the bytes are not text in this encoding, or no text at all.
    """
    if is_workbook(data, name):
        raise DataError(
            f"{name} is an Excel workbook: save its sheet as CSV (UTF-8), and read that file."
        )
    if encoding is None and data.startswith(UTF16):
        encoding = "utf-16"
    if encoding is not None and codec_name(encoding) not in UTF8_NAMES:
        try:
            text = data.decode(encoding)
            refuse_controls(text, name, encoding)
            data = text.encode()
        except UnicodeDecodeError as error:
            raise not_text(data, name, encoding, error, has_option=has_option) from None
        except UnicodeError as error:
            raise DataError(f"{name} is not text in {encoding}: {error}.") from None
    data = data.removeprefix(codecs.BOM_UTF8)
    refuse_binary(data, name)
    if not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError as error:
            raise not_text(data, name, None, error, has_option=has_option) from None
    if b"\r" in data and b"\n" not in data:  # files of old Macintoshes
        data = data.replace(b"\r", b"\n")
    return data


def refuse_binary(data: bytes, name: str) -> None:
    """Refuse what is no text by its first bytes.

    Raises:
        DataError: it has too many control characters.
    """
    head = data[:_HEAD]
    if b"\0" not in head and _is_utf8(head):
        return
    controls = sum(head.count(byte) for byte in (*range(9), *range(14, 27), *range(28, 32)))
    if controls > max(_STRAY_CONTROLS, len(head) // 20):
        raise DataError(
            f"{name} is not text, Parquet, JSON lines or SQLite: it has binary content; "
            f"if it is text in UTF-16, pass encoding='utf-16' (--encoding utf-16)."
        )


def _is_utf8(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # may end within a character
    except UnicodeDecodeError:
        return False
    return True

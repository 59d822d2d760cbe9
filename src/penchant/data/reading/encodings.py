"""Encodings of text: which one holds, and what to do about text that is in another."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable

from penchant.errors import DataError

UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
UTF8_NAMES = ("utf-8", "utf-8-sig")
"""What Python calls UTF-8, as `codec_name` returns it."""

_WINDOWS = {
    "iso8859-1": "cp1252",
    "iso8859-15": "cp1252",
    "iso8859-2": "cp1250",
    "iso8859-5": "cp1251",
    "iso8859-7": "cp1253",
    "iso8859-9": "cp1254",
}  # code pages that have letters and quotes where these have control characters
_CONTROLS = re.compile("[\x80-\x9f]")


def codec_name(encoding: str) -> str:
    """What Python calls an encoding.

    Raises:
        DataError: there is none of this name.
    """
    try:
        codec = codecs.lookup(encoding)
        "".encode(encoding)  # some codecs are none of text, such as base64
        return codec.name
    except (LookupError, ValueError):
        raise DataError(
            f"There is no encoding {encoding!r}: use for example utf-8, cp1252 or latin-1."
        ) from None


def encoding_of(chunks: Iterable[bytes], encoding: str | None) -> str | None:
    """The encoding that was given, or `utf-8` for text that is surely in that.

    Text in an encoding with a byte a character practically never is valid UTF-8, unless it has
    ASCII alone.

    Args:
        chunks: of the text.
        encoding: as it was given, None where it was not.

    Raises:
        DataError: there is none of this name.
    """
    if (
        encoding is None
        or codec_name(encoding) in UTF8_NAMES
        or not _has_byte_a_character(encoding)
    ):
        return encoding
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_ascii = True
    try:
        for chunk in chunks:
            if is_ascii and chunk.isascii():
                continue
            is_ascii = False
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return encoding
    return encoding if is_ascii else "utf-8"


def encoding_remarks(taken: str | None, given: str | None) -> tuple[str, ...]:
    """That text was read in another encoding than was given, a clause; nothing where it was not."""
    if taken == given:
        return ()
    return (f"text that is valid UTF-8 was read so, and not as {given}",)


def refuse_controls(text: str, name: str, encoding: str) -> None:
    """Refuse text whose control characters are letters and signs in a Windows code page.

    Args:
        text: as it was decoded.
        name: of its file.
        encoding: in which it was.

    Raises:
        DataError: it was surely written in such a code page.
    """
    page = _WINDOWS.get(codec_name(encoding))
    control = _CONTROLS.search(text)
    if page is None or control is None:
        return
    try:
        text.encode(encoding).decode(page)
        sign = control[0].encode(encoding).decode(page)
    except UnicodeError:
        return
    raise DataError(
        f"{name} has {sign!r}, which {encoding} lacks: pass encoding={page!r} (--encoding {page})."
    )


def has_windows_controls(text: str, encoding: str) -> bool:
    """Whether a piece of text has control characters that a Windows code page has letters for."""
    return codec_name(encoding) in _WINDOWS and _CONTROLS.search(text) is not None


def not_text(
    data: bytes, name: str, encoding: str | None, error: UnicodeDecodeError, *, has_option: bool
) -> DataError:
    """What is wrong with bytes that are no text in an encoding, and what to do.

    Args:
        data: the bytes.
        name: of their file.
        encoding: in which they were to be decoded; None for UTF-8.
        error: why they cannot be.
        has_option: whether the encoding can be given by whoever reads.
    """
    line = data.count(b"\n", 0, error.start) + 1
    byte = f"0x{data[error.start]:02X}"
    if encoding is not None and codec_name(encoding) not in UTF8_NAMES:
        return DataError(
            f"{name}: byte {byte} in line {line} is not {encoding}; pass another encoding."
        )
    text = data.decode("utf-8", "replace")
    n_wrong = text.count("\ufffd")
    if sum(char > "\x7f" for char in text) > 2 * n_wrong:
        advice = "most of the text is, so correct that line"
    elif not has_option:
        advice = "save it as UTF-8"
    elif _can_be(data, "cp1252"):
        advice = "pass encoding='cp1252' (--encoding cp1252) if it is Western European"
    else:
        advice = "pass the encoding that it was saved in (encoding=…, --encoding …)"
    return DataError(f"{name}: byte {byte} in line {line} is not UTF-8; {advice}.")


def _can_be(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _has_byte_a_character(encoding: str) -> bool:
    """Whether each byte is a character of its own, beyond ASCII, too."""
    decoders = [codecs.getincrementaldecoder(encoding)("replace") for _ in range(128)]
    characters = [d.decode(bytes([byte])) for byte, d in enumerate(decoders, 128)]
    return all(characters) and set(characters) != {"\ufffd"}

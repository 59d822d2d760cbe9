"""Unpack gzip and Zstandard piece by piece, with errors that say where a file is damaged."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import BinaryIO, Literal

from penchant.errors import DataError, require

Packing = Literal["gzip", "Zstandard"]
MAX_UNPACKED = 64 * 10**9  # bytes of a compressed file
_HARMLESS = 10**8  # bytes up to which the ratio does not matter
_MAX_RATIO = 200  # logs that repeat themselves reach 50
_PIECE = 2**12  # bytes that are unpacked at once: a piece can become some 100 MB at most
_MAGIC: dict[bytes, Packing] = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "Zstandard"}


def most_unpacked(packed: int, max_bytes: int | None = None, harmless: int | None = None) -> int:
    """The most bytes that a file of `packed` bytes may become: `max_bytes`, where it is given.

    Up to `harmless` bytes the ratio does not matter.
    """
    if max_bytes is not None:
        return max_bytes
    return min(MAX_UNPACKED, max(harmless or _HARMLESS, _MAX_RATIO * packed))


def packing_of(head: bytes) -> Packing | None:
    """How a file is packed, by its first bytes; None where it is not."""
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)


def unpacked(
    file: BinaryIO, size: int, name: str, packing: Packing, max_bytes: int | None = None
) -> Iterator[bytes]:
    """Unpack one compressed member after the other, since files may be concatenated.

    Args:
        file: open at its beginning.
        size: its bytes.
        name: what messages call it.
        packing: how it is packed.
        max_bytes: the most bytes that it may become; by default those of `most_unpacked`.

    Raises:
        DataError: it is cut off, damaged, or unpacks to more than that.
        MissingExtraError: Zstandard needs an optional package that is not installed.
    """
    most = most_unpacked(size, max_bytes)
    piece = file.read(_PIECE)
    n_read = n_unpacked = 0
    while piece:
        start = n_read
        # With 31 window bits zlib expects gzip's header and verifies its checksum.
        decompressor = zlib.decompressobj(31) if packing == "gzip" else _zstd()
        while piece and not decompressor.eof:
            try:
                content = decompressor.decompress(piece)
            except Exception as error:  # zlib.error or zstandard.ZstdError
                if not isinstance(error, zlib.error) and type(error).__name__ != "ZstdError":
                    raise
                raise DataError(
                    f"{name} is a damaged {packing} file (in the part from byte {start:,}): "
                    f"fetch it again."
                ) from None
            n_read += len(piece)
            n_unpacked += len(content)
            if n_unpacked > most:
                raise DataError(
                    f"{name} unpacks to more than {most / 1e6:,.0f} MB of {size / 1e6:,.1f} "
                    "MB, as no log does: if it is one, raise max_bytes (--max-bytes)."
                )
            yield content
            piece = b"" if decompressor.eof else file.read(_PIECE)
        if not decompressor.eof:
            raise DataError(
                f"{name} is cut off: the {packing} data stop at {size:,} bytes "
                f"({n_unpacked:,} bytes unpacked) before their end; fetch it again."
            )
        piece = decompressor.unused_data
        n_read -= len(piece)
        piece = piece or file.read(_PIECE)
        while piece and not (rest := piece.lstrip(b"\0")):  # zero bytes may follow a member
            n_read += len(piece)
            piece = file.read(_PIECE)
        if piece:
            n_read += len(piece) - len(rest)
            piece = rest


def _zstd() -> zlib._Decompress:
    zstandard = require("zstandard", "zstd")
    decompressor: zlib._Decompress = zstandard.ZstdDecompressor().decompressobj()
    return decompressor

"""Cut text between records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from penchant.data.reading.quotes import are_quotes_plain, count_lines, last_record_end

_LONGEST = 4  # pieces in which no record ends


class Cut(NamedTuple):
    """How much of a text a piece takes.

    Attributes:
        n_bytes: in UTF-8.
        n_lines: line ends in it.
    """

    n_bytes: int
    n_lines: int


def cuts_of(chunks: Iterable[bytes], size: int, separator: str | None) -> list[Cut] | None:
    """Where to cut a text into pieces of whole records that can be read one by one.

    Args:
        chunks: the text from its first record on.
        size: the bytes of a piece, at most where records are not longer.
        separator: between columns, where quotes may stand around values; None where they have no
            meaning.

    Returns:
        Each piece; None where quotes are such that a piece might be read otherwise than as a part
        of the whole text, or where no record ends for very long.
    """
    cuts = []
    buffer, more, n_bytes, wanted = b"", [], 0, size

    def add(end: int) -> bool:
        cuts.append(Cut(end, count_lines(buffer, end)))
        if separator is None or buffer.find(b'"', 0, end) < 0:
            return True
        return are_quotes_plain(buffer[:end], separator)

    quoted = separator is not None
    for chunk in chunks:
        more.append(chunk)
        n_bytes += len(chunk)
        if n_bytes < wanted:
            continue
        buffer, more = b"".join([buffer, *more]), []
        wanted = size
        while len(buffer) >= size:
            end = last_record_end(buffer, size, quoted=quoted)
            end = end or last_record_end(buffer, len(buffer), quoted=quoted)
            if not end:
                wanted = 2 * len(buffer)
                break
            if not add(end):
                return None
            buffer = buffer[end:]
        n_bytes = len(buffer)
        if n_bytes > _LONGEST * size:
            return None
    buffer = b"".join([buffer, *more])
    if buffer.strip(b"\r\n") and not add(len(buffer)):
        return None
    return cuts

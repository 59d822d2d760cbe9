"""Read a large text file piece by piece, as it would be read at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import NamedTuple, Protocol

from penchant.data.reading.contents import PARQUET, TextForm, kind_of_text
from penchant.data.reading.encodings import encoding_remarks
from penchant.data.reading.files import decompress, is_workbook, refuse_binary
from penchant.data.reading.json_lines import read_intact_lines
from penchant.data.reading.large.cuts import Cut, cuts_of
from penchant.data.reading.large.decoding import decoded_chunks, encoding_of_file
from penchant.data.reading.parts.pieces import NotInPiecesError
from penchant.data.reading.records import RawRecords
from penchant.data.reading.text import layout_of_head, read_body
from penchant.data.reading.text_layout import TextLayout
from penchant.data.reading.unpacking import packing_of
from penchant.errors import DataError

_HEAD = 2**20  # bytes by which the columns are recognised
_FIRST_LINES = 2**16  # bytes of records in which some lines must end
_FEWEST_LINES = 3
_RATIO = 32  # packed files that become as much more are read at once


class ReadPiece(Protocol):
    """Reads the records of whole lines of a file's text."""

    def __call__(self, text: bytes, n_lines: int) -> RawRecords:
        """The records of a text before which as many lines stand in the file."""
        ...


@dataclass(frozen=True)
class TextPieces:
    """The pieces of a text file.

    Attributes:
        chunks: the text in UTF-8, chunk by chunk, each time from the beginning.
        source: its name in messages.
        read_piece: reads the records of a piece.
        start: the bytes before the first record.
        n_lines: how many lines these are.
        cuts: how much of the text each piece takes.
        remarks: what was decided of all of it.
    """

    chunks: Callable[[], Iterator[bytes]]
    source: str
    read_piece: ReadPiece
    start: int
    n_lines: int
    cuts: tuple[Cut, ...]
    remarks: tuple[str, ...] = ()

    @property
    def n_bytes(self) -> list[int]:
        """Of the text of each piece."""
        return [cut.n_bytes for cut in self.cuts]

    def read(self) -> Iterator[RawRecords]:
        """The records of each piece, whose numbers and lines go on from those of the one before.

        Raises:
            DataError: the file is not what it was when the pieces were sought.
            NotInPiecesError: it must be read at once.
        """
        n_before, n_lines = 0, self.n_lines
        for text, cut in zip(self._texts(), self.cuts, strict=True):
            records = self.read_piece(text, n_lines)
            records = replace(records, remarks=(*records.remarks, *self.remarks))
            n_lines += cut.n_lines
            del text
            if n_total := records.n_total:
                yield records.behind(n_before)
            n_before += n_total

    def _texts(self) -> Iterator[bytes]:
        chunks = _from(self.chunks(), self.start)
        rest = b""
        try:
            for cut in self.cuts:
                parts, n_lacking = [], cut.n_bytes
                while len(rest) < n_lacking:
                    parts.append(rest)
                    n_lacking -= len(rest)
                    rest = next(chunks)
                parts.append(rest[:n_lacking])
                rest = rest[n_lacking:]
                yield b"".join(parts)
        except (StopIteration, UnicodeError, OSError):
            raise DataError(
                f"{self.source} has changed while it was read: read it again."
            ) from None


def text_pieces(
    path: Path, form: TextForm, max_bytes: int | None, size: float
) -> TextPieces | None:
    """Find the pieces of a large text file with columns or of JSON lines, where there are several.

    What is read in pieces is read as it would be at once. The whole text, which is unpacked and
    decoded for it chunk by chunk, decides on that. Files that cannot be read are left to whoever
    reads them at once, too, and says what is wrong with them.

    Args:
        path: of the file.
        form: what is known of it.
        max_bytes: as in `penchant.read`.
        size: the bytes of a piece; smaller files are read at once.

    Raises:
        DataError: packed data are cut off, damaged or too large.
    """
    if form.sheet is not None or form.layout not in (None, "columns"):
        return None
    if not _is_large(path, size, max_bytes):
        return None

    try:
        encoding = encoding_of_file(path, form.encoding, max_bytes)
        read = partial(decoded_chunks, path, encoding, max_bytes)
        chunks = read()
        head = b""
        for chunk in chunks:
            head += chunk
            if len(head) >= _HEAD:
                break
        found = _beginning(head, path.name, form)
        if found is None:
            return None
        text = _from(chain([head], chunks), found.start)
        cuts = cuts_of(text, int(size), found.separator)
    except (UnicodeError, LookupError, OSError):
        return None
    if cuts is None or len(cuts) < 2:
        return None
    return TextPieces(
        read, path.name, found.read_piece, found.start, found.n_lines, tuple(cuts),
        encoding_remarks(encoding, form.encoding),
    )  # fmt: skip


class _Beginning(NamedTuple):
    """What the beginning of a text tells: as in `TextPieces` and `cuts_of`."""

    read_piece: ReadPiece
    start: int
    n_lines: int
    separator: str | None


def _is_large(path: Path, size: float, max_bytes: int | None) -> bool:
    try:
        if not path.is_file():
            return False
        n_bytes = path.stat().st_size
        with path.open("rb") as file:
            is_packed = packing_of(file.read(4)) is not None
    except (OSError, ValueError):
        return False
    if max_bytes is not None and n_bytes > max_bytes:
        return False
    return n_bytes * (_RATIO if is_packed else 1) >= size


def _beginning(head: bytes, source: str, form: TextForm) -> _Beginning | None:
    """What a text begins with; None where it is neither columns nor lines of JSON."""
    text = head.lstrip(b"\r\n")
    n_blank = len(head) - len(text)
    if text[:4] == PARQUET or is_workbook(text, source):
        return None
    try:
        if decompress(head, source) is not head:
            return None
        refuse_binary(text, source)
        kind = kind_of_text(text, source, form)
        if kind == "json" and text[:1] == b"{":
            return _Beginning(partial(_json_piece, source=source), n_blank, 0, None)
        if kind != "columns":
            return None
        layout, start = layout_of_head(
            text, source, separator=form.separator, header=form.header, named=form.named
        )
    except DataError:
        return None
    lines = text[start : start + _FIRST_LINES].split(b"\n")
    n_lines = sum(bool(line.strip(b"\r")) for line in lines)
    if start > _HEAD / 2 or n_lines < _FEWEST_LINES:  # the columns might be told by what follows
        return None
    if len(layout.names) < 2 or "\r" in layout.separator:
        return None
    return _Beginning(
        partial(_columns_piece, source=source, layout=layout),
        n_blank + start,
        layout.lines_before,
        layout.separator if len(layout.separator) == 1 else None,
    )


def _columns_piece(text: bytes, n_lines: int, *, source: str, layout: TextLayout) -> RawRecords:
    if text.endswith((b"\n\n", b"\n\r\n")):
        text = text.rstrip(b"\r\n")
    return read_body(text, source, replace(layout, lines_before=n_lines))


def _json_piece(text: bytes, n_lines: int, *, source: str) -> RawRecords:
    records = read_intact_lines(text, source)
    if records is None or text[:1] != b"{":
        raise NotInPiecesError
    return replace(records, lines_before=n_lines)


def _from(chunks: Iterator[bytes], start: int) -> Iterator[bytes]:
    """Chunks without the first bytes of the text."""
    for chunk in chunks:
        if start < len(chunk):
            yield chunk[start:]
        start = max(0, start - len(chunk))

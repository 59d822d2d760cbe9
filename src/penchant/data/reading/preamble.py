"""Lines before the header of a text file: `sep=;` of spreadsheets, and comments."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SEPARATOR = re.compile(rb'"?sep=(\\t|[^"\r\n])"?', re.IGNORECASE)
_COMMENT = (b"#", b"//", b"%", b"--", b"/*")
_MOST_LINES = 1000


@dataclass(frozen=True)
class Preamble:
    """What stands before the records of a text file.

    Attributes:
        n_bytes: how long it is.
        n_lines: how many lines it has.
        separator: what a line such as `sep=;` says; None where there is none.
        last_comment: the text of the comment line directly before the first record, which may name
            the columns; None where there is none.
    """

    n_bytes: int = 0
    n_lines: int = 0
    separator: str | None = None
    last_comment: str | None = None


def find_preamble(data: bytes) -> Preamble:
    """Find the lines before the header, or before the first record, of UTF-8 text.

    Lines of a file in which nothing else stands are no preamble.
    """
    position, n_lines = 0, 0
    separator = last_comment = None
    while position < len(data) and n_lines < _MOST_LINES:
        end = data.find(b"\n", position)
        end = len(data) if end < 0 else end + 1
        line = data[position:end].strip(b" \r\n")
        match = _SEPARATOR.fullmatch(line)
        if match is not None and n_lines == 0:
            text = match.group(1).decode(errors="replace")
            separator = "\t" if text == "\\t" else text
        elif line.startswith(_COMMENT):
            marker = next(m for m in _COMMENT if line.startswith(m))
            last_comment = line.removeprefix(marker).strip().decode(errors="replace")
        elif line:
            break
        position, n_lines = end, n_lines + 1
    if position >= len(data):
        return Preamble()
    return Preamble(position, n_lines, separator, last_comment)

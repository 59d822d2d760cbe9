"""What a terminal would obey in titles and ids of a log is shown, and not obeyed."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

_OBEYED = re.compile(
    r"(?P<colour>\x1b\[[0-9;]*m)"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"  # controls, and turns of direction
)


def harmless(text: str) -> str:
    r"""The text with control characters as escapes such as `\x07`; colours, tabs, lines stay."""
    return _OBEYED.sub(lambda m: m["colour"] or ascii(m[0])[1:-1], text)


class _Harmless:
    """A stream that escapes what is written to it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(harmless(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def harmless_standard_output() -> Iterator[None]:
    """Escape what is printed, as `ls` does, where somebody sits at a terminal."""
    before = sys.stdout
    if before.isatty():
        sys.stdout = _Harmless(before)
    try:
        yield
    finally:
        sys.stdout = before

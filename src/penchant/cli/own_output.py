"""Standard output is for a command's answer: what other threads print is no part of it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO


class _OfThread:
    """A stream of one thread; what others write to it goes to standard error."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._thread = stream, threading.get_ident()

    def write(self, text: str) -> int:
        own = threading.get_ident() == self._thread
        return (self._stream if own else sys.stderr).write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def own_standard_output() -> Iterator[None]:
    """Keep what libraries print in threads of their own, as Ray does of dead nodes, out of it."""
    before = sys.stdout
    sys.stdout = _OfThread(before)
    try:
        yield
    finally:
        sys.stdout = before

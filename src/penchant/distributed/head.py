"""Whether the head of a Ray cluster still answers."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from penchant.errors import PenchantError

logger = logging.getLogger(__name__)

EVERY = 2.0
"""Seconds between two questions."""
PATIENCE = 30.0
"""Seconds without an answer after which a head is gone; Ray ends this process after 60."""
GRACE = 10.0
"""Seconds after which it is told here, where nobody asks `Head.require`."""
_TIMEOUT = 5.0


class Head:
    """The head of the cluster that this process is connected to.

    Ray ends a process whose head is gone, without a word of what to do, and until then whatever
    asks the head waits. A thread of its own therefore looks whether the head is there.

    Attributes:
        address: where it is asked.

    Args:
        address: `host:port`.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self._closed, self._lost, self._told = Event(), Event(), Event()
        self._thread = Thread(target=self._watch, name="penchant-head", daemon=True)

    @property
    def is_lost(self) -> bool:
        """Whether it has not answered for so long that it is gone."""
        return self._lost.is_set()

    def require(self, *, now: bool = False) -> None:
        """Refuse to wait for a head that is gone.

        Args:
            now: whether it is asked here, once, since something has failed.

        Raises:
            PenchantError: it is.
        """
        if self.is_lost or (now and not self._answers()):
            self._told.set()
            raise self._objection()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look at it for as long as the context lasts."""
        self._thread.start()
        try:
            yield
        finally:
            self._closed.set()

    def _objection(self) -> PenchantError:
        return PenchantError(
            f"The Ray cluster at {self.address} no longer answers: start it again, or leave --ray "
            "out, and run the same command again; lists and trials that are done are kept."
        )

    def _watch(self) -> None:
        answered = time.monotonic()
        while not self._closed.wait(EVERY):
            if self._answers():
                answered = time.monotonic()
            elif time.monotonic() - answered > PATIENCE:
                self._lost.set()
                self._told.wait(GRACE)
                if not self._told.is_set() and not self._closed.is_set():
                    logger.error(str(self._objection()))
                return

    def _answers(self) -> bool:
        host, _, port = self.address.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), _TIMEOUT).close()
        except OSError:
            return False
        return True

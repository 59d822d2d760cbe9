"""A web server on this machine that sends whatever bytes a test wants, in pieces and pauses."""

from __future__ import annotations

import re
import socket
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

_NAME = re.compile(rb"(?:[a-z0-9-]+\.)+[a-z]{2,}")
Answer = Iterable[bytes | float]
"""Bytes to send and seconds to wait, in turn; then the connection is closed."""


class HostileServer:
    """Answers each path with the raw bytes that `answers` has for it, and others with 404.

    `asked` counts requests by path; `hosts` has the host that each was meant for and the path,
    which is None where the client begins an encrypted connection.
    """

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: Counter[str] = Counter()
        self.hosts: list[tuple[str, str | None]] = []
        self.over = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def serve(self) -> None:
        """Accept connections until the socket is closed."""
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def close(self) -> None:
        """End all answers and accept no more connections."""
        self.over.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            request = b""
            while b"\r\n\r\n" not in request:
                piece = connection.recv(65536)
                if not piece:
                    return
                request += piece
                size = 5 + int.from_bytes(request[3:5], "big")
                if request.startswith(b"\x16") and 5 < size <= len(request):
                    names = _NAME.findall(request)
                    self.hosts.append((max(names, key=len, default=b"?").decode(), None))
                    return
            path = request.split(b" ", 2)[1].decode("latin-1")
            self.asked[path] += 1
            host = re.search(rb"(?i)\r\nHost: *([^\r:]*)", request)
            self.hosts.append((host[1].decode("latin-1") if host else "", path))
            for step in self.answers.get(path, [respond(b"", "404 Not Found")]):
                if self.over.is_set():
                    return
                if isinstance(step, float):
                    self.over.wait(step)
                else:
                    connection.sendall(step)
            # An orderly end, so that what was sent is not lost by a reset.
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(0.2)
            while connection.recv(65536):
                pass


def respond(body: bytes, status: str = "200 OK", *headers: str, length: object = None) -> bytes:
    """An answer as a whole; `length` is what it says of its length, if not the truth."""
    said = len(body) if length is None else length
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {said}", "Connection: close", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def head(status: str, *headers: str) -> bytes:
    """An answer without a length, to be followed by a body that ends with the connection."""
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "Connection: close"]).encode() + b"\r\n\r\n"


class Again:
    """Steps of an answer that begin anew for each request; endless where `times` is None."""

    def __init__(
        self, first: bytes, repeated: bytes, times: int | None, pause: float = 0.0
    ) -> None:
        self.first, self.repeated, self.times, self.pause = first, repeated, times, pause

    def __iter__(self) -> Iterator[bytes | float]:
        yield self.first
        n = 0
        while self.times is None or n < self.times:
            n += 1
            yield self.repeated
            if self.pause:
                yield self.pause


@contextmanager
def hostile_server() -> Iterator[HostileServer]:
    """A running server."""
    server = HostileServer()
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join(5)

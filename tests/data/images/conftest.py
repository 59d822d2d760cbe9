from __future__ import annotations

import io
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from PIL import Image

from penchant.data.fetching.http_session import RetryPolicy
from penchant.data.images import CrawlPolicy

Route = Callable[[BaseHTTPRequestHandler], None]


def picture(kind: str = "JPEG", size: tuple[int, int] = (32, 48), seed: int = 0) -> bytes:
    """The bytes of an image with smooth noise in it."""
    noise = np.random.default_rng(seed).integers(0, 255, (4, 4, 3)).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).resize(size, Image.Resampling.BILINEAR).save(file, kind)
    return file.getvalue()


def answer(
    request: BaseHTTPRequestHandler,
    content: bytes,
    status: int = 200,
    *,
    length: int | None = None,
    headers: dict[str, str] | None = None,
) -> None:
    request.send_response(status)
    request.send_header("Content-Length", str(len(content) if length is None else length))
    for name, value in (headers or {}).items():
        request.send_header(name.replace("_", "-"), value)
    request.end_headers()
    request.wfile.write(content)
    if length is not None and length != len(content):
        request.close_connection = True


def redirect(target: str) -> Route:
    return lambda request: answer(request, b"", 302, headers={"Location": target})


def drip(seconds: float) -> Route:
    """An answer that comes byte by byte."""

    def route(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "100000")
        request.end_headers()
        for _ in range(200):
            request.wfile.write(b"x")
            time.sleep(seconds)

    return route


def endless(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Transfer-Encoding", "chunked")
    request.end_headers()
    while True:
        request.wfile.write(b"10000\r\n" + bytes(0x10000) + b"\r\n")


def in_turn(*routes: Route) -> Route:
    """One answer after the other; the last one for good."""
    left = list(routes)
    return lambda request: (left.pop(0) if len(left) > 1 else left[0])(request)


class Shop(ThreadingHTTPServer):
    """A web server of images whose policy are those of the real web.

    `routes` say what a path answers, all others answer 404. `seen` has the requests by path,
    `hosts` the Host headers, `most` how many were answered at the same time.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.routes: dict[str, Route] = {}
        self.seen: Counter[str] = Counter()
        self.hosts: set[str] = set()
        self.agents: set[str] = set()
        self.busy = self.most = 0
        self.lock = threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has had enough is no news."""

    def has(self, path: str, content: bytes, **headers: str) -> str:
        """Serve an image; the answer is its address."""
        self.routes[path] = lambda request: answer(request, content, headers=headers)
        return self.url + path

    picture = staticmethod(picture)
    answer = staticmethod(answer)
    redirect = staticmethod(redirect)
    drip = staticmethod(drip)
    endless = staticmethod(endless)
    in_turn = staticmethod(in_turn)

    def does(self, path: str, route: Route) -> str:
        self.routes[path] = route
        return self.url + path


class _Handler(BaseHTTPRequestHandler):
    server: Shop
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        shop = self.server
        with shop.lock:
            shop.seen[self.path] += 1
            shop.hosts.add(self.headers["Host"])
            shop.agents.add(self.headers["User-Agent"])
            shop.busy += 1
            shop.most = max(shop.most, shop.busy)
        try:
            shop.routes.get(self.path, lambda request: answer(request, b"", 404))(self)
        finally:
            with shop.lock:
                shop.busy -= 1


@pytest.fixture
def shop() -> Iterator[Shop]:
    with Shop() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def quick() -> CrawlPolicy:
    """A policy for a server on this machine, with time-outs that a busy machine keeps to."""
    retry = RetryPolicy(connect=5, read=5, attempts=3, pause=0.01)
    return CrawlPolicy(retry=retry, deadline=10, allow_private=True, max_bytes=200_000)


@pytest.fixture
def hasty(quick: CrawlPolicy) -> CrawlPolicy:
    """The same for a server that drips, next to answers that come at once."""
    return replace(quick, retry=replace(quick.retry, attempts=2), deadline=1)

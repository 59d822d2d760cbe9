"""One request for one image, and what its answer means."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import Any, NamedTuple

from penchant.data.images.crawl_policy import Manners
from penchant.data.images.host_rules import HostRefusedError, Hosts, HostUnknownError
from penchant.data.images.image_check import BadImageError, ImageFacts, check_image
from penchant.errors import require

_PASSING = frozenset({408, 425, 500, 502, 503, 504, 520, 521, 522, 523, 524})
_BUSY = frozenset({429, 503})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PLAIN = frozenset({"", "identity", "aws-chunked"})


class Image(NamedTuple):
    """An image that has come in whole."""

    data: bytes
    facts: ImageFacts


class Elsewhere(NamedTuple):
    """The server names another address."""

    url: str


class Later(NamedTuple):
    """Worth another try: for this image, or for every image of the host.

    `wait` is what the server asks for in seconds, if it does.
    """

    reason: str
    host: bool = False
    wait: float | None = None


class No(NamedTuple):
    """Not to be had at this address: `missing`, `broken`, `refused` or `failed`."""

    status: str
    reason: str


Answer = Image | Elsewhere | Later | No


class Place(NamedTuple):
    """Where a request goes to; one host of the queue."""

    scheme: str
    host: str
    port: int


class Asker:
    """Sends requests to checked addresses and reads the answers within bounds.

    Each host has its own connections: a connection belongs to the name it was opened for, because
    requests name the machine by its checked address.

    Args:
        manners: bounds and time-outs.
        stopped: asked between two pieces of an answer; true breaks it off.

    Raises:
        MissingExtraError: httpx is not installed.
    """

    def __init__(self, manners: Manners, stopped: Callable[[], bool] = bool) -> None:
        self.manners = manners
        self.stopped = stopped
        self.hosts = Hosts(allow_private=manners.allow_private)
        self._httpx = require("httpx", "images")
        self._clients: dict[Place, Any] = {}
        self._secure = self._httpx.create_ssl_context()
        self._lock = Lock()

    def place(self, url: str) -> Place | No:
        """The host of an address, or why it is not one of the web."""
        try:
            parsed = self._httpx.URL(url)
        except (self._httpx.InvalidURL, ValueError, TypeError):
            return No("refused", "not a web address")
        if parsed.scheme not in ("http", "https") or not parsed.host:
            return No("refused", "not an http or https address")
        usual = 443 if parsed.scheme == "https" else 80
        return Place(parsed.scheme, parsed.raw_host.decode("ascii"), parsed.port or usual)

    def ask(self, url: str, place: Place) -> Answer:
        """Send one request; redirects are answers, and are not followed."""
        httpx = self._httpx
        try:
            addresses = self.hosts.addresses(place.host, place.port)
        except HostRefusedError as error:
            return No("refused", str(error))
        except HostUnknownError as error:
            return Later(str(error), host=True)
        why = "no address"
        for address in addresses:
            try:
                return self._ask(httpx.URL(url), place, address)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                why = _words(error)  # perhaps another of its addresses answers
            except httpx.TransportError as error:
                return Later(f"broke off ({_words(error)})")
            except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
                return No("failed", _words(error))
        return Later(f"{place.host} cannot be reached ({why})", host=True)

    def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            client.close()

    def _ask(self, url: Any, place: Place, address: str) -> Answer:
        started = time.monotonic()
        headers = {"Host": url.netloc.decode("ascii").rpartition("@")[2]}
        request = self._client(place).build_request(
            "GET",
            url.copy_with(host=address, fragment=None),
            headers=headers,
            extensions={"sni_hostname": place.host},
        )
        answer = self._client(place).send(request, stream=True)
        try:
            if (said := self._by_head(url, answer)) is not None:
                return said
            data = bytearray()
            for piece in answer.iter_raw():
                data += piece
                if len(data) > self.manners.largest_bytes:
                    return _too_large(self.manners)
                if time.monotonic() - started > self.manners.deadline:
                    return Later(f"took more than {self.manners.deadline:g} seconds")
                if self.stopped():
                    return No("failed", "stopped")
        finally:
            answer.close()
        try:
            return Image(bytes(data), check_image(bytes(data), self.manners.largest_pixels))
        except BadImageError as error:
            kind = answer.headers.get("content-type", "no type").partition(";")[0].strip()[:60]
            return No("broken", f"{error} (sent as {kind})")

    def _by_head(self, url: Any, answer: Any) -> Answer | None:
        status, headers = answer.status_code, answer.headers
        if status in _REDIRECTS and headers.get("location"):
            try:
                return Elsewhere(str(url.join(headers["location"])))
            except (self._httpx.InvalidURL, ValueError):
                return No("refused", "redirected to something that is no web address")
        if status in (404, 410):
            return No("missing", f"HTTP {status}")
        if status in _PASSING or status in _BUSY:
            wait = _seconds(headers.get("retry-after", "")) if status in _BUSY else None
            return Later(f"HTTP {status}", host=status in _BUSY, wait=wait)
        if status != 200:
            return No("failed", f"HTTP {status}")
        if headers.get("content-encoding", "").lower() not in _PLAIN:
            return No("failed", "sent compressed although asked not to")
        length = headers.get("content-length", "")
        if length.isdigit() and int(length) > self.manners.largest_bytes:
            return _too_large(self.manners)
        return None

    def _client(self, place: Place) -> Any:
        with self._lock:
            if place not in self._clients:
                httpx, manners = self._httpx, self.manners
                self._clients[place] = httpx.Client(
                    timeout=httpx.Timeout(manners.retry.read, connect=manners.retry.connect),
                    limits=httpx.Limits(max_connections=manners.per_host),
                    headers={
                        "User-Agent": manners.user_agent,
                        "Accept": "image/*",
                        "Accept-Encoding": "identity",
                    },
                    follow_redirects=False,
                    # A proxy would look names up itself, behind the check's back.
                    trust_env=False,
                    verify=self._secure,
                )
            return self._clients[place]


def _too_large(manners: Manners) -> No:
    return No("broken", f"more than {manners.largest_bytes:,} bytes")


def _seconds(after: str) -> float | None:
    """What a Retry-After says: seconds, or a date."""
    if after.strip().isdigit():
        return float(after)
    try:
        moment = parsedate_to_datetime(after)
    except (ValueError, TypeError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _words(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")[:150] or type(error).__name__

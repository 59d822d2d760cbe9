"""Request one image over HTTP, and classify the response."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import Any, NamedTuple

from penchant.data.fetching.host_rules import HostRefusedError, HostResolver, HostUnknownError
from penchant.data.fetching.transport import checked_transport, time_limit
from penchant.data.images.crawl_policy import CrawlPolicy
from penchant.data.images.image_check import BadImageError, ImageFacts, check_image, short_message
from penchant.errors import require

_TRANSIENT = frozenset({408, 425, 500, 502, 503, 504, 520, 521, 522, 523, 524})
_BUSY = frozenset({429, 503})
_DIGITS = 19  # of a number in a header
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_UNCOMPRESSED = frozenset({"", "identity", "aws-chunked"})


class ImageResponse(NamedTuple):
    """An image that has come in whole."""

    data: bytes
    facts: ImageFacts


class Redirect(NamedTuple):
    """The server names another address."""

    url: str


class TemporaryFailure(NamedTuple):
    """A failure that another request may not meet; `host` if it concerns all of a host's images.

    `wait` is how many seconds the server asks for, if it does.
    """

    reason: str
    host: bool = False
    wait: float | None = None


class Failure(NamedTuple):
    """The address gives no image; `status` is one of those of `ImageResult`."""

    status: str
    reason: str


Response = ImageResponse | Redirect | TemporaryFailure | Failure


class WebOrigin(NamedTuple):
    """Scheme, host and port of an address; one host of the queue."""

    scheme: str
    host: str
    port: int


class ImageClient:
    """An HTTP client that asks checked IP addresses only and bounds what it reads.

    Each host has its own connections, a few at the same time.

    Args:
        policy: bounds and time-outs.
        stopped: called between two pieces of a response; true breaks it off.

    Raises:
        MissingExtraError: httpx is not installed.
    """

    def __init__(self, policy: CrawlPolicy, stopped: Callable[[], bool] = bool) -> None:
        self.policy = policy
        self.stopped = stopped
        self.resolver = HostResolver(allow_private=policy.allow_private)
        self._httpx = require("httpx", "images")
        self._clients: dict[WebOrigin, Any] = {}
        self._secure = self._httpx.create_ssl_context()
        self._lock = Lock()

    def origin(self, url: str) -> WebOrigin | Failure:
        """The host of an address, or why it is no web address."""
        if ":" not in url and not url.startswith("//"):
            return Failure("no address", "not an address")
        try:
            parsed = self._httpx.URL(url)
            # The host is decoded when it is asked for, and may turn out to be none.
            scheme, host, name = parsed.scheme, parsed.raw_host.decode("ascii"), parsed.host
            port = parsed.port
        except (self._httpx.InvalidURL, ValueError, TypeError):
            return Failure("refused", "not a web address")
        if port is not None and not 0 < port < 2**16:
            return Failure("refused", "not a web address")
        if scheme not in ("http", "https") or not name:
            return Failure("refused", "not an http or https address")
        return WebOrigin(scheme, host, port or (443 if scheme == "https" else 80))

    def get(self, url: str, origin: WebOrigin) -> Response:
        """Send one request; redirects are returned and not followed."""
        httpx, seconds, started = self._httpx, self.policy.deadline, time.monotonic()
        try:
            with time_limit(seconds):
                return self._request(httpx.URL(url), origin)
        except HostRefusedError as error:
            return Failure("refused", str(error))
        except HostUnknownError as error:
            return TemporaryFailure(str(error), host=True)
        except httpx.TransportError as error:
            if time.monotonic() - started >= seconds:
                return TemporaryFailure(f"took more than {seconds:g} seconds")
            reason = short_message(error)
            if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout)):
                return TemporaryFailure(f"{origin.host} cannot be reached ({reason})", host=True)
            return TemporaryFailure(f"broke off ({reason})")
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            return Failure("failed", short_message(error))

    def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            client.close()

    def _request(self, url: Any, origin: WebOrigin) -> Response:
        client = self._client(origin)
        request = client.build_request("GET", url.copy_with(fragment=None))
        response = client.send(request, stream=True)
        try:
            if (by_head := self._classify(url, response)) is not None:
                return by_head
            data = bytearray()
            for piece in response.iter_raw():
                data += piece
                if len(data) > self.policy.max_bytes:
                    return _too_large(self.policy)
                if self.stopped():
                    return Failure("failed", "stopped")
        finally:
            response.close()
        try:
            return ImageResponse(bytes(data), check_image(bytes(data), self.policy.max_pixels))
        except BadImageError as error:
            kind = response.headers.get("content-type", "no type").partition(";")[0].strip()[:60]
            return Failure("broken", f"{error} (sent as {kind})")

    def _classify(self, url: Any, response: Any) -> Response | None:
        status, headers = response.status_code, response.headers
        if status in _REDIRECTS and headers.get("location"):
            try:
                return Redirect(str(url.join(headers["location"])))
            except (self._httpx.InvalidURL, ValueError):
                return Failure("refused", "redirected to something that is no web address")
        if status in (404, 410):
            return Failure("missing", f"HTTP {status}")
        if status in _TRANSIENT or status in _BUSY:
            wait = _retry_after(headers.get("retry-after", "")) if status in _BUSY else None
            return TemporaryFailure(f"HTTP {status}", host=status in _BUSY, wait=wait)
        if status != 200:
            return Failure("failed", f"HTTP {status}")
        if headers.get("content-encoding", "").lower() not in _UNCOMPRESSED:
            return Failure("failed", "sent compressed although asked not to")
        length = headers.get("content-length", "")
        if _is_count(length) and int(length) > self.policy.max_bytes:
            return _too_large(self.policy)
        return None

    def _client(self, origin: WebOrigin) -> Any:
        with self._lock:
            if origin not in self._clients:
                httpx, policy = self._httpx, self.policy
                self._clients[origin] = httpx.Client(
                    timeout=httpx.Timeout(policy.retry.read, connect=policy.retry.connect),
                    headers={
                        "User-Agent": policy.user_agent,
                        "Accept": "image/*",
                        "Accept-Encoding": "identity",
                    },
                    follow_redirects=False,
                    # No proxy: it would look names up itself, behind the check's back.
                    trust_env=False,
                    transport=checked_transport(
                        httpx,
                        self.resolver,
                        verify=self._secure,
                        limits=httpx.Limits(max_connections=policy.per_host),
                    ),
                )
            return self._clients[origin]


def _too_large(policy: CrawlPolicy) -> Failure:
    return Failure("broken", f"more than {policy.max_bytes:,} bytes")


def _is_count(text: str) -> bool:
    """Whether a header is a whole number that can be meant."""
    return text.isascii() and text.isdecimal() and len(text) < _DIGITS


def _retry_after(after: str) -> float | None:
    """The seconds of a Retry-After header, which gives seconds or a date."""
    if _is_count(after.strip()):
        return float(after)
    try:
        moment = parsedate_to_datetime(after)
    except (ValueError, TypeError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())

"""Who may do what: the key that a request sends, and how often it may come."""

from __future__ import annotations

import time
from collections.abc import Mapping

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from penchant.serving.keys import Key, Keys, Scope, allows

_PROBES = ("/health", "/ready")  # balancers have no key
_OPEN = (*_PROBES, "/signin", "/signout")  # and strangers have none yet
_ADMIN = ("/v1/deployment", "/metrics", "/operator")
_WRITES = ("/v1/feedback", "/users/", "/keep")

KEY_COOKIE = "penchant_key"
"""Where browsers keep the key with which somebody has signed in."""


def scope_needed(method: str, path: str) -> Scope | None:
    """What a key must allow for a request; None where none is needed."""
    if path.removesuffix(".json") in _OPEN or path.startswith("/static/"):
        return None
    if path.startswith(_ADMIN):
        return "admin"
    if path.startswith(_WRITES) or method == "DELETE":
        return "write"
    if path.startswith("/v1/users/") and path.endswith(("/data", "/history")):
        return "write"
    return "read"


def is_probe(path: str) -> bool:
    """Whether a path is one by which balancers see whether the service is well."""
    return path in _PROBES


class Access:
    """Decides on requests before they reach a route.

    Args:
        keys: those that are known; None where nobody needs one.
        rate_limit: how many requests a key or an address may make, such as `600/minute`.
    """

    def __init__(self, keys: Keys | None, rate_limit: str | None) -> None:
        self._keys = keys
        self._rate: RateLimitItem | None = None if rate_limit is None else parse(rate_limit)
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def key_of(self, headers: Mapping[bytes, bytes]) -> Key | None:
        """The known key of a request: of `Authorization: Bearer`, `X-API-Key`, or the cookie."""
        if self._keys is None:
            return None
        sent = headers.get(b"x-api-key", b"")
        authorization = headers.get(b"authorization", b"")
        if authorization[:7].lower() == b"bearer ":
            sent = authorization[7:].strip()
        return self.known(sent.decode("latin-1") or _cookie(headers.get(b"cookie", b"")))

    @property
    def has_keys(self) -> bool:
        """Whether anybody needs a key."""
        return self._keys is not None

    def known(self, secret: str) -> Key | None:
        """The key that somebody has, if it is known."""
        return None if self._keys is None or not secret else self._keys.of(secret)

    def refusal(self, method: str, path: str, key: Key | None) -> tuple[int, str] | None:
        """The status and the sentence with which a request is refused, or None."""
        needed = scope_needed(method, path)
        if self._keys is None or needed is None:
            return None
        if key is None:
            return 401, "This needs an API key: send it as Authorization: Bearer KEY."
        if not allows(key.scope, needed):
            return 403, f"This needs a key that allows to {_VERBS[needed]}; this one does not."
        return None

    def wait(self, who: str) -> int | None:
        """The seconds to wait for somebody who asks too often; None for others."""
        if self._rate is None or self._limiter.hit(self._rate, who):
            return None
        reset = self._limiter.get_window_stats(self._rate, who).reset_time
        return max(1, int(reset - time.time()) + 1)


_VERBS: dict[Scope, str] = {"read": "read", "write": "write", "admin": "operate the service"}


def _cookie(header: bytes) -> str:
    """The key of a cookie header; empty without one."""
    for part in header.split(b";"):
        name, _, value = part.strip().partition(b"=")
        if name == KEY_COOKIE.encode():
            return value.decode("latin-1")
    return ""

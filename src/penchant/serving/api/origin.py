"""Requests that a page of another site makes in somebody's browser, and without their will."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

_SAFE = ("GET", "HEAD", "OPTIONS")  # these change nothing


def is_own_name(headers: Mapping[bytes, bytes], names: Collection[str]) -> bool:
    """Whether a request calls the service by one of its names; of no names each is right.

    Elsewhere a page could give its own name the address of this machine, and then ask and send
    whatever people here may (DNS rebinding).
    """
    if not names:
        return True
    host = headers.get(b"host", b"").decode("latin-1").lower()
    name, _, port = host.rpartition(":")
    return (name if port.isdecimal() else host) in names


def is_cross_site(method: str, headers: Mapping[bytes, bytes]) -> bool:
    """Whether a request that may change something comes from a page of another site.

    Browsers say so in Sec-Fetch-Site, or, where the connection is not encrypted, at least in
    Origin. Programs send neither.
    """
    if method in _SAFE:
        return False
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site not in (b"same-origin", b"none")
    origin = headers.get(b"origin")
    if origin is None:
        return False
    return urlsplit(origin.decode("latin-1")).netloc != headers.get(b"host", b"").decode("latin-1")

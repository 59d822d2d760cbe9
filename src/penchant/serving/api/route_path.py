"""The path of a request: what routes match, with an encoded slash as a part of an id."""

from __future__ import annotations

from urllib.parse import quote, unquote, unquote_to_bytes

from starlette.convertors import Convertor, register_url_convertor
from starlette.types import Scope

_PLAIN = "-._~!$&'()*+,;=:@"  # what a part of a path may have as it is


def encoded_path(path: bytes) -> str:
    """A path with each character written in one way, so that routes and keys see the same one.

    Decoded, the id `shoes/similar` of `/items/shoes%2Fsimilar` would be the item `shoes` and
    another route: what is between slashes is decoded after it is known what is an id.
    """
    if b"%" not in path and path.isascii():
        return path.decode()
    return "/".join(quote(unquote_to_bytes(part), safe=_PLAIN) for part in path.split(b"/"))


def route_path(scope: Scope) -> str:
    """The path that routes know, whether a proxy takes its own part away or leaves it."""
    root: str = scope.get("root_path", "")
    path: str = scope["path"]
    if root and f"{path}/".startswith(f"{root}/"):
        return path[len(root) :] or "/"
    return path


class _IdConvertor(Convertor[str]):
    """One part of an encoded path as the id that it stands for; it may be empty."""

    regex = "[^/]*"

    def convert(self, value: str) -> str:
        return unquote(value)

    def to_string(self, value: str) -> str:
        return quote(value, safe="")


register_url_convertor("id", _IdConvertor())

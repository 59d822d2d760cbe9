"""Pages of other sites that may ask the REST routes (CORS), where the service was told of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.responses import Response

_PREFIX = "/v1/"
_NEVER = "/v1/deployment"  # changing models is for operators, and not for pages of a shop
_METHODS = "GET, POST, DELETE"
_SENT = "Authorization, Content-Type, X-API-Key, X-Request-ID"
_SHOWN = "X-Request-ID, Retry-After"
_SECONDS = 600  # for which browsers remember what they were told


class CrossOrigin:
    """Decides which requests of pages of other sites are answered, and what browsers are told.

    Cookies do not count with these requests: a page of another site says by a header of its own
    which key it has.

    Args:
        origins: of such pages, as `https://shop.example`; empty for none.
    """

    def __init__(self, origins: Sequence[str]) -> None:
        self._origins = frozenset(origin.encode() for origin in origins)

    def allows(self, path: str, headers: Mapping[bytes, bytes]) -> bool:
        """Whether a request comes from such a page, and to a route that it may ask."""
        return headers.get(b"origin") in self._origins and self._is_shared(path)

    def preflight(self, method: str, path: str, headers: Mapping[bytes, bytes]) -> Response | None:
        """The answer to a browser that asks whether such a page may ask; None for the rest."""
        if method != "OPTIONS" or b"access-control-request-method" not in headers:
            return None
        if not self.allows(path, headers):
            return None
        return Response(
            status_code=204,
            headers={
                "Access-Control-Allow-Methods": _METHODS,
                "Access-Control-Allow-Headers": _SENT,
                "Access-Control-Max-Age": str(_SECONDS),
            },
        )

    def headers(self, path: str, sent: Mapping[bytes, bytes]) -> tuple[tuple[bytes, bytes], ...]:
        """What an answer needs so that the browser shows it to the page."""
        if not self._origins or not self._is_shared(path):
            return ()
        vary = (b"vary", b"Origin")
        if not self.allows(path, sent):
            return (vary,)
        return (
            vary,
            (b"access-control-allow-origin", sent[b"origin"]),
            (b"access-control-expose-headers", _SHOWN.encode()),
        )

    def _is_shared(self, path: str) -> bool:
        return path.startswith(_PREFIX) and not path.startswith(_NEVER)

"""What every request passes: an id, a key, a size, a count, a log line, safe headers."""

from __future__ import annotations

import json
import logging
import re
import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from penchant.serving.api.access import Access, is_probe
from penchant.serving.api.context import Context
from penchant.serving.api.cors import CrossOrigin
from penchant.serving.api.errors import Code, ErrorResponses
from penchant.serving.api.origin import is_cross_site, is_own_name
from penchant.serving.api.route_path import encoded_path, route_path

logger = logging.getLogger(__name__)

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_UNMATCHED = "(no route)"
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"))
_OTHER_METHOD = "(other)"

HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (
        b"content-security-policy",
        b"default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; "
        b"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
"""What browsers are told with every answer: nothing from elsewhere, and no framing."""


class Gateway:
    """An ASGI application around the routes.

    Args:
        app: the routes.
        access: who may do what.
        context: of the application; it counts requests.
        max_body: the most bytes of a request.
        log_format: how requests are logged: `text`, `json`, or `none`.
        errors: answers what is refused.
        root_path: the path under which a proxy shows the service.
        allowed_hosts: names by which the service may be called; empty for all.
        cors_origins: of pages of other sites that may ask the REST routes.
    """

    def __init__(
        self,
        app: ASGIApp,
        access: Access,
        context: Context,
        max_body: int,
        log_format: str,
        errors: ErrorResponses,
        root_path: str = "",
        allowed_hosts: Sequence[str] = (),
        cors_origins: Sequence[str] = (),
    ) -> None:
        self._app = app
        self._access = access
        self.context = context
        self._max_body = max_body
        self._log_format = log_format
        self._errors = errors
        self._allowed_hosts = allowed_hosts
        self._cross_origin = CrossOrigin(cors_origins)
        self._root_path = encoded_path(quote(root_path, safe="/%").encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; see the class."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        raw: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
        scope["path"] = encoded_path(raw)
        if self._root_path:
            scope["root_path"] = self._root_path
            # Whether the proxy has taken its part away or not: redirections begin with it.
            scope["path"] = f"{self._root_path}{route_path(scope)}"
        headers = dict(scope["headers"])
        given = headers.get(b"x-request-id", b"")
        request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8).encode()
        scope["penchant.request_id"] = request_id.decode()
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {
                    **message,
                    "headers": [
                        *message["headers"],
                        (b"x-request-id", request_id),
                        *HEADERS,
                        *self._cross_origin.headers(route_path(scope), headers),
                    ],
                }
            await send(message)

        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await refusal(scope, receive, answer)
        else:
            try:
                await self._app(scope, _bounded(receive, self._max_body), answer)
            except Exception:
                logger.exception(f"Request {request_id.decode()} failed.")
                if not status:
                    await self._errors.of_failure(scope)(scope, receive, answer)
        matched = getattr(scope.get("route"), "path_format", _UNMATCHED)
        route = str(scope.get("penchant.route") or matched)
        seconds = time.perf_counter() - started
        # A series of figures stays for ever: names that somebody invents make none of their own.
        method = scope["method"] if scope["method"] in _METHODS else _OTHER_METHOD
        self.context.metrics.request(method, route, status, seconds)
        if self._log_format != "none":
            self._log(scope, route, status, seconds)

    def _refusal(self, scope: Scope, headers: dict[bytes, bytes]) -> Response | None:
        """The answer to a request that does not reach a route."""
        method, path = scope["method"], route_path(scope)
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > self._max_body:
            return self._errors.of(scope, 413, "too_large", _too_large(self._max_body))
        if not is_own_name(headers, self._allowed_hosts):
            return self._errors.of(scope, 400, "invalid_request", _foreign(self._allowed_hosts))
        preflight = self._cross_origin.preflight(method, path, headers)
        if preflight is not None:
            return preflight
        shared = self._cross_origin.allows(path, headers)
        if not shared and is_cross_site(method, headers):
            return self._errors.of(
                scope, 403, "forbidden", "Pages of other sites may change nothing here."
            )
        key = self._access.key_of({**headers, b"cookie": b""} if shared else headers)
        scope["penchant.key"] = key
        refused = self._access.refusal(method, path, key)
        if refused is not None:
            status, message = refused
            challenge = {"WWW-Authenticate": "Bearer"} if status == 401 else None
            code: Code = "unauthorized" if status == 401 else "forbidden"
            return self._errors.of(scope, status, code, message, headers=challenge)
        if is_probe(path):  # were these counted, a balancer would take the service out
            return None
        client = scope.get("client")
        who = f"key {key.name}" if key is not None else f"address {client[0] if client else ''}"
        seconds = self._access.wait(who)
        if seconds is not None:
            return self._errors.of(
                scope,
                429,
                "too_many_requests",
                f"These are too many requests: come again in {seconds} s.",
                headers={"Retry-After": str(seconds)},
            )
        return None

    def _log(self, scope: Scope, route: str, status: int, seconds: float) -> None:
        """One line a request, without ids of people and items."""
        if self._log_format == "json":
            entry = {
                "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "request_id": scope["penchant.request_id"],
                "method": scope["method"],
                "route": route,
                "status": status,
                "ms": round(seconds * 1000, 2),
            }
            logger.info(json.dumps(entry))
        else:
            logger.info(
                "%s %s %d %.1f ms %s",
                scope["method"],
                route,
                status,
                seconds * 1000,
                scope["penchant.request_id"],
            )


def _foreign(names: Sequence[str]) -> str:
    return (
        f"Without keys the service answers to the names {', '.join(names)} alone: call it by one "
        "of these, or start it with --keys FILE or --without-keys."
    )


def _too_large(most: int) -> str:
    return f"A request may have {most:,} bytes, and this one has more."


def _bounded(receive: Receive, most: int) -> Receive:
    """The same messages, until the body grows too large."""
    size = 0

    async def bounded() -> Message:
        nonlocal size
        message = await receive()
        if message["type"] == "http.request":
            size += len(message.get("body", b""))
            if size > most:
                raise HTTPException(413, _too_large(most))
        return message

    return bounded

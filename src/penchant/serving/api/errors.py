"""Errors as answers: one form for all, with codes that stay."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Literal

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

from penchant.errors import BundleError, PenchantError, UnknownIdError
from penchant.serving.api.json_response import json_response
from penchant.serving.api.negotiation import wants_page
from penchant.serving.api.unknown_fields import unknown_field
from penchant.serving.service import NoStoreError
from penchant.serving.store import ConflictError, StoreError
from penchant.wording import reason_of

logger = logging.getLogger(__name__)

Code = Literal[
    "unknown_id",
    "not_found",
    "method_not_allowed",
    "invalid_request",
    "unusable",
    "conflict",
    "no_store",
    "unauthorized",
    "forbidden",
    "too_large",
    "too_many_requests",
    "not_ready",
    "internal_error",
]

_OF_STATUS: dict[int, Code] = {
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    429: "too_many_requests",
    503: "not_ready",
}


_IN_WORDS = {
    "Not Found": "There is nothing at this address: /docs lists those of the service.",
    "Method Not Allowed": "This address does not take requests of this method: see /docs.",
}
"""Sentences in the place of what the framework says."""


class ErrorDetail(BaseModel):
    """One thing that is wrong with a request."""

    location: str
    message: str


class ErrorBody(BaseModel):
    """What went wrong: a code for programs and a sentence for people."""

    code: Code
    message: str
    details: list[ErrorDetail] = []
    request_id: str | None = None


class ErrorAnswer(BaseModel):
    """The body of every answer that is an error."""

    error: ErrorBody


ErrorPage = Callable[[Scope, int, dict[str, Any]], Response]
"""Shows an error to people: the request, the status, and the error as plain values."""


class ErrorResponses:
    """Errors as answers: JSON, or a page where a browser asks for one.

    Args:
        page: shows errors to people; without it all get JSON.
    """

    def __init__(self, page: ErrorPage | None = None) -> None:
        self._page = page

    def of(
        self,
        scope: Scope,
        status: int,
        code: Code,
        message: str,
        details: Sequence[dict[str, str]] = (),
        headers: dict[str, str] | None = None,
    ) -> Response:
        """An error as the answer to a request."""
        error = {
            "code": code,
            "message": message,
            "details": list(details),
            "request_id": scope.get("penchant.request_id"),
        }
        if self._page is not None and wants_page(scope):
            page = self._page(scope, status, error)
            page.headers.update(headers or {})
            return page
        return json_response({"error": error}, status, headers)

    def of_failure(self, scope: Scope) -> Response:
        """What somebody gets where something failed that should not have."""
        return self.of(
            scope,
            500,
            "internal_error",
            "Something failed in the service, which its log tells under this request id.",
        )


def add_error_handlers(app: FastAPI, errors: ErrorResponses) -> None:
    """Let an application answer every error in this form."""

    @app.exception_handler(PenchantError)
    async def of_penchant(request: Request, error: PenchantError) -> Response:
        status, code = status_of(error)
        return errors.of(request.scope, status, code, str(error))

    @app.exception_handler(RequestValidationError)
    async def of_validation(request: Request, error: RequestValidationError) -> Response:
        details = [
            {
                "location": _plain(".".join(map(str, each["loc"]))),
                "message": _message(each, request.scope),
            }
            for each in error.errors()
        ]
        first = details[0] if details else {"location": "request", "message": "not valid"}
        message = f"{first['location']}: {first['message']}."
        return errors.of(request.scope, 422, "invalid_request", message, details)

    @app.exception_handler(HTTPException)
    async def of_http(request: Request, error: HTTPException) -> Response:
        code = _OF_STATUS.get(error.status_code, "invalid_request")
        headers = dict(error.headers or {})
        known = _IN_WORDS.get(str(error.detail), str(error.detail))
        return errors.of(request.scope, error.status_code, code, known, headers=headers)

    @app.exception_handler(Exception)
    async def of_anything(request: Request, error: Exception) -> Response:
        return errors.of_failure(request.scope)


def _message(error: dict[str, Any], scope: Scope) -> str:
    """What is wrong with a part of a request; bodies that were not read as JSON come as bytes."""
    if tuple(error["loc"]) == ("body",) and isinstance(error.get("input"), bytes):
        return "it was not read as JSON: send the header Content-Type: application/json"
    if error["type"] == "extra_forbidden":
        return _plain(unknown_field(scope, error["loc"]) or str(error["msg"]))
    if error["type"] == "value_error":  # of a check of this package
        return _plain(reason_of(str(error["msg"])))
    return _plain(str(error["msg"]))


def _plain(text: str) -> str:
    """A text that can be sent, whatever somebody has sent as the name of a field."""
    return text.encode("utf-8", "backslashreplace").decode()


def status_of(error: PenchantError) -> tuple[int, Code]:
    """The status and the code of one of the package's own errors."""
    if isinstance(error, UnknownIdError):
        return 404, "unknown_id"
    if isinstance(error, NoStoreError):
        return 409, "no_store"
    if isinstance(error, ConflictError):
        return 409, "conflict"
    if isinstance(error, ValueError | BundleError):  # a ValueError of data and parameters
        return 422, "unusable"
    logger.error(f"{type(error).__name__}: {error}")
    if isinstance(error, StoreError):
        return 503, "not_ready"
    return 500, "internal_error"

"""A page: plain data, which a template shows to people and programs get as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from penchant.serving.api.context import Context
from penchant.serving.api.json_response import json_response
from penchant.serving.api.negotiation import preferred_form
from penchant.serving.pages.rendering import html_response
from penchant.serving.service import Service
from penchant.serving.texts import text_of

_MOST_FIELDS = 5_000  # of a form
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Page:
    """What a page shows.

    Attributes:
        template: the file that shows it.
        data: everything that it shows, as plain values: its twin in JSON.
        cookies: what browsers are to keep, by name, until they are closed.
        status: of the answer.
        charts: draws what only people see, by name.
    """

    template: str
    data: dict[str, Any]
    cookies: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    charts: Callable[[], Mapping[str, Any]] = dict


@dataclass(frozen=True)
class PageRequest:
    """What somebody asks of a page.

    Attributes:
        request: as it came.
        path: its parts by name; `id` is the one that pages have.
        form: what a form has sent, in order.
    """

    request: Request
    path: Mapping[str, str]
    form: tuple[tuple[str, str], ...] = ()

    @property
    def context(self) -> Context:
        """What the application holds."""
        context: Context = self.request.app.state.context
        return context

    @property
    def service(self) -> Service:
        """What answers."""
        return self.context.service

    @cached_property
    def query(self) -> tuple[tuple[str, str], ...]:
        """The parameters of the address, in order."""
        return tuple(self.request.query_params.multi_items())

    def parameter(self, name: str, default: str = "") -> str:
        """A parameter of the address; the last one where there are several."""
        return self.request.query_params.get(name, default)

    def field(self, name: str, default: str = "") -> str:
        """A field of the form; the last one where there are several."""
        return dict(self.form).get(name, default)

    def redirect(
        self,
        path: str,
        parameters: Mapping[str, str] | None = None,
        cookies: Mapping[str, str | None] | None = None,
    ) -> Response:
        """Send the browser to a path of this service.

        Args:
            path: beginning with a slash.
            parameters: to add to it.
            cookies: what it is to keep until it is closed; None to forget one.
        """
        more = urlencode(parameters or {})
        mark = "" if not more else "&" if "?" in path else "?"
        root = self.request.scope.get("root_path", "")
        response = RedirectResponse(f"{root}{path}{mark}{more}", 303)
        for name, value in (cookies or {}).items():
            set_cookie(response, self.request, name, value)
        return response


def set_cookie(response: Response, request: Request, name: str, value: str | None) -> None:
    """Let a browser keep something that no script and no other site sees; None forgets it."""
    path = request.scope.get("root_path") or "/"
    secure = request.url.scheme == "https"
    if value is None:
        response.delete_cookie(name, path, secure=secure, httponly=True, samesite="strict")
    else:
        response.set_cookie(name, value, path=path, secure=secure, httponly=True, samesite="strict")


ShowPage = Callable[[PageRequest], Page | Response]


class PageRouter:
    """Pages and their twins.

    A page at `/users/{id:id}` has its twin in JSON at `/users/{id:id}.json`; the page's own
    address answers with the twin where the Accept header prefers JSON, and so does
    `?format=json`. With `?format=html` or `?format=json` an id may end in `.json` itself.
    """

    def __init__(self) -> None:
        self.router = APIRouter(include_in_schema=False)

    def page(self, path: str) -> Callable[[ShowPage], ShowPage]:
        """Let a function show the page at a path."""

        def register(show: ShowPage) -> ShowPage:
            async def answer(request: Request) -> Response:
                return await _answer(request, show, dict(request.path_params))

            async def answer_json(request: Request) -> Response:
                parts = dict(request.path_params)
                if "format" in request.query_params:
                    parts = {name: f"{value}.json" for name, value in parts.items()}
                    return await _answer(request, show, parts)
                return await _answer(request, show, parts, json=True)

            self.router.add_api_route(f"{path}.json", answer_json, methods=["GET", "HEAD"])
            self.router.add_api_route(path, answer, methods=["GET", "HEAD"])
            return show

        return register

    def action(self, path: str) -> Callable[[ShowPage], ShowPage]:
        """Let a function do what forms at a path ask for."""

        def register(act: ShowPage) -> ShowPage:
            async def answer(request: Request) -> Response:
                form = await _form(request)
                asked = PageRequest(request, _checked(request.path_params), form)
                result = await run_in_threadpool(act, asked)
                return result if isinstance(result, Response) else _shown(asked, result)

            self.router.add_api_route(path, answer, methods=["POST"])
            return act

        return register


async def _answer(
    request: Request, show: ShowPage, parts: dict[str, str], *, json: bool = False
) -> Response:
    form = request.query_params.get("format")
    if form is not None:
        json = form == "json"
    elif not json:
        json = preferred_form(request.headers.get("accept", "")) == "json"
    asked = PageRequest(request, _checked(parts))
    result = await run_in_threadpool(show, asked)
    if isinstance(result, Response):
        return result
    if json:
        return json_response(result.data, result.status, _HEADERS)
    return await run_in_threadpool(_shown, asked, result)


def _checked(parts: Mapping[str, str]) -> dict[str, str]:
    """The parts of a path, which are ids that can be kept.

    Raises:
        ParameterError: one is none.
    """
    return {name: text_of(value, "id in the address") for name, value in parts.items()}


def _shown(asked: PageRequest, page: Page) -> Response:
    scope, data = asked.request.scope, {**page.data, "charts": page.charts()}
    response = html_response(scope, page.template, data, page.status, _HEADERS)
    for name, value in page.cookies.items():
        set_cookie(response, asked.request, name, value)
    return response


_HEADERS = {"Cache-Control": "no-store", "Vary": "Accept, Cookie"}


async def _form(request: Request) -> tuple[tuple[str, str], ...]:
    body = await request.body()
    if body and not request.headers.get("content-type", "").startswith(_FORM):
        raise HTTPException(415, f"Forms are sent as {_FORM}.")
    try:
        fields = parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, max_num_fields=_MOST_FIELDS
        )
    except ValueError:
        raise HTTPException(422, "The form cannot be read.") from None
    return tuple(fields)

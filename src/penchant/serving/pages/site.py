"""Everything that pages add to an application: routes, files that they load, and error pages."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

from penchant.serving.api.access import Access
from penchant.serving.api.route_path import route_path
from penchant.serving.pages import api_docs, home, items, side_by_side, sign_in, users
from penchant.serving.pages.operator import overview
from penchant.serving.pages.pictures import Pictures
from penchant.serving.pages.rendering import html_response, static_files
from penchant.serving.settings import Settings

_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_YEAR = 31_536_000  # seconds


def add_pages(app: FastAPI, settings: Settings, access: Access) -> None:
    """Let an application show pages.

    Raises:
        DataError: the folder of pictures cannot be read.
    """
    app.state.access = access
    app.state.pictures = Pictures(settings.pictures)
    for module in (home, users, items, side_by_side, overview, api_docs, sign_in):
        app.include_router(module.pages.router)
    app.add_api_route("/static/{name}", static_file, include_in_schema=False)
    app.add_api_route("/pictures/{id:id}", picture, include_in_schema=False)


async def static_file(name: str) -> Response:
    """A file that pages load; its address changes when it does."""
    content = static_files().get(name)
    if content is None:
        raise HTTPException(404, "There is no such file.")
    media_type = _TYPES[name[name.rindex(".") :]]
    headers = {"Cache-Control": f"public, max-age={_YEAR}, immutable"}
    return Response(content, 200, headers, media_type=media_type)


def picture(request: Request) -> Response:
    """The picture of an item."""
    pictures: Pictures = request.app.state.pictures
    known = pictures.read(request.path_params["id"])
    if known is None:
        raise HTTPException(404, "There is no picture of this item.")
    content, media_type = known
    return Response(content, 200, {"Cache-Control": "private, max-age=3600"}, media_type=media_type)


def error_page(app: FastAPI, scope: Scope, status: int, error: dict[str, Any]) -> Response:
    """An error as people see it; with a form for the key where one is needed."""
    query = scope.get("query_string", b"").decode("latin-1")
    path = route_path(scope) if scope["method"] == "GET" else "/"
    data = {
        "error": error,
        "status": status,
        "name": HTTPStatus(status).phrase,
        "needs_key": status in (401, 403) and error["code"] in ("unauthorized", "forbidden"),
        "next": f"{path}{'?' if query else ''}{query}",
        "wrong": False,
    }
    headers = {"Cache-Control": "no-store", "Vary": "Accept, Cookie"}
    return html_response({**scope, "app": app}, "error.html", data, status, headers)

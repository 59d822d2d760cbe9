"""Templates with escaping on, for pages that load nothing from elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import jinja2
from markupsafe import Markup
from starlette.responses import Response
from starlette.types import Scope

from penchant.reporting.html import template_environment
from penchant.results import formatting
from penchant.serving.api.route_path import route_path
from penchant.serving.pages.covers import cover
from penchant.wording import counted

FOLDER = Path(__file__).parent


@cache
def static_files() -> dict[str, bytes]:
    """The content of the files that pages load, by name."""
    return {path.name: path.read_bytes() for path in sorted((FOLDER / "static").iterdir())}


@cache
def static_version() -> str:
    """What changes when one of these files does, so that browsers may keep them."""
    return hashlib.sha256(b"".join(static_files().values())).hexdigest()[:12]


@cache
def _environment() -> jinja2.Environment:
    environment = template_environment(FOLDER / "templates")
    environment.filters |= {
        "counted": counted,
        "sentence": sentence,
        "moment": moment,
        "age": age,
    }
    environment.globals |= {
        "cover": lambda title, key: Markup(cover(title, key)),
        "item_path": lambda item: id_path("items", item),
        "user_path": lambda user: id_path("users", user),
        "static_version": static_version(),
    }
    return environment


def html_response(
    scope: Scope,
    template: str,
    data: Mapping[str, Any],
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A page as the answer to a request; whatever comes from data is escaped."""
    root = scope.get("root_path", "")
    app = scope["app"]
    key = scope.get("penchant.key")
    query = scope.get("query_string", b"").decode("latin-1")
    path = route_path(scope)

    def link(target: str, parameters: Any = ()) -> str:
        """The address of a path of this service."""
        pairs = parameters.items() if isinstance(parameters, dict) else map(tuple, parameters)
        more = urlencode([*pairs])
        mark = "&" if "?" in target else "?"
        return f"{root}{target}{mark if more else ''}{more}"

    text = (
        _environment()
        .get_template(template)
        .render(
            {
                **data,
                "link": link,
                "path": path,
                "site": app.state.context.service.settings.title,
                "twin": f"{root}{path}.json{'?' if query else ''}{query}",
                "signed_in": None if key is None else key.name,
                "records": app.state.context.service.recorder is not None,
                "has_keys": app.state.access.has_keys,
                "has_picture": app.state.pictures.has,
            }
        )
    )
    return Response(text, status, dict(headers or {}), media_type="text/html; charset=utf-8")


def id_path(part: str, id_: object) -> str:
    """The path of an item's or a user's page; an id that ends in `.json` needs a hint."""
    path = f"/{part}/{quote(str(id_), safe='')}"
    return f"{path}?format=html" if path.endswith(".json") else path


def sentence(text: str) -> str:
    """A clause as a sentence."""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?')) else '.'}"


def moment(text: str | None) -> str:
    """A time in ISO 8601 as people read it, to the minute."""
    return formatting.DASH if text is None else text[:16].replace("T", " ")


def age(seconds: float) -> str:
    """How old something is, in whole units."""
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= size:
            return counted(int(seconds // size), unit)
    return "under a minute"

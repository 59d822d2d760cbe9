"""Which form of an answer somebody asks for: a page for people, or JSON for programs."""

from __future__ import annotations

from typing import Literal

from starlette.types import Scope

from penchant.serving.api.route_path import route_path

_FOR_PROGRAMS = ("/v1/", "/metrics", "/health", "/ready", "/openapi.json")
_FORMS: dict[str, Literal["html", "json"]] = {
    "text/html": "html",
    "application/xhtml+xml": "html",
    "application/json": "json",
}


def preferred_form(accept: str) -> Literal["html", "json"] | None:
    """What an Accept header names with the highest weight; None where it names neither."""
    weights: dict[Literal["html", "json"], float] = {}
    for part in accept.split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        form = _FORMS.get(name.lower())
        if form is not None:
            weights[form] = max(weights.get(form, 0.0), _weight(parameters))
    weights = {form: weight for form, weight in weights.items() if weight > 0}
    return max(weights, key=lambda form: (weights[form], form == "html"), default=None)


def wants_page(scope: Scope) -> bool:
    """Whether an error is to be a page: a browser asks for something that is a page."""
    path = route_path(scope)
    if path.startswith(_FOR_PROGRAMS) or path.endswith(".json"):
        return False
    accept = dict(scope["headers"]).get(b"accept", b"")
    return preferred_form(accept.decode("latin-1")) == "html"


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0

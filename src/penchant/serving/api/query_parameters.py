"""Query parameters that a route does not know are refused, as unknown fields of bodies are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from penchant.wording import nearest_hint

_PREFIX = "/v1/"  # monitors and proxies add parameters of their own to /health and /metrics


async def known_parameters(request: Request) -> None:
    """Refuse a request with a query parameter that its route does not take.

    Raises:
        RequestValidationError: a parameter is unknown.
    """
    route = request.scope.get("route")
    if not request.query_params or not isinstance(route, APIRoute):
        return
    if not route.path.startswith(_PREFIX):
        return
    known = list(_names(route.dependant))
    wrong = [name for name in dict.fromkeys(request.query_params) if name not in known]
    if wrong:
        raise RequestValidationError([_unknown(name, known) for name in wrong])


def _unknown(name: str, known: list[str]) -> dict[str, Any]:
    shown = name[:50]
    there = f"there are {', '.join(known)}" if known else "this address takes none"
    text = f"there is no such parameter{nearest_hint(shown, known)}; {there}"
    return {"type": "extra_forbidden", "loc": ("query", shown), "msg": text}


def _names(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        yield field.alias
    for inner in dependant.dependencies:
        yield from _names(inner)

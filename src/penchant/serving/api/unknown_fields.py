"""What is said of a field of a body that a route does not know, with the nearest one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, get_args

from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.types import Scope

from penchant.wording import nearest_hint


def unknown_field(scope: Scope, location: Sequence[Any]) -> str | None:
    """A clause on the unknown field at a location such as `body, events, 0, kidn`.

    None where it is no field of a body that the route describes.
    """
    route = scope.get("route")
    if not isinstance(route, APIRoute) or route.body_field is None or location[:1] != ("body",):
        return None
    *place, name = [part for part in location[1:] if isinstance(part, str)] or [""]
    body = next(_models_in(route.body_field.field_info.annotation), None)
    for part in place:
        field = None if body is None else body.model_fields.get(part)
        body = None if field is None else next(_models_in(field.annotation), None)
    if body is None:
        return None
    known = list(body.model_fields)
    shown = name[:50]
    return f"there is no such field{nearest_hint(shown, known)}; there are {', '.join(known)}"


def _models_in(hint: Any) -> Iterator[type[BaseModel]]:
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        yield hint
    for part in get_args(hint):
        yield from _models_in(part)

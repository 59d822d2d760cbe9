"""The description of the routes (OpenAPI), with what holds for this very service."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from penchant.serving.api.access import scope_needed
from penchant.serving.settings import Settings

_SCHEMES: dict[str, Any] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, as Authorization: Bearer KEY.",
    },
    "key": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "The same key in a header of its own.",
    },
}
_EITHER: list[dict[str, list[str]]] = [{"bearer": []}, {"key": []}]


def describe_routes(app: FastAPI, settings: Settings) -> None:
    """Let the description of an application name the keys that it needs and its longest list."""
    described = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            _complete(described(), settings)
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _complete(description: dict[str, Any], settings: Settings) -> None:
    components = description.setdefault("components", {})
    components["securitySchemes"] = _SCHEMES
    components["schemas"]["ListBody"]["properties"]["k"]["maximum"] = settings.max_k
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            needed = scope_needed(method.upper(), path)
            if needed is not None and settings.keys is not None:
                operation["security"] = _EITHER
                text = operation.get("description", "")
                operation["description"] = f"{text}\n\nIt needs a key that allows `{needed}`."
            for parameter in operation.get("parameters", ()):
                if parameter["name"] == "k":
                    parameter["schema"]["maximum"] = settings.max_k

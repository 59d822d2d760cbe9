"""The page of the REST routes: each with its parameters, and a line to try it with curl."""

from __future__ import annotations

import json
import shlex
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI

from penchant.serving.examples import example_users
from penchant.serving.pages.page import Page, PageRequest, PageRouter
from penchant.serving.service import Service

pages = PageRouter()

_TITLES = {
    "lists": "Lists and reasons",
    "items": "Items",
    "people": "Feedback and people's data",
    "operations": "Operation",
}


@pages.page("/docs")
def docs_page(asked: PageRequest) -> Page:
    """All routes of the REST interface, with examples of this very model."""
    app: FastAPI = asked.request.app
    base = str(asked.request.base_url).rstrip("/")
    routes = rest_routes(app.openapi(), asked.service, base)
    groups = [
        {"title": title, "routes": [route for route in routes if route["tag"] == tag]}
        for tag, title in _TITLES.items()
    ]
    return Page("docs.html", {"base": base, "groups": groups})


def rest_routes(description: dict[str, Any], service: Service, base: str) -> list[dict[str, Any]]:
    """The routes of an OpenAPI description as plain values, with an example for each.

    Args:
        description: of the application.
        service: whose ids the examples have.
        base: the address of the service.
    """
    examples = _Examples(service)
    routes = []
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            body = examples.body(path) if "requestBody" in operation else None
            parameters = operation.get("parameters", [])
            address = base + examples.address(path, parameters)
            routes.append(
                {
                    "tag": (operation.get("tags") or [""])[0],
                    "method": method.upper(),
                    "path": path.replace(":path", ""),
                    "summary": operation.get("description", operation["summary"]),
                    "parameters": [_parameter(parameter) for parameter in parameters],
                    "body": None if body is None else _fields(description, operation),
                    "example": {"method": method.upper(), "address": address, "body": body},
                    "curl": _curl(method.upper(), address, body),
                }
            )
    return routes


class _Examples:
    """Values that make sense for the model in place."""

    def __init__(self, service: Service) -> None:
        served = service.served
        popular = [served.ids[index] for index, _ in served.popular(3)] or served.ids[:1]
        model, users = served.model, example_users(service, (0.5,))
        self._user = model.users_[int(model.histories_.users[users[0]])] if users else "somebody"
        self._items = popular
        self._word = served.titles[served.item(str(popular[0]))].split()[0] if popular else "a"

    def address(self, path: str, parameters: list[dict[str, Any]]) -> str:
        path = path.replace("{user}", quote(str(self._user), safe=""))
        path = path.replace("{item}", quote(str(self._items[0]), safe=""))
        names = {parameter["name"] for parameter in parameters if parameter["in"] == "query"}
        query = {"k": "5", "explain": "true", "query": quote(self._word, safe="")}
        pairs = "&".join(f"{name}={value}" for name, value in query.items() if name in names)
        return f"{path}?{pairs}" if pairs else path

    def body(self, path: str) -> dict[str, Any]:
        first, *rest = self._items
        if path.endswith("/feedback"):
            event = {"user": self._user, "item": first, "kind": "like", "key": "visit-1-event-1"}
            return {"events": [event]}
        if path.endswith("/explanations"):
            return {"liked": rest or [first], "item": first}
        if path.endswith("/deployment"):
            return {"bundle": "another-bundle", "canary_share": 0.1}
        return {"liked": self._items[:2], "k": 5, "explain": True}


def _parameter(parameter: dict[str, Any]) -> dict[str, Any]:
    schema = parameter.get("schema", {})
    return {
        "name": parameter["name"],
        "in": parameter["in"],
        "required": parameter.get("required", False),
        "default": schema.get("default"),
        "description": parameter.get("description", ""),
    }


def _fields(description: dict[str, Any], operation: dict[str, Any]) -> list[dict[str, Any]]:
    """The fields of a body, of which schemas refer to others by name."""
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    schemas = description.get("components", {}).get("schemas", {})
    schema = schemas.get(schema.get("$ref", "").rpartition("/")[2], schema)
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "required": name in required,
            "default": field.get("default"),
            "description": field.get("description", ""),
        }
        for name, field in schema.get("properties", {}).items()
    ]


def _curl(method: str, address: str, body: dict[str, Any] | None) -> str:
    parts = ["curl"]
    if method not in ("GET", "POST") or (method == "POST" and body is None):
        parts += ["-X", method]
    parts.append(shlex.quote(address))
    if body is not None:
        text = json.dumps(body, ensure_ascii=False)
        parts += ["-H", "'Content-Type: application/json'", "-d", shlex.quote(text)]
    return " ".join(parts)

"""The path of a request below the one under which a proxy shows the service."""

from __future__ import annotations

from starlette.types import Scope


def route_path(scope: Scope) -> str:
    """The path that routes know, whether a proxy takes its own part away or leaves it."""
    root: str = scope.get("root_path", "")
    path: str = scope["path"]
    if root and f"{path}/".startswith(f"{root}/"):
        return path[len(root) :] or "/"
    return path

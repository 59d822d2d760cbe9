"""Plain values as JSON, fast and without NaN."""

from __future__ import annotations

from typing import Any

from pydantic_core import to_json
from starlette.responses import Response


def json_response(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Plain values as an answer; what is no finite number becomes null."""
    body = to_json(data, inf_nan_mode="null")
    return Response(body, status, headers, media_type="application/json")

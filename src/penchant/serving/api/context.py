"""What routes work with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query, Request
from starlette.concurrency import run_in_threadpool

from penchant.serving.api.errors import ErrorAnswer
from penchant.serving.api.metrics import Metrics
from penchant.serving.service import Service

T = TypeVar("T")


@dataclass
class Context:
    """What an application holds.

    Attributes:
        service: answers.
        metrics: counts.
        ready: whether it takes requests; false once it is being stopped.
    """

    service: Service
    metrics: Metrics
    ready: bool = True

    def count_list(self, answer: dict[str, Any]) -> None:
        """Count a list by what answered."""
        items = answer["items"]
        self.metrics.list(answer["arm"], fallback=bool(items) and items[0]["fallback"])


async def context_of(request: Request) -> Context:
    """The context of the application that a request reached."""
    context: Context = request.app.state.context
    return context


Served = Annotated[Context, Depends(context_of)]
K = Annotated[int, Query(ge=1, description="How many.")]
"""The length of a list; how long it may be, a setting, the description of the routes says."""

ERRORS: dict[int | str, dict[str, Any]] = {
    code: {"model": ErrorAnswer, "description": text}
    for code, text in (
        (400, "The body cannot be read."),
        (401, "A key is needed."),
        (403, "The key does not allow this."),
        (404, "An id is not known, or there is nothing of this kind."),
        (409, "The service keeps no feedback, or something else was kept under this key."),
        (413, "The request is too large."),
        (422, "The request makes no sense."),
        (429, "Too many requests."),
        (500, "Something failed that should not have."),
        (503, "The store of feedback does not answer."),
    )
}
"""The errors that any route may answer with, for its description."""


async def in_thread(function: Callable[..., T], *args: Any) -> T:
    """What a function says that takes long, while others are answered."""
    return await run_in_threadpool(function, *args)

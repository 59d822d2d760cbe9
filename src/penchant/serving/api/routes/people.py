"""What people say and do, and what is kept of them."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from penchant.serving.api.answers import DeletionAnswer, FeedbackAnswer, HistoryAnswer
from penchant.serving.api.context import ERRORS, Served, in_thread
from penchant.serving.api.ids import UserPath
from penchant.serving.api.json_response import json_response
from penchant.serving.api.requests import FeedbackList
from penchant.serving.engine.person import indices_of
from penchant.serving.store import Feedback

router = APIRouter(prefix="/v1", tags=["people"], responses=ERRORS)


@router.post("/feedback", response_model=FeedbackAnswer, status_code=201)
async def add_feedback(context: Served, body: FeedbackList) -> Response:
    """Keep what people say and do.

    It is on disk when this is answered, and changes their lists at once.
    """
    service = context.service
    _ = service.store  # refused where there is none
    feedback = [
        Feedback(
            user=str(event.user),
            item=None if event.item is None else str(event.item),
            kind=event.kind,
            value=event.value,
            time=event.time,
            key=event.key,
            session=event.session,
            of=event.of,
        )
        for event in body.events
    ]
    stored = await in_thread(service.add_feedback, feedback)
    context.metrics.feedback(event.kind for event in stored)
    items = [event.item for event in stored if event.item is not None]
    unknown = indices_of(service.served.model.items_, items)[1]
    answer = {
        "events": [
            {
                name: getattr(event, name)
                for name in ("sequence", "user", "item", "kind", "value", "time", "key")
            }
            for event in stored
        ],
        "unknown_items": unknown,
    }
    return json_response(answer, 201)


@router.get("/users/{user:id}/history", response_model=HistoryAnswer)
async def history(context: Served, user: UserPath) -> Response:
    """What lists for a user rest on, the latest first."""
    return json_response(await in_thread(context.service.history, user))


@router.get("/users/{user:id}/data")
async def export(context: Served, user: UserPath) -> Response:
    """Everything that is kept of a person."""
    return json_response(await in_thread(context.service.export, user))


@router.delete("/users/{user:id}/data", response_model=DeletionAnswer)
async def delete(context: Served, user: UserPath) -> Response:
    """Forget a person.

    Their feedback is gone at once, and what the model has learned of them at its next training;
    lists use neither from now on.
    """
    deletion = await in_thread(context.service.delete, user)
    answer: dict[str, Any] = {
        "user": user,
        "deleted_events": deletion.n_events,
        "message": "What was kept of this person is deleted; lists do not use what the model has "
        "learned of them, and the next training leaves it out.",
    }
    return json_response(answer)

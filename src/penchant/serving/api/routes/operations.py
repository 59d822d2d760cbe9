"""Which models answer, how they do, and whether the service is well."""

from __future__ import annotations

import time
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response

from penchant.errors import PenchantError, UnknownIdError
from penchant.serving.api.answers import DeploymentAnswer, HealthAnswer, ModelAnswer, ReadyAnswer
from penchant.serving.api.context import ERRORS, Served, in_thread
from penchant.serving.api.errors import ErrorAnswer
from penchant.serving.api.json_response import json_response
from penchant.serving.api.metrics import CONTENT_TYPE
from penchant.serving.api.requests import SwapBody
from penchant.serving.deployment.deployment import bundle_in
from penchant.serving.engine import ServedModel

router = APIRouter(tags=["operations"], responses=ERRORS)

_VERSION = version("penchant")


@router.get("/health", response_model=HealthAnswer)
async def health() -> Response:
    """That the process answers."""
    return json_response({"status": "ok", "version": _VERSION})


@router.get("/ready", response_model=ReadyAnswer, responses={503: {"model": ErrorAnswer}})
async def ready(context: Served) -> Response:
    """That lists can be had, and feedback be kept where there is a store."""
    service = context.service
    if not context.ready:
        raise HTTPException(503, "The service is being stopped.")
    if service.has_store:
        try:
            await in_thread(service.store.ping)
        except PenchantError as error:
            raise HTTPException(503, str(error)) from None
    store = "ok" if service.has_store else "none"
    return json_response({"status": "ready", "model": service.served.name, "store": store})


for _path, _route in (("/health", health), ("/ready", ready)):  # as some balancers ask
    router.add_api_route(_path, _route, methods=["HEAD"], include_in_schema=False)


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(context: Served) -> Response:
    """Counts and times in Prometheus' form."""
    return Response(context.metrics.text(), media_type=CONTENT_TYPE)


@router.get("/v1/model", response_model=ModelAnswer)
async def model_card(context: Served) -> Response:
    """What the model in place is and what it learned from."""
    return json_response(card_of(context.service.served))


@router.get("/v1/comparison")
async def comparison(context: Served) -> Response:
    """The comparison of models that the service was started with."""
    result = context.service.comparison
    if result is None:
        raise UnknownIdError(
            "This service was started without a comparison: make one with penchant compare LOG "
            "--json, and give it with --comparison."
        )
    return json_response(result)


@router.get("/v1/deployment", response_model=DeploymentAnswer)
async def deployment(context: Served) -> Response:
    """Which models answer, and how each does in this worker."""
    return json_response(context.service.deployment.snapshot.to_dict())


@router.post("/v1/deployment", response_model=DeploymentAnswer)
async def swap(context: Served, body: SwapBody) -> Response:
    """Put another bundle in place, or try it on a share of the people, without losing a request."""
    service = context.service
    root = service.settings.bundle.absolute().parent
    folder = bundle_in(Path(body.bundle), root)
    if body.canary_share is None:
        await in_thread(service.deployment.swap, folder)
    else:
        await in_thread(service.deployment.start_canary, folder, body.canary_share)
    note_model(context, changed=True)
    return json_response(service.deployment.snapshot.to_dict())


@router.post("/v1/deployment/promote", response_model=DeploymentAnswer)
async def promote(context: Served) -> Response:
    """Put the canary in place."""
    await in_thread(context.service.deployment.promote)
    note_model(context, changed=True)
    return json_response(context.service.deployment.snapshot.to_dict())


@router.post("/v1/deployment/rollback", response_model=DeploymentAnswer)
async def roll_back(context: Served) -> Response:
    """Withdraw the canary; without one, put the model before in place again."""
    await in_thread(context.service.deployment.roll_back)
    note_model(context, changed=True)
    return json_response(context.service.deployment.snapshot.to_dict())


def note_model(context: Any, *, changed: bool = False) -> None:
    """Tell the metrics which model is in place."""
    made = datetime.fromisoformat(context.service.served.made).timestamp()
    context.metrics.model(made, changed=changed)


def card_of(served: ServedModel) -> dict[str, Any]:
    """The manifest of a bundle with what people ask first."""
    made = datetime.fromisoformat(served.made).timestamp()
    model = served.model
    description = {
        name: value
        for name, value in served.description.items()
        if name not in ("state", "files", "sha256", "model")
    }
    return description | {
        "name": served.name,
        "fingerprint": served.fingerprint,
        "made": served.made,
        "age_seconds": max(time.time() - made, 0.0),
        "users": len(model.users_),
        "items": served.n_items,
        "events": model.histories_.n_events,
    }

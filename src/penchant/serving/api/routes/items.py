"""Items: search, facts, what is like them, what is popular and what is new."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from penchant.serving.api.answers import ItemAnswer, ItemsAnswer, TogetherAnswer
from penchant.serving.api.context import ERRORS, K, Served, in_thread
from penchant.serving.api.ids import ItemPath
from penchant.serving.api.json_response import json_response
from penchant.serving.engine import ServedModel

router = APIRouter(prefix="/v1", tags=["items"], responses=ERRORS)


@router.get("/items", response_model=ItemsAnswer)
async def search_items(
    context: Served,
    query: Annotated[str, Query(max_length=200, description="Words of a title.")],
    k: K = 10,
) -> Response:
    """Items whose titles have all words of a query, the best fit first."""
    served = context.service.served
    context.service.check_length(k)
    found = await in_thread(served.find, query, k)
    return json_response({"items": [_entry(served, n, i) for n, i in enumerate(found, 1)]})


@router.get("/popular", response_model=ItemsAnswer)
async def popular(
    context: Served,
    k: K = 10,
    days: Annotated[
        float | None, Query(gt=0, le=36_500, description="Of the last days of the log alone.")
    ] = None,
) -> Response:
    """The items with the most events."""
    served = context.service.served
    context.service.check_length(k)
    places = await in_thread(served.popular, k, days)
    items = [_entry(served, n, i, events=count) for n, (i, count) in enumerate(places, 1)]
    return json_response({"items": items})


@router.get("/latest", response_model=ItemsAnswer)
async def latest(context: Served, k: K = 10) -> Response:
    """The items that came into the log last."""
    served = context.service.served
    context.service.check_length(k)
    places = await in_thread(served.latest, k)
    items = [_entry(served, n, i, first=instant(t)) for n, (i, t) in enumerate(places, 1)]
    return json_response({"items": items})


@router.get("/items/{item:id}/similar", response_model=ItemsAnswer)
async def similar_items(context: Served, item: ItemPath, k: K = 10) -> Response:
    """The items most like one."""
    served = context.service.served
    context.service.check_length(k)
    places = await in_thread(served.similar, served.item(item), k)
    items = [_entry(served, n, i, similarity=s) for n, (i, s) in enumerate(places, 1)]
    return json_response({"items": items})


@router.get("/items/{item:id}/together", response_model=TogetherAnswer)
async def bought_together(context: Served, item: ItemPath, k: K = 10) -> Response:
    """The items that stand in the same baskets as one, with how far that is beyond chance."""
    served = context.service.served
    index = served.item(item)
    context.service.check_length(k)
    rows = await in_thread(served.together, index, k)
    return json_response(
        {"item": served.ids[index], "items": [together_entry(row) for row in rows]}
    )


@router.get("/items/{item:id}", response_model=ItemAnswer)
async def item_facts(context: Served, item: ItemPath) -> Response:
    """What the log's table says of an item."""
    served = context.service.served
    return json_response(served.facts(served.item(item)))


def _entry(served: ServedModel, rank: int, index: int, **figure: Any) -> dict[str, Any]:
    return {"rank": rank, "item": served.ids[index], "title": served.titles[index]} | figure


def together_entry(row: dict[str, Any]) -> dict[str, Any]:
    """A row of what stands in the same baskets as one place of a list."""
    title = row.pop("title")
    item = row.pop("together")
    return row | {"item": item, "title": str(item) if title is None else title}


def instant(microseconds: int) -> str | None:
    """Microseconds since 1970 as ISO 8601; None where no calendar has it."""
    try:
        return datetime.fromtimestamp(microseconds / 1e6, UTC).isoformat()
    except (OverflowError, ValueError, OSError):
        return None

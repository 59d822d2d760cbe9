"""The pages of items: one with all that is known of it, the popular ones and the latest."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from penchant.errors import UnknownIdError
from penchant.serving.api.routes.items import instant, together_entry
from penchant.serving.engine import ServedModel
from penchant.serving.pages.page import Page, PageRequest, PageRouter
from penchant.serving.pages.visitor import Visitor

pages = PageRouter()

_ALIKE = 6
_MANY = 24
_PERIODS = (7, 30, 365)


@pages.page("/items/{id:id}")
def item_page(asked: PageRequest) -> Page:
    """An item: facts, what is like it, what stands beside it in baskets, and why it suits you.

    Raises:
        UnknownIdError: the model does not know it.
    """
    service = asked.service
    served = service.served
    index = served.item(asked.path["id"])
    visitor = Visitor.of(asked.query)
    facts = {name: _fact(value) for name, value in served.facts(index).items()}
    data: dict[str, Any] = {
        "item": served.ids[index],
        "title": served.titles[index],
        "facts": {
            name: value
            for name, value in facts.items()
            if name not in ("item", "title") and value not in (None, "", [])
        },
        "events": int(served.model.histories_.popularity[index]),
        "similar": [
            {"item": served.ids[i], "title": served.titles[i], "similarity": similarity}
            for i, similarity in served.similar(index, _ALIKE)
        ],
        "together": _together(served, index),
        "user": visitor.user,
        "parameters": [list(pair) for pair in visitor.parameters],
        "explanation": None,
    }
    if visitor.is_somebody:
        data["explanation"] = service.explain(visitor.query(), asked.path["id"])
    return Page("item.html", data)


@pages.page("/popular")
def popular_page(asked: PageRequest) -> Page:
    """The items with the most events, of the whole log or of its last days."""
    served = asked.service.served
    text = asked.parameter("days")
    days = int(text) if text.isdecimal() and 0 < int(text) <= 36_500 else None
    places = served.popular(_MANY, days)
    has_times = served.model.histories_.times is not None
    data = {
        "heading": "Popular",
        "days": days,
        "periods": list(_PERIODS) if has_times else [],
        "note": None,
        "items": [
            {"rank": n, "item": served.ids[i], "title": served.titles[i], "events": int(count)}
            for n, (i, count) in enumerate(places, 1)
        ],
    }
    return Page("shelf.html", data)


@pages.page("/latest")
def latest_page(asked: PageRequest) -> Page:
    """The items that came into the log last."""
    served = asked.service.served
    try:
        places, note = served.latest(_MANY), None
    except UnknownIdError as error:
        places, note = [], str(error)
    data = {
        "heading": "Latest",
        "days": None,
        "periods": [],
        "note": note,
        "items": [
            {
                "rank": n,
                "item": served.ids[i],
                "title": served.titles[i],
                "first": instant(time),
            }
            for n, (i, time) in enumerate(places, 1)
        ],
    }
    return Page("shelf.html", data)


def _together(served: ServedModel, index: int) -> list[dict[str, Any]]:
    if served.baskets is None:
        return []
    return [together_entry(row) for row in served.together(index, _ALIKE)]


def _fact(value: Any) -> Any:
    """A value of the item table as a page shows it; numbers of a vector are no facts."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat() if value.tzinfo else value.isoformat()
    if isinstance(value, bool | int | str) or value is None:
        return value
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    if isinstance(value, list | tuple):
        texts = [each for each in value if isinstance(each, str)]
        return texts if len(texts) == len(value) else None
    return str(value)

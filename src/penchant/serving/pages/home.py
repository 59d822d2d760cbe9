"""The first page: search titles, say what you like, see a list with its reasons change."""

from __future__ import annotations

import secrets
from typing import Any

from starlette.responses import Response

from penchant.serving.engine import ServedModel
from penchant.serving.pages.page import Page, PageRequest, PageRouter
from penchant.serving.pages.reasons import list_with_reasons
from penchant.serving.pages.rendering import id_path
from penchant.serving.pages.visitor import Visitor, entries_of
from penchant.serving.queries import ListQuery
from penchant.serving.service import Service
from penchant.wording import counted

pages = PageRouter()

LENGTH = 10
"""Items of a list on a page."""

VISITOR_COOKIE = "penchant_visitor"
"""What tells visitors apart where two models answer or lists are kept; no one else needs it."""

_FOUND = 8
_BEGINNINGS = 12


@pages.page("/")
def home_page(asked: PageRequest) -> Page:
    """What a visitor likes, a list for them, and titles that they look for."""
    service = asked.service
    cookies = _visitor_cookie(asked)
    visitor = Visitor.of(asked.query, cookies.get(VISITOR_COOKIE))
    visitor = Visitor(None, visitor.opinions, visitor.cookie)
    query = asked.parameter("q")[:200].strip()
    served = service.served
    opinions = visitor.describe(served)
    said = {opinion["item"]: opinion for opinion in opinions}
    found = served.find(query, _FOUND) if query else []
    data: dict[str, Any] = {
        "query": query,
        "found": [
            entry | {"said": said.get(str(entry["item"]))} for entry in entries_of(served, found)
        ],
        "opinions": opinions,
        "parameters": [list(pair) for pair in visitor.parameters],
        "ratings": served.rating_choices,
        "can_keep": service.has_store,
        "list": None,
        "beginnings": [],
        "changes": None,
    }
    if visitor.opinions:
        data["list"] = list_with_reasons(asked, ListQuery(visitor.query(), LENGTH))
        before = _before(service, visitor, data["list"]["arm"])
        data["changes"] = note_changes(data["list"]["items"], before)
    else:
        popular = [index for index, _ in served.popular(_BEGINNINGS)]
        data["beginnings"] = entries_of(served, popular)
    new = {} if VISITOR_COOKIE in asked.request.cookies else cookies
    return Page("home.html", data, new)


@pages.action("/keep")
def keep(asked: PageRequest) -> Response:
    """Keep a visitor's opinions under an id that is new, and show its page."""
    service = asked.service
    _ = service.store  # refused where there is none
    from penchant.serving.store import Feedback

    visitor = Visitor.of(asked.form)
    user = _new_id(service.served)
    kinds = {"liked": "like", "rated": "rating", "disliked": "dislike"}
    feedback = [
        Feedback(
            user=user,
            item=opinion.item,
            kind=kinds[opinion.kind],
            value=opinion.rating,
            time=None,
            key=None,
            session=None,
            of=None,
        )
        for opinion in visitor.opinions
    ]
    if feedback:
        events = service.add_feedback(feedback)
        asked.context.metrics.feedback(event.kind for event in events)
    return asked.redirect(id_path("users", user))


def note_changes(items: list[dict[str, Any]], before: list[Any]) -> str | None:
    """Write beside each item where it stood before, and say what has changed in a sentence.

    Args:
        items: places of a list, to which `before` is added where there was a list before: a rank,
            or None for what is new.
        before: ids in the order of the list before; empty where there was none.
    """
    if not before:
        return f"This is your list, of {counted(len(items), 'item')}." if items else None
    ranks = {item: n for n, item in enumerate(before, 1)}
    for place in items:
        place["before"] = ranks.get(place["item"])
    new = sum(place["before"] is None for place in items)
    moved = sum(place["before"] not in (None, place["rank"]) for place in items)
    if not new and not moved:
        return "Your list stays as it was."
    return f"Your list has changed: {new} new, {moved} moved."


def _before(service: Service, visitor: Visitor, arm: str) -> list[Any]:
    """The items that a visitor saw before their last opinion, of a model that is fast."""
    earlier = Visitor(None, visitor.opinions[:-1], visitor.cookie)
    snapshot = service.deployment.snapshot
    served = (snapshot.canary if arm == "canary" else snapshot.current) or snapshot.current
    if not earlier.opinions or not served.served.is_fast:
        return []
    person = service.person(served.served, earlier.query())
    return [place.item for place in served.served.recommend(person, LENGTH)]


def _visitor_cookie(asked: PageRequest) -> dict[str, str]:
    """The cookie of a visitor, where it is of use."""
    service = asked.service
    if service.deployment.snapshot.canary is None and service.recorder is None:
        return {}
    known = asked.request.cookies.get(VISITOR_COOKIE, "")[:64]
    return {VISITOR_COOKIE: known or secrets.token_urlsafe(12)}


def _new_id(served: ServedModel) -> str:
    """An id that nobody has, of the kind that the log has."""
    if served.model.users_.kind == "string":
        return f"new-{secrets.token_hex(6)}"
    return str(10**12 + secrets.randbelow(10**14))

"""Two models side by side: what each shows to the same person."""

from __future__ import annotations

from typing import Any

from penchant.serving.answers import place_to_dict
from penchant.serving.deployment.figures import Arm
from penchant.serving.pages.home import LENGTH
from penchant.serving.pages.page import Page, PageRequest, PageRouter
from penchant.serving.pages.visitor import Visitor
from penchant.serving.service import Service

pages = PageRouter()


@pages.page("/compare")
def compare_page(asked: PageRequest) -> Page:
    """The lists of the model in place and of the canary, or else of the model before."""
    service = asked.service
    visitor = Visitor.of(asked.query)
    snapshot = service.deployment.snapshot
    other = snapshot.canary or snapshot.previous
    data: dict[str, Any] = {
        "user": visitor.user,
        "opinions": visitor.describe(service.served),
        "parameters": [list(pair) for pair in visitor.parameters],
        "is_somebody": visitor.is_somebody,
        "models": [arm_facts(snapshot.current)],
        "lists": [],
        "in_common": None,
    }
    if other is not None:
        data["models"].append(arm_facts(other))
        lists = [_list(service, arm, visitor) for arm in (snapshot.current, other)]
        _note_other_ranks(*lists)
        data["lists"] = lists
        data["in_common"] = sum(place["other_rank"] is not None for place in lists[0])
    return Page("side_by_side.html", data)


def arm_facts(arm: Arm) -> dict[str, Any]:
    """Which model has a part, as plain values."""
    return {
        "arm": arm.name,
        "model": arm.served.name,
        "bundle": arm.served.folder.name,
        "made": arm.served.made,
    }


def _list(service: Service, arm: Arm, visitor: Visitor) -> list[dict[str, Any]]:
    person = service.person(arm.served, visitor.query())
    places = arm.served.recommend(person, LENGTH)
    return [place_to_dict(n, place) for n, place in enumerate(places, 1)]


def _note_other_ranks(left: list[dict[str, Any]], right: list[dict[str, Any]]) -> None:
    """Write beside each place where the other list has the same item."""
    for places, others in ((left, right), (right, left)):
        ranks = {place["item"]: place["rank"] for place in others}
        for place in places:
            place["other_rank"] = ranks.get(place["item"])

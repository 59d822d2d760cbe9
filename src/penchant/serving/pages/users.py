"""The page of a user: a list with reasons, what they say, their history, and its deletion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from penchant.errors import ParameterError, UnknownIdError
from penchant.serving.engine import ServedModel
from penchant.serving.examples import example_users
from penchant.serving.pages.home import LENGTH
from penchant.serving.pages.page import Page, PageRequest, PageRouter
from penchant.serving.pages.reasons import list_with_reasons
from penchant.serving.pages.rendering import id_path
from penchant.serving.pages.visitor import title_of
from penchant.serving.queries import ListQuery, PersonQuery
from penchant.serving.service import Service

if TYPE_CHECKING:
    from penchant.serving.store import StoredEvent

pages = PageRouter()

_SHOWN = 60  # events of a history
_EXAMPLES = (0.1, 0.5, 0.95)  # of the users, by how many events they have
_KINDS = ("like", "rating", "dislike", "seen", "undo")


@pages.page("/users")
def users_page(asked: PageRequest) -> Page | Response:
    """Where somebody says which user they are."""
    wanted = asked.parameter("id").strip()
    if wanted:
        return asked.redirect(id_path("users", wanted))
    return Page("users.html", {"examples": _examples(asked.service)})


@pages.page("/users/{id:id}")
def user_page(asked: PageRequest) -> Page:
    """What one user gets, said and had.

    Raises:
        UnknownIdError: nothing is known of them, and nothing can be kept.
    """
    service, user = asked.service, asked.path["id"]
    answer = list_with_reasons(asked, ListQuery(PersonQuery(user), LENGTH))
    events = service.store.events_of(user) if service.has_store else []
    try:
        history = service.history(user)
    except UnknownIdError:
        if not service.has_store:
            raise
        history = {"events": [], "hidden": []}
    served = service.served
    said = [_said(served, event) for event in reversed(events)]
    done = asked.parameter("done")
    data: dict[str, Any] = {
        "user": user,
        "known": answer["known"],
        "keeps_feedback": service.has_store,
        "list": answer,
        "ratings": served.rating_choices,
        "said": said[:_SHOWN],
        "n_said": len(said),
        "history": history["events"][:_SHOWN],
        "n_history": len(history["events"]),
        "hidden": history["hidden"][:_SHOWN],
        "done": next((event for event in said if str(event["sequence"]) == done), None),
        "undone": done == "undo",
        "deleted": done == "deletion",
        "deleting": asked.parameter("delete") == "ask",
    }
    return Page("user.html", data)


@pages.action("/users/{id:id}")
def act(asked: PageRequest) -> Response:
    """Keep what a user says, take it back, or forget the user.

    Raises:
        NoStoreError: this service keeps nothing.
        ParameterError: the form says nothing of the kind.
    """
    service, user = asked.service, asked.path["id"]
    _ = service.store  # refused where there is none
    here = id_path("users", user)
    if asked.field("delete"):
        if asked.field("delete") != "yes":
            return asked.redirect(here, {"delete": "ask"})
        service.delete(user)
        return asked.redirect(here, {"done": "deletion"})
    for kind in _KINDS:
        if asked.field(kind):
            event = _keep(asked, service, user, kind, asked.field(kind))
            return asked.redirect(here, {"done": event})
    raise ParameterError(f"A form of this page says one of {', '.join(_KINDS)}, or delete.")


def _keep(asked: PageRequest, service: Service, user: str, kind: str, value: str) -> str:
    """Keep one thing, and give back what names it in an address."""
    from penchant.serving.store import Feedback

    item: str | None = value
    rating: float | None = None
    of: int | None = None
    try:
        if kind == "rating":
            item, _, text = value.rpartition(":")
            rating = float(text)
        elif kind == "undo":
            item, of = None, int(value)
    except ValueError:
        raise ParameterError(f"{value!r} is no {kind}.") from None
    feedback = Feedback(
        user=user, item=item, kind=kind, value=rating, time=None, key=None, session=None, of=of
    )
    (event,) = service.add_feedback([feedback])
    asked.context.metrics.feedback([kind])
    return "undo" if kind == "undo" else str(event.sequence)


def _said(served: ServedModel, event: StoredEvent) -> dict[str, Any]:
    return {
        "sequence": event.sequence,
        "kind": event.kind,
        "item": event.item,
        "title": title_of(served, str(event.item)),
        "value": event.value,
        "time": event.time,
    }


def _examples(service: Service) -> list[dict[str, Any]]:
    """A user with few events, one with a middling number, and one with many."""
    model = service.served.model
    histories, ids = model.histories_, model.users_.ids
    return [
        {"user": ids[int(histories.users[position])], "events": int(histories.lengths[position])}
        for position in example_users(service, _EXAMPLES)
    ]

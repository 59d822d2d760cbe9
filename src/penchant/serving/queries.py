"""What is asked of a service, whatever way it came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from penchant.errors import ParameterError
from penchant.repeats import Repeats
from penchant.rules import Rules
from penchant.serving.engine import Event
from penchant.serving.texts import plain_text


@dataclass(frozen=True)
class PersonQuery:
    """Who a request is about: a user, or what somebody has said and done.

    Attributes:
        user: the text of an id.
        liked: texts of ids of items, the latest last; so in the others.
        rated: ratings by the text of the id.
        disliked: items that they dislike.
        session: items of the visit so far, which count as likes.
        visitor: what tells a visitor without an id from others, such as a cookie, in experiments.
    """

    user: str | None = None
    liked: tuple[str, ...] = ()
    rated: Mapping[str, float] = field(default_factory=dict)
    disliked: tuple[str, ...] = ()
    session: tuple[str, ...] = ()
    visitor: str | None = None

    @property
    def events(self) -> list[Event]:
        """What the request itself says, in the order of time."""
        return [
            *(Event(item, "like") for item in self.liked),
            *(Event(item, "rating", rating) for item, rating in self.rated.items()),
            *(Event(item, "dislike") for item in self.disliked),
            *(Event(item, "purchase") for item in self.session),
        ]


@dataclass(frozen=True)
class ListQuery:
    """A list that is asked for.

    Attributes:
        person: for whom.
        k: its length.
        explain: whether to say why, for each item.
        repeats: whether it may hold what the person had, or nothing else.
        candidates: texts of ids, the only items to choose from; None for all.
        exclude: texts of ids of items to leave out.
        rules: what it keeps in the place of the service's rules.
    """

    person: PersonQuery
    k: int = 10
    explain: bool = False
    repeats: Repeats = "excluded"
    candidates: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()
    rules: Rules | None = None


def inline_rules(sections: Mapping[str, Any]) -> Rules:
    """Rules that a request brings along, which may name no file.

    Raises:
        ParameterError: they name a file or a table, are no rules, or have texts that are none.
    """
    _refuse_files(sections, "rules")
    return Rules(**sections)


def _refuse_files(value: object, place: str, depth: int = 0) -> None:
    if depth > 8:
        raise ParameterError(f"{place} is nested too deeply.")
    if isinstance(value, str):
        plain_text(value, f"text in {place}")
    if isinstance(value, str) and value.startswith("@"):
        raise ParameterError(f"{place} names a file, {value!r}, which a request may not.")
    if isinstance(value, Mapping):
        for name, part in value.items():
            plain_text(str(name), f"key in {place}")
            if depth == 0 and name == "items":
                raise ParameterError("rules.items names a table of items, which a request may not.")
            if depth == 1 and place == "rules.exclude" and name in ("users", "baskets"):
                raise ParameterError(f"{place}.{name} names a table, which a request may not.")
            _refuse_files(part, f"{place}.{name}", depth + 1)
    if isinstance(value, list | tuple):
        for part in value:
            _refuse_files(part, place, depth + 1)

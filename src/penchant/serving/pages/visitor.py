"""Somebody who looks at pages: a user, or a visitor whose opinions stand in the address."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from penchant.errors import ParameterError
from penchant.serving.engine import ServedModel
from penchant.serving.engine.person import index_of
from penchant.serving.queries import PersonQuery
from penchant.serving.texts import LONGEST, plain_text

OpinionKind = Literal["liked", "rated", "disliked"]
_KINDS: tuple[OpinionKind, ...] = ("liked", "rated", "disliked")
_MOST = 200  # opinions in an address


@dataclass(frozen=True)
class Opinion:
    """What a visitor says of an item.

    Attributes:
        item: the text of its id.
        kind: as a request names it.
        rating: of what is rated.
    """

    item: str
    kind: OpinionKind
    rating: float | None = None

    @property
    def parameter(self) -> tuple[str, str]:
        """The same as a parameter of an address."""
        return self.kind, self.item if self.rating is None else f"{self.item}:{self.rating:g}"


@dataclass(frozen=True)
class Visitor:
    """Who looks at a page.

    Attributes:
        user: the text of a user's id.
        opinions: what a visitor says, one for an item, the latest last.
        cookie: what tells a visitor from others in experiments.
    """

    user: str | None = None
    opinions: tuple[Opinion, ...] = ()
    cookie: str | None = None

    @classmethod
    def of(cls, parameters: Iterable[tuple[str, str]], cookie: str | None = None) -> Visitor:
        """The visitor of an address, such as `liked=50&rated=181:4&disliked=3`, or `user=42`.

        Raises:
            ParameterError: a rating or an id is none, or there are too many opinions.
        """
        opinions: dict[str, Opinion] = {}
        user = None
        for name, value in parameters:
            if name == "user" and value:
                user = plain_text(value[:LONGEST], "id of a user")
            if name in _KINDS and value:
                opinion = _opinion(name, value)
                opinions.pop(opinion.item, None)  # what is said last counts, and stands last
                opinions[opinion.item] = opinion
        if len(opinions) > _MOST:
            raise ParameterError(
                f"An address may have {_MOST} opinions, and this one has {len(opinions):,}: send "
                "more to /v1/recommendations."
            )
        return cls(user, tuple(opinions.values()), cookie)

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """What an address needs to say who they are."""
        own = [] if self.user is None else [("user", self.user)]
        return own + [opinion.parameter for opinion in self.opinions]

    @property
    def is_somebody(self) -> bool:
        """Whether anything is known of them."""
        return self.user is not None or bool(self.opinions)

    def without(self, item: str) -> Visitor:
        """The same without an opinion on one item."""
        kept = tuple(opinion for opinion in self.opinions if opinion.item != item)
        return Visitor(self.user, kept, self.cookie)

    def query(self) -> PersonQuery:
        """The same as the service takes it."""
        return PersonQuery(
            user=self.user,
            liked=tuple(o.item for o in self.opinions if o.kind == "liked"),
            rated={o.item: o.rating for o in self.opinions if o.rating is not None},
            disliked=tuple(o.item for o in self.opinions if o.kind == "disliked"),
            visitor=self.cookie,
        )

    def describe(self, served: ServedModel) -> list[dict[str, Any]]:
        """Their opinions as plain values, the latest first, each with what is left without it."""
        return [
            {
                "item": opinion.item,
                "title": title_of(served, opinion.item),
                "kind": opinion.kind,
                "rating": opinion.rating,
                "others": [list(pair) for pair in self.without(opinion.item).parameters],
            }
            for opinion in reversed(self.opinions)
        ]


def title_of(served: ServedModel, item: str) -> str:
    """The title of the item with this id, or the id."""
    index = index_of(served.model.items_, item)
    return served.titles[index] if index >= 0 else item


def entries_of(served: ServedModel, indices: Sequence[int]) -> list[dict[str, Any]]:
    """Items by their indices as plain values."""
    return [{"item": served.ids[index], "title": served.titles[index]} for index in indices]


def _opinion(name: OpinionKind, value: str) -> Opinion:
    if name != "rated":
        return Opinion(plain_text(value[:LONGEST], "id of an item"), name)
    item, _, rating = value.rpartition(":")
    try:
        number = float(rating)
    except ValueError:
        number = float("nan")
    if not item or not abs(number) < float("inf"):
        raise ParameterError(
            f"{value!r} is no rating: write the item's id, a colon and a number, as in 50:4."
        )
    return Opinion(plain_text(item[:LONGEST], "id of an item"), name, number)

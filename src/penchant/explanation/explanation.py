"""What an explanation is made of."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from penchant.data.vocabulary import Id
from penchant.notebook import ShownAsText

Method = Literal[
    "contributions",
    "neighbours",
    "attributes",
    "leave-one-out",
    "leave-one-out as new",
    "same for everyone",
    "random",
    "popularity",
]

_HOW: dict[Method, str] = {
    "contributions": "exact: the contributions of all events make up the score",
    "neighbours": "what each similar user adds is divided among the items in common",
    "attributes": "the effect of an attribute is how much lower the score would be without it",
    "leave-one-out": "estimated by leaving each event out",
    "leave-one-out as new": "estimated by leaving each event out, as for a new "
    "user with this history",
    "same for everyone": "the order of items does not depend on the history",
    "random": "the order of items is drawn at random",
    "popularity": "the model has no evidence for this user or item, and popularity answers",
}


@dataclass(frozen=True)
class Reason:
    """One item of the history that speaks for a recommendation.

    Attributes:
        item: its id.
        title: its title, or its id where no title is known.
        contribution: what it adds to the score; for estimates, how much further the score would
            fall without it than that of a typical item; for models over attributes, the summed
            effects of the attributes that it shares with the recommended item and that speak for
            that one.
        share: of everything in the history that speaks for the item, from 0 to 1.
        rating: what the user gave it, None where not known.
        liked: whether that rating is a like: for models over attributes that learn likes what
            they take for one, for others one in the upper half of the scale and not below the
            user's mean.
    """

    item: Id
    title: str
    contribution: float
    share: float
    rating: float | None
    liked: bool


@dataclass(frozen=True)
class AttributeReason:
    """One attribute of a recommended item.

    Attributes:
        name: such as `Comedy`.
        effect: the score less what it would be without the attribute; above 0 the attribute
            speaks for the item, below 0 against it.
        rated: how many events of the history have the attribute.
        liked: how many of these were likes; where the history has no ratings, all of them.
    """

    name: str
    effect: float
    rated: int
    liked: int


@dataclass(frozen=True)
class ItemReasons:
    """What speaks for one item, as `Explanation` has it."""

    method: Method
    sentence: str
    reasons: tuple[Reason, ...] = ()
    attributes: tuple[AttributeReason, ...] = ()
    rest: float | None = None


@dataclass(frozen=True)
class Explanation(ShownAsText):
    """Why a model recommends an item to a user.

    Attributes:
        model: the model's name with what differs from its defaults.
        user: the user's id, None for someone who is not in the log.
        item: the item's id.
        title: its title, or its id.
        score: the model's score; None where popularity answers in its place.
        reasons: what of the history speaks for the item, the strongest first.
        attributes: all attributes of the item that the model knows, in the order of their
            effects, what speaks most for the item first; empty for models that know none.
        rest: what no event contributes, such as biases: exactly the score less all contributions;
            None where reasons are not parts of the score.
        method: where the reasons come from.
        sentence: the reasons in words.
    """

    model: str
    user: Id | None
    item: Id
    title: str
    score: float | None
    reasons: tuple[Reason, ...]
    attributes: tuple[AttributeReason, ...]
    rest: float | None
    method: Method
    sentence: str

    @property
    def fallback(self) -> bool:
        """Whether popularity answers, because the model has no evidence."""
        return self.method == "popularity"

    @property
    def exact(self) -> bool:
        """Whether the contributions are parts of the score rather than estimates."""
        return self.method == "contributions"

    @property
    def how(self) -> str:
        """Where the reasons come from, in words."""
        return _HOW[self.method]

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values for JSON; a score of minus infinity becomes None."""
        plain = asdict(self) | {"exact": self.exact, "fallback": self.fallback, "how": self.how}
        for name in ("reasons", "attributes"):
            plain[name] = list(plain[name])
        if self.score is not None and not np.isfinite(self.score):
            plain["score"] = None
        return plain

    def __str__(self) -> str:
        return f"{self.title}: {self.sentence} ({self.how})"

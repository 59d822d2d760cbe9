"""What requests hold."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from penchant.repeats import Repeats
from penchant.serving.api.answers import FeedbackKind
from penchant.serving.api.ids import IdText, IdValue
from penchant.serving.queries import ListQuery, PersonQuery, inline_rules

Finite = Annotated[float, Field(allow_inf_nan=False)]


class Body(BaseModel):
    """A body of a request: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class PersonBody(Body):
    """Who a request is about: a user, what somebody likes or rates, or a visit so far."""

    user: IdValue | None = Field(None, description="A user, of the log or new.")
    liked: list[IdValue] = Field([], description="Items that they like, the latest last.")
    rated: dict[IdText, Finite] = Field({}, description="Ratings by item.")
    disliked: list[IdValue] = Field([], description="Items that they dislike.")
    session: list[IdValue] = Field([], description="Items of the visit so far, the latest last.")
    visitor: IdText | None = Field(
        None, description="What tells a visitor without an id from others in experiments."
    )

    def query(self) -> PersonQuery:
        """The same as a service takes it."""
        return PersonQuery(
            user=None if self.user is None else str(self.user),
            liked=tuple(map(str, self.liked)),
            rated=dict(self.rated),
            disliked=tuple(map(str, self.disliked)),
            session=tuple(map(str, self.session)),
            visitor=self.visitor,
        )


class ListBody(PersonBody):
    """A list that is asked for."""

    k: Annotated[int, Field(ge=1, description="Items in the list.")] = 10
    explain: bool = Field(False, description="Say why, for each item.")
    repeats: Repeats = Field(
        "excluded", description="Whether the list may hold what they had, or nothing else."
    )
    candidates: list[IdValue] | None = Field(None, description="The only items to choose from.")
    exclude: list[IdValue] = Field([], description="Items to leave out.")
    rules: dict[str, Any] | None = Field(
        None,
        description="Rules in the place of the service's, with the sections of a rules file.",
    )

    def list_query(self) -> ListQuery:
        """The same as a service takes it."""
        return ListQuery(
            person=self.query(),
            k=self.k,
            explain=self.explain,
            repeats=self.repeats,
            candidates=None if self.candidates is None else tuple(map(str, self.candidates)),
            exclude=tuple(map(str, self.exclude)),
            rules=None if self.rules is None else inline_rules(self.rules),
        )


class ExplainBody(PersonBody):
    """An explanation that is asked for."""

    item: IdValue


class FeedbackBody(Body):
    """One thing that a person says or does."""

    user: IdValue
    item: IdValue | None = Field(None, description="Of everything but an undo.")
    kind: FeedbackKind
    value: Finite | None = Field(None, description="Of a rating.")
    time: int | None = Field(
        None, ge=0, lt=2**62, description="Microseconds since 1970, from 1980 on; now by default."
    )
    key: IdText | None = Field(
        None, description="The same key again changes nothing and answers with the first event."
    )
    session: IdText | None = None
    of: int | None = Field(None, description="The sequence number of what an undo takes back.")


class FeedbackList(Body):
    """Several things that people say and do, kept together or not at all."""

    events: Annotated[list[FeedbackBody], Field(min_length=1, max_length=1000)]


class SwapBody(Body):
    """Another bundle to put in place, or to try."""

    bundle: Annotated[str, StringConstraints(min_length=1, max_length=255)] = Field(
        description="The name of a folder beside the bundle that the service was started with."
    )
    canary_share: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        None, description="Try it on this share of the people, instead of putting it in place."
    )

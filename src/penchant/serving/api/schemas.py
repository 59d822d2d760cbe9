"""What requests and answers hold."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from penchant.repeats import Repeats
from penchant.serving.queries import ListQuery, PersonQuery, inline_rules

IdText = Annotated[str, StringConstraints(min_length=1, max_length=500)]
IdValue = Annotated[int, Field(ge=-(2**63), lt=2**63)] | IdText
"""An id as the log has it: an integer, or text."""

Finite = Annotated[float, Field(allow_inf_nan=False)]


class Body(BaseModel):
    """A body of a request: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class PersonBody(Body):
    """Who a request is about: a user, what somebody likes or rates, or a visit so far."""

    user: IdValue | None = Field(None, description="A user, of the log or new.")
    liked: list[IdValue] = Field([], description="Items that they like, the latest last.")
    rated: dict[str, Finite] = Field({}, description="Ratings by item.")
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


class ReasonAnswer(BaseModel):
    """One item of the history that speaks for a recommendation."""

    item: int | str
    title: str
    contribution: float | None
    share: float | None
    rating: float | None
    liked: bool


class AttributeAnswer(BaseModel):
    """One attribute of an item, such as a genre, and what it does to the score."""

    name: str
    effect: float | None
    rated: int
    liked: int


class PlaceAnswer(BaseModel):
    """One place of a list; the fields from `because` on where reasons are asked for."""

    rank: int
    item: int | str
    title: str
    score: float | None
    fallback: bool = Field(description="Whether popularity answers, for want of evidence.")
    rule: str | None = None
    because: str | None = None
    exact: bool | None = None
    method: str | None = None
    how: str | None = None
    reasons: list[ReasonAnswer] | None = None
    attributes: list[AttributeAnswer] | None = None


class ListAnswer(BaseModel):
    """A list."""

    user: str | None
    known: bool = Field(description="Whether the model's log has the user.")
    model: str
    arm: Literal["current", "canary", "previous"]
    items: list[PlaceAnswer]
    unknown_items: list[str] = Field(description="Ids that were passed over.")
    list_id: str | None = Field(None, description="The list's id, where lists are kept.")


class ExplanationAnswer(BaseModel):
    """Why an item suits somebody, or does not."""

    user: str | None
    known: bool
    model: str
    arm: Literal["current", "canary", "previous"]
    item: int | str
    title: str
    score: float | None
    fallback: bool
    because: str
    exact: bool
    method: str
    how: str
    reasons: list[ReasonAnswer]
    attributes: list[AttributeAnswer]
    unknown_items: list[str]


class ItemAnswer(BaseModel):
    """An item with what the log's table says of it."""

    model_config = ConfigDict(extra="allow")

    item: int | str
    title: str


class ScoredItem(BaseModel):
    """An item with a number that decides its place."""

    rank: int
    item: int | str
    title: str
    similarity: float | None = None
    events: float | None = None
    first: str | None = Field(None, description="When it was had first, as ISO 8601.")


class ItemsAnswer(BaseModel):
    """Items in an order."""

    items: list[ScoredItem]


class TogetherItem(BaseModel):
    """An item that stands in the same baskets."""

    rank: int
    item: int | str
    title: str
    baskets: int
    support: float
    confidence: float
    lift: float
    shrunken_lift: float
    p_value: float
    baskets_of_other: int


class TogetherAnswer(BaseModel):
    """Items that stand in the same baskets as one."""

    item: int | str
    items: list[TogetherItem]


class SimilarUser(BaseModel):
    """A user of the log who is like somebody."""

    similar: int | str
    rank: int
    similarity: float | None


class SimilarUsersAnswer(BaseModel):
    """The users most like somebody."""

    user: str | None
    users: list[SimilarUser]


class HistoryEvent(BaseModel):
    """One event of a history."""

    item: int | str
    title: str
    rating: float | None = None


class HistoryAnswer(BaseModel):
    """What lists for a user rest on, the latest first."""

    user: str
    known: bool
    events: list[HistoryEvent]
    hidden: list[HistoryEvent] = Field(description="Items that are not shown to them.")


FeedbackKind = Literal["rating", "like", "dislike", "seen", "purchase", "undo"]


class FeedbackBody(Body):
    """One thing that a person says or does."""

    user: IdValue
    item: IdValue | None = Field(None, description="Of everything but an undo.")
    kind: FeedbackKind
    value: Finite | None = Field(None, description="Of a rating.")
    time: int | None = Field(
        None, ge=0, lt=2**62, description="Microseconds since 1970; now by default."
    )
    key: IdText | None = Field(
        None, description="The same key again changes nothing and answers with the first event."
    )
    session: IdText | None = None
    of: int | None = Field(None, description="The sequence number of what an undo takes back.")


class FeedbackList(Body):
    """Several things that people say and do, kept together or not at all."""

    events: Annotated[list[FeedbackBody], Field(min_length=1, max_length=1000)]


class StoredAnswer(BaseModel):
    """An event that is kept."""

    sequence: int
    user: str
    item: str | None
    kind: FeedbackKind
    value: float | None
    time: int
    key: str | None


class FeedbackAnswer(BaseModel):
    """Events that are kept, on disk, when this is answered."""

    events: list[StoredAnswer]
    unknown_items: list[str] = Field(description="Ids that the model does not know yet.")


class DeletionAnswer(BaseModel):
    """What has become of a person's data."""

    user: str
    deleted_events: int
    message: str


class Figures(BaseModel):
    """What one model has answered, in the worker that was asked."""

    requests: int
    errors: int
    fallbacks: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


class ArmAnswer(BaseModel):
    """A model that answers, or did."""

    arm: Literal["current", "canary", "previous"]
    bundle: str
    model: str
    fingerprint: str
    made: str
    figures: Figures


class DeploymentAnswer(BaseModel):
    """Which models answer."""

    share: float = Field(description="The share of people whom the canary answers.")
    note: str
    arms: list[ArmAnswer]


class SwapBody(Body):
    """Another bundle to put in place, or to try."""

    bundle: Annotated[str, StringConstraints(min_length=1, max_length=255)] = Field(
        description="The name of a folder beside the bundle that the service was started with."
    )
    canary_share: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        None, description="Try it on this share of the people, instead of putting it in place."
    )


class ModelAnswer(BaseModel):
    """The card of the model in place: the manifest of its bundle."""

    model_config = ConfigDict(extra="allow")

    name: str
    fingerprint: str
    made: str
    age_seconds: float
    users: int
    items: int
    events: int


class HealthAnswer(BaseModel):
    """That the process answers."""

    status: Literal["ok"]
    version: str


class ReadyAnswer(BaseModel):
    """That lists can be had."""

    status: Literal["ready"]
    model: str
    store: Literal["ok", "none"]

"""What answers hold."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

FeedbackKind = Literal["rating", "like", "dislike", "seen", "purchase", "undo"]


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
    arm: Literal["current", "canary", "previous"] = Field(description="Whose model answers.")
    assigned_arm: Literal["current", "canary", "previous"] = Field(
        description="Whose model was to answer: where it fails another one does, and users of an "
        "experiment are compared by this."
    )
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

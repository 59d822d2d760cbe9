"""The parts of a file of rules, checked."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import polars as pl
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from penchant.data.polars_frames import as_polars, is_frame
from penchant.wording import nearest, reason_of

PairTable = pl.DataFrame | Path
"""A table of users and items: a frame, or the file that has it."""


def listed(value: Any) -> Any:
    """One value as a list of it."""
    return [value] if isinstance(value, str | int | float | Mapping | Section) else value


def table_of(value: Any) -> Any:
    """The path of `@FILE`, or of a name without that sign; any frame as one of Polars."""
    if isinstance(value, str):
        return Path(value.removeprefix("@"))
    return as_polars(value, "the table of rules") if is_frame(value) else value


class Section(BaseModel):
    """A part of the rules: unknown keys are refused, and nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


def given(value: Any) -> Any:
    """One value as a list of it; no value at all is refused, as it may mean all or nothing."""
    if value is None:
        raise ValueError("it needs a list of values")
    return listed(value)


Ids = Annotated[tuple[int | str, ...], BeforeValidator(listed)]
Texts = Annotated[tuple[str, ...], BeforeValidator(listed)]
Values = Annotated[tuple[str | int | float | bool, ...], BeforeValidator(listed)]
Pairs = Annotated[PairTable | None, BeforeValidator(table_of)]
Share = Annotated[float, Field(ge=0, le=1)]


class Exclude(Section):
    """What is left out.

    Attributes:
        items: ids, or `@FILE` of ids.
        where: conditions on columns of items, such as `stock == 0`: one that holds suffices.
        users: a table of users and items: what each user is not to be shown.
        baskets: such a table of what lies in each user's basket already.
    """

    items: Ids = ()
    where: Texts = ()
    users: Pairs = None
    baskets: Pairs = None


class Only(Section):
    """What alone may be listed.

    Attributes:
        items: ids, or `@FILE` of ids; an empty list leaves nothing, None everything.
        where: conditions on columns of items, all of which must hold.
    """

    items: Annotated[tuple[int | str, ...] | None, BeforeValidator(given)] = None
    where: Texts = ()


class Categories(Section):
    """Values of a column of items, which may hold lists: any value of an item counts.

    Attributes:
        column: of the items.
        only: the values of which an item must have one; an empty list leaves nothing, None
            everything.
        never: the values of which an item may have none.
    """

    column: str = "genres"
    only: Annotated[tuple[str | int | float | bool, ...] | None, BeforeValidator(given)] = None
    never: Values = ()

    @model_validator(mode="after")
    def _some(self) -> Categories:
        if self.only is None and not self.never:
            raise ValueError("it needs `only` or `never`, with values of the column")
        return self


class Price(Section):
    """Bounds of a price, both included.

    Attributes:
        min: the lowest.
        max: the highest.
        column: of the items.
        unknown: what becomes of items without a price.
    """

    min: float = -math.inf
    max: float = math.inf
    column: str = "price"
    unknown: Literal["excluded", "allowed"] = "excluded"

    @model_validator(mode="after")
    def _ordered(self) -> Price:
        if not self.min <= self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}")
        return self


class AtMost(Section):
    """How many items with one value of a column a list holds at most.

    Attributes:
        n: how many.
        column: of the items, such as `brand`; of lists, such as `genres`, each value counts.
    """

    n: Annotated[int, Field(ge=1)]
    column: str


class Boost(Section):
    """Items that are moved up, above all new arrivals.

    What is boosted is the place and never the score, which has another scale for each model and
    often for each user: the same rule means the same for all of them.

    Attributes:
        days: items that were first seen, or released, within so many days.
        column: of the dates of release; by default the first event of an item counts.
        items: in place of that ids, or `@FILE` of ids.
        where: in place of that conditions on columns of items, all of which must hold.
        places: how many places an item goes up, or the column that says so for each item.
        factor: by how much its place is divided.
        name: what reasons call the rule.
    """

    days: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    column: str | None = None
    items: Ids = ()
    where: Texts = ()
    places: Annotated[float, Field(gt=0, allow_inf_nan=False)] | str | None = None
    factor: Annotated[float, Field(gt=1, allow_inf_nan=False)] | None = None
    name: str = ""

    @model_validator(mode="after")
    def _complete(self) -> Boost:
        which = [self.days is not None, bool(self.items), bool(self.where)]
        if sum(which) != 1 and not (isinstance(self.places, str) and not any(which)):
            raise ValueError("it needs one of `days`, `items` and `where`, to say what it boosts")
        if (self.places is None) == (self.factor is None):
            raise ValueError("it needs either `places` or `factor`, to say how far items go up")
        if self.column is not None and self.days is None:
            raise ValueError("`column` has dates for `days`, which is missing")
        return self

    @property
    def title(self) -> str:
        """What reasons call the rule."""
        return self.name or ("new arrivals" if self.days is not None else "boost")


class Diversity(Section):
    """Lists in another order, for the sake of variety.

    Attributes:
        method: `mmr`, maximal marginal relevance (Carbonell and Goldstein 1998), or `calibrated`,
            categories in a list as in the history (Steck 2018).
        by: `vectors`, the model's of items, or a column of the items.
        lambda_: the papers' λ: for `mmr` the weight of relevance, so that 1 leaves lists as they
            are; for `calibrated` the weight of calibration, so that 0 does.
        pool: among how many of a user's best items is chosen.
    """

    method: Literal["mmr", "calibrated"] = "mmr"
    by: str = "genres"
    lambda_: Annotated[Share, Field(alias="lambda")] = 0.5
    pool: Annotated[int, Field(ge=1, le=10_000)] = 100

    model_config = ConfigDict(populate_by_name=True)

    @model_validator(mode="after")
    def _possible(self) -> Diversity:
        if self.method == "calibrated" and self.by == "vectors":
            raise ValueError("lists are calibrated by a column of categories, not by vectors")
        return self


def sentence_of(error: ValidationError, cls: type[BaseModel]) -> str:
    """The first problem in rules as one sentence, with the key that may have been meant."""
    problems = error.errors()
    first = next((p for p in problems if p["type"] == "extra_forbidden"), problems[0])
    *place, key = first["loc"] or ("",)
    path = [str(part) for part in place if not isinstance(part, int)]
    if first["type"] == "extra_forbidden":
        section = _section_at(cls, path)
        known = [field.alias or name for name, field in section.model_fields.items()]
        close = nearest(str(key), known)
        where = f" in [{'.'.join(path)}]" if path else ""
        meant = f"; {close!r} may be meant" if close else ""
        return f"there is no key {key!r}{where}{meant}: known are {', '.join(known)}."
    reason = reason_of(first["msg"])
    names = [str(part) for part in first["loc"] if isinstance(part, str) and part.isidentifier()]
    given = first["input"]
    short = f" (given is {given!r})" if isinstance(given, str | int | float | bool) else ""
    return f"{'.'.join(names)} cannot be used: {reason}{short}."


def _section_at(cls: type[BaseModel], path: list[str]) -> type[BaseModel]:
    """The section under these names."""
    for name in path:
        field = next((f for n, f in cls.model_fields.items() if name in (n, f.alias)), None)
        inner = next(_models_in(field.annotation), None) if field is not None else None
        cls = inner or cls
    return cls


def _models_in(hint: Any) -> Iterator[type[BaseModel]]:
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        yield hint
    for part in get_args(hint):
        yield from _models_in(part)

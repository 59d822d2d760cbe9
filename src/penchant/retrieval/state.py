"""What a model keeps of its index, and the check of it."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from penchant.models.base import Recommender
from penchant.notebook import ShownAsText
from penchant.retrieval.index import ListIndex
from penchant.retrieval.products import ProductVectors
from penchant.typing import Float32

CENTRES, ORDER, OFFSETS, FACTS = (
    f"retrieval_{name}_" for name in ("centres", "order", "offsets", "facts")
)
ATTRIBUTES = (CENTRES, ORDER, OFFSETS, FACTS)

_Share = Annotated[float, Field(ge=0, le=1)]
_Seconds = Annotated[float, Field(ge=0)]
_Count = Annotated[int, Field(gt=0)]


class IndexFacts(ShownAsText, BaseModel):
    """What was measured of an index when it was made.

    Attributes:
        vectors: SHA-256 of the vectors of items that it is of.
        lists: how many lists there are.
        probes: how many of them a query looks at.
        k: length of the lists of recall.
        recall: the share of the exact lists' items that the index finds, over users by whom nothing
            was chosen.
        users: how many these were.
        exact_seconds: what an exact list takes, for one user alone.
        index_seconds: what the index takes for it.
        exact_seconds_of_many: what an exact list takes where many are made at once.
        index_seconds_of_many: what the index takes for it.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    vectors: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    lists: _Count
    probes: _Count
    k: _Count
    recall: _Share
    users: _Count
    exact_seconds: _Seconds
    index_seconds: _Seconds
    exact_seconds_of_many: _Seconds
    index_seconds_of_many: _Seconds

    def pays(self, n_users: int, few: int) -> bool:
        """Whether the index was measured to be faster for so many users."""
        if n_users <= few:
            return self.index_seconds < self.exact_seconds
        return self.index_seconds_of_many < self.exact_seconds_of_many

    def __str__(self) -> str:
        times = self.exact_seconds / max(self.index_seconds, 1e-9)
        return (
            f"An index of {self.lists:,} lists of items, of which a query looks at "
            f"{self.probes:,}: recall@{self.k} {self.recall:.3f} beside exact search on "
            f"{self.users:,} users, one user's list in {self.index_seconds * 1e3:.2f} ms, "
            f"{times:.1f} times as fast."
        )


def digest_of(items: Float32) -> str:
    """SHA-256 of vectors, in hexadecimal."""
    return hashlib.sha256(np.ascontiguousarray(items).data).hexdigest()


def keep(model: Recommender, index: ListIndex, facts: IndexFacts) -> None:
    """Make an index part of what a model has learned, so that it is saved with it."""
    values = (index.centres, index.order, index.offsets, facts.model_dump())
    for name, value in zip(ATTRIBUTES, values, strict=True):
        setattr(model, name, value)


def forget(model: Recommender) -> None:
    """Take the index from a model, if it has one."""
    for name in ATTRIBUTES:
        vars(model).pop(name, None)


def facts_of(model: Recommender) -> IndexFacts | None:
    """What was measured of the index of a model; None where it has none.

    Raises:
        ValueError: it has parts of an index.
    """
    state = vars(model)
    there = [name in state for name in ATTRIBUTES]
    if not any(there):
        return None
    if not all(there):
        raise ValueError("parts of the index are missing")
    try:
        return IndexFacts.model_validate(state[FACTS])
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(map(str, problem["loc"]))
        raise ValueError(f"{FACTS} is not what it must be ({place}: {problem['msg']})") from None


def index_of(model: Recommender, products: ProductVectors, facts: IndexFacts) -> ListIndex:
    """The index of a model, each part of it checked.

    Raises:
        ValueError: a part is not what it must be.
    """
    centres, order, offsets = (vars(model)[name] for name in ATTRIBUTES[:3])
    known = np.flatnonzero(products.known)
    shapes: tuple[tuple[str, Any, Any, tuple[int, ...]], ...] = (
        (CENTRES, centres, np.float32, (facts.lists, products.items.shape[1])),
        (ORDER, order, np.int32, (len(known),)),
        (OFFSETS, offsets, np.int64, (facts.lists + 1,)),
    )
    for name, value, dtype, shape in shapes:
        if not isinstance(value, np.ndarray) or value.dtype != dtype or value.shape != shape:
            raise ValueError(f"{name} has not the shape of the vectors")
    if not np.isfinite(centres).all():
        raise ValueError(f"{CENTRES} has a number that is not finite")
    if not np.array_equal(np.sort(order), known):
        raise ValueError(f"{ORDER} does not have each item once")
    if offsets[0] != 0 or offsets[-1] != len(order) or (np.diff(offsets) < 0).any():
        raise ValueError(f"{OFFSETS} does not divide the items into lists")
    if facts.probes > facts.lists:
        raise ValueError(f"{FACTS} looks at more lists than there are")
    return ListIndex.of(centres, order, offsets, products.items)

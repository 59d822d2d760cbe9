"""What a fitted model holds: the vocabularies and histories of its log, and what it learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import polars as pl

from penchant.data.histories import Histories
from penchant.data.vocabulary import Id, Vocabulary
from penchant.errors import NotFittedError, ParameterError, UnknownIdError
from penchant.models.fitted_attributes import LARGEST, Declarations, check_fitted_state
from penchant.wording import counted

KEPT_OPTIONS = "log_options_"
"""Of a model that a command has fitted: how it read the log, by which it reads later events."""

COMMON_ATTRIBUTES = frozenset(
    {
        "users_",
        "items_",
        "histories_",
        "item_table_",
        "log_fingerprint_",
        "log_name_",
        "fit_seconds_",
        KEPT_OPTIONS,
        "basket_keys_",
        "anonymous_items_",
        "anonymous_keys_",
        "cancellation_keys_",
        "retrieval_centres_",
        "retrieval_order_",
        "retrieval_offsets_",
        "retrieval_facts_",
    }
)
"""What `fit` notes for every model, and for those that take in further events or get an index."""


class FittedState:
    """The part of a recommender that fitting fills: attributes whose names end in `_`.

    Attributes:
        users_: the users of the training log.
        items_: its items.
        histories_: its events by user.
        item_table_: what it says of items, without vectors.
        log_fingerprint_: of the training log.
        log_name_: of the training log.
        fit_seconds_: how long fitting took, without compiling loops.
        log_options_: the options by which a command read the training log; others set none.
    """

    users_: Vocabulary
    items_: Vocabulary
    histories_: Histories
    item_table_: pl.DataFrame | None
    log_fingerprint_: str
    log_name_: str
    fit_seconds_: float
    log_options_: dict[str, Any]

    bookkeeping: ClassVar[frozenset[str]] = frozenset()  # fitted attributes that are plain events
    fitted_attributes: ClassVar[Declarations | None] = None  # for the check of what was saved

    @property
    def is_fitted(self) -> bool:
        """Whether `fit` has finished."""
        return hasattr(self, "histories_")

    def fitted_state(self) -> dict[str, Any]:
        """Everything that was learned, by attribute name."""
        return {n: v for n, v in vars(self).items() if n.endswith("_") and not n.endswith("__")}

    def declared_attributes(self) -> Declarations | None:
        """All of `fitted_attributes` that the class and those above it declare; None if none do."""
        parts = [vars(c).get("fitted_attributes") for c in reversed(type(self).__mro__)]
        declared = [part for part in parts if part is not None]
        return {name: d for part in declared for name, d in part.items()} if declared else None

    def check_fitted_state(self) -> None:
        """Check the fitted state against what the class declares of it, if it does.

        Raises:
            ValueError: an attribute is missing, not declared, or not as declared.
        """
        ratings = self.histories_.ratings
        if ratings is not None and not (np.abs(ratings) <= LARGEST).all():
            raise ValueError(f"histories_ has a rating that is no number up to {LARGEST:g}")
        if (declared := self.declared_attributes()) is not None:
            own = {n: v for n, v in self.fitted_state().items() if n not in COMMON_ATTRIBUTES}
            sizes = {n: v for n, v in vars(self).items() if type(v) is int and n not in own}
            sizes |= {"users": len(self.users_), "items": len(self.items_)}
            check_fitted_state(declared, own, sizes)

    def n_parameters(self) -> int:
        """How many numbers were learned, the training events not counted."""
        left_out = COMMON_ATTRIBUTES | {"curve_"} | self.bookkeeping
        return sum(_size(v) for name, v in self.fitted_state().items() if name not in left_out)

    def require_own_items(self, users: Histories) -> None:
        """Refuse histories of another item vocabulary.

        Raises:
            NotFittedError: the model has not been fitted.
            ParameterError: they are of another one.
        """
        self._require_fitted()
        if users.n_items != len(self.items_):
            raise ParameterError(
                f"The histories know {counted(users.n_items, 'item')} and the model "
                f"{len(self.items_):,}: make them with the model's own `history`."
            )

    def history(
        self,
        items: Sequence[Id],
        ratings: Sequence[float] | None = None,
        weights: Sequence[float] | None = None,
    ) -> Histories:
        """The history of a new user, from items in the order of time.

        Args:
            items: ids.
            ratings: of the items, where they are known.
            weights: of the events, such as plays.

        Raises:
            UnknownIdError: an item is not known to the model.
            ParameterError: there are not as many ratings or weights as items.
        """
        self._require_fitted()
        index = self.items_.indices(items)
        unknown = [item for item, i in zip(items, index, strict=True) if i < 0]
        if unknown:
            raise UnknownIdError(
                f"The model does not know the item{'s' if len(unknown) > 1 else ''} "
                f"{', '.join(repr(i) for i in unknown[:5])}."
            )
        return Histories.of(
            index,
            n_items=len(self.items_),
            ratings=ratings,
            weights=weights,
            positive=self.histories_.positive,
        )

    def histories_of(self, users: Sequence[Id] | pl.Series | None = None) -> Histories:
        """The training histories of known users; of all of them by default.

        Raises:
            UnknownIdError: a user is not known to the model.
        """
        self._require_fitted()
        if users is None:
            active = self.histories_.lengths > 0
            return self.histories_ if active.all() else self.histories_.take(np.flatnonzero(active))
        index = self.users_.indices(users)
        if (index < 0).any():
            unknown = list(users)[int(np.flatnonzero(index < 0)[0])]
            raise UnknownIdError(
                f"The model does not know the user {unknown!r}; for a new user pass "
                "model.history([items…]) instead."
            )
        return self.histories_.take(index)

    def _require_fitted(self) -> None:
        if not self.is_fitted:
            raise NotFittedError(f"{type(self).__name__} must be fitted first: call fit(train).")


def without_vectors(table: pl.DataFrame | None) -> pl.DataFrame | None:
    """A table of items without its columns of vectors, which a model has learned of."""
    if table is None:
        return None
    vectors = [name for name, dtype in table.schema.items() if isinstance(dtype, pl.Array)]
    return table.drop(vectors) if vectors else table


def _size(value: object) -> int:
    if isinstance(value, bool | str) or value is None:
        return 0
    if isinstance(value, int | float | np.number):
        return 1
    if hasattr(value, "nnz"):
        return int(value.nnz)
    if hasattr(value, "numel"):
        return int(value.numel())
    return int(getattr(value, "size", 0))

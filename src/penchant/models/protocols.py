"""Optional protocols of recommenders beyond scoring items, asked with `isinstance`."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Rows
from penchant.data.target import Rating, Target
from penchant.data.vocabulary import Id
from penchant.run import Run
from penchant.typing import Float32, Int32


@runtime_checkable
class RatesRows(Protocol):
    """Can say what a user would say of an item."""

    @property
    def target(self) -> Target:
        """The scale on which `predict` answers."""

    def predict(self, rows: Rows) -> Float32:
        """float32[n_rows], a prediction for each row on the scale of `target`."""


class PredictsRatings:
    """For models whose `predict` answers in ratings."""

    @property
    def target(self) -> Target:
        """Predictions are ratings."""
        return Rating()


@runtime_checkable
class Updates(Protocol):
    """Can go on learning from new events, from its current weights."""

    def update(self, new: Dataset, *, run: Run | None = None) -> Any:
        """Learn from further events and return the model itself; see `models.shared.updating`."""


@runtime_checkable
class Recalls(Protocol):
    """Keeps what it was for a user before each update, and can go back to it."""

    def earlier_states(self, user: Id | None = None) -> pl.DataFrame:
        """A frame with `user`, `state` and `events`, of one user or of all."""

    def as_of(self, user: Id, state: int) -> Any:
        """A copy of the model in which this user's part is an earlier state."""

    def recall(self, user: Id, state: int) -> Any:
        """Put an earlier state of this user's part back, and return the model itself."""


@runtime_checkable
class ItemVectors(Protocol):
    """Has a vector for each item, whose cosines say how alike items are."""

    def item_vectors(self) -> Float32:
        """float32[n_items, n_dimensions]."""


@runtime_checkable
class UserVectors(Protocol):
    """Has a vector for each user, whose cosines say how alike users are."""

    def user_vectors(self, users: Histories) -> Float32:
        """float32[n_users, n_dimensions], from the histories where these are not of training."""


@runtime_checkable
class ComparesUsers(Protocol):
    """Compares users with those of the training log, and recommends by that."""

    def user_similarities(self, users: Histories) -> Float32:
        """float32[n_users, n_training_users], 0 where nothing is common or it is the same user."""


@runtime_checkable
class Explains(Protocol):
    """Can divide a score exactly into what each event of the history contributes."""

    def contributions(self, user: Histories, items: Int32) -> Float32:
        """float32[n_items, n_events]: rows sum to the scores of `items` for this one user."""


@runtime_checkable
class ExplainsByNeighbours(Protocol):
    """Can divide what similar users add to a score among the events in common with them."""

    def neighbour_contributions(self, user: Histories, items: Int32) -> Float32:
        """float32[n_items, n_events], for this one user.

        Rows sum to the scores of `items` less what similar users add who have nothing in common
        with the user.
        """


@runtime_checkable
class ExplainsByRemoval(Protocol):
    """Can say how scores fall without each event of the history, without being asked again."""

    def removal_effects(self, user: Histories, items: Int32) -> Float32:
        """float32[n_items, n_events], for this one user.

        An effect is the score of the item less the score that it would have if the history lacked
        the item of the event, up to what is small beside it; what all items lose alike may be
        left out. Of events with the same item the last one has it all.
        """


@runtime_checkable
class ExplainsAttributes(Protocol):
    """Can say what each attribute of an item, such as a genre, does to its score."""

    def attribute_effects(self, user: Histories, items: Int32) -> Float32:
        """float32[n_items, n_attributes], for this one user.

        An effect is the score of the item less the score that it would have without the
        attribute, all else equal: above 0 the attribute speaks for the item, below 0 against
        it. It is 0 where the item lacks the attribute. Columns are in the order of the model's
        `attributes_`.
        """

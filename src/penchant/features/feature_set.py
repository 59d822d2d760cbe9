"""Numbers that say of a user and an item what a log and its tables know of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from penchant.data.histories import Histories
from penchant.data.holdout import Rows
from penchant.features.biases import Groups
from penchant.features.history import CROSSED, DAMPING, WHAT, Residuals, Scale
from penchant.features.labels import Labels
from penchant.typing import AnyArray, Float32, Float64

BIASES = ("item bias", "item like bias")
"""The first columns of items."""
TASTES = (BIASES[0], "item events", "item mean", "item likes", "raters' bias", "raters' events")
"""The columns of items on which a user's taste is fitted."""
USUAL_DAMPING = 1.0


@dataclass(frozen=True, eq=False)
class FeatureSet:
    """Fitted features of pairs of a user and an item.

    What concerns items, and the table of users, was counted in training events; what concerns a
    user is counted in the history given, so that new users and changed histories have theirs.
    `Tables.fit` makes one.

    Attributes:
        scale: how everybody rates.
        item_names: what the columns of `items` are.
        items: float32[n_items + 1, n], what is known of items; the last row is of unknown ones.
        number_names: what the columns of `numbers` are.
        numbers: float32[n_items + 1, n], the numeric columns of the table of items, likewise.
        user_names: what the columns of `users` are.
        users: float32[n_users + 1, n], what the table of users says, likewise.
        labels: of items.
    """

    scale: Scale
    item_names: tuple[str, ...]
    items: Float32
    number_names: tuple[str, ...]
    numbers: Float32
    user_names: tuple[str, ...]
    users: Float32
    labels: tuple[Labels, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What each feature is."""
        return (
            *("user's bias", "user's like bias", *(f"user's {n}" for n in self.scale.names())),
            *(f"user's mean of {name}" for name in self.item_names),
            *self.item_names,
            *self.user_names,
            *(f"item {name}" for name in self.number_names),
            *(f"item {name} above the user's" for name in self.number_names),
            *("both biases", "both like biases"),
            *(f"taste ({what})" for what in WHAT),
            *(
                f"user's {what} with the {labels.name}"
                for labels in self.labels
                for what in CROSSED
            ),
        )

    def of_rows(self, rows: Rows) -> Float32:
        """float32[n_rows, n_features], NaN where something is not known."""
        users, row, items = _rated(rows.histories), rows.history, rows.items
        biases, residuals = self._biases(users)
        groups = Groups(users.rows, len(users))
        ratings = np.empty(0, np.float32) if users.ratings is None else users.ratings
        deviations, properties = self.compared()
        usual = groups.each(deviations[users.items], USUAL_DAMPING)
        of_items, numbers = self.items[items], self.numbers[items]
        parts: list[AnyArray] = [
            biases[row],
            self.scale.statistics(ratings, groups)[row],
            usual[row],
            of_items,
            self.users[rows.users],
            numbers,
            numbers - self._usual_numbers(users)[row],
            biases[row] + of_items[:, : len(BIASES)],
            residuals.tastes(properties, row, items),
            *(residuals.crossed(labels, row, items) for labels in self.labels),
        ]
        found = np.empty((len(rows), sum(part.shape[1] for part in parts)), np.float32)
        np.concatenate(parts, axis=1, out=found, casting="same_kind")
        return found

    def _biases(self, users: Histories) -> tuple[Float64, Residuals]:
        """float64[n_users, 2], both deviations of each user, and what is left of each event."""
        groups = Groups(users.rows, len(users))
        ratings = np.empty(0, np.float32) if users.ratings is None else users.ratings
        by_item = self.items[users.items][:, : len(BIASES)].astype(np.float64)
        rests = (
            ratings - self.scale.mean - by_item[:, 0],
            (ratings >= self.scale.like) - self.scale.share - by_item[:, 1],
        )
        biases = [groups.shrunken(rest, DAMPING) for rest in rests]
        left = tuple(r - b[users.rows] for r, b in zip(rests, biases, strict=True))
        return np.stack(biases, 1), Residuals(users, (left[0], left[1]))

    def compared(self) -> tuple[Float64, Float64]:
        """float64[n_items + 1, n] twice: deviations from the mean item, and what tastes are of."""
        known = self.items[:-1].astype(np.float64)
        there = ~np.isnan(known)
        counts = np.maximum(there.sum(0), 1)
        means = np.where(there, known, 0).sum(0) / counts
        deviations = self.items - means
        deviations[np.isnan(deviations)] = 0
        some = deviations[:, [self.item_names.index(name) for name in TASTES]]
        spreads = some[:-1].std(0)
        return deviations, np.clip(some / np.where(spreads > 1e-9, spreads, 1), -4, 4)

    def _usual_numbers(self, users: Histories) -> Float64:
        """float64[n_users, n_numbers], the mean of each numeric column over a user's items."""
        usual = np.full((len(users), self.numbers.shape[1]), np.nan)
        for place, column in enumerate(self.numbers[users.items].astype(np.float64).T):
            known = ~np.isnan(column)
            some = Groups(users.rows[known], len(users))
            counts = some.counts()
            np.divide(some.sums(column[known]), counts, out=usual[:, place], where=counts > 0)
        return usual

    def state(self) -> dict[str, Any]:
        """All of it as arrays and plain values, under names that a bundle can keep."""
        found: dict[str, Any] = {
            "scale_": [self.scale.mean, self.scale.like, self.scale.share],
            "scale_levels_": self.scale.levels,
            "scale_shares_": self.scale.shares,
            "item_feature_names_": list(self.item_names),
            "item_features_": self.items,
            "item_number_names_": list(self.number_names),
            "item_numbers_": self.numbers,
            "user_feature_names_": list(self.user_names),
            "user_features_": self.users,
            "label_names_": [labels.name for labels in self.labels],
            "label_sizes_": [labels.size for labels in self.labels],
        }
        for n, labels in enumerate(self.labels):
            found |= {f"label_{n}_offsets_": labels.offsets, f"label_{n}_values_": labels.values}
        return found

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> FeatureSet:
        """The features whose `state` this is."""
        named = zip(state["label_names_"], state["label_sizes_"], strict=True)
        mean, like, share = state["scale_"]
        return cls(
            scale=Scale(mean, like, share, state["scale_levels_"], state["scale_shares_"]),
            item_names=tuple(state["item_feature_names_"]),
            items=state["item_features_"],
            number_names=tuple(state["item_number_names_"]),
            numbers=state["item_numbers_"],
            user_names=tuple(state["user_feature_names_"]),
            users=state["user_features_"],
            labels=tuple(
                Labels(name, state[f"label_{n}_offsets_"], state[f"label_{n}_values_"], size)
                for n, (name, size) in enumerate(named)
            ),
        )


def _rated(users: Histories) -> Histories:
    """The same users; without events where these are unrated and say nothing of how they rate."""
    if users.ratings is not None:
        return users
    return Histories(
        users=users.users,
        offsets=np.zeros(len(users) + 1, np.int64),
        items=users.items[:0],
        ratings=np.empty(0, np.float32),
        times=None,
        n_items=users.n_items,
        positive=users.positive,
    )

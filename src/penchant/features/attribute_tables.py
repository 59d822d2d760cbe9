"""From a log and its tables to features: what is counted once, and what in training events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from penchant.data.dataset import Dataset
from penchant.features.biases import Groups, fit_biases
from penchant.features.feature_set import BIASES, FeatureSet
from penchant.features.history import DAMPING, WHAT, Scale, frequent_levels
from penchant.features.labels import Labels, labels_of, numbers_of
from penchant.typing import AnyArray, AnyInt, Float32, Float64

LEVELS = 4
"""Of how many ratings, the most frequent ones, shares are counted."""
RATERS_DAMPING = 3.0


@dataclass(frozen=True, eq=False)
class Tables:
    """What the tables of a log say, whatever its events: read once for all folds.

    Attributes:
        items: labels of the item table.
        users: labels of the user table.
        item_numbers: names and values of the numeric columns of the item table.
        user_numbers: the same of the user table.
        levels: float32[n], the most frequent ratings of the log, so that folds count the same.
    """

    items: tuple[Labels, ...]
    users: tuple[Labels, ...]
    item_numbers: tuple[tuple[str, ...], Float32]
    user_numbers: tuple[tuple[str, ...], Float32]
    levels: Float32

    @classmethod
    def of(cls, log: Dataset) -> Tables:
        """Read the tables of a log, which may have none."""
        return cls(
            labels_of(log.item_table, log.items.noun),
            labels_of(log.user_table, log.users.noun),
            numbers_of(log.item_table, log.items.noun, log.n_items),
            numbers_of(log.user_table, log.users.noun, log.n_users),
            frequent_levels(log.ratings, LEVELS) if log.has_ratings else np.empty(0, np.float32),
        )

    def fit(self, train: Dataset, like: float) -> FeatureSet:
        """The features of these tables and these training events.

        Args:
            train: a log with ratings, under the vocabularies of the tables' log.
            like: the rating from which an event is a like.

        Raises:
            DataError: the log has no ratings.
        """
        ratings = train.ratings
        scale = Scale.of(ratings, like, self.levels)
        user, item = (train.events[c].to_numpy() for c in ("user", "item"))
        by_item, by_user = Groups(item, train.n_items + 1), Groups(user, train.n_users + 1)
        liked = (ratings >= like).astype(np.float32)
        biases: dict[str, Float64] = {}
        raters: dict[str, Float64] = {}
        labels: dict[str, Float64] = {}
        users: dict[str, Float64] = {}
        for name, what, values in zip(BIASES, WHAT, (ratings, liked), strict=True):
            mean, (of_item, of_user) = fit_biases(values, (by_item, by_user), DAMPING)
            rest = values - mean
            biases[name] = of_item
            raters["raters' " + name.removeprefix("item ")] = by_item.shrunken(
                of_user[user], RATERS_DAMPING
            )
            for some in self.items:
                labels |= _of_labels(some, item, rest - of_user[user], f"item's {some.name}", what)
            for some in self.users:
                users |= _of_labels(some, user, rest - of_item[item], f"user's {some.name}", what)
        active = np.log1p(by_user.counts())[user]
        raters["raters' events"] = by_item.sums(active) / np.maximum(by_item.counts(), 1)
        statistics = scale.statistics(ratings, by_item)
        counted = {f"item {n}": c for n, c in zip(scale.names(), statistics.T, strict=True)}
        items = biases | counted | raters | labels
        numbers = zip(self.user_numbers[0], self.user_numbers[1].T, strict=True)
        users |= {f"user's {name}": column for name, column in numbers}
        return FeatureSet(
            scale=scale,
            item_names=tuple(items),
            items=_columns(items, train.n_items + 1),
            number_names=self.item_numbers[0],
            numbers=self.item_numbers[1],
            user_names=tuple(users),
            users=_columns(users, train.n_users + 1),
            labels=self.items,
        )


def _of_labels(
    labels: Labels, owners: AnyInt, rest: Float64, name: str, what: str
) -> dict[str, Float64]:
    """For each owner how often events have its labels, and how far they lie above the expected.

    Of several labels the mean counts.
    """
    event, label = labels.of(owners)
    groups = Groups(label, labels.size)
    counts, means = np.log1p(groups.counts()), groups.shrunken(rest[event], DAMPING)
    everyone = np.arange(len(labels.offsets) - 1)
    owner, own = labels.of(everyone)
    mine = Groups(owner, len(everyone))
    many = mine.counts()
    of_owner = np.where(many > 0, many, np.nan)
    return {
        f"{name}: events": mine.sums(counts[own]) / of_owner,
        f"{name}: {what}": mine.sums(means[own]) / of_owner,
    }


def _columns(named: Mapping[str, AnyArray], n: int) -> Float32:
    if not named:
        return np.zeros((n, 0), np.float32)
    return np.stack([*named.values()], 1).astype(np.float32)

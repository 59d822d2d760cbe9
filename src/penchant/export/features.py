"""Numbers that say of each new user and each item what histories and tables know of them."""

from __future__ import annotations

import numpy as np

from penchant.export.baselines import shrunken_mean
from penchant.export.factors import sums_of_vectors
from penchant.export.history import History
from penchant.export.solving import ridge_rows
from penchant.features.feature_set import USUAL_DAMPING, FeatureSet
from penchant.features.history import CROSS_DAMPING, DAMPING, TASTE_DAMPING
from penchant.features.labels import Labels
from penchant.typing import Float32, Int64


def features_of(history: History, features: FeatureSet) -> str:
    """float32[n_users, n_items, n_features], as `FeatureSet.of_rows` has them of all pairs."""
    return _Features(history, features).all_pairs()


class _Features:
    """What the ratings of histories say.

    Attributes:
        biases: float32[n_users, 1] twice, deviations of users in ratings and in likes.
        rests: float32[n_users, length] twice, what is left of each event, 0 where padded.

    Args:
        history: of new users.
        features: fitted.
    """

    def __init__(self, history: History, features: FeatureSet) -> None:
        self._history, self._features, self._graph = history, features, history.graph
        g, scale = history.graph, features.scale
        liked = g.op("GreaterOrEqual", history.ratings, g.floats(scale.like))
        self._liked = g.op("Sub", history.as_floats(liked), g.floats(scale.share))
        self._above = g.op("Sub", history.ratings, g.floats(scale.mean))
        self._there = history.as_floats(history.valid)
        self.biases: list[str] = []
        self.rests: list[str] = []
        for column, values in enumerate((self._above, self._liked)):
            of_items = history.of_events(features.items[:-1, column])
            rest = g.op("Sub", values, of_items)
            self.biases.append(shrunken_mean(history, rest, DAMPING))
            rest = g.op("Sub", rest, self.biases[-1])
            self.rests.append(g.op("Where", history.valid, rest, g.floats(0)))

    def all_pairs(self) -> str:
        """float32[n_users, n_items, n_features]."""
        g, features = self._graph, self._features
        of_users = [*self.biases, *self._statistics(), self._usual()]
        both = [
            self._sum_with_items(bias, features.items[:-1, place])
            for place, bias in enumerate(self.biases)
        ]
        parts = [
            self._for_all_items(g.op("Concat", *of_users, axis=1)),
            self._for_all_users(features.items[:-1]),
            self._for_all_users(np.tile(features.users[-1], (self._history.n_items, 1))),
            self._for_all_users(features.numbers[:-1]),
            *self._compared_numbers(),
            *both,
            self._tastes(),
            *(self._crossed(labels) for labels in features.labels),
        ]
        return g.op("Concat", *parts, axis=2)

    def _for_all_items(self, columns: str) -> str:
        """float32[n_users, n_items, n], from float32[n_users, n]."""
        g = self._graph
        every = g.floats(np.zeros((1, self._history.n_items, 1)))
        return g.op("Add", g.op("Unsqueeze", columns, g.integers([1])), every)

    def _for_all_users(self, table: Float32) -> str:
        """float32[n_users, n_items, n], from float32[n_items, n]."""
        g = self._graph
        everyone = g.op("Unsqueeze", self._history.rows_of(1), g.integers([2]))
        return g.op("Add", everyone, g.floats(table[None]))

    def _sum_with_items(self, of_users: str, of_items: Float32) -> str:
        """float32[n_users, n_items, 1], from float32[n_users, 1] and float32[n_items]."""
        g = self._graph
        return g.op("Unsqueeze", g.op("Add", of_users, g.floats(of_items)), g.integers([2]))

    def _statistics(self) -> list[str]:
        """float32[n_users, 1] each, as `Scale.statistics`."""
        g, history, scale = self._graph, self._history, self._features.scale
        count = g.sum(self._there, 1)
        mean = shrunken_mean(history, self._above, 0.0)
        away = g.op("Sub", self._above, mean)
        variance = shrunken_mean(history, g.op("Mul", away, away), 0.0)
        several = g.op("Greater", count, g.floats(1))
        spread = g.op("Where", several, g.op("Sqrt", variance), g.floats(np.nan))
        found = [
            g.op("Log", g.op("Add", count, g.floats(1))),
            shrunken_mean(history, self._above, DAMPING),
            shrunken_mean(history, self._liked, DAMPING),
            spread,
        ]
        for level, share in zip(scale.levels, scale.shares, strict=True):
            has = history.as_floats(g.op("Equal", history.ratings, g.floats(level)))
            found.append(shrunken_mean(history, g.op("Sub", has, g.floats(share)), DAMPING))
        return found

    def _usual(self) -> str:
        """float32[n_users, n_item_features], how a user's items are beside all."""
        g = self._graph
        deviations = self._features.compared()[0][:-1].astype(np.float32)
        total = sums_of_vectors(self._history, deviations, self._there)
        return g.op("Div", total, g.op("Add", g.sum(self._there, 1), g.floats(USUAL_DAMPING)))

    def _compared_numbers(self) -> list[str]:
        """float32[n_users, n_items, n_numbers], an item's less the mean of the user's, if any."""
        g, history = self._graph, self._history
        numbers = self._features.numbers[:-1].astype(np.float64)
        if not numbers.shape[1]:
            return []
        known = ~np.isnan(numbers)
        # Around their mean, so that sums of years and prices lose nothing.
        counts = np.maximum(known.sum(0), 1)
        numbers = numbers - np.where(known, numbers, 0).sum(0) / counts
        values = np.where(known, numbers, 0).astype(np.float32)
        total = sums_of_vectors(history, values, self._there)
        count = sums_of_vectors(history, known.astype(np.float32), self._there)
        mean = g.op("Div", total, g.op("Max", count, g.floats(1)))
        some = g.op("Greater", count, g.floats(0))
        usual = g.op("Where", some, mean, g.floats(np.nan))
        usual = g.op("Unsqueeze", usual, g.integers([1]))
        return [g.op("Sub", g.floats(numbers[None]), usual)]

    def _tastes(self) -> str:
        """float32[n_users, n_items, 2], as `Residuals.tastes`."""
        g, history = self._graph, self._history
        properties = self._features.compared()[1][:-1].astype(np.float32)
        mine = history.of_events(properties)
        row = g.integers([1])
        rests = g.op("Concat", *(g.op("Unsqueeze", r, row) for r in self.rests), axis=1)
        right = g.op("MatMul", rests, mine)
        weights = ridge_rows(g, mine, self._there, right, g.floats([[[TASTE_DAMPING]]]))
        found = g.op("MatMul", weights, g.floats(properties.T))
        return g.op("Transpose", found, perm=[0, 2, 1])

    def _crossed(self, labels: Labels) -> str:
        """float32[n_users, n_items, 3], as `Residuals.crossed`."""
        g, history = self._graph, self._history
        table = _padded(labels)
        index = g.op("Gather", g.integers(table), history.items)
        ones, flat = g.floats(np.ones((1, 1, table.shape[1]))), g.integers([0, -1])
        index = g.op("Reshape", index, flat)
        inside = np.ones(labels.size + 1)
        inside[-1] = 0  # where there is no label

        def by_label(values: str) -> str:
            each = g.op("Mul", g.op("Unsqueeze", values, g.integers([2])), ones)
            each = g.op("Reshape", each, flat)
            start = history.rows_of(labels.size + 1)
            found = g.op("ScatterElements", start, index, each, axis=1, reduction="add")
            return g.op("Mul", found, g.floats(inside))

        count = by_label(self._there)
        damped = g.op("Add", count, g.floats(CROSS_DAMPING))
        known = [count, *(g.op("Div", by_label(rest), damped) for rest in self.rests)]
        many = np.maximum((table[:-1] < labels.size).sum(1), 1)
        asked, parts = g.integers(table[:-1]), []
        for values in known:
            of_items = g.op("Gather", values, asked, axis=1)
            total = g.op("ReduceSum", of_items, g.integers([2]), keepdims=1)
            parts.append(g.op("Div", total, g.floats(many[None, :, None])))
        return g.op("Concat", *parts, axis=2)


def _padded(labels: Labels) -> Int64:
    """int64[n_items + 1, most], the labels of each item, and `size` where it has no more."""
    counts = np.diff(labels.offsets)
    found = np.full((len(counts), max(1, int(counts.max(initial=0)))), labels.size, np.int64)
    place = np.arange(len(labels.values)) - np.repeat(labels.offsets[:-1], counts)
    found[np.repeat(np.arange(len(counts)), counts), place] = labels.values
    return found

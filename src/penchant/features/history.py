"""What a history says of its user: how they rate, and how they rate what is like an item."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from penchant.data.histories import Histories
from penchant.features.biases import Groups
from penchant.features.labels import Labels
from penchant.typing import AnyInt, Float32, Float64

DAMPING = 5.0
"""How many values of zero the mean of an item, a user or a label starts with."""
CROSS_DAMPING = 2.0
"""The same for the mean of a user and a label together, of which there are few."""
TASTE_DAMPING = 10.0
"""Ridge on how a user's ratings depend on standardised properties of items, in events."""

WHAT = ("residual", "like residual")
CROSSED = ("events", *WHAT)


def frequent_levels(ratings: Float32, n_levels: int) -> Float32:
    """float32[n], the most frequent of these ratings, ascending."""
    levels, counts = np.unique(ratings, return_counts=True)
    most = np.sort(np.argsort(-counts, kind="stable")[:n_levels])
    return np.asarray(levels[most], np.float32)


@dataclass(frozen=True, eq=False)
class Scale:
    """How everybody rates, from which deviations are counted.

    Attributes:
        mean: of all ratings.
        like: the rating from which an event is a like.
        share: of likes.
        levels: float32[n_levels], the most frequent ratings, ascending.
        shares: float64[n_levels], how frequent each of them is.
    """

    mean: float
    like: float
    share: float
    levels: Float32
    shares: Float64

    @classmethod
    def of(cls, ratings: Float32, like: float, levels: Float32) -> Scale:
        """The scale of these ratings, which need not have all of the levels."""
        return cls(
            mean=float(ratings.mean(dtype=np.float64)),
            like=like,
            share=float((ratings >= like).mean()),
            levels=levels,
            shares=np.array([(ratings == level).mean() for level in levels], np.float64),
        )

    def names(self) -> list[str]:
        """What `statistics` are of."""
        return ["events", "mean", "likes", "spread", *(f"level {n:g}" for n in self.levels)]

    def statistics(self, ratings: Float32, groups: Groups) -> Float64:
        """float64[n_groups, n]: how often, how high, how unlike and with which levels rated."""
        counts = groups.counts()
        rest = ratings.astype(np.float64) - self.mean
        means = groups.sums(rest) / np.maximum(counts, 1)
        squares = groups.sums(rest**2) / np.maximum(counts, 1)
        levels = zip(self.levels, self.shares, strict=True)
        statistics = (
            np.log1p(counts),
            groups.shrunken(rest, DAMPING),
            groups.shrunken((ratings >= self.like) - self.share, DAMPING),
            np.where(counts > 1, np.sqrt(np.maximum(squares - means**2, 0)), np.nan),
            *(groups.shrunken((ratings == level) - share, DAMPING) for level, share in levels),
        )
        return np.stack(statistics, 1)


@dataclass(frozen=True, eq=False)
class Residuals:
    """What the events of histories are above what their user and item lead one to expect.

    Attributes:
        histories: with ratings.
        each: two of float64[n_events], residuals of ratings and of likes.
    """

    histories: Histories
    each: tuple[Float64, Float64]

    def tastes(self, properties: Float64, rows: AnyInt, items: AnyInt) -> Float64:
        """float64[n_rows, 2], what properties of each row's item do to its user's residuals.

        A ridge regression for each user of the residuals on the items' properties.

        Args:
            properties: float64[n_items + 1, n], standardised; the last row is of unknown items.
            rows: int[n_rows], positions in the histories.
            items: int[n_rows], item indices, -1 for unknown ones.
        """
        groups = Groups(self.histories.rows, len(self.histories))
        mine = properties[self.histories.items]
        n = mine.shape[1]
        system = np.zeros((groups.size, n, n))
        for a in range(n):
            for b in range(a + 1):
                system[:, a, b] = system[:, b, a] = groups.sums(mine[:, a] * mine[:, b])
        system[:, np.arange(n), np.arange(n)] += TASTE_DAMPING
        right = [[groups.sums(mine[:, a] * rest) for rest in self.each] for a in range(n)]
        weights = np.linalg.solve(system, np.array(right).transpose(2, 0, 1))
        return np.asarray((weights[rows] * properties[items][:, :, None]).sum(1))

    def crossed(self, labels: Labels, rows: AnyInt, items: AnyInt) -> Float64:
        """float64[n_rows, 3], what each row's user did with items that share a label with its item.

        The number of such events and the shrunken means of their residuals; of several labels the
        mean.

        Args:
            labels: of items.
            rows: int[n_rows], positions in the histories.
            items: int[n_rows], item indices, -1 for unknown ones.
        """
        event, label = labels.of(self.histories.items)
        key = self.histories.rows[event].astype(np.int64) * labels.size + label
        keys, index = np.unique(key, return_inverse=True)
        groups = Groups(index, len(keys))
        row, asked = labels.of(items)
        wanted = rows[row].astype(np.int64) * labels.size + asked
        place = np.searchsorted(keys, wanted)
        there = np.append(keys, -1)[place] == wanted
        found = Groups(row[there], len(items))
        many = np.maximum(Groups(row, len(items)).counts(), 1)
        known = [groups.counts(), *(groups.shrunken(r[event], CROSS_DAMPING) for r in self.each)]
        return np.stack([found.sums(values[place[there]]) / many for values in known], 1)

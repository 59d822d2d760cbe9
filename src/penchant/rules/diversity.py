"""Choose varied lists among a user's best items: by marginal relevance, or as in the history.

Relevance is 1 for a user's best item and falls evenly along the pool, to 1 / pool for the last one:
scores have another scale for each model and often for each user, and popularity, which answers
where a model has no evidence, has none at all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol

import numpy as np

from penchant.data.histories import Histories
from penchant.errors import ParameterError
from penchant.models.base import Recommender
from penchant.models.protocols import ItemVectors
from penchant.rules.bound import BoundRules
from penchant.typing import Bool, Float32, Float64, Int32, Int64

_DECIMALS = 12
_SMOOTHING = 0.01  # α: the share of the history's categories in those of a list (Steck 2018)


class ListsSoFar(Protocol):
    """Lists that are being filled, and what further items they may have."""

    columns: Int64

    def fits(self, items: Int32) -> Bool:
        """bool[n_users, n], whether each user's list may have each of these items, too."""

    def offer(self, items: Int32, columns: int | Int64, wanted: Bool) -> None:
        """Put items, one of each user, at the ends of the lists that may have them."""


class Diversifier(ABC):
    """Fills lists with items of a pool, one after the other.

    Attributes:
        pool: among how many of a user's best items is chosen.
        cells: how many numbers it needs for each user at once.
    """

    def __init__(self, pool: int, cells: int) -> None:
        self.pool, self.cells = pool, cells

    def choose(self, users: Histories, ranking: Int32, n_pool: Int64, lists: ListsSoFar) -> None:
        """Fill lists as far as there are items in the pool.

        Args:
            users: whose lists.
            ranking: int32[n_users, n], their best items.
            n_pool: int64[n_users], how many of them are their pools.
            lists: what is filled.
        """
        pool = ranking[:, : self.pool]
        column = np.arange(pool.shape[1])
        relevance = 1 - column / self.pool
        left: Bool = column < n_pool[:, None]
        self.start(users, pool)
        rows = np.arange(len(pool))
        for n in range(lists.columns.shape[1]):
            # Of items that are worth the same but for rounding the most relevant one is taken.
            values = np.round(self.values(relevance, n), _DECIMALS)
            values[~(left & lists.fits(pool))] = -np.inf
            best = values.argmax(axis=1)
            wanted = values[rows, best] > -np.inf
            if not wanted.any():
                break
            items = pool[rows, best]
            lists.offer(items, best, wanted)
            left[rows, best] &= ~wanted
            self.add(items, wanted)

    @abstractmethod
    def start(self, users: Histories, pool: Int32) -> None:
        """Begin lists of these users, of items int32[n_users, n]."""

    @abstractmethod
    def values(self, relevance: Float64, n: int) -> Float64:
        """float64[n_users, n_pool], what each item is worth as the next one of n + 1."""

    @abstractmethod
    def add(self, items: Int32, wanted: Bool) -> None:
        """Note that an item of each user who is wanted stands in the list."""


class MarginalRelevance(Diversifier):
    """Maximal marginal relevance (Carbonell and Goldstein 1998).

    The next item is the one with the highest λ · relevance - (1 - λ) · the greatest similarity to
    an item of the list: the cosine of vectors, or of sets of categories.
    """

    def __init__(self, pool: int, weight: float, of_items: Float32 | Int32) -> None:
        super().__init__(pool, pool * of_items.shape[1])
        self.weight = weight
        self.of_items = of_items
        if of_items.dtype != np.int32:  # vectors
            length = np.linalg.norm(of_items, axis=1, keepdims=True)
            zeros = np.zeros_like(of_items)
            self.of_items = np.divide(of_items, length, out=zeros, where=length > 0)

    def start(self, users: Histories, pool: Int32) -> None:
        """See `Diversifier`."""
        self.pooled = self.of_items[pool]
        self.similarity = np.full(pool.shape, -1.0)

    def values(self, relevance: Float64, n: int) -> Float64:
        """See `Diversifier`."""
        greatest = self.similarity if n else np.zeros_like(self.similarity)
        values: Float64 = self.weight * relevance - (1 - self.weight) * greatest
        return values

    def add(self, items: Int32, wanted: Bool) -> None:
        """See `Diversifier`."""
        added = self.of_items[items]
        if self.of_items.dtype == np.int32:
            similarity = _common(np.asarray(self.pooled, np.int32), np.asarray(added, np.int32))
        else:
            similarity = np.einsum("npd,nd->np", self.pooled, added)
        self.similarity[wanted] = np.maximum(self.similarity, similarity)[wanted]


def _common(pooled: Int32, added: Int32) -> Float64:
    """float64[n_users, n_pool], cosines of sets of categories, in which -1 stands for none."""
    there = pooled >= 0
    common = np.zeros(pooled.shape[:2])
    for code in added.T:
        common += ((pooled == code[:, None, None]) & there).any(axis=2)
    sizes = there.sum(axis=2) * (added >= 0).sum(axis=1)[:, None]
    return np.asarray(common / np.sqrt(np.maximum(sizes, 1)))


class Calibration(Diversifier):
    """Calibrated lists (Steck 2018, "Calibrated Recommendations"), greedily.

    The next item is the one with the highest (1 - λ) · relevance - λ · KL(p || q), in which p are
    the shares of categories in the history and q those in the list, smoothed with α = .01. Users
    whose history has no categories keep the order of relevance.
    """

    def __init__(self, pool: int, weight: float, categories: Int32) -> None:
        self.shares = CategoryShares(categories)
        super().__init__(pool, max(pool * categories.shape[1], self.shares.n))
        self.weight = weight

    def start(self, users: Histories, pool: Int32) -> None:
        """See `Diversifier`."""
        self.history = self.shares.of_histories(users)
        self.sums = np.zeros_like(self.history)
        self.codes = self.shares.categories[pool]
        self.of_item = self.shares.of_item[pool]

    def values(self, relevance: Float64, n: int) -> Float64:
        """See `Diversifier`: only the shares of an item's own categories differ between items."""
        rows = np.arange(len(self.codes))[:, None, None]
        codes = np.maximum(self.codes, 0)
        p = self.history[rows, codes]
        before = (1 - _SMOOTHING) * self.sums[rows, codes] / (n + 1) + _SMOOTHING * p
        after = before + (1 - _SMOOTHING) * self.of_item[:, :, None] / (n + 1)
        counts = (self.codes >= 0) & (p > 0)
        gain = np.log(after / np.where(counts, before, 1), where=counts, out=np.zeros(p.shape))
        values: Float64 = (1 - self.weight) * relevance + self.weight * (p * gain).sum(axis=2)
        return values

    def add(self, items: Int32, wanted: Bool) -> None:
        """See `Diversifier`."""
        self.sums[wanted] += self.shares.of_lists(items[wanted][:, None])


class CategoryShares:
    """The shares of categories in histories and lists; an item of several counts for each in part.

    Attributes:
        categories: int32[n_items, n], -1 where there is none.
        n: how many categories there are.
        of_item: float64[n_items], the part of an item that each of its categories has.
    """

    def __init__(self, categories: Int32) -> None:
        self.categories = categories
        self.n = 1 + int(categories.max(initial=0))
        self.of_item: Float64 = 1 / np.maximum((categories >= 0).sum(axis=1), 1)

    def of_histories(self, users: Histories) -> Float64:
        """float64[n_users, n], by the weights of positive events; 0 where nothing is known."""
        return self._sums(users.rows, users.items, users.event_weights, len(users))

    def of_lists(self, lists: Int32) -> Float64:
        """float64[n_users, n], of lists int32[n_users, k], -1 where a list ends early."""
        row, place = np.nonzero(lists >= 0)
        return self._sums(row, lists[row, place], np.ones(len(row)), len(lists))

    def _sums(
        self, row: Int32 | Int64, items: Int32, weights: Float32 | Float64, n: int
    ) -> Float64:
        codes = self.categories[items]
        known = codes >= 0
        cell = (row[:, None].astype(np.int64) * self.n + codes)[known]
        value = np.broadcast_to((weights * self.of_item[items])[:, None], codes.shape)[known]
        total = np.bincount(cell, value, n * self.n).reshape(n, self.n)
        sums = np.maximum(np.bincount(row, weights * known.any(axis=1), n), 1e-12)
        return total / sums[:, None]


def calibration_kl(lists: Int32, users: Histories, categories: Int32) -> Float64:
    """float64[n_users], how far the categories of lists are from those of histories.

    KL(p || q) of Steck 2018, lower is better; NaN where the history or the list has no categories.
    """
    shares = CategoryShares(categories)
    p, q = shares.of_histories(users), shares.of_lists(lists)
    smooth = (1 - _SMOOTHING) * q + _SMOOTHING * p
    ratio = np.log(p / np.where(p > 0, smooth, 1), where=p > 0, out=np.zeros_like(p))
    known = (p > 0).any(axis=1) & (q > 0).any(axis=1)
    return np.where(known, (p * ratio).sum(axis=1), np.nan)


def diversifier_of(rules: BoundRules, model: Recommender) -> Diversifier | None:
    """What makes lists diverse by the rules, if they have a part on that.

    Raises:
        ParameterError: items are to be compared by vectors, and the model has none.
    """
    wish = rules.rules.diversity
    if wish is None:
        return None
    if rules.categories is not None:
        if wish.method == "calibrated":
            return Calibration(wish.pool, wish.lambda_, rules.categories)
        return MarginalRelevance(wish.pool, wish.lambda_, rules.categories)
    if not isinstance(model, ItemVectors):
        raise ParameterError(
            f"[diversity]: {type(model).__name__} has no vectors of items to compare them by: name "
            "a column of the items, as in by = 'genres'."
        )
    return MarginalRelevance(wish.pool, wish.lambda_, model.item_vectors().astype(np.float32))

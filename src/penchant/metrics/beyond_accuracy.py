"""What lists are like beyond being right: how many items, how popular, how alike."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from penchant.errors import ParameterError
from penchant.metrics.base import POSITIVE, SHARE, AtK, Task, ratio
from penchant.typing import Float32, Float64, Int32, Int64

_BLOCK_CELLS = 4_000_000


@dataclass(frozen=True, eq=False)
class Catalogue:
    """What is known of the items that lists could name, from training data only.

    Attributes:
        n_users: users in the training data.
        counts: int64[n_items], how many different users have each item there.
        vectors: float32[n_items, d] to compare items by, or None.

    Raises:
        ParameterError: a count is negative or above n_users, or the vectors do not fit.
    """

    n_users: int
    counts: Int64
    vectors: Float32 | None = None

    def __post_init__(self) -> None:
        """Refuse counts of events in place of counts of users, and vectors of other items."""
        if self.counts.ndim != 1 or self.counts.min(initial=0) < 0:
            raise ParameterError("Item counts must be one column of numbers from 0 up.")
        if self.counts.max(initial=0) > self.n_users:
            raise ParameterError("An item is counted for more users than there are.")
        if self.vectors is not None and (
            self.vectors.ndim != 2 or len(self.vectors) != len(self.counts)
        ):
            raise ParameterError(
                f"{len(self.counts)} items need as many vectors, not {self.vectors.shape}."
            )


@dataclass(frozen=True)
class ListMetric(AtK):
    """A metric of the first k places of lists that needs no truth.

    A metric of your own is a frozen dataclass with a `label` and `per_user` that defines `_value`.

    Attributes:
        per_user: whether the value is float64[n_users] (NaN where it is undefined for a user)
            or one float.
        needs_vectors: whether it compares items, and needs the vectors of a catalogue.
    """

    task: ClassVar[Task] = "ranking"
    bounds = SHARE
    per_user: ClassVar[bool]
    needs_vectors: ClassVar[bool] = False

    def __call__(self, lists: Int32, catalogue: Catalogue) -> Float64 | float:
        """The value of lists int32[n_users, width], -1 where a list ended early.

        Raises:
            ParameterError: the lists have fewer than k places or name items that the catalogue
                does not have, or the catalogue lacks what the metric needs.
        """
        head = self.head(lists)
        if head.min(initial=-1) < -1 or head.max(initial=-1) >= len(catalogue.counts):
            raise ParameterError("Lists name items that are not in the catalogue.")
        return self._value(head, catalogue)

    @abstractmethod
    def _value(self, lists: Int32, catalogue: Catalogue) -> Float64 | float:
        """The value of checked lists of exactly k places, for subclasses to define."""


def _times_listed(lists: Int32, catalogue: Catalogue) -> Int64:
    return np.bincount(lists[lists >= 0], minlength=len(catalogue.counts))


def _mean_over_list(lists: Int32, of_item: Float64) -> Float64:
    """The mean of a number per item over each list, NaN for empty lists."""
    filled = lists >= 0
    # The appended 0 is what index -1 finds.
    total = np.append(of_item, 0.0)[lists].sum(axis=1)
    return ratio(total, filled.sum(axis=1))


class Coverage(ListMetric):
    """The share of the catalogue that anyone is recommended (Ge et al. 2010, catalog coverage)."""

    label = "coverage"
    per_user = False

    def _value(self, lists: Int32, catalogue: Catalogue) -> float:
        listed = _times_listed(lists, catalogue) > 0
        return float(listed.mean()) if len(listed) else np.nan


class Gini(ListMetric):
    """How unequally recommendations fall on the catalogue: 0 evenly, 1 all on one item.

    The Gini index with n - 1 in place of n (Shani and Gunawardana 2011), items
    never recommended included; NaN for fewer than two items or no recommendation.
    """

    label = "gini"
    per_user = False
    higher_is_better = False

    def _value(self, lists: Int32, catalogue: Catalogue) -> float:
        times = np.sort(_times_listed(lists, catalogue)).astype(np.float64)
        n = len(times)
        position = 2 * np.arange(1, n + 1) - n - 1
        return float(ratio(position @ times, times.sum() * (n - 1)))


class DistinctLists(ListMetric):
    """The share of users whose list of k, order included, no other user gets.

    0 if everyone shares a list with someone, as under one list for all; 1 if all lists differ.
    Users with an empty list are left out. A plain test of personalisation, coarser than the mean
    Hamming distance of Zhou et al. 2010 and, unlike it, exact for any number of users.
    """

    label = "distinct-lists"
    per_user = False

    def _value(self, lists: Int32, catalogue: Catalogue) -> float:
        filled = np.ascontiguousarray(lists[(lists >= 0).any(axis=1)])
        if not len(filled):
            return np.nan
        # A list as one opaque value sorts far faster than as k columns.
        whole = filled.view(np.dtype((np.void, filled.dtype.itemsize * self.k)))
        _, users = np.unique(whole, return_counts=True)
        return float((users == 1).sum() / len(filled))


class Novelty(ListMetric):
    """The mean self-information of the recommended items, in bits.

    -log2(users who have the item / users) (Zhou et al. 2010, "surprisal"). An item that nobody
    has counts as if one user had it, which bounds the value by log2(users).
    """

    label = "novelty"
    bounds = POSITIVE
    per_user = True

    def _value(self, lists: Int32, catalogue: Catalogue) -> Float64:
        share = np.maximum(catalogue.counts, 1) / max(1, catalogue.n_users)
        return _mean_over_list(lists, -np.log2(share))


class PopularityBias(ListMetric):
    """The mean popularity percentile of the recommended items.

    An item's percentile is the share of the catalogue that fewer users have, plus half of the
    share that as many have: .5 on average for items drawn evenly from the catalogue, near 1 for
    the most popular. Average recommendation popularity (Yin et al. 2012; Abdollahpouri et al.
    2019) on a scale that is comparable between logs.
    """

    label = "popularity-bias"
    per_user = True
    higher_is_better = False

    def _value(self, lists: Int32, catalogue: Catalogue) -> Float64:
        counts = catalogue.counts
        ordered = np.sort(counts)
        fewer = np.searchsorted(ordered, counts, side="left")
        not_more = np.searchsorted(ordered, counts, side="right")
        return _mean_over_list(lists, (fewer + not_more) / (2 * max(1, len(counts))))


class IntraListDiversity(ListMetric):
    """1 - the mean cosine of all pairs of items in the list.

    Intra-list similarity (Ziegler et al. 2005) turned into a mean dissimilarity. An item without
    a vector (all zero) has cosine 0 with every other; NaN for lists with fewer than two items.
    """

    label = "intra-list-diversity"
    bounds = (0.0, 2.0)
    per_user = True
    needs_vectors = True

    def _value(self, lists: Int32, catalogue: Catalogue) -> Float64:
        if catalogue.vectors is None:
            raise ParameterError(f"{self.name} needs item vectors, and the catalogue has none.")
        vectors = catalogue.vectors.astype(np.float64)
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        # The appended zero vector is what index -1 finds.
        unit = np.append(np.nan_to_num(ratio(vectors, length)), np.zeros((1, vectors.shape[1])), 0)
        squared = np.einsum("ij,ij->i", unit, unit)
        # |sum of unit vectors|² holds every pair twice, and every vector with itself.
        step = max(1, _BLOCK_CELLS // max(1, self.k * unit.shape[1]))
        pairs = np.empty(len(lists))
        for start in range(0, len(lists), step):
            block = lists[start : start + step]
            total = unit[block].sum(axis=1)
            pairs[start : start + step] = (total**2).sum(axis=1) - squared[block].sum(axis=1)
        n = (lists >= 0).sum(axis=1)
        return 1 - ratio(pairs, n * (n - 1.0))

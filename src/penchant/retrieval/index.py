"""An inverted file of vectors: lists of near items, of which a query looks at some."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from penchant.retrieval.clustering import clusters, unit_vectors
from penchant.run import Run
from penchant.typing import Bool, Float32, Int32, Int64

_MORE = 4  # times as many lists, where the first ones leave too few items
_FEW = 2  # times what a query looks at, up to which candidates are all looked at


@dataclass(frozen=True, eq=False)
class ListIndex:
    """Vectors of items in lists, by the nearest of some centres.

    A query scores the centres, and then all items in the lists of the best ones: scores are exact,
    and what is not in these lists is missed. Sivic and Zisserman, "Video Google: A Text Retrieval
    Approach to Object Matching in Videos" (2003); Jégou, Douze and Schmid, "Product Quantization
    for Nearest Neighbor Search" (2011), section IV, without quantisation.

    Attributes:
        centres: float32[n_lists, dim].
        order: int32[n], the items, list after list.
        offsets: int64[n_lists + 1], where each list begins and ends.
        vectors: float32[n, dim], of the items in this order.
        places: int32[n_items], where each item stands in the order, -1 for none.
    """

    centres: Float32
    order: Int32
    offsets: Int64
    vectors: Float32
    places: Int32

    @classmethod
    def of(cls, centres: Float32, order: Int32, offsets: Int64, items: Float32) -> ListIndex:
        """The index of float32[n_items, dim] vectors in their own order."""
        places = np.full(len(items), -1, np.int32)
        places[order] = np.arange(len(order), dtype=np.int32)
        return cls(centres, order, offsets, items[order], places)

    @property
    def n_lists(self) -> int:
        """The number of lists."""
        return len(self.centres)

    def search(
        self,
        query: Float32,
        k: int,
        probes: int,
        tie_order: Int32,
        *,
        left_out: Int32 | None = None,
        allowed: Bool | None = None,
    ) -> tuple[Int32, Float32]:
        """The k items of highest product with a query, best first, as far as its lists have them.

        More lists are looked at where the first ones leave fewer than k, in the end all.

        Args:
            query: float32[dim].
            k: how many.
            probes: lists to look at.
            tie_order: int32[n_items], which of two items of equal score comes first.
            left_out: int32[n] items that are not to be found, such as those of the history.
            allowed: bool[n], in the index' order, the only ones that are.

        Returns:
            int32[m] items and float32[m] products, m being k at most.
        """
        near = self.centres @ query
        while True:
            probes = min(probes, self.n_lists)
            lists = np.argpartition(-near, probes - 1)[:probes]
            lists = lists[self.offsets[lists + 1] > self.offsets[lists]]
            places, scores = self._scores(query, lists)
            if allowed is not None and len(places):
                scores[~allowed[places]] = -np.inf
            if left_out is not None and len(left_out) and len(places):
                scores[np.isin(places, self.places[left_out])] = -np.inf
            if probes == self.n_lists or np.count_nonzero(scores > -np.inf) >= k:
                return best(self.order[places], scores, k, tie_order)
            probes *= _MORE

    def search_among(
        self, query: Float32, k: int, items: Int32, tie_order: Int32, left_out: Int32 | None
    ) -> tuple[Int32, Float32]:
        """The same among int32[n] items of the index, all of which are looked at."""
        scores: Float32 = self.vectors[self.places[items]] @ query
        if left_out is not None:
            scores[np.isin(items, left_out)] = -np.inf
        return best(items, scores, k, tie_order)

    def is_few(self, n_candidates: int, probes: int) -> bool:
        """Whether looking at so many candidates is no more than a query looks at anyway."""
        return n_candidates <= _FEW * probes * len(self.order) / self.n_lists

    def _scores(self, query: Float32, lists: Int64) -> tuple[Int64, Float32]:
        """int64[n] places and float32[n] products of all items in some lists."""
        spans = [(int(self.offsets[n]), int(self.offsets[n + 1])) for n in lists]
        if not spans:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        places = np.concatenate([np.arange(start, stop) for start, stop in spans])
        scores = np.concatenate([self.vectors[start:stop] @ query for start, stop in spans])
        return places, scores


def list_index(items: Float32, known: Int32, *, seed: int, run: Run) -> ListIndex:
    """Vectors in about as many lists as the root of their number, up to two-fold.

    Args:
        items: float32[n_items, dim].
        known: int32[n], the items that are to be found.
        seed: decides where centres begin.
        run: progress.
    """
    n_lists = 2 ** max(0, round(np.log2(max(1, len(known))) / 2))
    centres, owners = clusters(unit_vectors(items[known]), n_lists, seed, run)
    order = known[np.argsort(owners, kind="stable")].astype(np.int32)
    offsets = np.append(0, np.cumsum(np.bincount(owners, minlength=n_lists))).astype(np.int64)
    return ListIndex.of(np.ascontiguousarray(centres[:, :-1]), order, offsets, items)


def best(items: Int32, scores: Float32, k: int, tie_order: Int32) -> tuple[Int32, Float32]:
    """The k of highest score above -inf, best first, and of equal ones by the order of ties."""
    if len(scores) > k:
        least = np.partition(scores, len(scores) - k)[len(scores) - k]
        kept = np.flatnonzero((scores >= least) & (scores > -np.inf))
    else:
        kept = np.flatnonzero(scores > -np.inf)
    kept = kept[np.lexsort((tie_order[items[kept]], -scores[kept]))][:k]
    return items[kept], scores[kept]

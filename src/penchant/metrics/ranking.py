"""How well lists of items contain, and place, the items that turned out relevant."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from penchant.errors import ParameterError
from penchant.metrics.base import SHARE, AtK, Task, ratio
from penchant.typing import AnyInt, Bool, Float32, Float64, Int32, Int64
from penchant.wording import counted


@dataclass(frozen=True, eq=False)
class Ranked:
    """Lists of items set against what was relevant; made by `of` or `from_ranks`.

    Attributes:
        lists: int32[n_users, width], item indices best first, -1 where a list ended early.
        hits: bool[n_users, width], whether the item at that place is relevant.
        n_relevant: int64[n_users], how many different items are relevant to the user.
        ranks: float64[1 or n_users, width], the 0-based rank that discounts use for a place.
            It is the place itself, save for hits whose rank is halved by a tie.
        spend: float64[n_users, width], what was paid for the item at that place in the held-out
            events; None where that is not known.
        total_spend: float64[n_users], what was paid for all relevant items; None likewise.
    """

    lists: Int32
    hits: Bool
    n_relevant: Int64
    ranks: Float64
    spend: Float64 | None = None
    total_spend: Float64 | None = None

    @classmethod
    def of(cls, lists: AnyInt, offsets: Int64, items: AnyInt, spend: Float32 | None = None) -> Self:
        """Look up which listed items are relevant.

        Args:
            lists: int[n_users, width], item indices best first, -1 where a list ended early.
            offsets: int64[n_users + 1]; the relevant items of user u are
                `items[offsets[u] : offsets[u + 1]]`. An item named twice counts once.
            items: int32[n_pairs], item indices.
            spend: float32[n_pairs], what was paid for each; that of an item named twice adds up.

        Raises:
            ParameterError: the shapes do not fit, an index is negative (in lists: below -1), or
                a list names an item twice.
        """
        if lists.ndim != 2:
            raise ParameterError(f"Lists must be users by places, not of shape {lists.shape}.")
        n_users, width = lists.shape
        owner = _owners(offsets, len(items), n_users)
        if items.min(initial=0) < 0 or lists.min(initial=0) < -1:
            raise ParameterError("Item indices must not be negative (only -1 ends a list).")
        ordered = np.sort(lists, axis=1)
        if ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any():
            raise ParameterError("A list names the same item twice.")
        # One key per (user, item), so that one search answers for all users. Every user has
        # a slot in front of item 0, where the -1 of a list falls without matching anything.
        stride = 2 + max(int(items.max(initial=0)), int(lists.max(initial=0)))
        relevant, pair = np.unique(owner * stride + items + 1, return_inverse=True)
        listed = np.arange(n_users)[:, np.newaxis] * stride + lists + 1
        found = np.searchsorted(relevant, listed)
        hits = np.zeros((n_users, width), np.bool_)
        place = np.minimum(found, max(len(relevant) - 1, 0))
        if len(relevant):
            hits = relevant[place] == listed
        paid = total = None
        if spend is not None:
            of_pair = np.bincount(pair, spend, len(relevant))
            paid = np.where(hits, of_pair[place] if len(relevant) else 0.0, 0.0)
            total = np.bincount(owner, spend, n_users).astype(np.float64)
        return cls(
            lists=lists.astype(np.int32, copy=False),
            hits=hits,
            n_relevant=np.bincount(relevant // stride, minlength=n_users),
            ranks=np.arange(width, dtype=np.float64)[np.newaxis],
            spend=paid,
            total_spend=total,
        )

    @classmethod
    def from_ranks(cls, ranks: Float64, offsets: Int64, width: int) -> Self:
        """For protocols that rank relevant items among given candidates.

        A relevant item's rank is the number of *irrelevant* candidates scored above it, plus half
        of those scored the same ("ties half", the mid-rank). Relevant items never displace each
        other out of the ideal: the i-th best of a user stands i places further down. Hits and
        discounts then use the mid-rank as it is: at rank 9.5 an item is still within the first
        ten. A model that gives all candidates one score so lands in the middle, not on top.

        Args:
            ranks: float64[n_pairs], grouped by user.
            offsets: int64[n_users + 1], as in `of`.
            width: how many places to keep, at least the largest k asked for.

        Returns:
            Ranked whose `lists` are all -1, since only ranks are known.

        Raises:
            ParameterError: the shapes do not fit, or a rank is negative or not finite.
        """
        n_users = len(offsets) - 1
        owner = _owners(offsets, len(ranks), n_users)
        if not np.isfinite(ranks).all() or (ranks < 0).any():
            raise ParameterError("Ranks must be finite and not negative.")
        before = np.arange(len(ranks)) - offsets[owner]
        rank = ranks[np.lexsort((ranks, owner))] + before
        # Ranks of one user differ by at least one, so no two fall into the same place.
        kept = rank < width
        user, place = owner[kept], rank[kept].astype(np.int64)
        hits = np.zeros((n_users, width), np.bool_)
        hits[user, place] = True
        all_ranks = np.tile(np.arange(width, dtype=np.float64), (n_users, 1))
        all_ranks[user, place] = rank[kept]
        lists = np.full((n_users, width), -1, np.int32)
        return cls(lists, hits, np.diff(offsets).astype(np.int64), all_ranks)


def _owners(offsets: Int64, n_pairs: int, n_users: int) -> Int64:
    """The user of each pair, from checked offsets."""
    if (
        n_users < 0
        or len(offsets) != n_users + 1
        or offsets[0] != 0
        or offsets[-1] != n_pairs
        or (np.diff(offsets) < 0).any()
    ):
        raise ParameterError(f"Offsets must lead from 0 up to {n_pairs} in one step per user.")
    return np.repeat(np.arange(n_users), np.diff(offsets))


@dataclass(frozen=True)
class RankingMetric(AtK):
    """A metric of the first k places of ranked lists, one number per user.

    A metric of your own is a frozen dataclass with a `label` that defines `_of`: from a `Ranked`
    to float64[n_users], of the columns that `head` gives, since lists may be longer than k.

    Example:
        >>> import numpy as np
        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True)
        ... class FirstHit(pn.metrics.RankingMetric):
        ...     label = "first-hit"
        ...
        ...     def _of(self, ranked):
        ...         return self.head(ranked.hits)[:, 0].astype(float)
        >>> split = pn.split_per_user(planted_pairs(), validation=0.1, test=0.2)
        >>> result = pn.evaluate([make("ease")], split, [FirstHit(10)], replicates=50)
        >>> result.table().metrics
        ('first-hit@10',)
    """

    task: ClassVar[Task] = "ranking"

    def __call__(self, ranked: Ranked) -> Float64:
        """The value per user, float64[n_users]; NaN for users to whom nothing is relevant.

        Raises:
            ParameterError: the lists have fewer than k places, or something is not known that the
                metric needs.
        """
        values = np.asarray(self._of(ranked))
        if values.shape != ranked.n_relevant.shape:
            users = counted(len(ranked.n_relevant), "user")
            raise ParameterError(
                f"{self.name} needs one number for each of {users}, and its _of gave shape "
                f"{values.shape}."
            )
        return np.where(ranked.n_relevant > 0, values, np.nan)

    @abstractmethod
    def _of(self, ranked: Ranked) -> Float64:
        """The value per user, for subclasses to define; anything where nothing is relevant."""


class _OfHits(RankingMetric):
    """A metric of which places hold relevant items."""

    bounds = SHARE

    def _of(self, ranked: Ranked) -> Float64:
        return self._values(self.head(ranked.hits), self.head(ranked.ranks), ranked.n_relevant)

    @abstractmethod
    def _values(self, hits: Bool, ranks: Float64, n_relevant: Int64) -> Float64:
        """The value per user from the first k places; anything where nothing is relevant."""


class HitRate(_OfHits):
    """Whether any relevant item is among the first k (He et al. 2017, section 4.1)."""

    label = "hr"

    def _values(self, hits: Bool, ranks: Float64, n_relevant: Int64) -> Float64:
        return np.asarray(hits.any(axis=1), dtype=np.float64)


@dataclass(frozen=True)
class Recall(_OfHits):
    """The share of the relevant items that is among the first k.

    Attributes:
        capped: divide by min(k, relevant) instead of by relevant, so that 1 can be reached
            (Liang et al. 2018, Variational autoencoders for collaborative filtering, 4.2).
    """

    capped: bool = False

    label = "recall"

    @property
    def name(self) -> str:
        """Such as "recall@20", or "recall-capped@20" when capped."""
        return f"recall-capped@{self.k}" if self.capped else super().name

    def _values(self, hits: Bool, ranks: Float64, n_relevant: Int64) -> Float64:
        return ratio(
            hits.sum(axis=1), np.minimum(n_relevant, self.k) if self.capped else n_relevant
        )


class Precision(_OfHits):
    """The share of the first k places that holds relevant items; an unfilled place is a miss."""

    label = "precision"

    def _values(self, hits: Bool, ranks: Float64, n_relevant: Int64) -> Float64:
        return np.asarray(hits.sum(axis=1) / self.k)


class NDCG(_OfHits):
    """Discounted gain, relative to the best possible list of k.

    Gain 1 for a relevant item, discount log2(rank + 2), and an ideal list with
    min(k, relevant) items on top (Järvelin and Kekäläinen 2002, in the form with
    binary gain that is usual for recommenders).
    """

    label = "ndcg"

    def _values(self, hits: Bool, ranks: Float64, n_relevant: Int64) -> Float64:
        ideal = np.cumsum(1 / np.log2(np.arange(self.k) + 2))
        gained = (hits / np.log2(ranks + 2)).sum(axis=1)
        return np.asarray(gained / ideal[np.clip(n_relevant, 1, self.k) - 1])


class MRR(_OfHits):
    """The reciprocal of the rank (from 1) of the first relevant item, 0 beyond k.

    Voorhees 1999, The TREC-8 question answering track report.
    """

    label = "mrr"

    def _values(self, hits: Bool, ranks: Float64, n_relevant: Int64) -> Float64:
        return np.asarray((hits / (ranks + 1)).max(axis=1))


class MAP(_OfHits):
    """Average precision at the places of the relevant items, over min(k, relevant).

    The mean over users is MAP@k as in Kaggle's Million Song challenge (McFee et al. 2012).
    """

    label = "map"

    def _values(self, hits: Bool, ranks: Float64, n_relevant: Int64) -> Float64:
        precision = np.cumsum(hits, axis=1) / (ranks + 1)
        return ratio((hits * precision).sum(axis=1), np.minimum(n_relevant, self.k))


class _OfSpend(RankingMetric):
    """A metric of what users paid in the held-out events."""

    def _paid(self, ranked: Ranked) -> Float64:
        """float64[n_users], for items among the first k."""
        if ranked.spend is None:
            raise ParameterError(
                f"{self.name} needs the prices of events, and the log has none: name their column "
                "with price= (--price)."
            )
        return np.asarray(self.head(ranked.spend).sum(axis=1), np.float64)


class Revenue(_OfSpend):
    """What the user paid, in the held-out events, for items among the first k.

    In the currency of the log: the price of an event times its quantity, where known. It says
    what a list would have shown of what was bought anyway, not what it would have sold.
    """

    label = "revenue"

    def _of(self, ranked: Ranked) -> Float64:
        return self._paid(ranked)


class RevenueShare(_OfSpend):
    """The share of what the user paid, in the held-out events, for items among the first k.

    NaN for users who paid nothing.
    """

    label = "revenue-share"
    bounds = SHARE

    def _of(self, ranked: Ranked) -> Float64:
        paid, total = self._paid(ranked), ranked.total_spend
        assert total is not None  # as is what was paid
        return np.asarray(np.divide(paid, np.where(total > 0, total, np.nan)), np.float64)

"""Held-out events in two views: histories with their targets, and rows to predict."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.event_columns import EVENT_COLUMNS, quantities_of
from penchant.data.histories import Histories
from penchant.data.prefix_groups import prefix_groups
from penchant.repeats import Repeats
from penchant.typing import Bool, Float32, Int32, Int64


@dataclass(frozen=True, eq=False)
class Rows:
    """Events whose ratings are to be predicted: user, item, time and context, never the rating.

    Attributes:
        histories: what is known of the users before the moment of prediction.
        history: int32[n_rows], position of each row's user in `histories`.
        items: int32[n_rows], item indices; -1 for an item outside the vocabulary.
        times: int64[n_rows], microseconds since 1970, or None.
        context: further columns of the events (never the rating), or None.
    """

    histories: Histories
    history: Int32
    items: Int32
    times: Int64 | None = None
    context: pl.DataFrame | None = None

    def __len__(self) -> int:
        return len(self.items)

    @property
    def users(self) -> Int32:
        """int32[n_rows], the user index of each row, -1 for users outside the vocabulary."""
        return self.histories.users[self.history]

    @property
    def pairs(self) -> Int64:
        """int64[n_rows], `history * n_items + item` as in `histories.pairs`; -1 for item -1."""
        pairs = self.history.astype(np.int64) * self.histories.n_items + self.items
        return np.where(self.items < 0, -1, pairs)


@dataclass(frozen=True, eq=False)
class Holdout:
    """Events held out from training, as targets of rankings and as rows to predict.

    The targets of history `n` are the rows `offsets[n]:offsets[n + 1]`.

    Attributes:
        rows: the held-out events, grouped by user in the order of `rows.histories`, whose
            histories hold what was known before the moment of prediction.
        offsets: int64[n_users + 1].
        ratings: float32[n_rows], the true ratings, or None where the log has none.
        source_rows: int64[n_rows], the `row` numbers of the events in their source.
        candidates: int32[n_users, n_candidates], the items to rank for each user where a protocol
            has them (negatives and positives, padded with -1); None ranks all items.
        item_pool: int32[n], the only items to rank, the same for all users, where a protocol has
            them; None ranks all.
        repeats: whether lists may hold items of the history; see `Repeats` and `judging`.
        spend: float32[n_rows], what was paid in each held-out event: its price times its
            quantity, 1 where that is not known; 0 where the price is not, None where the log has
            no prices.
    """

    rows: Rows
    offsets: Int64
    ratings: Float32 | None
    source_rows: Int64
    candidates: Int32 | None = None
    item_pool: Int32 | None = None
    repeats: Repeats = "excluded"
    spend: Float32 | None = None

    @classmethod
    def of(
        cls,
        known: Dataset,
        held_out: Dataset,
        candidates: Int32 | None = None,
        *,
        item_pool: Int32 | None = None,
        repeats: Repeats = "excluded",
    ) -> Holdout:
        """Hold out the events of one log, with the events of `known` as histories.

        Both logs must share their vocabularies.
        """
        events = held_out.events[held_out.event_order]
        users = np.flatnonzero(held_out.user_counts)
        counts = held_out.user_counts[users]
        histories = known.histories_of(users.astype(np.int32))
        context = events.drop([c for c in EVENT_COLUMNS if c in events.columns])
        rows = Rows(
            histories=histories,
            history=np.repeat(np.arange(len(users), dtype=np.int32), counts),
            items=events["item"].to_numpy(),
            times=events["time"].to_physical().to_numpy() if held_out.has_times else None,
            context=context if context.width else None,
        )
        return cls(
            rows=rows,
            offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            ratings=events["rating"].to_numpy() if held_out.has_ratings else None,
            source_rows=events["row"].to_numpy().astype(np.int64),
            candidates=candidates,
            item_pool=item_pool,
            repeats=repeats,
            spend=_spend(events),
        )

    @property
    def histories(self) -> Histories:
        """What is known of each user who has held-out events."""
        return self.rows.histories

    @property
    def items(self) -> Int32:
        """int32[n_rows], the held-out items of all users, at `offsets`."""
        return self.rows.items

    @property
    def n_users(self) -> int:
        """The number of users with held-out events."""
        return len(self.histories)

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def n_new_users(self) -> int:
        """The number of users whose history is empty."""
        return int((self.histories.lengths == 0).sum())

    @cached_property
    def prefix_groups(self) -> Int64 | None:
        """int64[n_users], which users are prefixes of one sequence; None where they are not.

        Intervals resample these groups whole.
        """
        return prefix_groups(self.histories, self.offsets, self.items, self.source_rows)

    @cached_property
    def shorter_prefixes(self) -> Bool:
        """bool[n_users], of which users another one's sequence has all events, and further ones."""
        groups = self.prefix_groups
        if groups is None:
            return np.zeros(self.n_users, np.bool_)
        lengths = self.histories.lengths + np.diff(self.offsets)
        longest = np.zeros(int(groups.max()) + 1, np.int64)
        np.maximum.at(longest, groups, lengths)
        return lengths < longest[groups]

    @cached_property
    def is_repeat(self) -> Bool:
        """bool[n_rows], whether the user's history has the item of a row."""
        return np.isin(self.rows.pairs, self.histories.pairs)

    @cached_property
    def judging(self) -> Holdout:
        """The rows that can be in lists, and the users who have any: these judge rankings.

        Where repeats are excluded, a row that repeats an item of the history can be in no list,
        and where lists are of repeats only, a new item can be in none. Given candidates are ranked
        as they are.
        """
        if self.candidates is not None or self.repeats == "allowed":
            return self
        keep = self.is_repeat if self.repeats == "only" else ~self.is_repeat
        return self if keep.all() else self.subset(keep)

    @property
    def positives(self) -> Holdout:
        """The held-out events that models of interactions learn from; see `Dataset.positive`."""
        positive = self.histories.positive
        if positive is None or self.ratings is None:
            return self
        return self.subset(self.ratings >= np.float32(positive))

    def subset(self, keep: Bool) -> Holdout:
        """Some of the rows, and the users who keep any; for example only likes."""
        counts = np.bincount(self.rows.history[keep], minlength=self.n_users)
        users = np.flatnonzero(counts)
        position = np.cumsum(counts > 0, dtype=np.int32) - 1
        rows = Rows(
            histories=self.histories.take(users),
            history=position[self.rows.history[keep]].astype(np.int32),
            items=self.items[keep],
            times=None if self.rows.times is None else self.rows.times[keep],
            context=None if self.rows.context is None else self.rows.context.filter(keep),
        )
        return Holdout(
            rows=rows,
            offsets=np.concatenate([[0], np.cumsum(counts[users])]).astype(np.int64),
            ratings=None if self.ratings is None else self.ratings[keep],
            source_rows=self.source_rows[keep],
            candidates=None if self.candidates is None else self.candidates[users],
            item_pool=self.item_pool,
            repeats=self.repeats,
            spend=None if self.spend is None else self.spend[keep],
        )


def _spend(events: pl.DataFrame) -> Float32 | None:
    if "price" not in events.columns or not events["price"].dtype.is_numeric():
        return None
    price = events["price"].cast(pl.Float32)
    price = price.set(price.is_nan() | price.is_infinite(), None).fill_null(0)
    paid: Float32 = price.to_numpy()
    quantities = quantities_of(events)
    return paid if quantities is None else paid * quantities

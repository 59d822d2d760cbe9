"""The data that an audit looks at; a rule says what of it is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from penchant.auditing.features import Features
from penchant.data.dataset import Dataset
from penchant.data.splits import TEST, TRAIN, VALIDATION, Split
from penchant.results.tables import Table
from penchant.typing import Bool, Float64, Int32, Int64

Claimed = Literal["time", "per-user", "sessions", "random"]
Predict = Callable[[pl.DataFrame], npt.ArrayLike]


def isin(keys: Int64, among: Int64) -> Bool:
    """bool[n_keys], whether each key is among others.

    By hashing and not by sorting, because logs have millions; the table is built of the fewer
    ones.
    """
    if len(among) > len(keys):
        among = among[_hashed_isin(among, keys)]
    return _hashed_isin(keys, among)


def _hashed_isin(keys: Int64, among: Int64) -> Bool:
    result: Bool = pl.Series(keys).is_in(pl.Series(among).implode()).to_numpy()
    return result


@dataclass(frozen=True, eq=False)
class Predictions:
    """The predictions of one model for held-out rows.

    Attributes:
        values: float64[n_rows], NaN where it predicts nothing.
        truth: float64[n_rows], the ratings, or None where there are none.
        user: int64[n_rows], whom each row belongs to.
        trivial: whether it is known to be a trivial answer.
        external: whether another program made them, so that the audit computes their metrics.
    """

    values: Float64
    truth: Float64 | None
    user: Int64
    trivial: bool = False
    external: bool = False


@dataclass(frozen=True, eq=False)
class Lists:
    """The recommendation lists of one model.

    Attributes:
        users: int32[n_users], indices in the log's vocabulary.
        items: int32[n_users, k], indices, best first, padded with -1.
        trivial: whether it is known to be a trivial answer.
        external: whether another program made them, so that the audit computes their metrics.
    """

    users: Int32
    items: Int32
    trivial: bool = False
    external: bool = False


@dataclass(frozen=True, eq=False)
class UnknownIds:
    """What a table names that the log does not have.

    Attributes:
        rows: how many rows the table has.
        unknown: how many of them name a user or an item that the log does not have.
        examples: some of these, with `row`, `user` and `item`.
    """

    rows: int
    unknown: int
    examples: pl.DataFrame


@dataclass(frozen=True, eq=False)
class Material:
    """Everything that an audit was given.

    Attributes:
        split: training and held-out events.
        claimed: how whoever made the split says that it was made.
        tables: the tables of one or more comparisons.
        computed_tables: tables that the audit itself made of external predictions and lists, with
            trivial answers beside them; they stand in nobody's comparison.
        predictions: predictions for held-out rows by model.
        scored_pairs: for each file of predictions the pairs (int64 keys, user · n_items + item; -1
            for an unknown user or item) it has rows for.
        unknown_ids: for each table of users and items what of it the log does not have.
        lists: recommendations by model.
        features: a table of features.
        negatives: int64 keys of the pairs that training took as negatives.
        candidates: frame with `user`, `item` indices: the negatives offered at evaluation.
        history: validation and test metric of each epoch or trial, and which was kept.
        trials: the trials of a tuning: columns of parameters and `score`, higher is better.
        predict: answers a frame of held-out rows with the column `text`; for the text control.
        fingerprints: of each table or result that is audited together, its split.
        seed: decides everything random.
    """

    split: Split | None = None
    claimed: Claimed | None = None
    tables: tuple[Table, ...] = ()
    computed_tables: tuple[Table, ...] = ()
    predictions: Mapping[str, Predictions] = field(default_factory=dict)
    scored_pairs: Mapping[str, Int64] = field(default_factory=dict)
    unknown_ids: Mapping[str, UnknownIds] = field(default_factory=dict)
    lists: Mapping[str, Lists] = field(default_factory=dict)
    features: Features | None = None
    negatives: Int64 | None = None
    candidates: pl.DataFrame | None = None
    history: pl.DataFrame | None = None
    trials: pl.DataFrame | None = None
    predict: Predict | None = None
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0

    @property
    def has_models(self) -> bool:
        """Whether there are results of a model that is no trivial answer."""
        trivial = [predictions.trivial for predictions in self.predictions.values()]
        trivial += [lists.trivial for lists in self.lists.values()]
        trivial += [entry.trivial for table in self.all_tables for entry in table.entries]
        return not all(trivial)

    @property
    def all_tables(self) -> tuple[Table, ...]:
        """The tables of comparisons, and those that the audit made."""
        return self.tables + self.computed_tables

    @property
    def split_kind(self) -> Claimed | None:
        """How the split was made, as far as anyone says."""
        if self.claimed is not None or self.split is None:
            return self.claimed
        kind = self.split.kind
        if kind == "time":
            return "time"
        if kind == "sessions":
            return "sessions"
        if kind in ("per-user", "leave-last-out") and self.split.seed is None:
            return "per-user" if self.split.log.has_times else None
        if kind == "users" and self.split.by_time:
            return "per-user" if self.split.log.has_times else None
        return "random" if kind in ("random", "fold", "per-user", "users", "cold-items") else None

    @cached_property
    def test_rows(self) -> Int64:
        """int64[n_test], positions of the test events in the log."""
        assert self.split is not None
        return np.flatnonzero(self.split.sides == TEST)

    @cached_property
    def known_rows(self) -> Int64:
        """int64[n_known], positions of training, validation and given events in the log."""
        assert self.split is not None
        return np.flatnonzero(self.split.is_known)

    @cached_property
    def learned_rows(self) -> Int64:
        """int64[n_learned], positions of training and validation events, without given ones."""
        assert self.split is not None
        return np.flatnonzero(np.isin(self.split.sides, (TRAIN, VALIDATION)))

    @cached_property
    def has_history(self) -> Bool:
        """bool[n_users], whether a user has known events."""
        users = self.log.events["user"].to_numpy()[self.known_rows]
        return np.bincount(users, minlength=self.log.n_users) > 0

    @cached_property
    def pairs(self) -> Int64:
        """int64[n_events], one number for each pair of user and item."""
        log = self.log
        users, items = (log.events[c].to_numpy() for c in ("user", "item"))
        pairs: Int64 = users.astype(np.int64) * max(1, log.n_items) + items
        return pairs

    @property
    def log(self) -> Dataset:
        """The log of the split."""
        assert self.split is not None
        return self.split.log

    @cached_property
    def test_users(self) -> Int32:
        """int32[n_test], the user of each test event."""
        return self.log.events["user"].to_numpy()[self.test_rows]

    def without_list(self, lists: Lists) -> Int64:
        """The test users, in the log's vocabulary, for whom a model gives no list."""
        assert self.split is not None
        listed = lists.users[(lists.items >= 0).any(axis=1)]
        return np.setdiff1d(self.split.test.histories.users, listed).astype(np.int64)

    @cached_property
    def times(self) -> Int64 | None:
        """int64[n_events], microseconds since 1970; None where not every event has one."""
        log = self.log
        return log.events["time"].to_physical().to_numpy() if log.has_times else None

    @cached_property
    def repeated(self) -> tuple[Int64, Int64]:
        """Test events whose user and item are known, and a known event of each such pair.

        Both are positions in the log, int64[n_repeated].
        """
        known, tested = self.pairs[self.known_rows], self.pairs[self.test_rows]
        shared = np.flatnonzero(isin(known, tested))
        both = np.flatnonzero(isin(tested, known[shared]))
        order = shared[np.argsort(known[shared], kind="stable")]
        first = order[np.searchsorted(known[order], tested[both])] if len(both) else both
        return self.test_rows[both], self.known_rows[first]

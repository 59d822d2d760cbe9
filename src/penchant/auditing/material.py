"""What an audit is given to look at; a rule says what of it is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from penchant.auditing.keys import inside
from penchant.data.dataset import Dataset
from penchant.data.splits import TEST, TRAIN, VALIDATION, Split
from penchant.metrics import parse
from penchant.typing import Bool, Float64, Int32, Int64

Claimed = Literal["time", "per-user", "random"]
Predict = Callable[[pl.DataFrame], npt.ArrayLike]


@dataclass(frozen=True)
class Contender:
    """The judged figure of one model in one table of a comparison.

    Attributes:
        name: what the table calls it.
        task: `ranking`, `rating` or `like`.
        trivial: whether it is a trivial answer.
        metric: the metric that decides.
        value: its figure.
        verdict: `beats`, `no better` or `worse` than the best trivial answer, None where there
            is none.
        gain: over the best trivial answer, with its interval; NaN where there is none.
        gain_low: the lower end.
        gain_high: the upper end.
        users: how many users the figure is of; 0 where that is not known.
        added: whether the audit itself judged it, so that it stands in nobody's table.
    """

    name: str
    task: str
    trivial: bool
    metric: str
    value: float
    verdict: str | None = None
    gain: float = np.nan
    gain_low: float = np.nan
    gain_high: float = np.nan
    users: int = 0
    added: bool = False

    @property
    def higher_is_better(self) -> bool:
        """The direction of the metric, whose name may carry a note in brackets."""
        return parse(self.metric.partition(" (")[0]).higher_is_better


@dataclass(frozen=True, eq=False)
class Predicted:
    """What one contender predicts for held-out rows.

    Attributes:
        values: float64[n_rows], NaN where it predicts nothing.
        truth: float64[n_rows], the ratings, or None where there are none.
        user: int64[n_rows], whom each row belongs to.
        trivial: whether it is known to be a trivial answer.
        foreign: whether another program made it, so that its figures are computed here.
    """

    values: Float64
    truth: Float64 | None
    user: Int64
    trivial: bool = False
    foreign: bool = False


@dataclass(frozen=True, eq=False)
class Listed:
    """The recommendations of one contender.

    Attributes:
        users: int32[n_users], indices in the log's vocabulary.
        items: int32[n_users, k], indices, best first, padded with -1.
        trivial: whether it is known to be a trivial answer.
        foreign: whether another program made it, so that its figures are computed here.
    """

    users: Int32
    items: Int32
    trivial: bool = False
    foreign: bool = False


@dataclass(frozen=True, eq=False)
class Features:
    """A table of features with the rows' targets and sides.

    Attributes:
        frame: the feature columns.
        target: float64[n_rows], what is to be predicted; NaN where it is not known.
        test: bool[n_rows], whether a row is held out.
        keys: the keys that a feature may be an aggregate of: `user` and `item`, int64[n_rows].
        rows: int64[n_rows], the rows' numbers in their source.
    """

    frame: pl.DataFrame
    target: Float64
    test: Bool
    keys: Mapping[str, Int64]
    rows: Int64


@dataclass(frozen=True, eq=False)
class Material:
    """Everything that an audit was given.

    Attributes:
        log: the log; that of the split where there is one.
        split: training and held-out events.
        claimed: how whoever made the split says that it was made.
        contenders: judged figures of a comparison.
        predictions: predictions for held-out rows by contender.
        scored: for each file of predictions the pairs (int64 keys, user · n_items + item; -1 for
            an unknown user or item) it has rows for.
        lists: recommendations by contender.
        features: a table of features.
        negatives: int64 keys of the pairs that training took as negatives.
        offered: frame with `user`, `item` indices: the negatives offered at evaluation.
        history: figures on validation and test of each epoch or trial, and which was kept.
        trials: the trials of a tuning: columns of parameters and `score`, higher is better.
        predict: answers a frame of held-out rows with the column `text`; for the text control.
        fingerprints: of each table or result that is audited together, its split.
        seed: decides everything random.
    """

    log: Dataset | None = None
    split: Split | None = None
    claimed: Claimed | None = None
    contenders: tuple[Contender, ...] = ()
    predictions: Mapping[str, Predicted] = field(default_factory=dict)
    scored: Mapping[str, Int64] = field(default_factory=dict)
    lists: Mapping[str, Listed] = field(default_factory=dict)
    features: Features | None = None
    negatives: Int64 | None = None
    offered: pl.DataFrame | None = None
    history: pl.DataFrame | None = None
    trials: pl.DataFrame | None = None
    predict: Predict | None = None
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0

    @property
    def has_models(self) -> bool:
        """Whether anything that a model answered, trivial ones aside, is here."""
        trivial = [p.trivial for p in self.predictions.values()]
        trivial += [listed.trivial for listed in self.lists.values()]
        return not all(trivial + [c.trivial for c in self.contenders])

    @property
    def way(self) -> Claimed | None:
        """How the split was made, as far as anyone says."""
        if self.claimed is not None or self.split is None:
            return self.claimed
        kind = self.split.kind
        if kind == "time":
            return "time"
        if kind in ("per-user", "leave-last-out") and self.split.seed is None:
            return "per-user" if self.split.log.has_times else None
        return "random" if kind in ("random", "fold", "per-user") else None

    @cached_property
    def test_at(self) -> Int64:
        """int64[n_test], positions of the test events in the log."""
        assert self.split is not None
        return np.flatnonzero(self.split.sides == TEST)

    @cached_property
    def known_at(self) -> Int64:
        """int64[n_known], positions of training and validation events in the log."""
        assert self.split is not None
        sides = self.split.sides
        return np.flatnonzero((sides == TRAIN) | (sides == VALIDATION))

    @cached_property
    def pairs(self) -> Int64:
        """int64[n_events], one number for each pair of user and item."""
        log = self.events_of
        users, items = (log.events[c].to_numpy() for c in ("user", "item"))
        pairs: Int64 = users.astype(np.int64) * max(1, log.n_items) + items
        return pairs

    @property
    def events_of(self) -> Dataset:
        """The log, of the split where there is one."""
        if self.split is not None:
            return self.split.log
        assert self.log is not None
        return self.log

    @cached_property
    def test_users(self) -> Int32:
        """int32[n_test], the user of each test event."""
        return self.events_of.events["user"].to_numpy()[self.test_at]

    @cached_property
    def times(self) -> Int64 | None:
        """int64[n_events], microseconds since 1970; None where not every event has one."""
        log = self.events_of
        return log.events["time"].to_physical().to_numpy() if log.has_times else None

    @cached_property
    def repeated(self) -> tuple[Int64, Int64]:
        """Test events whose user and item are known, and a known event of each such pair.

        Both are positions in the log, int64[n_repeated].
        """
        known, tested = self.pairs[self.known_at], self.pairs[self.test_at]
        shared = np.flatnonzero(inside(known, tested))
        both = np.flatnonzero(inside(tested, known[shared]))
        order = shared[np.argsort(known[shared], kind="stable")]
        first = order[np.searchsorted(known[order], tested[both])] if len(both) else both
        return self.test_at[both], self.known_at[first]

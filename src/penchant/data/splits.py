"""Split a log into training, validation and test events.

A split carries a description, its seed, the rule for ties in time, and a fingerprint that changes
with the log or with any event's side.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.holdout import Holdout
from penchant.data.required import require_log
from penchant.data.shares import (
    ROW_TIES,
    check_shares,
    held_out_sizes,
    moment,
    positions,
    share_words,
)
from penchant.errors import DataError, ParameterError
from penchant.repeats import Repeats
from penchant.typing import Bool, Int32, UInt8
from penchant.wording import counted

TRAIN, VALIDATION, TEST, UNUSED, GIVEN = 0, 1, 2, 3, 4


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """A log divided into training events and held-out events.

    Attributes:
        log: the whole log.
        sides: uint8[n_events], 0 for training, 1 validation, 2 test, 3 unused, 4 given: history
            of held-out users, of which no model learns.
        kind: `random`, `per-user`, `leave-last-out`, `next-basket`, `sessions`, `time`,
            `fold`, `users`, `cold-items` or `predefined`.
        sentence: how the split was made, for a person.
        ties: what happens to events of equal time, or why that does not matter.
        seed: the seed that decided the sides, None where nothing was random.
        candidates: int32[n_test_users, n], the items to rank for each test user in ascending
            order of user index, padded with -1; None ranks all items.
        negatives: how many negatives each candidate list holds, 0 where all items are ranked.
        by_time: whether held-out events come after the given ones of their user; None where the
            kind says so.
        repeat_rule: whether lists for held-out users may hold items of their histories; see
            `repeats` for what None means.

    Example:
        >>> split = pn.split_random(planted_pairs(n_users=50), validation=0, test=0.1)
        >>> print(split.sentence)
        10% for test drawn at random by row (seed 0), whatever their user and time.
    """

    log: Dataset
    sides: UInt8
    kind: str
    sentence: str
    ties: str
    seed: int | None = None
    candidates: Int32 | None = None
    negatives: int = 0
    by_time: bool | None = None
    repeat_rule: Repeats | None = None

    def __post_init__(self) -> None:
        for side, noun in ((TRAIN, "training"), (TEST, "test")):
            if not (self.sides == side).any():
                raise DataError(
                    f"The split leaves no {noun} events: {counted(len(self.log), 'event')} of "
                    f"{counted(self.log.n_users, 'user')} are too few for it."
                )

    def __repr__(self) -> str:
        parts = np.bincount(self.sides, minlength=5)
        return (
            f"Split({self.kind}: {parts[TRAIN]:,} training, {parts[VALIDATION]:,} validation, "
            f"{counted(parts[TEST], 'test event')})"
        )

    @property
    def repeats(self) -> Repeats:
        """Whether lists may hold items of histories; by default where the log has orders."""
        return self.repeat_rule or ("allowed" if self.log.has_orders else "excluded")

    @cached_property
    def train(self) -> Dataset:
        """The training events, under the vocabularies of the whole log.

        Events without a user are among what is learned from: in a split by time those before the
        first held-out event, otherwise all.
        """
        return self._learned(self.sides == TRAIN)

    @cached_property
    def train_and_validation(self) -> Dataset:
        """What is learned from once validation has settled everything; see `train`.

        Given events of users who have no test events are history of validation, and among it.
        """
        users = self.log.events["user"].to_numpy()
        tested = np.zeros(self.log.n_users, np.bool_)
        tested[users[self.sides == TEST]] = True
        given = (self.sides == GIVEN) & ~tested[users]
        return self._learned(np.isin(self.sides, (TRAIN, VALIDATION)) | given)

    def _learned(self, learned: Bool) -> Dataset:
        part = self._part(learned)
        anonymous = self.log.anonymous
        if self.kind != "time" or anonymous is None or "time" not in anonymous.columns:
            return part
        held_out = self.log.events["time"].filter(pl.Series(~learned))
        earlier = anonymous.filter(pl.col("time") < held_out.min())
        return replace(part, anonymous=earlier if len(earlier) else None)

    @cached_property
    def validation(self) -> Holdout | None:
        """The validation events, with training and given events as histories; None without any."""
        held_out = self.log.subset(self.sides == VALIDATION)
        if not len(held_out):
            return None
        has_given = (self.sides == GIVEN).any()
        known = self.log.subset(np.isin(self.sides, (TRAIN, GIVEN))) if has_given else self.train
        return Holdout.of(known, held_out, item_pool=self._pool(held_out), repeats=self.repeats)

    @cached_property
    def test(self) -> Holdout:
        """The test events, with training, validation and given events as histories."""
        held_out = self.log.subset(self.sides == TEST)
        known = self._part(self.is_known)
        return Holdout.of(
            known,
            held_out,
            self.candidates,
            item_pool=self._pool(held_out),
            repeats=self.repeats,
        )

    @property
    def is_known(self) -> Bool:
        """bool[n_events], whether an event is known before the test events."""
        known: Bool = np.isin(self.sides, (TRAIN, VALIDATION, GIVEN))
        return known

    def _pool(self, held_out: Dataset) -> Int32 | None:
        """int32[n], the items that are ranked first of all: the cold ones, where these judge."""
        if self.kind != "cold-items":
            return None
        return np.unique(held_out.events["item"].to_numpy())

    def _part(self, keep: Bool) -> Dataset:
        """Most of the log, whose histories come in the order of the log's: it is sorted once."""
        return self.log if keep.all() else self.log.part(keep)

    @cached_property
    def fingerprint(self) -> str:
        """The first 16 hexadecimal digits of a SHA-256 over the log and every event's side."""
        digest = hashlib.sha256(self.log.fingerprint.encode())
        digest.update(self.sides.tobytes())
        if self.candidates is not None:
            digest.update(np.ascontiguousarray(self.candidates).tobytes())
        if self.repeats != "excluded":
            digest.update(self.repeats.encode())
        return digest.hexdigest()[:16]

    def describe(self) -> dict[str, object]:
        """The split's description, sizes and fingerprint, as results report them."""
        counts = np.bincount(self.sides, minlength=5).tolist()
        return {
            "kind": self.kind,
            "sentence": self.sentence,
            "ties": self.ties,
            "seed": self.seed,
            "fingerprint": self.fingerprint,
            "train": counts[TRAIN],
            "validation": counts[VALIDATION],
            "test": counts[TEST],
            "unused": counts[UNUSED],
            "given": counts[GIVEN],
            "test_users": self.test.n_users,
            "test_users_without_history": self.test.n_new_users,
            "negatives": self.negatives,
            "repeats": self.repeats,
        }


def split(log: Dataset, *, validation: float = 0.1, test: float = 0.1, seed: int = 0) -> Split:
    """Split by time where every event has one, otherwise at random by row.

    Example:
        >>> pn.split(planted_pairs()).kind
        'time'
    """
    require_log(log)
    if log.has_times and log.events["time"].n_unique() > 1:
        return split_by_time(log, validation=validation, test=test)
    return split_random(log, validation=validation, test=test, seed=seed)


def split_random(
    log: Dataset, *, validation: float = 0.1, test: float = 0.1, seed: int = 0
) -> Split:
    """Hold out events drawn at random, whatever their user and time.

    Raises:
        ParameterError: the shares are impossible.
        DataError: there are too few events.

    Example:
        >>> split = pn.split_random(planted_pairs(), validation=0, test=0.2)
        >>> round(len(split.test.items) / len(split.log), 2)
        0.2
    """
    check_shares(log, validation, test)
    order = np.random.default_rng(seed).permutation(len(log))
    n_validation, n_test = held_out_sizes(len(log), validation, test)
    sides = np.zeros(len(log), np.uint8)
    sides[order[:n_test]] = TEST
    sides[order[n_test : n_test + n_validation]] = VALIDATION
    return Split(
        log=log,
        sides=sides,
        kind="random",
        sentence=f"{share_words(validation, test)} drawn at random by row (seed {seed}), whatever "
        "their user and time.",
        ties="Times play no part.",
        seed=seed,
    )


def split_per_user(
    log: Dataset,
    *,
    validation: float = 0.1,
    test: float = 0.1,
    order: Literal["time", "random"] | None = None,
    seed: int = 0,
) -> Split:
    """Hold out a share of each user's events: the latest ones where every event has a time.

    A user keeps at least one training event; shares are rounded to whole events per user.

    Raises:
        ParameterError: the shares are impossible, or order="time" without times.
        DataError: there are too few events.

    Example:
        >>> pn.split_per_user(planted_pairs(), validation=0.1, test=0.2)
        Split(per-user: 800 training, 80 validation, 240 test events)
    """
    check_shares(log, validation, test)
    by_time = log.has_order if order is None else order == "time"
    if by_time and not log.has_order:
        raise ParameterError(
            f"order='time' needs a time on every event, which the log {log.name!r} has not: use "
            "order='random'."
        )
    position, counts = positions(log, seed=None if by_time else seed)
    n_test = np.round(counts * test)
    n_validation = np.round(counts * (test + validation)) - n_test
    excess = np.maximum(n_test + n_validation - (counts - 1), 0)
    n_validation = np.maximum(n_validation - excess, 0)
    n_test = np.minimum(n_test, np.maximum(counts - 1 - n_validation, 0))
    from_end = counts - 1 - position
    sides = np.zeros(len(log), np.uint8)
    sides[from_end < n_test + n_validation] = VALIDATION
    sides[from_end < n_test] = TEST
    chosen = "the latest" if by_time else f"random (seed {seed})"
    return Split(
        log=log,
        sides=sides,
        kind="per-user",
        sentence=f"Of each user's events, {chosen} {share_words(validation, test)}; every user "
        "keeps at least one event for training.",
        ties=ROW_TIES if by_time else "Times play no part.",
        seed=None if by_time else seed,
    )


def split_leave_last_out(log: Dataset, *, validation: bool = True) -> Split:
    """Hold out each user's last event, and the one before it for validation.

    Users with fewer than 3 events (2 without validation) stay in training whole. Without times
    the order of rows counts.

    Raises:
        DataError: nobody has enough events.

    Example:
        >>> log = planted_pairs(n_users=100)
        >>> split = pn.split_leave_last_out(log)
        >>> len(split.test.items), len(split.validation.items)
        (100, 100)
    """
    position, counts = positions(log, seed=None)
    from_end = counts - 1 - position
    fewest = 3 if validation else 2
    enough = counts >= fewest
    sides = np.zeros(len(log), np.uint8)
    sides[enough & (from_end == 0)] = TEST
    if validation:
        sides[enough & (from_end == 1)] = VALIDATION
    second = ", the one before it for validation" if validation else ""
    return Split(
        log=log,
        sides=sides,
        kind="leave-last-out",
        sentence=f"Each user's last event for test{second}; users with fewer than "
        f"{fewest} events only train.",
        ties=ROW_TIES,
    )


def split_by_time(log: Dataset, *, validation: float = 0.1, test: float = 0.1) -> Split:
    """Split the whole log at two moments: later events are held out.

    Events of one instant stay together: all of them fall on the later side.

    Raises:
        ParameterError: the shares are impossible.
        DataError: events lack times, or all carry one time.

    Example:
        >>> pn.split_by_time(planted_pairs(), validation=0.1, test=0.1)
        Split(time: 896 training, 112 validation, 112 test events)
    """
    check_shares(log, validation, test)
    if not log.has_times:
        raise DataError(
            f"The log {log.name!r} cannot be split by time: not every event has one; split it "
            "at random or drop the events without time."
        )
    times = log.events["time"].to_physical().to_numpy()
    ordered = np.sort(times)
    n_validation, n_test = held_out_sizes(len(log), validation, test)
    test_start = ordered[len(log) - n_test]
    validation_start = ordered[len(log) - n_test - n_validation]
    sides = np.zeros(len(log), np.uint8)
    sides[times >= validation_start] = VALIDATION
    sides[times >= test_start] = TEST
    moments = np.array([test_start, validation_start], "datetime64[us]").astype("datetime64[s]")
    before = f", validation from {moment(moments[1])}" if (sides == VALIDATION).any() else ""
    return Split(
        log=log,
        sides=sides,
        kind="time",
        sentence=f"By time: test events are the latest {np.mean(sides == TEST):.0%}, from "
        f"{moment(moments[0])}{before}.",
        ties="Events of one instant all fall on the later side.",
    )


def k_fold(
    log: Dataset, k: int = 5, *, validation: float = 0.0, seed: int = 0
) -> tuple[Split, ...]:
    """Split the events at random into k folds, each of which is the test part once.

    `validation` is the share of the remaining events that are held out for validation.

    Raises:
        ParameterError: k is below 2 or above the number of events.

    Example:
        >>> [fold.kind for fold in pn.k_fold(planted_pairs(), k=3)]
        ['fold', 'fold', 'fold']
    """
    require_log(log)
    if not 2 <= k <= len(log):
        raise ParameterError(f"k must be from 2 to the number of events, {len(log)}, not {k}.")
    check_shares(None, validation, 1 / k)
    rng = np.random.default_rng(seed)
    fold = np.empty(len(log), np.int64)
    fold[rng.permutation(len(log))] = np.arange(len(log)) % k
    draws = rng.random(len(log))
    splits = []
    for n in range(k):
        sides = np.where(fold == n, TEST, TRAIN).astype(np.uint8)
        sides[(sides == TRAIN) & (draws < validation)] = VALIDATION
        splits.append(
            Split(
                log=log,
                sides=sides,
                kind="fold",
                sentence=f"Fold {n + 1} of {k}, drawn at random by row (seed {seed}).",
                ties="Times play no part.",
                seed=seed,
            )
        )
    return tuple(splits)

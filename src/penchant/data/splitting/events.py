"""Splits that hold out events one by one: at random, by time, or of each user."""

from __future__ import annotations

from typing import Literal

import numpy as np

from penchant.data.dataset import Dataset
from penchant.data.required import require_log
from penchant.data.shares import (
    ROW_TIES,
    check_shares,
    held_out_sizes,
    moment,
    positions,
    share_words,
)
from penchant.data.splits import TEST, TRAIN, VALIDATION, Split
from penchant.errors import DataError, ParameterError


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


_BY_ROWS = " The log has no times and says no order: the last event is the last row."


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
        f"{fewest} events only train.{'' if log.has_order else _BY_ROWS}",
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
        ParameterError: k is below 2 or above the number of events, or the share is not from 0 to
            below 1.

    Example:
        >>> [fold.kind for fold in pn.k_fold(planted_pairs(), k=3)]
        ['fold', 'fold', 'fold']
    """
    require_log(log)
    if not 2 <= k <= len(log):
        raise ParameterError(f"k must be from 2 to the number of events, {len(log)}, not {k}.")
    if not 0 <= validation < 1:
        raise ParameterError(
            f"The share for validation, of the events outside of a fold, must be from 0 to below "
            f"1, not {validation:g}."
        )
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

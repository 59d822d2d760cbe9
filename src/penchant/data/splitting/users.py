"""Hold out users whole: strong generalisation."""

from __future__ import annotations

from typing import Literal

import numpy as np

from penchant.data.dataset import Dataset
from penchant.data.shares import ROW_TIES, check_shares, held_out_sizes, positions, share_words
from penchant.data.splits import GIVEN, TEST, VALIDATION, Split
from penchant.errors import DataError, ParameterError
from penchant.wording import counted


def split_users(
    log: Dataset,
    *,
    validation: float = 0.1,
    test: float = 0.1,
    given: float = 0.8,
    order: Literal["time", "random"] | None = None,
    seed: int = 0,
) -> Split:
    """Hold out users drawn at random, whole: no model learns from any of their events.

    A share of each such user's events is given as history when the model is asked, and the rest is
    to be predicted: the strong generalisation of Marlin (2004), as in Liang et al. 2018,
    "Variational Autoencoders for Collaborative Filtering". Models have to fold these users in.

    Args:
        log: the log.
        validation: share of the users by whom is stopped and chosen.
        test: share of the users who judge.
        given: share of their events that are history; rounded for each user, one at least (none
            where it is 0) and all but one at most. Users with too few events for that train.
        order: whether the earliest events are given, or random ones; the earliest ones by default,
            where the log has an order.
        seed: decides who is held out, and which events are given at random.

    Raises:
        ParameterError: the shares are impossible, or order="time" without times or sequences.
        DataError: there are too few events or users.

    Example:
        >>> split = pn.split_users(planted_pairs(n_users=100), validation=0.1, test=0.2)
        >>> len(split.test.histories)
        20
    """
    check_shares(log, validation, test)
    if not 0 <= given < 1:
        raise ParameterError(
            f"The share of given events must be from 0 to below 1, so that some are left to "
            f"predict, not {given:g}."
        )
    by_time = log.has_order if order is None else order == "time"
    if by_time and not log.has_order:
        raise ParameterError(
            f"order='time' needs a time on every event, which the log {log.name!r} has not: use "
            "order='random'."
        )
    fewest = 2 if given else 1
    able = np.flatnonzero(log.user_counts >= fewest)
    n_users = int((log.user_counts > 0).sum())
    n_validation, n_test = held_out_sizes(n_users, validation, test)
    if n_validation + n_test > min(len(able), n_users - 1):
        raise DataError(
            f"The log {log.name!r} has {counted(len(able), 'user')} with {fewest} events or more: "
            f"too few to hold out {n_validation + n_test} of {n_users:,}."
        )
    rng = np.random.default_rng(seed)
    drawn = rng.permutation(able)
    side_of_user = np.zeros(log.n_users, np.uint8)
    side_of_user[drawn[:n_test]] = TEST
    side_of_user[drawn[n_test : n_test + n_validation]] = VALIDATION
    sides = side_of_user[log.events["user"].to_numpy()]
    position, counts = positions(log, seed=None if by_time else seed)
    n_given = np.round(counts * given)
    if given:
        n_given = np.clip(n_given, 1, np.maximum(counts - 1, 1))
    sides[(sides > 0) & (position < n_given)] = GIVEN
    which = "the earliest" if by_time else "random"
    history = f"{which} {given:.0%} of their events" if given else "none of their events"
    return Split(
        log=log,
        sides=sides,
        kind="users",
        sentence=f"Users held out whole, {share_words(validation, test)}, drawn at random (seed "
        f"{seed}); {history} are given as history and the rest is predicted.",
        ties=ROW_TIES if by_time else "Times play no part.",
        seed=seed,
        by_time=by_time,
    )

"""Which arm of an experiment a user is in: the same one at every visit, by a hash."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import polars as pl

from penchant.data.vocabulary import Id
from penchant.errors import ParameterError

_TOLERANCE = 1e-6  # by which shares may miss the sum of 1


def arm_of(user: Id, experiment: str, shares: Mapping[str, float]) -> str:
    """The arm that a user is in, with nothing stored.

    Each arm draws an exponential time at the rate of its share, from SHA-256 of the experiment,
    the arm and the user's id, and the earliest has the user (rendezvous hashing with weights,
    Thaler and Ravishankar 1998). A user stays as long as nothing changes, wherever the call is
    made. Where one arm's share grows at the others' expense, in proportion, users move into that
    arm alone and no more of them than its share grows by; so they do where an arm is added, and
    with two arms always. For any other change no method that stores nothing moves fewer for one
    change without moving more for another (Moulton and Jiang, "Maximally Consistent Sampling and
    the Jaccard Index of Probability Distributions", 2018).

    Experiments of different names divide users independently of each other. The order of the arms
    does not matter, their names do; ids count as text, so that 42 and "42" are the same user.

    Args:
        user: an id.
        experiment: the experiment's name.
        shares: of each arm, 0 or more; together 1.

    Raises:
        ParameterError: the experiment or an arm has no name, shares are impossible, or the id is
            neither an integer nor text.

    Example:
        >>> pn.arm_of(42, "ease-or-popular", {"ease": 0.5, "popular": 0.5})
        'ease'
    """
    return _Race.of(experiment, shares).winner(user)


def arms_of(users: Iterable[Id], experiment: str, shares: Mapping[str, float]) -> pl.Series:
    """The arms that users are in; see `arm_of`.

    Args:
        users: ids, such as a column of a frame.
        experiment: the experiment's name.
        shares: of each arm, 0 or more; together 1.

    Returns:
        The series `arm` of texts, one for each user.

    Raises:
        ParameterError: as for `arm_of`.

    Example:
        >>> pn.arms_of([1, 2, 3], "ease-or-popular", {"ease": 0.5, "popular": 0.5}).to_list()
        ['popular', 'popular', 'ease']
    """
    winner = _Race.of(experiment, shares).winner
    return pl.Series("arm", [winner(user) for user in users], dtype=pl.String)


def checked_shares(shares: Mapping[str, float]) -> dict[str, float]:
    """The shares as numbers.

    Raises:
        ParameterError: there are none, an arm has no name, or a share is impossible.
    """
    try:
        numbers = {arm: float(share) for arm, share in shares.items()}
    except (TypeError, ValueError) as error:
        raise ParameterError(f"Shares of arms are numbers: {dict(shares)!r}.") from error
    if not numbers or not all(isinstance(arm, str) and arm for arm in numbers):
        raise ParameterError("An experiment has one arm or more, and each has a name of text.")
    if not all(math.isfinite(share) and share >= 0 for share in numbers.values()):
        raise ParameterError(f"The share of an arm is a number from 0 to 1: {numbers!r}.")
    total = math.fsum(numbers.values())
    if abs(total - 1) > _TOLERANCE:
        raise ParameterError(f"The shares of the arms sum to {total:g} and not to 1: {numbers!r}.")
    return numbers


class _Race:
    """The arms of one experiment, with what their hashes begin with."""

    def __init__(self, experiment: str, shares: Mapping[str, float]) -> None:
        if not isinstance(experiment, str) or not experiment:
            raise ParameterError("An experiment has a name of text, which decides who is where.")
        # Lengths keep apart what would be the same text when joined.
        self._arms = [
            (arm, share, hashlib.sha256(_prefixed(experiment) + _prefixed(arm)))
            for arm, share in sorted(checked_shares(shares).items())
            if share > 0
        ]

    @staticmethod
    def of(experiment: str, shares: Mapping[str, float]) -> _Race:
        """The race of an experiment, made once."""
        try:
            return _race(experiment, tuple(shares.items()))
        except TypeError:  # cannot be hashed, and so is no name or number
            return _Race(experiment, shares)

    def winner(self, user: Id) -> str:
        """The arm whose time comes first."""
        if isinstance(user, bool) or (not isinstance(user, str) and not hasattr(user, "__index__")):
            raise ParameterError(f"A user's id is an integer or text, and not {user!r}.")
        identity = str(user).encode("utf-8", "surrogatepass")
        best, earliest = "", math.inf
        for arm, share, prefix in self._arms:
            digest = prefix.copy()
            digest.update(identity)
            uniform = (int.from_bytes(digest.digest()[:8], "big") + 0.5) * 2.0**-64
            time = -math.log(uniform) / share
            if time < earliest or not best:
                best, earliest = arm, time
        return best


@lru_cache(maxsize=256)
def _race(experiment: str, shares: tuple[tuple[Any, Any], ...]) -> _Race:
    return _Race(experiment, dict(shares))


def _prefixed(text: str) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    return len(data).to_bytes(4, "big") + data

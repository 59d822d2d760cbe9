"""Lists with a little chance in them, and with the probability of what they show."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from penchant.errors import ParameterError
from penchant.typing import Float64


class SampledList(NamedTuple):
    """A list that was drawn, the top first; see `sample_list`.

    Attributes:
        places: of the items among the candidates, from 0.
        propensities: of each item to stand at its position.
        explored: whether chance put the item there; the ranking has another.
    """

    places: list[int]
    propensities: list[float]
    explored: list[bool]


def sample_list(
    n_candidates: int, k: int, *, epsilon: float, rng: np.random.Generator
) -> SampledList:
    """Draw a list of k from ranked candidates that is nearly, and not always, the top k.

    From the top down, each position swaps its item, with probability epsilon, with that of a place
    drawn among all candidates. Ranks alone decide, so that it works with the scores of any model.
    Every candidate stands at every position with a probability of about epsilon / n_candidates or
    more, also a good one far down, which is what estimates of other models need
    (`estimate_off_policy`); of drawing from the best left (Plackett and Luce) that is not so.

    Args:
        n_candidates: how many there are, ranked, best first. Give what may be shown and no more:
            where rules drop items after drawing, the propensities are no longer right.
        k: the length of the list; all candidates where there are fewer.
        epsilon: probability of a swap at each position, 0 to 1. Where it is 0 the list is the
            top k, with propensities of 1.
        rng: where chance comes from; one generator may serve all threads.

    Returns:
        Places among the candidates with exact propensities, each of the item at its position
        whatever stands at the others.

    Raises:
        ParameterError: an argument is impossible.

    Example:
        >>> import numpy as np
        >>> pn.sample_list(20, 5, epsilon=0.1, rng=np.random.default_rng(0)).places
        [0, 1, 8, 3, 4]
    """
    k = min(k, n_candidates)
    table = _propensity_table(n_candidates, k, epsilon)
    places = list(range(k))
    partners: dict[int, int] = {}  # what swaps brought to places below the list
    for position, uniform in enumerate(rng.random(k).tolist()):
        if uniform >= epsilon:
            continue
        # The same number says which place: below epsilon it is uniform, too.
        partner = min(int(uniform / epsilon * n_candidates), n_candidates - 1)
        own = places[position]
        if partner < k:
            places[position], places[partner] = places[partner], own
        else:
            places[position], partners[partner] = partners.get(partner, partner), own
    propensities = [table[min(place, k)][position] for position, place in enumerate(places)]
    explored = [place != position for position, place in enumerate(places)]
    return SampledList(places, propensities, explored)


def list_propensities(n_candidates: int, k: int, epsilon: float) -> Float64:
    """The probability that each candidate stands at each position of a list of `sample_list`.

    Returns:
        float64[n_candidates, min(k, n_candidates)]; each column sums to 1.

    Raises:
        ParameterError: an argument is impossible.
    """
    k = min(k, n_candidates)
    table = _propensity_table(n_candidates, k, epsilon)
    return np.array(table).reshape(len(table), k)[np.minimum(np.arange(n_candidates), k)]


@lru_cache(maxsize=256)
def _propensity_table(n_candidates: int, k: int, epsilon: float) -> list[list[float]]:
    """The propensities at k positions of each of the top k, and of any candidate below them.

    The place of one candidate is a Markov chain over the steps from position to position, in which
    the places below the list are one state.
    """
    if k < 0:
        raise ParameterError("Numbers of candidates and of positions are 0 or more.")
    if not (isinstance(epsilon, int | float) and 0 <= epsilon <= 1):
        raise ParameterError(f"epsilon is a probability from 0 to 1, and not {epsilon!r}.")
    state = np.eye(k + 1)  # candidate by place; the last ones are all of those below the list
    move = epsilon / max(n_candidates, 1)  # of one place to any other
    for position in range(k):
        leaving = state[:, position].copy()
        state *= 1 - move
        # Of the places below the list, only the one that is swapped is left.
        state[:, :k] += move * leaving[:, np.newaxis]
        state[:, k] += move * (n_candidates - k) * leaving
        state[:, position] = (1 - epsilon) * leaving + move
    rows: list[list[float]] = state[:, :k].tolist()
    return rows

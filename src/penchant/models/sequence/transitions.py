"""Counts of which item follows which, and the places of events from the end of a history."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, cast

import numpy as np
from scipy import sparse

from penchant.data.baskets import of_last_basket
from penchant.data.histories import Histories
from penchant.models.base import Signal
from penchant.models.fitted_attributes import Declarations, sparse_matrix
from penchant.models.shared.basket_events import weighted_items
from penchant.models.shared.sparse_item_weights import SparseItemWeights
from penchant.models.shared.updatable import Refitting
from penchant.typing import Csr, Float32


class TransitionModel(SparseItemWeights, Refitting):
    """A model whose score of an item is the sum of what the history's last events lead to.

    `update` takes further events in: the model is then what a new fit to all events is.
    """

    signal: ClassVar[Signal] = "order"
    fitted_attributes: ClassVar[Declarations] = {"weights_": sparse_matrix("items", "items", low=0)}

    @abstractmethod
    def _event_weights(self, users: Histories) -> Float32:
        """float32[n_events], what each event of the histories counts, 0 or above."""

    def _inputs(self, users: Histories) -> Csr:
        return weighted_items(users, self._event_weights(users))


def last_event_weights(users: Histories, window: int, decay: float) -> Float32:
    """float32[n_events], `decay` to the power of how many of the user's positive events came after.

    It is 0 for what is not positive, not among the last `window`, or not of the session that the
    history ends in.
    """
    some = users.positives
    place = np.repeat(some.offsets[1:], some.lengths) - 1 - np.arange(some.n_events)
    counts = place < window
    if some.in_sessions and some.baskets is not None:
        counts &= of_last_basket(some.baskets, some.offsets)
    weights = np.zeros(users.n_events, np.float32)
    weights[users.is_positive] = np.where(counts, np.power(decay, place), 0)
    return weights


def transition_counts(users: Histories, window: int, decay: float) -> Csr:
    """csr[n_items, n_items], how often the item of a column followed that of a row.

    Where the log has sessions, what is in another one does not follow.

    Args:
        users: whose positive events count, each as often as its weight says, in parts of the mean
            weight of all events.
        window: how many events after an item still follow it.
        decay: what a following event counts beside the one before it.
    """
    users = users.positives
    n = users.n_items
    weights = np.ones(users.n_events, np.float32)
    if users.weights is not None and users.n_events:
        weights = users.weights / users.weights.mean(dtype=np.float64).astype(np.float32)
    counts = cast(Csr, sparse.csr_array((n, n), dtype=np.float32))
    for apart in range(1, min(window, int(users.lengths.max(initial=1)) - 1) + 1):
        together = users.rows[apart:] == users.rows[:-apart]
        if users.in_sessions and users.baskets is not None:
            together &= users.baskets[apart:] == users.baskets[:-apart]
        same = np.flatnonzero(together)
        further = sparse.coo_array(
            (
                weights[same + apart] * np.float32(decay ** (apart - 1)),
                (users.items[same], users.items[same + apart]),
            ),
            shape=(n, n),
        )
        counts = (counts + further.tocsr()).tocsr()
    return counts


def divided_rows(counts: Csr, exponent: float) -> Csr:
    """Csr of the same shape, each row divided by a power of its sum."""
    totals = np.asarray(counts.sum(axis=1), np.float64).ravel()
    factors = np.power(totals, -exponent, where=totals > 0, out=np.ones_like(totals))
    divided = counts.copy()
    divided.data = divided.data * np.repeat(factors, np.diff(counts.indptr)).astype(np.float32)
    return divided

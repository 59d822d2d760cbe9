"""What else was in the training sessions that are most like the end of a history."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field
from scipy import sparse

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.data.left_out import without
from penchant.data.sorting import ranges
from penchant.models.base import Signal
from penchant.models.derived import derived_from
from penchant.models.fitted_attributes import Declarations, integers, sparse_matrix
from penchant.models.parameters import Space
from penchant.models.sequence.sessions import (
    Common,
    Ends,
    Postings,
    in_common,
    in_common_alike,
    last_items,
    postings_of,
    sessions_of,
)
from penchant.models.shared.one_user import require_one_user
from penchant.models.shared.sparse_rows import blocks_of_work, largest_of_rows
from penchant.models.shared.updatable import Refitting
from penchant.run import Run
from penchant.typing import AnyFloat, Csr, Float32, Int32, Int64

_DAY = 86_400e6  # microseconds
_PAIRS = 2**20  # pairs of a history's item and a session at once


class SessionKNN(Refitting):
    """Scores an item by the training sessions with it that are most like the end of a history.

    Where the log has no sessions, each user's history is one. They are compared with the last
    positive events of the session that a history ends in. Nobody's own sessions count. The
    similarity is the sum of the weights of the items in common, divided by a power of the session's
    number of items.

    Attributes:
        neighbours: the most similar sessions that count.
        recent_sessions: the latest sessions of each item, among which they are looked for.
        max_length: how many of a session's last events are compared.
        length_exponent: power of a session's number of items by which its similarity is divided.
        idf: whether an item in common counts log(1 + sessions / sessions with the item) as much, so
            that what everybody has says little.
        half_life: days for which a session counts half; None for no decay. It needs times.
    """

    neighbours: Annotated[int, Field(gt=0), Space(50, 1500, log=True)] = 500
    recent_sessions: Annotated[int, Field(gt=0), Space(100, 10_000, log=True)] = 2000
    max_length: Annotated[int, Field(gt=0), Space(5, 100, log=True)] = 50
    length_exponent: Annotated[float, Field(ge=0, le=1), Space(0, 1)] = 0.25
    idf: bool = True
    half_life: Annotated[float, Field(gt=0), Space(1, 365, log=True)] | None = None

    signal: ClassVar[Signal] = "order"
    event_bytes: ClassVar[float] = 40.0
    fitted_attributes: ClassVar[Declarations] = {
        "sessions_": sparse_matrix("n_sessions", "items", low=1),
        "session_users_": integers("n_sessions", dtype="int32", below="users"),
        "session_ends_": integers("n_sessions", low=None, optional=True),
    }
    bookkeeping: ClassVar[frozenset[str]] = frozenset({"session_users_", "session_ends_"})

    if TYPE_CHECKING:
        sessions_: Csr

    @abstractmethod
    def _place_weights(self, ends: Ends) -> AnyFloat:
        """float[n], what an item in common counts by its place in the history."""

    @abstractmethod
    def _item_weights(self, near: Common, distances: Float32, which: Int64) -> AnyFloat:
        """float[n], what the items of neighbours count.

        Args:
            near: the neighbours.
            distances: float32[n], from each item of each to the latest item in common.
            which: int64[n], the neighbour.
        """

    @property
    def no_evidence_score(self) -> float | None:
        """0, the score of items that are in no similar session."""
        return 0.0

    @property
    def needs_times(self) -> bool:
        """Whether a half-life is given."""
        return self.half_life is not None

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        sessions = sessions_of(train.histories)
        self.sessions_, self.session_users_ = sessions.places, sessions.users
        if sessions.ends is not None:
            self.session_ends_: Int64 = sessions.ends

    @derived_from("sessions_")
    def _postings(self) -> Postings:
        return postings_of(self.sessions_, self.recent_sessions)

    @derived_from("sessions_", "session_ends_")
    def _session_weights(self) -> Float32:
        """float32[n_sessions], by which similarities are multiplied."""
        sizes = np.maximum(np.diff(self.sessions_.indptr), 1).astype(np.float64)
        weights = sizes**-self.length_exponent
        if self.half_life is not None and hasattr(self, "session_ends_") and len(sizes):
            ages = (self.session_ends_[0] - self.session_ends_) / (_DAY * self.half_life)
            weights *= np.exp2(-ages)
        return weights.astype(np.float32)

    @derived_from("sessions_")
    def _rarity(self) -> Float32:
        """float32[n_items], what each item in common counts."""
        if not self.idf:
            return np.ones(len(self._postings.n_sessions), np.float32)
        share = self.sessions_.shape[0] / np.maximum(self._postings.n_sessions, 1)
        return np.log1p(share).astype(np.float32)

    def _end_weights(self, ends: Ends) -> Float32:
        weights: Float32 = self._rarity[ends.items] * self._place_weights(ends).astype(np.float32)
        return weights

    def _scores(self, users: Histories) -> Float32:
        ends = last_items(users, self.max_length)
        weights = self._end_weights(ends)
        found = np.diff(self._postings.offsets)[ends.items]
        scores = np.zeros((len(users), users.n_items), np.float32)
        for start, stop in blocks_of_work(np.bincount(ends.rows, found, len(users)), _PAIRS):
            part = slice(*np.searchsorted(ends.rows, [start, stop]))
            some = Ends(
                ends.rows[part] - start, ends.items[part], ends.places[part], ends.lengths[part]
            )
            common = in_common(some, weights[part], self._postings, self.sessions_.shape[0])
            near = self._nearest(common, users.users[start:stop])
            scores[start:stop] = self._of_neighbours(near, stop - start, self.sessions_)
        return scores

    def removal_effects(self, user: Histories, items: Int32) -> Float32:
        """float32[n_items, n_events], how scores fall without each event that is compared.

        Raises:
            ParameterError: the histories are of more than one user.
        """
        require_one_user(user)
        effects = np.zeros((len(items), user.n_events), np.float32)
        compared = last_items(user, self.max_length).items
        if not len(compared):
            return effects
        batch = without(user, [compared[:0], *(compared[n : n + 1] for n in range(len(compared)))])
        ends, some = last_items(batch, self.max_length), user.positives
        by_time = some.items[some.is_latest]
        common = in_common_alike(ends, self._end_weights(ends), self._postings, by_time)
        near = self._nearest(common, batch.users)
        sessions, place = np.unique(near.sessions, return_inverse=True)
        asked: Csr = self.sessions_[sessions][:, items]
        scores = self._of_neighbours(replace(near, sessions=place), len(batch), asked)
        # Of the events of an item the last has it all.
        event_of = np.full(user.n_items, -1)
        event_of[user.items[user.is_latest]] = np.flatnonzero(user.is_latest)
        effects[:, event_of[compared]] = (scores[0] - scores[1:]).T
        return effects

    def _nearest(self, common: Common, users: Int32) -> Common:
        """The most similar of the sessions in common with each row, whose index is in `users`."""
        similarity = common.weights * self._session_weights[common.sessions]
        similarity[users[common.rows] == self.session_users_[common.sessions]] = 0
        offsets = np.searchsorted(common.rows, np.arange(len(users) + 1))
        keep = largest_of_rows(offsets, similarity, self.neighbours)
        return replace(common, weights=similarity).of(keep)

    def _of_neighbours(self, near: Common, n_rows: int, sessions: Csr) -> Float32:
        """float32[n_rows, n_items], the sum of what neighbours say.

        Args:
            near: the neighbours, among these sessions.
            n_rows: how many rows they are the neighbours of.
            sessions: csr[n_sessions, n_items], the places of all items, or of some.
        """
        starts = sessions.indptr[near.sessions].astype(np.int64)
        counts = sessions.indptr[near.sessions + 1] - starts
        index, which = ranges(starts, counts), np.repeat(np.arange(len(starts)), counts)
        distances = sessions.data[index] - near.their_places[which]
        values = near.weights[which] * self._item_weights(near, distances, which)
        summed = sparse.coo_array(
            (values.astype(np.float32), (near.rows[which], sessions.indices[index])),
            shape=(n_rows, sessions.shape[1]),
        )
        return np.asarray(summed.toarray(), np.float32)


class VSKNN(SessionKNN):
    """Neighbouring sessions by items in common that weigh more the later they come (V-SKNN).

    Of n events of the history that are compared, the a-th last, from 0, counts 1 - a / n. An item
    of a similar session counts as much as its similarity, times that weight of the latest item in
    common. Ludewig and Jannach, "Evaluation of Session-based Recommendation Algorithms" (2018),
    section 3.3.

    `update` takes further events in: the model is then what a new fit to all events is.
    """

    def _place_weights(self, ends: Ends) -> AnyFloat:
        return 1 - ends.places / ends.lengths

    def _item_weights(self, near: Common, distances: Float32, which: Int64) -> AnyFloat:
        return (1 - near.places / near.lengths)[which]


class STAN(SessionKNN):
    """Neighbouring sessions with three decays: of places, of days and of distances in them (STAN).

    The a-th last event of the history counts `event_decay` to the power of a. A session counts half
    for each `half_life` days that it is older, where that is given. An item of a similar session
    counts as much as its similarity, times `distance_decay` to the power of how many events it
    stands from the latest item in common. Garg et al., "Sequence and Time Aware Neighborhood for
    Session-based Recommendations" (2019), eq. 2 to 5, with exp(-1 / lambda) for the decays.

    `update` takes further events in: the model is then what a new fit to all events is.

    Attributes:
        event_decay: what an event of the history counts beside the one next to it.
        distance_decay: what an item of a similar session counts beside the one next to it, further
            from the latest item in common.
    """

    event_decay: Annotated[float, Field(gt=0, le=1), Space(0.3, 1)] = 0.75
    distance_decay: Annotated[float, Field(gt=0, le=1), Space(0.2, 1)] = 0.5

    def _place_weights(self, ends: Ends) -> AnyFloat:
        return np.power(self.event_decay, ends.places)

    def _item_weights(self, near: Common, distances: Float32, which: Int64) -> AnyFloat:
        return np.power(np.float32(self.distance_decay), np.abs(distances))

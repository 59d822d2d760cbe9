"""Which users are most like a user."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl

from penchant.data.histories import Histories
from penchant.data.vocabulary import Id
from penchant.models.base import Recommender
from penchant.models.empty_lists import EmptyList, report_empty_lists, user_of
from penchant.models.protocols import ComparesUsers, UserVectors
from penchant.run import Run
from penchant.topk import blocks, top_k
from penchant.typing import Bool, Csr, Float32

_Compare = Callable[[Histories], Float32]
"""float32[n, n_training_users], how alike n users and all users of the training log are."""


def similar_users(
    model: Recommender,
    users: Sequence[Id] | pl.Series | Histories | None = None,
    k: int = 10,
    *,
    run: Run | None = None,
) -> pl.DataFrame:
    """The k users of the training log who are most like each of these.

    A model that compares users by itself (`user-knn`) is asked; one that has a vector for each
    user, such as `ials`, compares these by cosine. For any other one it is the cosine of
    histories, in which an item of n of N users weighs 1 + ln((1 + N) / (1 + n)), so that what
    everybody has says little. `basis` says which it is.

    Args:
        model: a fitted model.
        users: ids of known users, or histories (see `Recommender.history`), or None for all
            known users. Known users are compared by their training histories.
        k: users for each; fewer where not as many have a similarity above 0.
        run: threads and progress.

    Returns:
        A frame with `user` (or `history`, the position, where histories were given), `similar`
        (the other user, never the same), `rank` from 1 and `similarity`. Users whom nobody is
        like have no row; a warning names them and says why.

    Raises:
        NotFittedError: the model has not been fitted.
        UnknownIdError: a user is not known to the model.
        ParameterError: k is below 1, ids are not given as a list, or histories are of other items.

    Example:
        >>> model = make("user-knn").fit(planted_pairs())
        >>> pn.similar_users(model, [1], k=2).columns
        ['user', 'similar', 'rank', 'similarity']
    """
    histories = users if isinstance(users, Histories) else model.histories_of(users)
    model.require_own_items(histories)
    compare = _comparison(model)
    known = model.histories_
    can_be_similar = _can_be_compared(model, known)

    def scores(block: Histories) -> Float32:
        # `block.users` are positions of queries.
        some = histories.take(block.users)
        alike = np.where(can_be_similar, compare(some), np.float32(0))
        alike[~_can_be_compared(model, some)] = 0
        alike[alike <= 0] = -np.inf
        return alike

    lists, values = top_k(scores, _with_own_index(histories, len(known)), k, run=run)
    empty = np.flatnonzero((lists < 0).all(axis=1)).tolist()
    report_empty_lists(lists_like_nobody(model, histories, empty), len(histories))
    rows, ranks = np.nonzero(lists >= 0)
    if isinstance(users, Histories):
        first = pl.Series("history", rows)
    else:
        first = model.users_.take(histories.users[rows]).alias("user")
    return pl.DataFrame(
        [
            first,
            model.users_.take(known.users[lists[rows, ranks]]).alias("similar"),
            pl.Series("rank", (ranks + 1).astype(np.int32)),
            pl.Series("similarity", values[rows, ranks]),
        ]
    )


def basis(model: Recommender) -> str:
    """What users are compared by, in words."""
    if isinstance(model, ComparesUsers):
        return "the model's own similarity of users"
    if isinstance(model, UserVectors):
        return "the cosine of the model's vectors of users"
    return "the cosine of histories, in which items that few users have weigh more"


def _with_own_index(users: Histories, n_known: int) -> Histories:
    """Queries among users in place of items, as `top_k` takes them.

    The users of this batch are positions of queries, and what each has had is its own index among
    the known users, so that nobody is found to be like themselves.
    """
    known = users.users >= 0
    return Histories(
        users=np.arange(len(users), dtype=np.int32),
        offsets=np.concatenate([[0], np.cumsum(known)]).astype(np.int64),
        items=users.users[known],
        ratings=None,
        times=None,
        n_items=n_known,
    )


def _can_be_compared(model: Recommender, users: Histories) -> Bool:
    """bool[n_users], of whom there is something to compare."""
    if isinstance(model, UserVectors) and not isinstance(model, ComparesUsers):
        return model.has_evidence(users)
    return np.bincount(users.rows[users.is_positive], minlength=len(users)) > 0


def _comparison(model: Recommender) -> _Compare:
    """What compares users with all known ones."""
    if isinstance(model, ComparesUsers):
        return model.user_similarities
    if isinstance(model, UserVectors):
        return _by_vectors(model, model.histories_)
    return _by_histories(model.histories_)


def _by_vectors(model: UserVectors, known: Histories) -> _Compare:
    """The cosine of the model's vectors."""

    def unit_vectors(users: Histories) -> Float32:
        vectors = model.user_vectors(users)
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: Float32 = np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)
        return unit

    spans = blocks(len(known), known.n_items)
    of_known = np.concatenate([unit_vectors(known.block(*span)) for span in spans])
    return lambda users: unit_vectors(users) @ of_known.T


def _by_histories(known: Histories) -> _Compare:
    """The cosine of histories whose items are weighted by rarity."""
    n_users = int((known.lengths > 0).sum())
    weights = (1 + np.log((1 + n_users) / (1 + known.user_counts))).astype(np.float32)

    def unit_rows(users: Histories) -> Csr:
        rows = users.matrix()
        rows.data *= weights[rows.indices]
        length = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
        rows.data /= np.repeat(length, np.diff(rows.indptr))
        return rows

    by_item = unit_rows(known).T.tocsr()
    return lambda users: np.asarray((unit_rows(users) @ by_item).toarray(), np.float32)


def lists_like_nobody(
    model: Recommender, users: Histories, positions: Sequence[int]
) -> list[EmptyList]:
    """Why nobody is like users at some positions of those who were compared."""
    can_be_compared = _can_be_compared(model, users)
    return [
        EmptyList(
            position,
            user_of(model.users_, users, position),
            "no other user is like them"
            if can_be_compared[position]
            else "there is no history that can be compared",
        )
        for position in positions
    ]

"""The items at the top of base models' lists, and what the models say of pairs of user and item."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from penchant.data.histories import Histories
from penchant.models.base import Recommender
from penchant.topk import blocks
from penchant.typing import AnyInt, Bool, Float32, Int32, Int64

OF_EACH = ("score", "part of the best score", "rank")
"""What each base model says of a pair."""

_CELLS = 2**21  # of scores of one model at once
_LEVELS = 2.0**16  # between 0 and the largest score of a user


@dataclass(frozen=True, eq=False)
class BaseScores:
    """What base models say of all items to some users.

    Attributes:
        scores: for each model float32[n_users, n_items], NaN where it never recommends an item or
            knows nothing of a user.
        best: for each model int64[n_users, k], the items of highest score that the user has not
            had, best first.
    """

    scores: tuple[Float32, ...]
    best: tuple[Int64, ...]

    @classmethod
    def of(cls, base_models: Sequence[Recommender], users: Histories, k: int) -> BaseScores:
        """Ask the models; the lists have at most k items."""
        scores, best = [], []
        for model in base_models:
            found = np.array(model.scores(users), np.float32, order="C")
            found[~np.isfinite(found)] = np.nan
            found[~model.has_evidence(users)] = np.nan
            scores.append(found)
            best.append(_best(found, users, min(k, users.n_items), model.fallback.order))
        return cls(tuple(scores), tuple(best))

    def candidates(self) -> tuple[Int64, Int64]:
        """Positions of users and indices of items, of all pairs that stand in any list."""
        n_users, n_items = self.scores[0].shape
        there = np.zeros((n_users, n_items + 1), np.bool_)  # the last column for -1
        for items in self.best:
            np.put_along_axis(there, items, True, axis=1)
        rows, items = np.nonzero(there[:, :-1])
        return rows, items

    def inputs(self, rows: AnyInt, items: AnyInt) -> Float32:
        """float32[n, 3 * n_models], see `OF_EACH`; NaN for items of -1.

        Ranks are logarithms of places from 1. What is in no list has the place after the last.
        """
        columns = []
        known = items >= 0
        for scores, best in zip(self.scores, self.best, strict=True):
            values = np.where(known, scores[rows, items], np.float32(np.nan))
            first = np.take_along_axis(scores, np.maximum(best[:, :1], 0), axis=1)[:, 0]
            highest = np.where(first > 0, first, np.float32(np.nan))
            places = np.full((len(scores), scores.shape[1] + 1), best.shape[1], np.int32)
            np.put_along_axis(places, best, np.arange(best.shape[1], dtype=np.int32)[None], axis=1)
            places[:, -1] = best.shape[1]
            ranks = np.log1p(places[rows, items].astype(np.float32))
            columns += [values, values / highest[rows], ranks]
        return np.stack(columns, axis=1).astype(np.float32)


def drawn(rows: AnyInt, truth: Bool, negatives: int, rng: np.random.Generator) -> Bool:
    """bool[n], the candidates to learn from: what comes next, and some others of the same users.

    Args:
        rows: int[n], the user of each candidate.
        truth: bool[n], which of them come next.
        negatives: how many others for each of these, or as many as there are.
        rng: decides which.
    """
    size = int(rows.max(initial=-1)) + 1
    order = np.lexsort((rng.random(len(rows)), truth, rows))
    counts = np.bincount(rows, minlength=size)
    # The place of each candidate among the user's, the others first and in a random order.
    place = np.empty(len(rows), np.int64)
    place[order] = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    wanted = negatives * np.bincount(rows[truth], minlength=size)
    return np.asarray(truth | (place < wanted[rows]))


def parts(users: Histories) -> Iterator[tuple[int, int]]:
    """Start and stop of users whose scores by one model take bounded memory."""
    return blocks(len(users), users.n_items, _CELLS)


def _best(scores: Float32, users: Histories, k: int, order: Int32 | None) -> Int64:
    """int64[n_users, k], the unseen items of highest score, -1 where there are fewer.

    Scores that differ by rounding alone, which depends on who else is asked, count as equal, and
    of equal ones the more popular item comes first.
    """
    assert order is not None
    size = np.nan_to_num(np.abs(scores)).max(axis=1, keepdims=True, initial=0)
    levels = np.rint(scores * (_LEVELS / np.where(size > 0, size, 1)))
    never = np.isnan(levels)
    keys = np.where(never, 0, levels).astype(np.int64) * len(order) - order
    lowest = np.iinfo(np.int64).min
    keys[never] = lowest
    keys.reshape(-1)[users.pairs] = lowest
    top = torch.topk(torch.from_numpy(keys), k)
    return np.where(top.values.numpy() == lowest, -1, top.indices.numpy())

"""The loss on validation events by which models of pairs choose their epoch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.metrics import NDCG, Ranked
from penchant.topk import top_k
from penchant.typing import Float32

_ENOUGH_USERS = 5_000  # to tell one epoch from another


def ndcg_loss(scores: Callable[[Histories], Float32], holdout: Holdout) -> float:
    """1 - nDCG@100 of the held-out items among all that lists may hold."""
    holdout = holdout.positives
    judging = holdout.judging
    if len(judging):  # otherwise the loss is 1, whatever the scores
        holdout = judging
    lists, _ = top_k(scores, holdout.histories, 100, repeats=holdout.repeats)
    return 1 - float(np.nanmean(NDCG(100)(Ranked.of(lists, holdout.offsets, holdout.items))))


def some_users(holdout: Holdout, seed: int) -> Holdout:
    """A holdout of 5,000 users drawn at random, or of all where there are no more."""
    if holdout.n_users <= _ENOUGH_USERS:
        return holdout
    drawn = np.zeros(holdout.n_users, np.bool_)
    rng = np.random.default_rng(seed)
    drawn[rng.choice(holdout.n_users, _ENOUGH_USERS, replace=False)] = True
    return holdout.subset(drawn[holdout.rows.history])

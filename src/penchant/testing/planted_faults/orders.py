"""Faults of sequences: models that are blind to the order, judged on logs that have one."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from penchant.auditing.material import Material
from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.data.splitting import split_leave_last_out
from penchant.evaluation.order_control import order_loss
from penchant.evaluation.ranking import catalogue_of, rank
from penchant.metrics import NDCG, Bootstrap, Metric
from penchant.models.base import Recommender, Signal
from penchant.results.tables import Entry, MetricValue, Table
from penchant.run import Run
from penchant.testing.logs import planted_sequences
from penchant.typing import Float32


class HalfBlind(Recommender):
    """Counts of what follows the last item, mixed with counts of what is in the same histories.

    Attributes:
        blindness: the weight of the latter, which know nothing of the order.
    """

    signal: ClassVar[Signal] = "order"

    blindness: Annotated[float, Field(ge=0, le=1)] = 0.0

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        histories = train.histories
        follows = np.zeros((train.n_items, train.n_items), np.float32)
        same = histories.rows[1:] == histories.rows[:-1]
        np.add.at(follows, (histories.items[:-1][same], histories.items[1:][same]), 1)
        x = histories.matrix().toarray()
        self.follows_, self.together_ = follows, x.T @ x / max(1, x.sum(axis=1).max())

    def _scores(self, users: Histories) -> Float32:
        blind = users.matrix() @ self.together_
        last = np.zeros((len(users), users.n_items), np.float32)
        known = users.lengths > 0
        last[known] = self.follows_[users.items[users.offsets[1:][known] - 1]]
        scores: Float32 = self.blindness * blind + (1 - self.blindness) * last
        return scores.astype(np.float32)


def blind_to_order(strength: float, seed: int) -> Material:
    """A model of order reads what is in a history and not when, below strength 1 partly so."""
    split = split_leave_last_out(planted_sequences(seed=seed), validation=False)
    model = HalfBlind(blindness=strength).fit(split.train)
    metrics: list[Metric] = [NDCG(10)]
    catalogue, run = catalogue_of(split.train), Run()
    values = rank(model, split.test, metrics, catalogue, run)
    draws = Bootstrap(replicates=500, seed=seed)
    loss = order_loss(model, values, split.test, metrics, catalogue, draws, run)
    value = values.mean("ndcg@10")
    gain = MetricValue(value, gain=0.05, gain_low=0.03, gain_high=0.07, verdict="beats")
    entries = (
        Entry("half-blind", trivial=False, metrics={"ndcg@10": gain}, order_loss=loss),
        Entry("item-knn", trivial=False, metrics={"ndcg@10": gain}),
        Entry("popular", trivial=True, metrics={"ndcg@10": MetricValue(value - 0.05)}),
    )
    users = split.test.n_users
    return Material(tables=(Table("ranking", ("ndcg@10",), entries, users=users, rows=users),))

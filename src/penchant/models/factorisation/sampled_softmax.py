"""Matrix factorisation by a softmax over the items, of which some are drawn."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
import torch
from pydantic import Field

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.models.base import Recommender, Signal
from penchant.models.fitted_attributes import TRAINING, Declarations, booleans, floats
from penchant.models.parameters import Space
from penchant.models.shared.validation import ndcg_loss
from penchant.nn.loop import Curve, Schedule
from penchant.nn.loop import train as train_network
from penchant.nn.sampled_softmax import Candidates, SoftmaxFactors, fit_softmax_rows, softmax_step
from penchant.run import Run
from penchant.topk import CACHED_CELLS
from penchant.typing import Bool, Float32

_FOLD_IN_CANDIDATES = 5_000  # items over which new users' softmax is, drawn where there are more


class SampledSoftmax(Recommender):
    """Vectors of users and items whose products foretell the item of each event.

    The chance of an item is the softmax of u . v + b over all items; its sum is estimated by
    `negatives` items that are drawn for each batch with a chance of their number of events to
    the power `alpha`, each divided by how often it is expected to be drawn: Bengio and Senécal,
    "Adaptive Importance Sampling to Accelerate Training of a Neural Probabilistic Language
    Model" (2008); Wu et al., "On the Effectiveness of Sampled Softmax Loss for Item
    Recommendation" (2022). Where there are no more items than that, it is exact. An event counts
    by its weight, by AdaGrad on batches. A new user gets the vector that makes the history most
    likely, with the items' vectors as they are.

    With a validation holdout the epoch of the best nDCG@100 is kept.

    Attributes:
        dim: length of the vectors.
        l2: weight of the squares of the vectors of an event's user and item.
        negatives: items that are drawn for a batch.
        alpha: power of the number of events by which they are drawn; 0 draws all alike.
        learning_rate: of AdaGrad.
        batch_size: events in a batch.
        epochs: the most passes over the events.
        patience: epochs without a better validation nDCG@100 before stopping.
    """

    dim: Annotated[int, Field(gt=0), Space(16, 256, log=True)] = 64
    l2: Annotated[float, Field(ge=0), Space(1e-4, 1, log=True)] = 0.05
    negatives: Annotated[int, Field(gt=0), Space(64, 4096, log=True)] = 512
    alpha: Annotated[float, Field(ge=0), Space(0, 1)] = 0.5
    learning_rate: Annotated[float, Field(gt=0), Space(1e-2, 1, log=True)] = 0.1
    batch_size: Annotated[int, Field(gt=0), Space(128, 8192, log=True)] = 1024
    epochs: Annotated[int, Field(gt=0)] = 30
    patience: Annotated[int | None, Field(gt=0)] = 4

    signal: ClassVar[Signal] = "pairs"
    bookkeeping: ClassVar[frozenset[str]] = frozenset({"trained_", "item_events_"})
    block_cells: ClassVar[int] = CACHED_CELLS
    fitted_attributes: ClassVar[Declarations] = {
        **TRAINING,
        "user_vectors_": floats("users", "dim"),
        "item_vectors_": floats("items", "dim"),
        "item_bias_": floats("items"),
        "trained_": booleans("users"),
        "item_events_": floats("items", low=0),
    }

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        histories = train.histories
        weights = histories.event_weights
        some = np.flatnonzero(weights > 0)
        rows, items = histories.rows[some], histories.items[some]
        self.trained_: Bool = np.bincount(rows, minlength=train.n_users) > 0
        self.item_events_ = np.bincount(items, minlength=train.n_items).astype(np.float32)
        generator = torch.Generator().manual_seed(self.seed)
        network = SoftmaxFactors(train.n_users, train.n_items, self.dim, generator)
        # Nothing teaches these rows, and nothing of chance is to stay in them.
        for table, taught in (
            (network.users, self.trained_),
            (network.items, self.item_events_ > 0),
        ):
            table[torch.from_numpy(~taught)] = 0
        self.curve_: Curve = []
        self.best_epoch_ = 1
        if not len(some):
            self._keep(network)
            return
        candidates = self._candidates(self.negatives, generator)
        self.curve_, self.best_epoch_ = train_network(
            network,
            softmax_step(network, candidates, learning_rate=self.learning_rate, l2=self.l2),
            (
                torch.from_numpy(rows.astype(np.int64)),
                torch.from_numpy(items.astype(np.int64)),
                torch.from_numpy(weights[some]),
            ),
            Schedule.of(self),
            generator=generator,
            validate=(lambda: self._validation_loss(network, validation)) if validation else None,
            run=run,
            name=type(self).__name__,
        )
        self._keep(network)

    def _keep(self, network: SoftmaxFactors) -> None:
        self.user_vectors_: Float32 = network.users.numpy().copy()
        self.item_vectors_: Float32 = network.items[:, : self.dim].numpy().copy()
        self.item_bias_: Float32 = network.items[:, self.dim].numpy().copy()

    def _candidates(self, n: int, generator: torch.Generator) -> Candidates:
        return Candidates(torch.from_numpy(self.item_events_), self.alpha, n, generator)

    def _validation_loss(self, network: SoftmaxFactors, holdout: Holdout) -> float:
        users, items = network.users.numpy(), network.items.numpy()

        def scores(histories: Histories) -> Float32:
            known = histories.users >= 0
            p = np.where(known[:, None], users[histories.users], np.float32(0))
            return np.asarray(p @ items[:, : self.dim].T + items[:, self.dim])

        return ndcg_loss(scores, holdout)

    @property
    def uses_weights(self) -> bool:
        """True: they weigh the losses of events."""
        return True

    def user_vectors(self, users: Histories) -> Float32:
        """float32[n_users, dim]: as trained, or fitted to the history, or zeros without one."""
        trained: Bool = (users.users >= 0) & self.trained_[users.users]
        rows: Float32 = np.where(trained[:, None], self.user_vectors_[users.users], np.float32(0))
        new = np.flatnonzero(~trained & (users.lengths > 0))
        if len(new):
            generator = torch.Generator().manual_seed(self.seed)
            rows[new] = fit_softmax_rows(
                users.take(new).matrix("weight"),
                self.item_vectors_,
                self.item_bias_,
                self.l2,
                self._candidates(_FOLD_IN_CANDIDATES, generator),
            )
        return rows

    def item_vectors(self) -> Float32:
        """float32[n_items, dim]."""
        return self.item_vectors_

    def _scores(self, users: Histories) -> Float32:
        scores: Float32 = self.user_vectors(users) @ self.item_vectors_.T
        scores += self.item_bias_
        return scores

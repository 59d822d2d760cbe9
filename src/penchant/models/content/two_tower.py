"""Two towers, of users and of items, for lists from large catalogues with new items."""

from __future__ import annotations

from functools import partial
from typing import Annotated, ClassVar

import numpy as np
import torch
from pydantic import Field

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.models.base import Signal
from penchant.models.content.parts import ContentParts
from penchant.models.fitted_attributes import TRAINING, Declarations, floats, plain
from penchant.models.parameters import Space
from penchant.models.shared.validation import ndcg_loss
from penchant.nn.content.two_tower import TwoTowerNetwork, mean_vectors, softmax_step
from penchant.nn.loop import Schedule
from penchant.nn.loop import train as train_network
from penchant.nn.weights import weights_of, with_weights
from penchant.run import Run
from penchant.topk import CACHED_CELLS
from penchant.typing import Float32


class TwoTower(ContentParts):
    """A vector of a user's history and one of each item, whose product is the score.

    The item's tower is a hidden layer over its content (see `ContentParts`) plus a vector and a
    bias of its own; the user's tower takes the history's item vectors. Nothing is kept of any
    user, so that known and new users are answered alike. Some of a user's events foretell the
    others, each by its weight, by a softmax over all items with training events or, in large
    catalogues, over those of the batch, corrected for how likely they are there: Yi et al.,
    "Sampling-Bias-Corrected Neural Modeling for Large Corpus Item Recommendations" (2019).

    At each step a share of the items stands on content alone, as new items do later: Volkovs et
    al., "DropoutNet: Addressing Cold Start in Recommender Systems" (2017).

    With a validation holdout the epoch of the best nDCG@100 is kept.

    Attributes:
        dim: length of the vectors.
        hidden: units of the hidden layers.
        id_dropout: the share of items that are shown without their own vectors; without content
            it has no effect.
        dropout: the share of numbers of users' vectors that is dropped in training.
        l2: weight of the squares of items' own vectors.
        full_softmax_items: up to so many items the softmax is over all of them.
        learning_rate: of Adam.
        batch_size: users in a batch.
        epochs: the most passes over the users.
        patience: epochs without a better validation nDCG@100 before stopping.
    """

    dim: Annotated[int, Field(gt=0), Space(16, 256, log=True)] = 64
    hidden: Annotated[int, Field(gt=0), Space(32, 512, log=True)] = 128
    id_dropout: Annotated[float, Field(ge=0, lt=1), Space(0, 0.7)] = 0.3
    dropout: Annotated[float, Field(ge=0, lt=1), Space(0, 0.5)] = 0.1
    l2: Annotated[float, Field(ge=0), Space(1e-5, 1e-1, log=True)] = 1e-3
    full_softmax_items: Annotated[int, Field(ge=0)] = 20_000
    learning_rate: Annotated[float, Field(gt=0), Space(1e-4, 1e-1, log=True)] = 0.003
    batch_size: Annotated[int, Field(gt=0), Space(32, 2048, log=True)] = 128
    epochs: Annotated[int, Field(gt=0)] = 30
    patience: Annotated[int | None, Field(gt=0)] = 4

    signal: ClassVar[Signal] = "pairs"
    block_cells: ClassVar[int] = CACHED_CELLS
    fitted_attributes: ClassVar[Declarations] = {
        **TRAINING,
        "item_vectors_": floats("items", "dim"),
        "item_bias_": floats("items"),
        "n_parameters_": plain(int),
        "user_*_weight_": floats("n_*", "n_*_inputs", optional=True),
        "user_*_bias_": floats("n_*", optional=True),
    }

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        generator = torch.Generator().manual_seed(self.seed)
        content = self._content(train)
        network = TwoTowerNetwork(torch.from_numpy(content), self.dim, self.hidden, generator)
        warm = train.positives.item_counts > 0
        # Of what no event can teach a new item has nothing of its own, from the first epoch on.
        network.items.weight[torch.from_numpy(~warm)] = 0
        events = train.histories.matrix("weight")
        events = events[np.flatnonzero(np.diff(events.indptr))]
        step = softmax_step(
            network,
            events,
            learning_rate=self.learning_rate,
            id_dropout=self.id_dropout if content.shape[1] else 0.0,
            dropout=self.dropout,
            l2=self.l2,
            sampled=int(warm.sum()) > self.full_softmax_items,
            generator=generator,
        )
        self.curve_, self.best_epoch_ = train_network(
            network,
            step,
            (torch.arange(events.shape[0]),),
            Schedule.of(self),
            generator=generator,
            validate=partial(self._validation_loss, network, validation) if validation else None,
            run=run,
            name=type(self).__name__,
        )
        network.eval()
        self._keep(network)

    @torch.no_grad()
    def _keep(self, network: TwoTowerNetwork) -> None:
        """Every item's vector and bias, and the layers of the user's tower."""
        rows = network.all_item_vectors().numpy()
        self.item_vectors_: Float32 = rows[:, : self.dim].copy()
        self.item_bias_: Float32 = rows[:, self.dim].copy()
        self.n_parameters_ = network.n_weights()
        kept = weights_of(network)
        vars(self).update({name: kept[name] for name in kept if name.startswith("user_")})

    def _validation_loss(self, network: TwoTowerNetwork, holdout: Holdout) -> float:
        rows = network.all_item_vectors()
        q, bias = rows[:, : self.dim], rows[:, self.dim]

        def scores(users: Histories) -> Float32:
            p = network.user_vectors(mean_vectors(users.matrix("weight"), q))
            return np.asarray((p @ q.T + bias).numpy())

        return ndcg_loss(scores, holdout)

    @property
    def uses_weights(self) -> bool:
        """True: they weigh histories and the losses of events."""
        return True

    def n_parameters(self) -> int:
        """Numbers of both towers, with the items' own vectors."""
        self._require_fitted()
        return self.n_parameters_

    @torch.no_grad()
    def user_vectors(self, users: Histories) -> Float32:
        """float32[n_users, dim], what the user's tower makes of each history."""
        make_network = partial(TwoTowerNetwork, torch.zeros(0, 0), self.dim, self.hidden, None)
        rows = np.zeros((0, 3, self.dim + 1), np.float32)
        network = with_weights(make_network, vars(self) | {"items_state_": rows})
        mean = mean_vectors(users.matrix("weight"), torch.from_numpy(self.item_vectors_))
        return np.asarray(network.user_vectors(mean).numpy())

    def item_vectors(self) -> Float32:
        """float32[n_items, dim], what the item's tower makes of each item."""
        vectors: Float32 = self.item_vectors_
        return vectors

    def _scores(self, users: Histories) -> Float32:
        scores: Float32 = self.user_vectors(users) @ self.item_vectors_.T
        scores += self.item_bias_
        return scores

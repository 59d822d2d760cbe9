"""Hybrid factorisation: interactions learned by users and items that are sums of features."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.models.base import Signal
from penchant.models.factorisation.base import FeatureFactors
from penchant.models.factorisation.network import FeatureNetwork, Ridge
from penchant.models.parameters import Space
from penchant.nn.dot.fold_in import UserEvents
from penchant.nn.loop import Tensors
from penchant.nn.negatives import UniformNegatives
from penchant.nn.weighted_events import WeightedEvents, relative_weights


class HybridFactors(FeatureFactors):
    """Factorisation of interactions with features of users and items, as in LightFM.

    Kula, "Metadata Embeddings for User and Item Cold-start Recommendations" (2015): the score is
    b_u + b_i + p_u . q_i with sums over features, own ids among them. Every event is a positive,
    whatever its rating, and where events have weights is taken as often as these say. Negatives
    are drawn afresh each epoch from the items that have training events, so that new items are not
    learned to be bad; they are ranked by their features.

    New users get a vector fitted to their history against negatives, by the log-loss.

    Attributes:
        loss: `bpr` wants an event's item above a negative (Rendle et al. 2009); `logistic` tells
            events from negatives.
        negatives: negatives for each event.
    """

    loss: Literal["bpr", "logistic"] = "bpr"
    negatives: Annotated[int, Field(gt=0), Space(1, 20)] = 4

    signal: ClassVar[Signal] = "pairs"
    event_bytes: ClassVar[float] = 320.0
    within: ClassVar[bool] = False

    @property
    def uses_weights(self) -> bool:
        """True: events are taken as often as their weights say."""
        return True

    def _examples(self, train: Dataset, generator: torch.Generator) -> Callable[[], Tensors]:
        warm = torch.from_numpy(np.flatnonzero(train.item_counts))
        place = torch.from_numpy(np.cumsum(train.item_counts > 0) - 1)
        user, item = (torch.tensor(train.events[c].to_numpy()).long() for c in ("user", "item"))
        draw = UniformNegatives(user, place[item], len(warm), generator)
        weights = relative_weights(train.weights, user.numpy())
        events = WeightedEvents((user.numpy(), item.numpy()), weights, generator)

        def examples() -> Tensors:
            users, items = events.epoch()
            return self._against(users, items, lambda users: warm[draw.draw(users)])

        return examples

    def _held(self, holdout: Holdout, n_users: int, generator: torch.Generator) -> Tensors:
        holdout = holdout.positives
        users, items = (torch.tensor(a).long() for a in (holdout.rows.users, holdout.items))
        own = torch.where(users < 0, n_users, users)
        draw = UniformNegatives(own, items, holdout.histories.n_items, generator)
        return self._against(users, items, lambda u: draw.draw(torch.where(u < 0, n_users, u)))

    def _against(self, users: Tensor, items: Tensor, draw: Callable[[Tensor], Tensor]) -> Tensors:
        """Users, items of events and drawn items, `negatives` times each."""
        users, items = users.repeat(self.negatives), items.repeat(self.negatives)
        return users, items, draw(users)

    def _loss(self, network: FeatureNetwork, ridge: Ridge, *batch: Tensor) -> Tensor:
        users, items, others = batch
        n = len(users)
        output, penalty = network(users.repeat(2), torch.cat([items, others]), ridge)
        above, below = output[:n], output[n:]
        loss: Tensor
        if self.loss == "bpr":
            loss = functional.softplus(below - above).mean()
        else:
            loss = (functional.softplus(-above) + functional.softplus(below)).mean()
        total: Tensor = loss + penalty.sum() / (2 * n)
        return total

    @property
    def loss_name(self) -> Any:
        """`bce`: new users are told apart from negatives, whatever the loss of training."""
        return "bce"

    def _user_events(self, users: Histories) -> UserEvents | None:
        return UserEvents.with_negatives(users.positives, self.negatives, self.seed)

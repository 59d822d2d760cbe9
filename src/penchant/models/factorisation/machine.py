"""A factorisation machine over users, items and what their tables say of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from scipy.special import expit, logit
from torch import Tensor

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout, Rows
from penchant.data.target import Interaction, Like, Rating, Target
from penchant.errors import ParameterError
from penchant.models.factorisation.base import FeatureFactors
from penchant.models.factorisation.network import FeatureNetwork, Ridge
from penchant.models.parameters import AnyTarget
from penchant.nn.dot.fold_in import UserEvents
from penchant.nn.dot.training import Objective
from penchant.nn.loop import Tensors
from penchant.typing import Float32

RATING: Target = Rating()


class FactorisationMachine(FeatureFactors):
    """A second-order factorisation machine of ratings or likes.

    Rendle, "Factorization Machines" (2010), over the ids of user and item, the labels of both
    tables and intervals of their numbers: every two features of a pair interact by the dot
    product of their vectors. New users get a vector fitted to their history; new items are what
    their table says.

    Attributes:
        target: `rating`, `adjusted(5,1)` or `like>=4`.
        loss: `mse` or `bce`; `auto` is bce for likes, otherwise mse.
    """

    target: AnyTarget = RATING
    loss: Literal["auto", "mse", "bce"] = "auto"

    needs_ratings: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        name = type(self).__name__
        if isinstance(self.target, Interaction):
            raise ParameterError(
                f"{name} learns from ratings, and the target is {self.target}: use rating or "
                "like>=4, or the model hybrid-factors."
            )
        if self.loss == "bce" and not isinstance(self.target, Like):
            raise ParameterError(
                f"The loss bce needs targets of 0 and 1, and the target is {self.target}: use "
                "like>=4, or the loss mse."
            )

    @property
    def loss_name(self) -> Any:
        """`mse` or `bce`."""
        if self.loss != "auto":
            return self.loss
        return "bce" if isinstance(self.target, Like) else "mse"

    def _start(self, train: Dataset) -> float:
        mean = float(self.target.of_ratings(train.ratings).mean(dtype=np.float64))
        return float(logit(np.clip(mean, 1e-3, 1 - 1e-3))) if self.loss_name == "bce" else mean

    def _examples(self, train: Dataset, generator: torch.Generator) -> Callable[[], Tensors]:
        user, item = (torch.tensor(train.events[c].to_numpy()).long() for c in ("user", "item"))
        truth = torch.tensor(self.target.of_ratings(train.ratings))
        return lambda: (user, item, truth)

    def _held(self, holdout: Holdout, n_users: int, generator: torch.Generator) -> Tensors:
        assert holdout.ratings is not None  # a part of the same log as training
        users, items = (torch.tensor(a).long() for a in (holdout.rows.users, holdout.items))
        return users, items, torch.tensor(self.target.of_ratings(holdout.ratings))

    def _loss(self, network: FeatureNetwork, ridge: Ridge, *batch: Tensor) -> Tensor:
        users, items, truth = batch
        output, penalty = network(users, items, ridge)
        loss = Objective(self.loss_name).mean(output, truth)
        total: Tensor = loss + penalty.mean()
        return total

    def _user_events(self, users: Histories) -> UserEvents | None:
        if users.ratings is None:
            return None
        truth = self.target.of_ratings(users.ratings).astype(np.float64)
        return UserEvents(users.offsets, users.items.astype(np.int64), truth)

    def predict(self, rows: Rows) -> Float32:
        """float32[n_rows], predictions on the scale of the target.

        Unknown items are taken for ones of which nothing is known.
        """
        vectors, bias = self.user_rows(rows.histories)
        known = rows.items >= 0
        q = np.where(known[:, None], self.item_vectors_[rows.items], np.float32(0))
        of_items = np.where(known, self.item_bias_[rows.items], np.float32(0))
        output = np.einsum("nd,nd->n", vectors[rows.history], q, dtype=np.float64)
        output += self.offset_ + of_items + bias[rows.history]
        return np.asarray(expit(output) if self.loss_name == "bce" else output, np.float32)

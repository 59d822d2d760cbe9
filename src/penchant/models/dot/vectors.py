"""The common part of dot-product networks: vectors, head, objective, and predictions."""

from __future__ import annotations

import copy
from functools import partial
from typing import Annotated, ClassVar, Literal

import numpy as np
import torch
from pydantic import BeforeValidator, Field
from scipy.special import expit

from penchant.data.histories import Histories
from penchant.data.holdout import Rows
from penchant.data.target import Interaction, Like, Rating, Target
from penchant.errors import ParameterError
from penchant.models.base import Signal
from penchant.models.derived import derived_from
from penchant.models.fitted_attributes import Declarations, floats
from penchant.models.parameters import AnyTarget, Layers, Space
from penchant.models.shared.updating import Updating
from penchant.nn.dense import ActivationName
from penchant.nn.dot.fold_in import UserEvents, fold_in
from penchant.nn.dot.network import DotNetwork, Head, Initialisation, Skip
from penchant.nn.dot.training import Objective
from penchant.nn.row_exchange import RowShard
from penchant.nn.weights import with_weights
from penchant.topk import CACHED_CELLS
from penchant.typing import Bool, Float32

Loss = Literal["auto", "mse", "mae", "bce"]

RATING: Target = Rating()
_ROWS_AT_ONCE = 2**16


_NONE = BeforeValidator(lambda value: "none" if value is None else value)


class DotVectors(Updating):
    """Vectors and biases of users and items, and a head that makes predictions of them.

    Attributes:
        dim: length of the vectors.
        target: `rating`, `adjusted(5,1)`, `like>=4` or `interaction`.
        loss: `mse`, `mae`, `bce`; `auto` is bce for likes and interactions, otherwise mse.
        biases: whether users and items have a bias each, and the output starts at the mean.
        hidden: units of each dense layer after the dot product, such as `64` or `128x64`.
        activation: of the dense layers.
        skip: `dot` puts both vectors beside the dot product, `first` beside the output of the
            first dense layer.
        dropout: in training, the share of the numbers of both vectors that is left out before
            their dot product is computed (and, with a skip, there too); not of biases.
        initialisation: of the vectors; dense layers are always Glorot-normal.
        l2: weight decay of the rows in a batch. None is .03 for interactions, of which there are
            many examples with their negatives, and .1 for ratings and likes.
        negatives: negatives for each event where the target is `interaction`.
    """

    dim: Annotated[int, Field(gt=0), Space(1, 128, log=True)] = 32
    target: AnyTarget = RATING
    loss: Loss = "auto"
    biases: bool = True
    hidden: Layers = ()
    activation: ActivationName = "relu"
    skip: Annotated[Skip, _NONE] = "none"
    dropout: Annotated[float, Field(ge=0, lt=1), Space(0, 0.97)] = 0.0
    initialisation: Initialisation = "normal"
    l2: Annotated[float | None, Field(ge=0), Space(1e-3, 1, log=True)] = None
    negatives: Annotated[int, Field(gt=0), Space(1, 20)] = 4

    signal: ClassVar[Signal] = "pairs"
    block_cells: ClassVar[int] = CACHED_CELLS
    fitted_attributes: ClassVar[Declarations] = {
        "user_vectors_": floats("users", "dim"),
        "item_vectors_": floats("items", "dim"),
        "user_bias_": floats("users", optional=True),
        "item_bias_": floats("items", optional=True),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.loss == "bce" and not isinstance(self.target, Like | Interaction):
            raise ParameterError(
                f"The loss bce needs targets of 0 and 1, and the target is {self.target}: use "
                "like>=4 or interaction, or the loss mse."
            )
        if self.skip == "first" and not self.hidden:
            raise ParameterError(
                "skip=first puts vectors beside the first dense layer, and there is none: give "
                "hidden=64, or use skip=dot."
            )

    def network(
        self,
        n_users: int,
        n_items: int,
        *,
        by_rows: bool,
        generator: torch.Generator,
        shard: RowShard | None = None,
    ) -> DotNetwork:
        """The untrained network for so many users and items, or the shard of a process."""
        return DotNetwork(
            n_users,
            n_items,
            self.dim,
            biases=self.biases,
            by_rows=by_rows,
            generator=generator,
            layers=self.hidden,
            activation=self.activation,
            skip=self.skip,
            dropout=self.dropout,
            initialisation=self.initialisation,
            shard=shard,
        )

    @derived_from("output_")
    def head(self) -> Head:
        """What makes predictions of the learned vectors."""
        make = partial(Head, self.dim, self.hidden, self.activation, self.skip)
        return with_weights(make, vars(self))

    @derived_from("output_")
    def _head64(self) -> Head:
        """The same in double precision."""
        return copy.deepcopy(self.head).double()

    @property
    def objective(self) -> Objective:
        """What training minimises, and what finds the vectors of new users."""
        l2 = (0.03 if self.learns_interactions else 0.1) if self.l2 is None else self.l2
        if self.loss != "auto":
            return Objective(self.loss, l2)
        binary = isinstance(self.target, Like | Interaction)
        return Objective("bce" if binary else "mse", l2)

    @property
    def learns_interactions(self) -> bool:
        """Whether the target is an event, whatever its rating."""
        return isinstance(self.target, Interaction)

    @property
    def uses_weights(self) -> bool:
        """True: events are taken as often as their weights say."""
        return True

    @property
    def is_logistic(self) -> bool:
        """Whether outputs pass through a sigmoid."""
        return self.objective.loss == "bce"

    # What was learned

    def keep(self, users: Float32, items: Float32, known: tuple[Bool, Bool] | None = None) -> None:
        """Store rows of both tables as vectors and biases.

        Args:
            users: float32[n_users, k], vectors and, where there are any, biases.
            items: float32[n_items, k].
            known: bool[n_users] and bool[n_items], whose rows say something; others become zeros.
                None is all.
        """
        # Copies rather than views: how products are rounded depends on where rows lie in memory,
        # and a restored model has them without gaps.
        self.user_vectors_, self.item_vectors_ = (r[:, : self.dim].copy() for r in (users, items))
        if self.biases:
            self.user_bias_, self.item_bias_ = users[:, -1].copy(), items[:, -1].copy()
        for side, some in zip(("user", "item"), known or (), strict=False):
            for part in ("vectors", "bias")[: 1 + self.biases]:
                getattr(self, f"{side}_{part}_")[~some] = 0

    def tables(self) -> tuple[Float32, Float32]:
        """float32[n_users, k] and float32[n_items, k], vectors and, where there are any, biases."""
        if not self.biases:
            return self.user_vectors_, self.item_vectors_
        return (
            np.column_stack([self.user_vectors_, self.user_bias_]),
            np.column_stack([self.item_vectors_, self.item_bias_]),
        )

    def n_parameters(self) -> int:
        """Weights of the network, with a row each for the unknown user and the unknown item."""
        rows = 2 + len(self.user_vectors_) + len(self.item_vectors_)
        of_head = sum(weight.numel() for weight in self.head.parameters())
        return rows * (self.dim + self.biases) + of_head

    # Predicting

    def item_vectors(self) -> Float32:
        """float32[n_items, dim]."""
        return self.item_vectors_

    def user_vectors(self, users: Histories) -> Float32:
        """float32[n_users, dim]; see `user_rows`."""
        return self.user_rows(users)[0]

    def user_rows(self, users: Histories) -> tuple[Float32, Float32]:
        """float32[n_users, dim] and float32[n_users], each user's vector and bias.

        Users without a trained vector get the one that fits their history best, as
        `fold_in` finds it; where the history says nothing they are zeros.
        """
        vectors = self.user_vectors_[users.users]
        bias = self.user_bias_[users.users] if self.biases else np.zeros(len(users), np.float32)
        new = np.flatnonzero((users.users < 0) | ~vectors.any(axis=1))
        vectors[new], bias[new] = 0, 0
        some = users.take(new)
        if isinstance(self.target, Interaction):
            user_events = UserEvents.with_negatives(some.positives, self.negatives, self.seed)
        elif some.ratings is not None:
            truth = self.target.of_ratings(some.ratings).astype(np.float64)
            user_events = UserEvents.of_histories(some, truth)
        else:
            return vectors, bias
        if len(user_events.items):
            item_bias = self.item_bias_ if self.biases else None
            vectors[new], bias[new] = fold_in(
                self._head64, self.objective, user_events, self.item_vectors_, item_bias
            )
        return vectors, bias

    def _scores(self, users: Histories) -> Float32:
        vectors, bias = self.user_rows(users)
        head, items = self.head, torch.from_numpy(self.item_vectors_)
        if head.is_plain:
            weight, offset = head.output.numpy()
            scores = np.asarray((torch.from_numpy(vectors * weight) @ items.T).numpy())
            bias = bias + offset
        else:
            # In double precision, so that rounding does not decide between equal items.
            found = self._head64.all_pairs(torch.from_numpy(vectors).double(), items.double())
            scores = found.float().numpy()
        if self.biases:
            scores += self.item_bias_
        scores += bias[:, None]
        return scores

    def predict(self, rows: Rows) -> Float32:
        """float32[n_rows], predictions on the scale of the target.

        Unknown items are taken for ones with a vector of zeros and no bias.
        """
        vectors, bias = self.user_rows(rows.histories)
        head = self._head64
        output = bias[rows.history].astype(np.float64)
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            part = slice(start, start + _ROWS_AT_ONCE)
            items, known = rows.items[part], rows.items[part] >= 0
            q = np.where(known[:, None], self.item_vectors_[items], 0)
            p = torch.from_numpy(vectors[rows.history[part]]).double()
            output[part] += head.row_pairs(p, torch.from_numpy(q).double()).numpy()
            if self.biases:
                output[part] += np.where(known, self.item_bias_[items], 0)
        return np.asarray(expit(output) if self.is_logistic else output, np.float32)

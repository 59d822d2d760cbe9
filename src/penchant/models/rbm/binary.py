"""A restricted Boltzmann machine whose visible units are items, seen or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field
from scipy import sparse
from scipy.special import logit
from torch import Tensor, nn

from penchant.costs import PASS, FittingCost
from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.errors import DataError
from penchant.models.base import Signal
from penchant.models.fitted_attributes import CURVE, Declarations, floats, plain
from penchant.models.parameters import Space
from penchant.models.shared.fading import fading
from penchant.models.shared.updating import Updating
from penchant.nn.loop import Curve, Schedule, Tensors
from penchant.nn.loop import train as train_network
from penchant.nn.replay import rehearsal
from penchant.run import Run
from penchant.topk import blocks
from penchant.typing import Float32, Int64


class ItemsRBM(nn.Module):
    """A visible unit for each item, and hidden units.

    Args:
        weight: float32[n_items, hidden], the initial weights.
        visible_bias: float32[n_items], the initial biases of visible units.
        hidden_bias: float32[hidden], the initial biases of hidden units.
        copies: float32[hidden], how many times each hidden unit is there.
    """

    weight: Tensor
    visible_bias: Tensor
    hidden_bias: Tensor
    copies: Tensor

    def __init__(
        self, weight: Tensor, visible_bias: Tensor, hidden_bias: Tensor, copies: Tensor
    ) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.register_buffer("visible_bias", visible_bias)
        self.register_buffer("hidden_bias", hidden_bias)
        self.register_buffer("copies", copies)

    def hidden(self, visible: Tensor) -> Tensor:
        """float32[n, hidden], how likely each hidden unit is on."""
        return torch.sigmoid_(torch.addmm(self.hidden_bias, visible, self.weight))

    def visible(self, hidden: Tensor) -> Tensor:
        """float32[n, n_items], how likely each visible unit is on."""
        return torch.sigmoid_(torch.addmm(self.visible_bias, hidden * self.copies, self.weight.T))


class RBM(Updating):
    """A restricted Boltzmann machine that reconstructs what a user has seen.

    Visible units are the items: a rating divided by the highest of the scale (by 1 where the log
    has no ratings), and 0 for what the user has not seen. Where events have weights, one that has
    less than the mean of the user's comes as much closer to 0. Unseen items are ranked by their
    reconstruction. Trained by one step of contrastive divergence: Hinton, "Training Products of
    Experts by Minimizing Contrastive Divergence" (2002), in the form that tutorials use.

    Visible units begin with the log-odds of their mean state over the users: Hinton, "A Practical
    Guide to Training Restricted Boltzmann Machines" (2010), section 8.1, so that training begins at
    the most popular items, however few steps a small log has; weights begin with small random
    numbers, so that hidden units differ.

    A published recommender has the same sizes, but begins with zeros everywhere
    (`output_start="zero"`, `initial_scale=0`), learns at a rate of 1, takes its users in the order
    of the file (`shuffle=False`) and leaves out those after the last whole batch
    (`drop_last=True`). With its zero weights, and probabilities in place of drawn states, every
    hidden unit gets the same updates, so that all of them stay one and the same (see
    `distinct_hidden_units`) and the lists are hardly better than popularity.

    Units that start alike and are not drawn are trained as one that counts as many times. In exact
    arithmetic that changes nothing; but their likeness is unstable, and rounding, which differs
    from machine to machine, would end it within ten epochs.

    An update goes on with the users who got something new, among as many others.

    Attributes:
        hidden: hidden units.
        learning_rate: of the mean gradient of a batch's users.
        epochs: passes over the users.
        batch_size: users in a batch.
        shuffle: whether each epoch takes the users in an order of its own.
        drop_last: whether the users left over after the last whole batch are left out.
        initial_scale: standard deviation of the initial weights.
        output_start: what visible units are before training: as `popularity` says, or `zero`.
        sample: whether hidden and reconstructed units are drawn, rather than their probabilities.
        update_epochs: passes over updated users, among as many others.
    """

    hidden: Annotated[int, Field(gt=0), Space(10, 500, log=True)] = 30
    learning_rate: Annotated[float, Field(gt=0), Space(0.01, 1, log=True)] = 0.3
    epochs: Annotated[int, Field(gt=0)] = 100
    batch_size: Annotated[int, Field(gt=0), Space(50, 1000, log=True)] = 150
    shuffle: bool = True
    drop_last: bool = False
    initial_scale: Annotated[float, Field(ge=0), Space(1e-3, 1, log=True)] = 0.01
    output_start: Literal["popularity", "zero"] = "popularity"
    sample: bool = False
    update_epochs: Annotated[int, Field(gt=0)] = 5

    signal: ClassVar[Signal] = "pairs"
    event_bytes: ClassVar[float] = 25.0
    fitted_attributes: ClassVar[Declarations] = {
        "highest_": plain(float),
        "unrated_": plain(float),
        "weights_": floats("items", "hidden"),
        "visible_bias_": floats("items"),
        "hidden_bias_": floats("hidden"),
        "curve_": CURVE,
    }

    def _cost(self, train: Dataset) -> FittingCost:
        n_users, n_items = int(np.count_nonzero(train.user_counts)), train.n_items
        batch = min(n_users, self.batch_size)
        hidden = self.hidden if self.sample or self.initial_scale else 1  # all of them alike
        return FittingCost(
            memory=4.0 * n_items * (3 * self.hidden + 4 * batch),
            multiply_adds=float(self.epochs * n_users * n_items) * (5 * hidden + 10 * PASS),
        )

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        self.highest_, self.unrated_ = 1.0, 1.0
        if train.has_ratings:
            assert train.rating_range is not None
            self.highest_ = train.rating_range[1]
            self._refuse_zeros(train)
            self.unrated_ = float(train.ratings.mean(dtype=np.float64)) / self.highest_
        generator = torch.Generator().manual_seed(self.seed)
        weight = torch.randn(train.n_items, self.hidden, generator=generator) * self.initial_scale
        self.weights_ = weight.numpy()
        self.visible_bias_ = np.zeros(train.n_items, np.float32)
        if self.output_start == "popularity":
            self.visible_bias_ = self._log_odds(train.histories)
        self.hidden_bias_ = np.zeros(self.hidden, np.float32)
        rows = (torch.from_numpy(np.flatnonzero(train.user_counts)),)
        self.curve_ = self._learn(train.histories, rows, self.epochs, generator, run)

    def _log_odds(self, users: Histories) -> Float32:
        """float32[n_items], the log-odds of each visible unit's mean state over the users."""
        active = np.count_nonzero(users.lengths)
        mean = (np.asarray(self._inputs(users).sum(axis=0)).ravel() + 0.5) / (active + 1)
        return np.asarray(logit(mean), np.float32)

    @property
    def uses_weights(self) -> bool:
        """True: states of visible units are smaller where events have little weight."""
        return True

    @property
    def learns_interactions(self) -> bool:
        """False: ratings are learned where the log has them."""
        return False

    def _update(self, new: Dataset, known: Histories, places: Int64, run: Run) -> None:
        if known.ratings is not None:
            self._refuse_zeros(new)
        generator = torch.Generator().manual_seed(self.seed)
        rows = rehearsal(new.user_counts > 0, known.lengths > 0, self.batch_size, generator)
        self._learn(known, rows, self.update_epochs, generator, run)

    def _refuse_zeros(self, log: Dataset) -> None:
        if log.ratings.min() <= 0:
            raise DataError(
                f"{type(self).__name__} takes 0 for an item not seen, and the log {log.name!r} "
                "has ratings of 0 or below: shift them above 0, or leave those events out."
            )

    def _learn(
        self,
        users: Histories,
        rows: Callable[[], Tensors] | Tensors,
        epochs: int,
        generator: torch.Generator,
        run: Run,
    ) -> Curve:
        """Go on from the current weights."""
        units = np.vstack([self.weights_, self.hidden_bias_])
        which, copies = np.arange(self.hidden), np.ones(self.hidden, np.int64)
        if not self.sample:
            units, which, copies = np.unique(units, axis=1, return_inverse=True, return_counts=True)
            which = which.reshape(-1)
        network = ItemsRBM(
            torch.from_numpy(np.ascontiguousarray(units[:-1])),
            torch.tensor(self.visible_bias_),
            torch.tensor(units[-1]),
            torch.from_numpy(copies.astype(np.float32)),
        )
        inputs = self._inputs(users)

        def step(rows: Tensor) -> Tensor:
            return self._step(network, torch.from_numpy(inputs[rows.numpy()].toarray()), generator)

        curve, _ = train_network(
            network,
            step,
            rows,
            Schedule(
                epochs=epochs,
                batch_size=self.batch_size,
                shuffle=self.shuffle,
                drop_last=self.drop_last,
            ),
            generator=generator,
            run=run,
            name=type(self).__name__,
        )
        self.weights_ = np.ascontiguousarray(network.weight.numpy()[:, which])
        self.visible_bias_ = network.visible_bias.numpy()
        self.hidden_bias_ = network.hidden_bias.numpy()[which]
        return curve

    @torch.no_grad()
    def _step(self, network: ItemsRBM, data: Tensor, generator: torch.Generator) -> Tensor:
        """One step of contrastive divergence; the mean squared error of the reconstruction."""
        first = self._state(network.hidden(data), generator)
        model = self._state(network.visible(first), generator)
        second = network.hidden(model)
        rate = self.learning_rate / len(data)
        network.weight.addmm_(data.T, first, alpha=rate)
        network.weight.addmm_(model.T, second, alpha=-rate)
        rest = data - model
        network.visible_bias.add_(rest.sum(0), alpha=rate)
        network.hidden_bias.add_((first - second).sum(0), alpha=rate)
        return rest.square().mean()

    def _state(self, chance: Tensor, generator: torch.Generator) -> Tensor:
        if not self.sample:
            return chance
        return (torch.rand(chance.shape, generator=generator) < chance).float()

    def _inputs(self, users: Histories) -> sparse.csr_array:
        """csr[n_users, n_items], the states of visible units."""
        if users.ratings is None:
            matrix = users.matrix("seen")
            matrix.data *= np.float32(self.unrated_)
        else:
            matrix = users.matrix("rating")
            matrix.data = np.clip(matrix.data / np.float32(self.highest_), 0, 1)
        if (faded := fading(users)) is not None:
            matrix.data *= faded
        return matrix

    def distinct_hidden_units(self, tolerance: float = 1e-6) -> int:
        """How many hidden units do not repeat another one.

        Two units are the same where no weight and not the bias differs by more than `tolerance`.
        """
        self._require_fitted()
        units = np.vstack([self.weights_, self.hidden_bias_])
        kept = units[:, :0]
        for unit in units.T:
            apart = np.abs(kept - unit[:, None]).max(axis=0, initial=0)
            if (apart > tolerance).all():
                kept = np.column_stack([kept, unit])
        return int(kept.shape[1])

    def reconstruction_error(self, users: Histories) -> float:
        """The mean squared error, over all items, of the reconstruction of these histories."""
        self.require_own_items(users)
        total = 0.0
        for start, stop in blocks(len(users), users.n_items):
            part = users.block(start, stop)
            error = self._inputs(part).toarray() - self._scores(part)
            total += float(np.square(error).sum(dtype=np.float64))
        return total / max(1, len(users) * users.n_items)

    def _scores(self, users: Histories) -> Float32:
        inputs = self._inputs(users)
        hidden = torch.from_numpy((inputs @ self.weights_) + self.hidden_bias_).sigmoid_()
        activity = hidden @ torch.from_numpy(self.weights_).T + torch.from_numpy(self.visible_bias_)
        return np.asarray(activity.sigmoid_().numpy())

"""A restricted Boltzmann machine whose visible units are ratings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field
from scipy import sparse
from torch import Tensor

from penchant.costs import PASS, FittingCost
from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout, Rows
from penchant.errors import DataError
from penchant.models.base import Signal
from penchant.models.fitted_attributes import (
    TRAINING,
    Declarations,
    floats,
    plain,
    signatures,
)
from penchant.models.parameters import Space
from penchant.models.protocols import PredictsRatings
from penchant.models.shared.trained_rows import (
    declared_rows,
    rows_of_users,
    rows_to_train,
    training_shape,
)
from penchant.models.shared.updating import Updating
from penchant.nn.loop import Curve, Schedule, Tensors, threads
from penchant.nn.loop import train as train_network
from penchant.nn.rbm.contrastive_divergence import (
    ContrastiveDivergence,
    RatingRows,
    SoftmaxRBM,
    standardised,
    value_kernel,
)
from penchant.nn.rbm.softmax_regressions import fit_softmax_rows
from penchant.nn.replay import rehearsal
from penchant.run import Run
from penchant.topk import CACHED_CELLS
from penchant.typing import Bool, Float32, Int32, Int64

_MOST_VALUES = 100
_DAMPING = 5.0  # ratings of the whole log that each column's distribution starts with
BIAS = 4.0
"""The feature that carries a folded-in bias: its ridge is 1 / 16 of that of weights."""
_CELLS = 2**22  # floats at once while predicting


class RatingRBM(PredictsRatings, Updating):
    """A restricted Boltzmann machine of ratings, in which unrated things play no part.

    One machine a user with a softmax unit for each rated item, all sharing their weights, or one
    an item with a unit for each of its users: Salakhutdinov, Mnih and Hinton, "Restricted
    Boltzmann Machines for Collaborative Filtering" (2007). Predictions are expected ratings
    given the probabilities of hidden units. The weights of neighbouring ratings are tied (see
    `value_kernel`); one of the parts tied is shared by all ratings, by which, as in
    the paper's conditional machine, it also counts what was rated at all.

    Contrastive divergence trains weights that serve both ways, from ratings to hidden units and
    back. With `refine`, the way back is at last fitted to the hidden units by itself, which is an
    exact and convex task: a softmax regression for each visible unit.

    By user, histories are the input. By item, a new user or one whose history has changed gets a
    softmax unit fitted to it in the same manner, with the mean unit as a prior. Ratings that
    training has not seen count as the nearest one that it has.

    An update by user goes on with the users who got something new, among as many others. By item
    it fits the units of those users to their histories, and leaves all else.

    Attributes:
        axis: whether there is a machine for each user or for each item.
        hidden: hidden units.
        learning_rate: of the mean gradient of a batch's users or items.
        momentum: share of the last update in the next.
        l2: weight decay.
        batch_size: users or items in a batch.
        epochs: the most passes over them.
        patience: epochs without a better validation RMSE before stopping.
        gibbs_steps: the most steps of contrastive divergence; training begins with one.
        gibbs_epochs: epochs after which there is one step more.
        refine: whether visible units are fitted to the hidden ones at last.
        update_epochs: passes over updated users, among as many others, with `axis="user"`.
    """

    axis: Literal["user", "item"] = "item"
    hidden: Annotated[int, Field(gt=0), Space(20, 500, log=True)] = 200
    learning_rate: Annotated[float, Field(gt=0), Space(0.03, 1, log=True)] = 0.3
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    l2: Annotated[float, Field(ge=0), Space(3e-4, 3e-2, log=True)] = 0.003
    batch_size: Annotated[int, Field(gt=0), Space(50, 1000, log=True)] = 250
    epochs: Annotated[int, Field(gt=0)] = 40
    patience: Annotated[int | None, Field(gt=0)] = 5
    gibbs_steps: Annotated[int, Field(gt=0)] = 1
    gibbs_epochs: Annotated[int, Field(gt=0)] = 10
    refine: bool = True
    update_epochs: Annotated[int, Field(gt=0)] = 5

    signal: ClassVar[Signal] = "pairs"
    needs_ratings: ClassVar[bool] = True
    event_bytes: ClassVar[float] = 300.0
    bookkeeping: ClassVar[frozenset[str]] = frozenset({"signatures_", "unit_of_user_"})
    block_cells: ClassVar[int] = CACHED_CELLS
    fitted_attributes: ClassVar[Declarations] = {
        **TRAINING,
        "values_": floats("n_values"),
        "signatures_": signatures(),
        "ridge_": plain(float),
        "units_": floats("n_units+1", "n_values", "hidden"),
        "biases_": floats("n_units+1", "n_values"),
        "unit_of_user_": declared_rows("users"),
        "hidden_": floats("items+1", "hidden", optional=True),
        "inputs_": floats("n_visible", "hidden", optional=True),
        "visible_bias_": floats("items", "n_values", optional=True),
        "hidden_bias_": floats("hidden", optional=True),
    }

    def declared_attributes(self) -> Declarations:
        """`fitted_attributes`, and whether units are items or users."""
        declared = dict(super().declared_attributes() or {})
        if self.axis == "user":
            return declared | {"units_": floats("items+1", "n_values", "hidden")}
        return declared | {"unit_of_user_": declared_rows("n_units")}

    def _cost(self, train: Dataset) -> FittingCost:
        n_rows, n_columns = training_shape(train, self.axis)
        weights = n_columns * len(np.unique(train.ratings)) * self.hidden
        n_batches = -(-n_rows // self.batch_size)
        return FittingCost(  # weights, gradients twice, momentum and what is kept; units of items
            memory=4.0 * (6 * weights + train.n_items * self.hidden),
            multiply_adds=8 * PASS * weights * n_batches * self.epochs,
        )

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        self.values_ = np.unique(train.ratings)
        if len(self.values_) > _MOST_VALUES:
            raise DataError(
                f"{type(self).__name__} has a unit for each rating value, and the log "
                f"{train.name!r} has {len(self.values_)} of them: round the ratings so that at "
                f"most {_MOST_VALUES} are left."
            )
        generator = torch.Generator().manual_seed(self.seed)
        self.unit_of_user_ = rows_of_users(rows_to_train(train.user_counts), train.n_users)
        self.curve_, self.best_epoch_ = self._learn(
            train.histories, self.epochs, generator, validation=validation, run=run
        )

    def _learn(
        self,
        users: Histories,
        epochs: int,
        generator: torch.Generator,
        *,
        changed: Bool | None = None,
        validation: Holdout | None = None,
        run: Run,
    ) -> tuple[Curve, int]:
        """Train from random weights or, where something has changed, from the current ones."""
        matrix = users.matrix("rating")
        if self.axis == "item":
            matrix = matrix[self.unit_of_user_ >= 0].T.tocsr()
        rows, k = RatingRows.of(matrix, self.values_), len(self.values_)
        counts = torch.bincount(rows.units, minlength=matrix.shape[1] * k).float().view(-1, k)
        network = SoftmaxRBM(_log_frequencies(counts), self.hidden, generator)
        there = np.diff(matrix.indptr) > 0
        draw: Callable[[], Tensors] = lambda: (torch.from_numpy(np.flatnonzero(there)),)  # noqa: E731
        epoch = 0
        if changed is not None:
            kept = (self.inputs_, self.visible_bias_, self.hidden_bias_)
            for own, value in zip(network.buffers(), kept, strict=True):
                own.copy_(torch.tensor(value))
            draw = rehearsal(changed, there, self.batch_size, generator)
            epoch = self.best_epoch_
        learn = ContrastiveDivergence(
            network,
            rows,
            value_kernel(self.values_),
            learning_rate=self.learning_rate,
            momentum=self.momentum,
            l2=self.l2,
            generator=generator,
        )

        def epoch_rows() -> Tensors:
            nonlocal epoch
            learn.gibbs_steps = min(self.gibbs_steps, 1 + epoch // self.gibbs_epochs)
            epoch += 1
            return draw()

        def keep() -> None:
            self._keep(network, rows, counts.sum(1) > 0)

        def error() -> float:
            assert validation is not None
            assert validation.ratings is not None  # a part of the same log as training
            keep()
            rest = self.predict(validation.rows).astype(np.float64) - validation.ratings
            return float(np.sqrt(np.square(rest).mean()))

        self.signatures_ = users.signatures
        # Training's own, summed over the rows.
        self.ridge_ = max(self.l2, 1e-4) * int(there.sum())
        found = train_network(
            network,
            learn,
            epoch_rows,
            Schedule(epochs=epochs, batch_size=self.batch_size, patience=self.patience),
            generator=generator,
            validate=error if validation is not None else None,
            run=run,
            name=f"{type(self).__name__}({self.axis})",
        )
        keep()
        if self.refine:
            by_item = self.axis == "item"
            hidden = self.hidden_[:-1] if by_item else self.hidden_units(users)
            with threads(run, self.batch_size):
                fitted = self._fitted_units(matrix.T.tocsr(), torch.from_numpy(hidden))
            self.units_[:-1], self.biases_[:-1] = fitted
        return found

    def _keep(self, network: SoftmaxRBM, rows: RatingRows, trained: Tensor) -> None:
        """Store the network; the mean unit stands for those without ratings, and comes last."""
        kept = []
        for table in (network.weight.view(len(trained), -1, self.hidden), network.visible_bias):
            mean = table[trained].mean(0)
            kept.append(torch.cat([table, mean[None]]))
            kept[-1][:-1][~trained] = mean
        self.units_: Float32 = kept[0].numpy()
        self.biases_: Float32 = kept[1].numpy()
        if self.axis == "user":
            self.inputs_: Float32 = network.weight.numpy().copy()
            self.visible_bias_: Float32 = network.visible_bias.numpy().copy()
            self.hidden_bias_: Float32 = network.hidden_bias.numpy().copy()
        else:
            # An item without ratings, or outside the vocabulary, is what the biases alone say.
            nothing = torch.sigmoid(network.hidden_bias)[None]
            self.hidden_: Float32 = torch.cat([network.hidden(rows), nothing]).numpy()

    def _fitted_units(self, ratings: sparse.csr_array, hidden: Tensor) -> tuple[Float32, Float32]:
        """Weights and biases of units, rows of `ratings`, given float32[n_columns, hidden]."""
        rated, k = RatingRows.of(ratings, self.values_), len(self.values_)
        prior = np.concatenate([self.units_[-1], self.biases_[-1][:, None] / BIAS], 1)
        found = fit_softmax_rows(
            rated.offsets.numpy(),
            ratings.indices,
            rated.units.numpy() % k,
            torch.cat([hidden, torch.full((len(hidden), 1), BIAS)], 1),
            torch.from_numpy(prior),
            value_kernel(self.values_),
            self.ridge_,
        ).numpy()
        return found[:, :, :-1], found[:, :, -1] * np.float32(BIAS)

    def _update(self, new: Dataset, known: Histories, places: Int64, run: Run) -> None:
        changed = new.user_counts > 0
        if self.axis == "user":
            self.unit_of_user_ = rows_of_users(rows_to_train(known.lengths), len(known))
            generator = torch.Generator().manual_seed(self.seed)
            self._learn(known, self.update_epochs, generator, changed=changed, run=run)
            return
        now = places[self.unit_of_user_ >= 0]
        users = np.union1d(now, np.flatnonzero(changed))
        row_of_user = rows_of_users(users, len(known))
        some = known.take(np.flatnonzero(changed)).matrix("rating")
        with threads(run, self.batch_size):
            fitted = self._fitted_units(some, torch.from_numpy(self.hidden_[:-1]))
        grown = []
        for old, own in zip((self.units_, self.biases_), fitted, strict=True):
            table = np.repeat(old[-1:], len(users) + 1, axis=0)
            table[row_of_user[now]] = old[:-1]
            table[row_of_user[changed]] = own
            grown.append(table)
        self.units_, self.biases_ = grown
        self.unit_of_user_ = row_of_user
        self.signatures_ = known.signatures

    # Predicting

    def item_vectors(self) -> Float32:
        """float32[n_items, hidden], which hidden units a high rating of each item turns on.

        By item, it is the item's own hidden units, less what they are of an item without ratings.
        """
        if self.axis == "item":
            return np.asarray(self.hidden_[:-1] - self.hidden_[-1])
        z = standardised(self.values_).astype(np.float32)
        return np.asarray(np.einsum("k,ikh->ih", z, self.units_[:-1]))

    def hidden_units(self, users: Histories) -> Float32:
        """float32[n_users, hidden], how likely the history turns on each hidden unit, by user.

        An item without a rating counts with the distribution that its biases alone give.
        """
        k = len(self.values_)
        if users.ratings is None:
            matrix = users.matrix("seen")
            columns = torch.from_numpy(matrix.indices.astype(np.int64))
            usual = torch.softmax(torch.from_numpy(self.biases_), 1)
            units = (columns[:, None] * k + torch.arange(k)).view(-1)
            offsets = torch.from_numpy(matrix.indptr.astype(np.int64)) * k
            rated = RatingRows(offsets, units, usual[columns].view(-1))
        else:
            rated = RatingRows.of(users.matrix("rating"), self.values_)
        activity = rated.times(torch.from_numpy(self.inputs_)) + torch.from_numpy(self.hidden_bias_)
        return np.asarray(torch.sigmoid(activity).numpy())

    def user_units(self, users: Histories) -> tuple[Float32, Float32]:
        """float32[n_users, n_values, hidden] and [n_users, n_values], each user's unit, by item.

        Trained for unchanged histories, otherwise fitted; without ratings, the mean of all users.
        """
        same = users.users >= 0
        same[same] = users.signatures[same] == self.signatures_[users.users[same]]
        place = np.where(same, self.unit_of_user_[users.users], -1)
        weights, bias = self.units_[place], self.biases_[place]
        other = np.flatnonzero(~same & (users.lengths > 0))
        if not len(other) or users.ratings is None:
            return weights, bias
        weights[other], bias[other] = self._fitted_units(
            users.take(other).matrix("rating"), torch.from_numpy(self.hidden_[:-1])
        )
        return weights, bias

    def _expected(self, activity: Tensor) -> Tensor:
        """The mean rating of each softmax over the last axis."""
        return torch.softmax(activity, -1) @ torch.from_numpy(self.values_)

    def _scores(self, users: Histories) -> Float32:
        return self._columns(users, slice(None))

    def _item_scores(self, users: Histories, items: Int32) -> Float32:
        return self._columns(users, items)

    def _columns(self, users: Histories, items: slice | Int32) -> Float32:
        """float32[n_users, n], the scores of some items."""
        k, n_items = len(self.values_), len(np.arange(users.n_items)[items])
        scores = np.empty((len(users), n_items), np.float32)
        step = max(1, _CELLS // max(n_items * k, self.hidden * k))
        for start in range(0, len(users), step):
            some = users.block(start, start + step)
            if self.axis == "user":
                table = torch.from_numpy(self.units_[:-1][items].reshape(-1, self.hidden))
                activity = torch.from_numpy(self.hidden_units(some)) @ table.T
                activity = activity.view(len(some), -1, k)
                activity += torch.from_numpy(self.biases_[:-1][items])
            else:
                weights, bias = (torch.from_numpy(part) for part in self.user_units(some))
                of_items = torch.from_numpy(self.hidden_[:-1][items])
                activity = weights.view(-1, self.hidden) @ of_items.T
                activity = activity.view(len(some), k, -1) + bias[:, :, None]
                activity = activity.mT
            scores[start : start + step] = self._expected(activity).numpy()
        return scores

    def predict(self, rows: Rows) -> Float32:
        """float32[n_rows], expected ratings; of an unknown item, those of the usual item."""
        out = np.empty(len(rows), np.float32)
        by_user = self.axis == "user"
        if by_user:
            hidden = self.hidden_units(rows.histories)
        else:
            weights, biases = self.user_units(rows.histories)
        step = max(1, _CELLS // (len(self.values_) * self.hidden))
        for start in range(0, len(rows), step):
            part = slice(start, start + step)
            history, items = rows.history[part], rows.items[part]
            if by_user:
                w, b, h = self.units_[items], self.biases_[items], hidden[history]
            else:
                w, b, h = weights[history], biases[history], self.hidden_[items]
            activity = torch.from_numpy(w) @ torch.from_numpy(h)[:, :, None]
            out[part] = self._expected(activity[:, :, 0] + torch.from_numpy(b)).numpy()
        return out


def _log_frequencies(counts: Tensor) -> Tensor:
    """float32[n_columns, n_values], biases that give each column's damped distribution."""
    overall = counts.sum(0) / counts.sum()
    share = (counts + _DAMPING * overall) / (counts.sum(1, keepdim=True) + _DAMPING)
    logs = share.log()
    return logs - logs.mean(1, keepdim=True)

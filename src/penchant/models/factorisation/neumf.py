"""Neural matrix factorisation: products of vectors and layers over them tell events from others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Annotated, ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from penchant.compiled import AVAILABLE, compiled_threads
from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.errors import DataError
from penchant.models.base import Recommender, Signal
from penchant.models.fitted_attributes import TRAINING, Declarations, booleans, floats
from penchant.models.parameters import Layers, Space
from penchant.models.shared.batches import events_at_once
from penchant.models.shared.fitted_users import FittedUsers
from penchant.nn.dot.fold_in import UserEvents
from penchant.nn.dot.training import Objective
from penchant.nn.embedding_rows import RowAdam
from penchant.nn.loop import GradientStep, Schedule, Tensors, TrainingStep
from penchant.nn.loop import train as train_network
from penchant.nn.negatives import UniformNegatives
from penchant.nn.neumf.fold_in import LEAST_RIDGE, fit_user_rows
from penchant.nn.neumf.network import NeuMFNetwork
from penchant.nn.removal import of_events, row_falls
from penchant.nn.row_exchange import RowShard
from penchant.nn.sharded_rows import whole_weight
from penchant.nn.weighted_events import ROWS_AT_ONCE, WeightedEvents
from penchant.nn.weights import weights_of, with_weights
from penchant.run import Run
from penchant.threads import small_systems
from penchant.topk import CACHED_CELLS
from penchant.typing import Float32, Int32

_LARGEST_BATCH = 2048


class NeuMF(FittedUsers, Recommender):
    """Products of users' and items' vectors, and dense layers over a second pair of them.

    He, Liao, Zhang, Nie, Hu and Chua, "Neural Collaborative Filtering" (2017), eq. 12: the log-odds
    of an event are h . [p_u * q_i, phi(p'_u, q'_i)], learned by the log-loss against negatives that
    are drawn afresh each epoch, without pretraining. Without layers it is the paper's generalised
    matrix factorisation. Where events have weights, an event counts so much in the loss. Where the
    extra `fast` is installed a batch is learned in compiled loops, three times as fast.

    To the log-odds is added what an item's popularity alone leads one to expect, log((n_i + 1) /
    (n + 1)) for n_i events of the item and n of the mean one, so that training begins at the most
    popular items and learns how users differ from that.

    A user whom training did not see gets the vectors that tell the history from drawn negatives
    best, with all else as it is.

    Attributes:
        dim: length of the vectors that are multiplied.
        mlp_dim: length of the vectors that the layers take.
        hidden: units of each dense layer.
        dropout: share of the layers' units that is dropped in training.
        l2: weight of the squares of both rows, for each pair.
        negatives: negatives for each event.
        learning_rate: of Adam.
        batch_size: events in a batch, each with its negatives; None is 2048, and at most a 64th
            of the events, though not below 32.
        epochs: the most passes over the events.
        patience: epochs without a better validation loss before stopping.
        min_delta: what counts as better.
    """

    dim: Annotated[int, Field(gt=0), Space(8, 128, log=True)] = 32
    mlp_dim: Annotated[int, Field(gt=0), Space(8, 128, log=True)] = 32
    hidden: Layers = (64, 32, 16)
    dropout: Annotated[float, Field(ge=0, lt=1), Space(0, 0.5)] = 0.0
    l2: Annotated[float, Field(ge=0), Space(1e-4, 1, log=True)] = 0.03
    negatives: Annotated[int, Field(gt=0), Space(1, 10)] = 4
    learning_rate: Annotated[float, Field(gt=0), Space(1e-4, 1e-1, log=True)] = 0.01
    batch_size: Annotated[int | None, Field(gt=0), Space(32, 8192, log=True)] = None
    epochs: Annotated[int, Field(gt=0)] = 30
    patience: Annotated[int | None, Field(gt=0)] = 3
    min_delta: Annotated[float, Field(ge=0)] = 0.0

    data_parallel: ClassVar[bool] = True
    signal: ClassVar[Signal] = "pairs"
    block_cells: ClassVar[int] = CACHED_CELLS
    event_bytes: ClassVar[float] = 30.0
    bookkeeping: ClassVar[frozenset[str]] = frozenset({"trained_"})
    fitted_attributes: ClassVar[Declarations] = {
        **TRAINING,
        "user_rows_": floats("users", "width"),
        "item_rows_": floats("items", "width"),
        "products_": floats("dim"),
        "offset_": floats(1),
        "popularity_": floats("items"),
        "trained_": booleans("users"),
    }

    @property
    def uses_weights(self) -> bool:
        """True: an event's loss is multiplied by its weight."""
        return True

    def declared_attributes(self) -> Declarations:
        """What is declared of every fitted model, and the weights of the layers."""
        declared = dict(super().declared_attributes() or {})
        for n, (inputs, units) in enumerate(pairwise((2 * self.mlp_dim, *self.hidden))):
            declared[f"layers_{n}_weight_"] = floats(units, inputs)
            declared[f"layers_{n}_bias_"] = floats(units)
        return {**declared, "units_": floats(self.hidden[-1] if self.hidden else 0)}

    @property
    def can_shard_tables(self) -> bool:
        """True: those of users and items."""
        return True

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        generator = torch.Generator().manual_seed(self.seed)
        events = train.positives.histories
        counts = events.event_weights > 0
        if not counts.any():
            raise DataError(
                f"{type(self).__name__} cannot learn from the log {train.name!r}: none of its "
                "events counts as positive."
            )
        some = slice(None) if counts.all() else counts  # of which there is no copy
        rows, items = events.rows[some], events.items[some]
        weights = [] if events.weights is None else [events.event_weights[some]]
        n = np.bincount(items, minlength=train.n_items)
        self.popularity_: Float32 = np.log((n + 1) / (n.mean() + 1)).astype(np.float32)
        shard = RowShard.of(run)
        network = self._network(train.n_users, train.n_items, generator, shard)
        examples = WeightedEvents((rows, items, *weights), None, generator)
        sampler = UniformNegatives(
            torch.from_numpy(rows), torch.from_numpy(items), train.n_items, generator
        )
        network.offset.data.fill_(-np.log(self.negatives))
        self.trained_ = np.bincount(rows, minlength=train.n_users) > 0
        held = None if validation is None else self._held(validation.positives, sampler)
        validate = None
        if held is not None:
            validate = lambda: float(self._loss(network, *held))  # noqa: E731
        batch_size = events_at_once(self.batch_size, len(rows), _LARGEST_BATCH)
        with compiled_threads(run), small_systems():  # products of few rows, some at a time
            self.curve_, self.best_epoch_ = train_network(
                network,
                self._training_step(network, batch_size),
                lambda: self._epoch(examples, sampler),
                Schedule(
                    epochs=self.epochs,
                    batch_size=batch_size,
                    patience=self.patience,
                    min_delta=self.min_delta,
                ),
                generator=generator,
                validate=validate,
                run=run,
                name=type(self).__name__,
            )
        user_rows, item_rows = whole_weight(network.users), whole_weight(network.items)
        if user_rows is None or item_rows is None:
            return
        kept = weights_of(network)
        del kept["users_state_"], kept["items_state_"]
        self.user_rows_, self.item_rows_ = user_rows.numpy().copy(), item_rows.numpy().copy()
        self.user_rows_[~self.trained_] = self.usual_row()
        vars(self).update(kept)

    def _training_step(self, network: NeuMFNetwork, batch_size: int) -> TrainingStep:
        """Gradients written out where loops are compiled, and otherwise found automatically."""
        adam = RowAdam([network.users, network.items], [*network.parameters()], self.learning_rate)
        by_hand = None
        if AVAILABLE and self.hidden and not self.dropout:
            from penchant.nn.neumf.step import CompiledNeuMFStep

            by_hand = CompiledNeuMFStep(
                network, adam, self.popularity_, self.l2, batch_size, 1 + self.negatives
            )
        return GradientStep(partial(self._loss, network), [adam], by_hand=by_hand)

    def _network(
        self,
        n_users: int,
        n_items: int,
        generator: torch.Generator | None = None,
        shard: RowShard | None = None,
    ) -> NeuMFNetwork:
        return NeuMFNetwork(
            n_users,
            n_items,
            dim=self.dim,
            mlp_dim=self.mlp_dim,
            layers=self.hidden,
            dropout=self.dropout,
            generator=generator,
            shard=shard,
        )

    def _epoch(self, events: WeightedEvents, sampler: UniformNegatives) -> Iterator[Tensors]:
        """Blocks of int64[n] users, int64[n, 1 + negatives] items, the event's first, and weights.

        Weights are there where events have some.
        """
        for users, items, *weights in events.blocks(ROWS_AT_ONCE // (1 + self.negatives)):
            yield users, sampler.with_negatives(users, items, self.negatives), *weights

    def _held(self, holdout: Holdout, sampler: UniformNegatives) -> Tensors | None:
        """The same of held-out events of users whom training knows; None where there are none."""
        users, items = (torch.tensor(a).long() for a in (holdout.rows.users, holdout.items))
        known = (users >= 0) & (items >= 0) & torch.from_numpy(self.trained_)[users]
        if not known.any():
            return None
        users, items = users[known], items[known]
        drawn = sampler.beside(users, items).with_negatives(users, items, self.negatives)
        return users, drawn

    def _loss(
        self, network: NeuMFNetwork, users: Tensor, items: Tensor, weights: Tensor | None = None
    ) -> Tensor:
        """The mean log-loss of events and negatives, with the penalty in training."""
        output, penalty = network(users, items, self.l2 if network.training else 0.0)
        output = output + torch.from_numpy(self.popularity_)[items]
        above = functional.softplus(-output[:, 0])
        if weights is not None:
            above = above * weights
        below = functional.softplus(output[:, 1:]).sum()
        total: Tensor = (above.sum() + below) / output.numel() + penalty
        return total

    def usual_row(self) -> Float32:
        """float32[width], the mean row of the users whom training knows."""
        row: Float32 = self.user_rows_[self.trained_].mean(axis=0)
        return row

    def user_vectors(self, users: Histories) -> Float32:
        """float32[n_users, width], both vectors: as trained, or fitted to the history."""
        trained = self._are_trained(users)
        usual = self.usual_row()
        rows: Float32 = np.where(trained[:, None], self.user_rows_[users.users], usual)
        new = np.flatnonzero(~trained & (users.lengths > 0))
        if len(new):
            network = self._fitted_network().double()
            rows[new] = self._fitted_rows(network, *self._user_events(users.take(new)))
        return rows

    def _user_events(self, users: Histories) -> tuple[UserEvents, Float32]:
        """The positive events with negatives, and float32[n], what each counts."""
        some = users.positives
        events = UserEvents.with_negatives(some, self.negatives, self.seed)
        weights = np.ones(len(events.items), np.float32)
        weights[events.targets == 1] = some.event_weights
        return events, weights

    def _fitted_rows(self, network: NeuMFNetwork, events: UserEvents, weights: Float32) -> Float32:
        return fit_user_rows(
            network,
            events,
            weights,
            self.usual_row(),
            self.item_rows_,
            self.popularity_,
            self.l2,
        )

    def _falls(self, user: Histories, items: Int32) -> Float32 | None:
        if not user.positives.n_events:
            return None
        network = self._fitted_network().double()
        events, weights = self._user_events(user)
        (row,) = self._fitted_rows(network, events, weights)
        events = replace(events, weights=weights.astype(np.float64))
        q, asked = (torch.from_numpy(self.item_rows_[i]).double() for i in (events.items, items))
        more = torch.from_numpy(self.popularity_[events.items]).double()
        falls = row_falls(
            Objective("bce"),
            events,
            lambda rows: network.rows(rows, q) + more,
            row,
            2 * (self.l2 + LEAST_RIDGE) * len(more),
            lambda rows: network.rows(rows, asked),
            len(asked),
        )
        return of_events(falls, events.items, user)

    def item_vectors(self) -> Float32:
        """float32[n_items, width], both vectors of each item."""
        rows: Float32 = self.item_rows_
        return rows

    def _fitted_network(self) -> NeuMFNetwork:
        """The layers alone; tables have no rows."""
        empty = np.zeros((0, 3, self.user_rows_.shape[1]), np.float32)
        state = {**vars(self), "users_state_": empty, "items_state_": empty}
        return with_weights(partial(self._network, 0, 0), state)

    @torch.no_grad()
    def _scores(self, users: Histories) -> Float32:
        p, q = (torch.from_numpy(r) for r in (self.user_vectors(users), self.item_rows_))
        scores: Float32 = self._fitted_network().all_pairs(p, q).numpy()
        return scores + self.popularity_

"""Networks whose prediction is made of the dot product of a user's and an item's vector."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.data.target import Interaction
from penchant.errors import DataError, ParameterError
from penchant.models.dot.vectors import DotVectors
from penchant.models.fitted_attributes import TRAINING, Declarations, floats
from penchant.models.parameters import Space
from penchant.nn.dot.network import DotNetwork
from penchant.nn.dot.training import Examples, training_step
from penchant.nn.loop import Schedule, TrainingStep
from penchant.nn.loop import train as train_network
from penchant.nn.row_exchange import RowShard
from penchant.nn.sharded_rows import place_rows, whole_weight
from penchant.nn.weighted_events import relative_weights
from penchant.nn.weights import weights_of
from penchant.run import Run
from penchant.typing import Float32, Int64

__all__ = ["DotNetwork", "DotProduct"]


class DotProduct(DotVectors):
    """The dot product of a user's and an item's learned vectors, with biases and dense layers.

    A network of user and item embeddings joined by a dot product, any number of dense layers and
    one linear unit. What it learns is the `target`; with `interaction` it learns events against
    negatives that are drawn afresh each epoch. New users get a vector fitted to their history by
    the same loss, all else held fixed. Where events have weights, each is taken as often as these
    say, whatever the target. An update goes on with the vectors, those of new users
    from where they fit the history, and leaves the layers and the linear unit.

    Attributes:
        learning_rate: of Adam.
        batch_size: events in a batch. None is 1024, and for interactions at most an eighth of the
            events, though not below 128, so that small logs have enough steps.
        epochs: the most passes over the events.
        patience: epochs without a better validation loss before stopping.
        min_delta: what counts as better.
        optimiser: `rows` updates the rows of a batch alone, which is many times faster; `dense`
            all rows, moments included, as ordinary Adam does.
        update_epochs: passes over all events of the users who are updated.
    """

    learning_rate: Annotated[float, Field(gt=0), Space(1e-4, 1e-1, log=True)] = 0.003
    batch_size: Annotated[int | None, Field(gt=0), Space(128, 16384, log=True)] = None
    epochs: Annotated[int, Field(gt=0)] = 30
    patience: Annotated[int | None, Field(gt=0)] = 3
    min_delta: Annotated[float, Field(ge=0)] = 0.0
    optimiser: Literal["rows", "dense"] = "rows"
    update_epochs: Annotated[int, Field(gt=0)] = 5

    data_parallel: ClassVar[bool] = True
    event_bytes: ClassVar[float] = 20.0
    fitted_attributes: ClassVar[Declarations] = {
        **TRAINING,
        "output_": floats("n_outputs"),
        "layers_*_weight_": floats("n_units_*", "n_inputs_*", optional=True),
        "layers_*_bias_": floats("n_units_*", optional=True),
    }

    def start_from(self, other: DotProduct) -> Self:
        """Let the next `fit`, and only that one, begin at what another model has learned.

        The rows of users and items that both know are copied, biases where both have them; rows
        that the other never trained, and all layers, start as usual. A clone forgets it.

        Raises:
            NotFittedError: the other model has not been fitted.
            ParameterError: its vectors have another length.
        """
        other._require_fitted()
        if other.dim != self.dim:
            raise ParameterError(
                f"Vectors of length {self.dim} cannot start from vectors of length {other.dim}: "
                f"use dim={other.dim}."
            )
        width = self.dim + (self.biases and other.biases)
        users, items = other.tables()
        self._start = (other.users_, users[:, :width]), (other.items_, items[:, :width])
        return self

    @property
    def can_shard_tables(self) -> bool:
        """True: those of users and items."""
        return True

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        if self.target.needs_ratings and not train.has_ratings:
            raise DataError(
                f"The target {self.target} needs ratings, and the log {train.name!r} has none: "
                "use target=interaction."
            )
        generator = torch.Generator().manual_seed(self.seed)
        shard = RowShard.of(run)
        network = self._new_network(train.n_users, train.n_items, generator, shard)
        if start := self.__dict__.pop("_start", None):
            tables = (network.users, train.users), (network.items, train.items)
            for (ids, rows), (table, known) in zip(start, tables, strict=True):
                index = known.indices(ids.ids)
                there = (index >= 0) & rows.any(axis=1)
                place_rows(table, index[there], rows[there])
        truth = self._truth(train.ratings if train.has_ratings else None)
        if truth is None:
            train = train.positives
        examples = Examples(
            train.events["user"].to_numpy(),
            train.events["item"].to_numpy(),
            truth,
            n_items=train.n_items,
            negatives=self.negatives,
            generator=generator,
            weights=relative_weights(train.weights, train.events["user"].to_numpy()),
        )
        validate = None
        if truth is not None and self.biases and not self.is_logistic:
            network.head.output.data[-1] = float(truth.mean(dtype=np.float64))
        if validation is not None:
            validation = validation.positives if truth is None else validation
            held = examples.of_holdout(validation, self._truth(validation.ratings), train.n_users)
            mean = self.objective.mean
            validate = lambda: float(mean(network(*held[:2]), held[2]))  # noqa: E731
        self.curve_, self.best_epoch_ = train_network(
            network,
            self.training_step(network),
            examples.epoch,
            Schedule(
                epochs=self.epochs,
                batch_size=self.events_at_once(len(train)),
                patience=self.patience,
                min_delta=self.min_delta,
            ),
            generator=generator,
            validate=validate,
            run=run,
            name=f"{type(self).__name__}({self.target})",
        )
        vars(self).update(weights_of(network.head))
        users, items = whole_weight(network.users), whole_weight(network.items)
        if users is None or items is None:
            return
        # Rows that training never touched say nothing; negatives touch all items.
        touched = train.user_counts > 0, (train.item_counts > 0) | (truth is None)
        self.keep(_rows(users), _rows(items), touched)

    def _new_network(
        self,
        n_users: int,
        n_items: int,
        generator: torch.Generator,
        shard: RowShard | None = None,
    ) -> DotNetwork:
        by_rows = self.optimiser == "rows"
        return self.network(n_users, n_items, by_rows=by_rows, generator=generator, shard=shard)

    def _truth(self, ratings: Float32 | None) -> Float32 | None:
        """float32[n_events], what is to be learned; None where it is the events themselves."""
        if isinstance(self.target, Interaction) or ratings is None:
            return None
        return self.target.of_ratings(ratings)

    def events_at_once(self, n_events: int) -> int:
        """How many of so many events a batch has."""
        if self.batch_size is not None:
            return self.batch_size
        return max(128, min(1024, n_events // 8)) if self.learns_interactions else 1024

    def training_step(self, network: DotNetwork) -> TrainingStep:
        """How a batch is learned from."""
        return training_step(network, self.objective, self.learning_rate)

    def _update(self, new: Dataset, known: Histories, places: Int64, run: Run) -> None:
        users, items = self.tables()
        room = np.zeros((len(known), users.shape[1]), np.float32)
        room[places] = users
        self.keep(room, items)
        affected = np.flatnonzero(new.user_counts)
        some = known.take(affected)
        if self.learns_interactions:
            some = some.positives
        generator = torch.Generator().manual_seed(self.seed)
        network = self._new_network(len(some), known.n_items, generator)
        vectors, bias = self.user_rows(some)
        begin = np.column_stack([vectors, bias])[:, : users.shape[1]]
        for table, rows in ((network.users, begin), (network.items, items)):
            place_rows(table, np.arange(len(rows)), rows)
        network.head.load_state_dict(self.head.state_dict())
        examples = Examples(
            some.rows,
            some.items,
            self._truth(some.ratings),
            n_items=known.n_items,
            negatives=self.negatives,
            generator=generator,
            weights=relative_weights(some.weights, some.rows),
        )
        train_network(
            network,
            training_step(network, self.objective, self.learning_rate, head=False),
            examples.epoch,
            Schedule(epochs=self.update_epochs, batch_size=self.events_at_once(len(some.items))),
            generator=generator,
            run=run,
            name=f"{type(self).__name__}({self.target}), updated",
        )
        room[affected] = _rows(network.users.weight)
        self.keep(room, _rows(network.items.weight))


def _rows(table: Tensor) -> Float32:
    """The rows of a table but for the last, which is that of all unknown ones."""
    return np.asarray(table.detach().numpy()[:-1])

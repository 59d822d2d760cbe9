"""What networks share that read a history in order and foretell the next item."""

from __future__ import annotations

import math
from abc import abstractmethod
from functools import partial
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import nn

from penchant.costs import PASS, FittingCost
from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.errors import DataError
from penchant.features.item_words import ItemWords
from penchant.models.base import Signal
from penchant.models.derived import derived_from
from penchant.models.fitted_attributes import TRAINING, Declarations, floats, integers
from penchant.models.parameters import Space
from penchant.models.sequence.transitions import transition_counts
from penchant.models.shared.histories_update import ReadsHistories
from penchant.models.shared.sparse_rows import strongest_entries
from penchant.models.shared.trained_rows import of_all_items
from penchant.models.shared.validation import ndcg_loss, some_users
from penchant.nn.embedding_rows import RowTable
from penchant.nn.loop import Curve, Schedule
from penchant.nn.loop import train as train_network
from penchant.nn.row_exchange import RowShard
from penchant.nn.sampled_softmax import Candidates
from penchant.nn.sequence.encoder import SequenceEncoder
from penchant.nn.sequence.mean_vectors import MeanVectors
from penchant.nn.sequence.network import (
    SequenceBatches,
    SequenceNetwork,
    encode,
    initialise,
    item_table,
    optimisers,
)
from penchant.nn.sequence.windows import Windows
from penchant.nn.sharded_rows import place_rows
from penchant.nn.weights import weights_of, with_weights
from penchant.run import Run
from penchant.typing import Bool, Csr, Float32, Int32, Int64

_LONGEST = 2**12  # events that any setting may have a network read
_NEAR = 3  # events between which items are neighbours
_FADING = 0.75  # what each further event between them leaves of a pair's count


class SequenceNetworkModel(ReadsHistories):
    """Scores items by the product of their vectors with the state after a history's last event.

    At each event of a training sequence the network foretells the next one, all of a sequence in
    one pass: the loss is the cross-entropy over all items, or over drawn ones. Long sequences
    are cut into windows of `max_length` events, so that each event is learned. Nothing is
    kept of any user: whoever asks is answered from the positive events of the history, and `update`
    takes in new events without training.

    With a validation holdout the epoch of the best nDCG@100 is kept, by 5,000 users at most.

    Attributes:
        dim: length of the vectors of items.
        max_length: how many of a history's last events are read.
        dropout: share of units that a training step leaves out.
        scale: where there is one, scores are this times the cosine of vector and state.
        negatives: items that are drawn for the softmax of a batch; None is all items.
        alpha: power of the number of events by which they are drawn; 0 draws all alike.
        learning_rate: of Adam.
        attributes: whether the vector of an item has a part of each label in its table, such as a
            category or a brand, so that items without events have vectors, too.
        neighbours: of each item, whose mean vector is added to its own: those that most often
            came within three events of it, in either order; 0 for none. What few events tell of
            is helped by what was near it: Wang et al., "Global Context Enhanced Graph Neural
            Networks for Session-based Recommendation" (2020), section 4.1, without attention.
        l2: decay of the network's weights in each step, as a share of the learning rate.
        ema_decay: of the exponential moving average of the weights after each step, which is what
            is validated and kept (Polyak and Juditsky 1992); 0 keeps the weights themselves.
        batch_size: events in a batch.
        epochs: the most passes over the events.
        patience: epochs without a better validation nDCG@100 before stopping.
    """

    dim: Annotated[int, Field(gt=0), Space(16, 256, log=True)] = 64
    max_length: Annotated[int, Field(gt=0, le=_LONGEST), Space(10, 200, log=True)] = 100
    dropout: Annotated[float, Field(ge=0, lt=1), Space(0, 0.6)] = 0.4
    scale: Annotated[float | None, Field(gt=0, le=1000), Space(5, 50, log=True)] = None
    negatives: Annotated[int | None, Field(gt=0), Space(64, 4096, log=True)] = 512
    alpha: Annotated[float, Field(ge=0), Space(0, 1)] = 0.5
    learning_rate: Annotated[float, Field(gt=0), Space(3e-4, 1e-2, log=True)] = 2e-3
    attributes: bool = False
    neighbours: Annotated[int, Field(ge=0), Space(0, 40)] = 0
    l2: Annotated[float, Field(ge=0), Space(1e-4, 1, log=True)] = 0.0
    ema_decay: Annotated[float, Field(ge=0, lt=1)] = 0.997
    batch_size: Annotated[int, Field(gt=0), Space(512, 16_384, log=True)] = 1024
    epochs: Annotated[int, Field(gt=0)] = 60
    patience: Annotated[int | None, Field(gt=0)] = 8

    data_parallel: ClassVar[bool] = True
    signal: ClassVar[Signal] = "order"
    event_bytes: ClassVar[float] = 20.0
    bookkeeping: ClassVar[frozenset[str]] = frozenset({"trained_items_"})
    fitted_attributes: ClassVar[Declarations] = {
        **TRAINING,
        "trained_items_": integers("n_trained", dtype="int32", below="items"),
        "item_vectors_": floats("n_trained", "dim"),
    }

    if TYPE_CHECKING:
        item_vectors_: Float32

    @abstractmethod
    def _encoder(self, generator: torch.Generator | None) -> SequenceEncoder:
        """The network between vectors of items and states."""

    @abstractmethod
    def _encoder_work(self) -> float:
        """Multiply-adds of an event's way through the encoder."""

    @property
    def can_shard_tables(self) -> bool:
        """Where a batch needs the vectors of some items alone."""
        return self.negatives is not None and not self.neighbours

    def _cost(self, train: Dataset) -> FittingCost:
        n_items, n_events = np.count_nonzero(train.item_counts), len(train)
        weighed = min(self.negatives or n_items, n_items)
        batches = -(-n_events // self.batch_size)
        # Rows of the items' own table are updated where a batch touches them, all others always.
        tables = int(weighed == n_items) + int(self.neighbours > 0)
        table = tables * n_items * self.dim
        copies = 9 if self.ema_decay else 6  # of a table, its moments and the best epoch's
        per_event = 3 * (self._encoder_work() + weighed * (self.dim + PASS))
        return FittingCost(
            memory=4.0
            * (copies * (1 + tables) * n_items * self.dim + 60 * self.batch_size * self.dim),
            multiply_adds=float(self.epochs * (n_events * per_event + batches * 5 * PASS * table)),
        )

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        generator = torch.Generator().manual_seed(self.seed)
        has_events = train.histories.popularity > 0
        labels = self._labels(train)
        # int32[n_trained], the items that have vectors, ascending.
        self.trained_items_: Int32 = np.flatnonzero(
            has_events if labels is None else has_events | (np.diff(labels.indptr) > 0)
        ).astype(np.int32)
        links, shard = self._links(train), RowShard.of(run)
        network = self._new_network(labels, links, generator, shard)
        items, offsets = self._sequences(train.histories)
        windows = Windows(items, offsets, self.max_length)
        self.curve_: Curve = []
        self.best_epoch_ = 1
        if windows.n_targets:
            batches = SequenceBatches(windows, self.batch_size, generator, run.device)
            self.curve_, self.best_epoch_ = train_network(
                network.to(run.device),
                batches.step(
                    network,
                    self._candidates(train, generator),
                    optimisers(network, self.learning_rate, self.l2),
                ),
                batches.epoch,
                Schedule(
                    epochs=self.epochs,
                    batch_size=1,
                    patience=self.patience,
                    kernel_rows=self.batch_size,
                    ema_decay=self.ema_decay,
                ),
                generator=generator,
                validate=partial(self._validation_loss, network, some_users(validation, self.seed))
                if validation
                else None,
                run=run,
                name=type(self).__name__,
            )
        # Of which nothing has been learned but labels.
        idle = np.flatnonzero(~has_events[self.trained_items_])
        place_rows(network.cpu().items, idle, np.zeros((len(idle), self.dim), np.float32))
        self._keep(network)

    def _move(self, user_places: Int64, n_users: int, item_places: Int64, n_items: int) -> None:
        self.trained_items_ = item_places[self.trained_items_].astype(np.int32)

    def _labels(self, train: Dataset) -> Csr | None:
        """csr[n_items, n_labels], which item has what, or None where that does not count."""
        if not self.attributes:
            return None
        words = ItemWords.of(train, ("labels",))
        if not words.blocks:
            raise DataError(
                f"{type(self).__name__} with attributes learns from labels that several items "
                f"share, and {train.name!r} has none: give an item table, or leave them out."
            )
        return words.blocks["labels"]

    def _links(self, train: Dataset) -> Csr | None:
        """csr[n_trained, n_trained], which items are neighbours, or None where that is nothing."""
        if not self.neighbours:
            return None
        counts = transition_counts(train.histories, _NEAR, _FADING)
        nearest = strongest_entries((counts + counts.T).tocsr(), self.neighbours)
        return nearest[self.trained_items_][:, self.trained_items_]

    def _new_network(
        self,
        labels: Csr | None,
        links: Csr | None,
        generator: torch.Generator,
        shard: RowShard | None = None,
    ) -> SequenceNetwork:
        n_items = len(self.trained_items_)
        table: RowTable | nn.Embedding
        if self._samples(n_items):
            table = item_table(n_items, self.dim, generator, shard)
        else:
            table = nn.Embedding(n_items, self.dim)
        network = SequenceNetwork(
            table,
            self._encoder(generator),
            self.scale,
            None if labels is None else MeanVectors(labels[self.trained_items_], self.dim),
            None if links is None else MeanVectors(links, self.dim),
        )
        initialise(network, generator)
        return network

    def _samples(self, n_items: int) -> bool:
        return self.negatives is not None and self.negatives < n_items

    def _candidates(self, train: Dataset, generator: torch.Generator) -> Candidates | None:
        if not self._samples(len(self.trained_items_)):
            return None
        counts = train.histories.popularity[self.trained_items_]
        return Candidates(torch.from_numpy(counts), self.alpha, self.negatives or 0, generator)

    def _keep(self, network: SequenceNetwork) -> None:
        vectors = network.gathered_vectors()
        if vectors is None:
            return
        self.item_vectors_ = vectors.detach().numpy().copy()
        vars(self).update(weights_of(network.encoder))

    def _sequences(self, users: Histories) -> tuple[Int32, Int64]:
        """int32[n_events] and int64[n_users + 1], rows of vectors of the positive events."""
        users = users.positives
        known = self.trained_items_
        if users.n_events < users.n_items:  # quicker than the rows of all
            rows = np.searchsorted(known, users.items).astype(np.int32)
            found = np.append(known, -1)[rows] == users.items
        else:
            rows_of_items = np.full(users.n_items, -1, np.int32)
            rows_of_items[known] = np.arange(len(known), dtype=np.int32)
            rows = rows_of_items[users.items]
            found = rows >= 0
        if not found.all():  # items that no training event tells anything of
            users, rows = users.subset(found), rows[found]
        return rows, users.offsets

    def _validation_loss(self, network: SequenceNetwork, holdout: Holdout) -> float:
        table = network.gathered_vectors()
        if table is None:
            return math.nan  # what the first process finds holds for all
        vectors = table.detach().cpu().numpy()

        def scores(users: Histories) -> Float32:
            states = encode(network, *self._sequences(users), self.max_length, table)
            return self._of_all_items(states @ vectors.T, users.n_items)

        return ndcg_loss(scores, holdout)

    @derived_from("item_vectors_")
    def _network(self) -> SequenceNetwork:
        encoder = with_weights(partial(self._encoder, None), self.fitted_state())
        weight = torch.from_numpy(self.item_vectors_)
        items = nn.Embedding(len(weight), self.dim, _weight=weight)
        return SequenceNetwork(items, encoder, self.scale).eval()

    def has_evidence(self, users: Histories) -> Bool:
        """bool[n_users], where a history has a positive event with an item that has a vector."""
        return np.asarray(np.diff(self._sequences(users)[1]) > 0)

    def user_vectors(self, users: Histories) -> Float32:
        """float32[n_users, dim], the state after the last event; zeros without one."""
        return encode(self._network, *self._sequences(users), self.max_length)

    def item_vectors(self) -> Float32:
        """float32[n_items, dim]; zeros where no event tells anything of an item."""
        vectors = np.zeros((len(self.items_), self.dim), np.float32)
        vectors[self.trained_items_] = self.item_vectors_
        return vectors

    def _scores(self, users: Histories) -> Float32:
        return self._of_all_items(self.user_vectors(users) @ self.item_vectors_.T, users.n_items)

    def _of_all_items(self, scores: Float32, n_items: int) -> Float32:
        """float32[n_users, n_items]; items without vectors come last."""
        lowest = scores.min(1, keepdims=True, initial=0) - 1
        return of_all_items(scores, self.trained_items_, n_items, lowest)

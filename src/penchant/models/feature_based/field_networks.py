"""Deep networks over ids, labels and features: DeepFM and the deep and cross network."""

from __future__ import annotations

from abc import abstractmethod
from functools import partial
from itertools import pairwise
from typing import Annotated, ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from penchant.data.dataset import Dataset
from penchant.data.holdout import Holdout
from penchant.features.categorical import CategoricalFeatures
from penchant.models.feature_based.base import ValidationRows
from penchant.models.feature_based.standardised import StandardisedFeatures
from penchant.models.fitted_attributes import TRAINING, Declarations, Size, floats
from penchant.models.parameters import Layers, Space
from penchant.nn.embedding_rows import RowAdam
from penchant.nn.fields import CrossHead, DeepFMHead, FieldNetwork, FieldTable, Structure
from penchant.nn.loop import GradientStep, Schedule
from penchant.nn.loop import train as train_network
from penchant.nn.row_exchange import RowShard
from penchant.nn.weights import weights_of, with_weights
from penchant.run import Run
from penchant.typing import Float32, Float64

_ROWS_AT_ONCE = 2**14


class FieldLearner(StandardisedFeatures):
    """A network over fields and numbers.

    Fields are the ids and each column of the tables of users and items: labels, and intervals of
    numbers. Numbers are the features that boosted trees use, standardised, see `RatingFeatures`;
    so new users and changed histories have theirs. A share of training rows is shown without id
    of the user or of the item, as new ones are asked for later.

    Attributes:
        dim: length of the vectors.
        hidden: units of each dense layer.
        bins: into how many intervals numbers of the tables are divided.
        l2: ridge on vectors and weights of fields, each as a whole and not for each event.
        id_dropout: share of training rows shown without id of the user, and likewise of the item.
        dropout: share of the units of dense layers that is dropped in training.
        learning_rate: of Adam.
        batch_size: rows in a batch.
        epochs: the most passes over the events.
        patience: epochs without a better validation loss before stopping.
        min_delta: what counts as better.
    """

    dim: Annotated[int, Field(gt=0), Space(4, 64, log=True)] = 8
    hidden: Layers = (64, 32)
    bins: Annotated[int, Field(ge=2)] = 10
    l2: Annotated[float, Field(ge=0), Space(1, 300, log=True)] = 30.0
    id_dropout: Annotated[float, Field(ge=0, lt=1), Space(0, 0.5)] = 0.1
    dropout: Annotated[float, Field(ge=0, lt=1), Space(0, 0.5)] = 0.2
    learning_rate: Annotated[float, Field(gt=0), Space(1e-4, 1e-1, log=True)] = 0.002
    batch_size: Annotated[int, Field(gt=1), Space(64, 8192, log=True)] = 1024
    epochs: Annotated[int, Field(gt=0)] = 15
    patience: Annotated[int | None, Field(gt=0)] = 3
    min_delta: Annotated[float, Field(ge=0)] = 0.0

    data_parallel: ClassVar[bool] = True
    with_ids: ClassVar[bool] = True
    fitted_attributes: ClassVar[Declarations] = {
        **TRAINING,
        "user_fields_": floats("users+1", "n_user_fields", "dim"),
        "user_weights_": floats("users+1"),
        "item_fields_": floats("items+1", "n_item_fields", "dim"),
        "item_weights_": floats("items+1"),
    }

    def declared_attributes(self) -> Declarations:
        """What is declared of every fitted model, and the weights of the dense layers."""
        declared = dict(super().declared_attributes() or {})
        sizes: tuple[Size, ...] = ("n_all_inputs", *self.hidden)
        for n, (inputs, units) in enumerate(pairwise(sizes)):
            declared[f"deep_of_{n}_weight_"] = floats(units, inputs)
            declared[f"deep_of_{n}_bias_"] = floats(units)
        return declared

    @property
    def can_shard_tables(self) -> bool:
        """True: those of the features of users and items."""
        return True

    @abstractmethod
    def _head(self, n_fields: int, n_numbers: int, generator: torch.Generator | None) -> nn.Module:
        """What makes the output of fields and numbers."""

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        self._tables = [
            CategoricalFeatures.of(table, vocabulary.noun, len(vocabulary), bins=self.bins)
            for table, vocabulary in (
                (train.user_table, train.users),
                (train.item_table, train.items),
            )
        ]
        try:
            super()._fit(train, validation, run)
        finally:
            del self._tables

    def _learn(self, inputs: Float32, truth: Float32, validation: ValidationRows, run: Run) -> None:
        owners, features = _divided(inputs)
        self._standardise(features, truth)
        generator = torch.Generator().manual_seed(self.seed)
        tables = [
            FieldTable(bags.index, bags.widths, bags.size, self.dim, generator, RowShard.of(run))
            for bags in self._tables
        ]
        for table, of in zip(tables, owners, strict=True):
            table.count(of.numpy())
        n_fields = sum(len(table.widths) for table in tables)
        head = self._head(n_fields, self._width, generator)
        network = FieldNetwork(tables[0], tables[1], head)
        validate = None
        if validation is not None:
            asked, numbers = _divided(validation[0])
            held = *asked, self._prepared(numbers), self._scaled(validation[1])
            validate = lambda: float(self._loss(network(*held[:3])[0], held[3]))  # noqa: E731
        share = self.id_dropout

        def loss(users: Tensor, items: Tensor, numbers: Tensor, wanted: Tensor) -> Tensor:
            drawn = torch.rand(2, len(users), generator=generator) < share
            output, squares = network(users, items, numbers, (drawn[0], drawn[1]))
            value: Tensor = self._loss(output, wanted) + self.l2 * squares.mean()
            return value

        adam = RowAdam([t.table for t in tables], [*head.parameters()], self.learning_rate)
        self.curve_, self.best_epoch_ = train_network(
            network,
            GradientStep(loss, [adam]),
            (*owners, self._prepared(features), self._scaled(truth)),
            Schedule.of(self),
            generator=generator,
            validate=validate,
            run=run,
            name=f"{type(self).__name__}({self.target})",
        )
        network.eval()
        whole = [table.table.gather() for table in tables]
        if not all(whole):
            return
        (self.user_fields_, self.user_weights_), (self.item_fields_, self.item_weights_) = (
            table.collapsed() for table in tables
        )
        vars(self).update(weights_of(head))

    @torch.no_grad()
    def _raw(self, inputs: Float32) -> Float64:
        n_fields = self.user_fields_.shape[1] + self.item_fields_.shape[1]
        make = partial(self._head, n_fields, self._width, None)
        head = with_weights(make, vars(self)).double()
        found = np.empty(len(inputs))
        for start in range(0, len(inputs), _ROWS_AT_ONCE):
            part = slice(start, start + _ROWS_AT_ONCE)
            (users, items), features = _divided(inputs[part])
            u, i = users.numpy(), items.numpy()
            vectors = np.concatenate([self.user_fields_[u], self.item_fields_[i]], axis=1)
            weights = self.user_weights_[u] + self.item_weights_[i]
            found[part] = head(
                torch.from_numpy(vectors).double(),
                torch.from_numpy(weights).double(),
                self._prepared(features).double(),
            ).numpy()
        mean, scale = self.output_
        return found * scale + mean


class DeepFM(FieldLearner):
    """A factorisation machine beside dense layers, over the same vectors.

    Guo, Tang, Ye, Li and He, "DeepFM: A Factorization-Machine based Neural Network for CTR
    Prediction" (2017). Every two fields interact by the product of their vectors, and every number
    by its value times a vector; the dense layers take all vectors and numbers. See `FieldLearner`
    for what these are.
    """

    fitted_attributes: ClassVar[Declarations] = {
        "vectors_": floats("n_numbers", "dim"),
        "weights_": floats("n_numbers"),
        "offset_": floats(1),
    }

    def declared_attributes(self) -> Declarations:
        """The same with the output layer."""
        output = {"output_weight_": floats(1, *self.hidden[-1:]), "output_bias_": floats(1)}
        return {**super().declared_attributes(), **(output if self.hidden else {})}

    def _head(self, n_fields: int, n_numbers: int, generator: torch.Generator | None) -> nn.Module:
        return DeepFMHead(
            n_fields,
            self.dim,
            n_numbers,
            self.hidden,
            dropout=self.dropout,
            generator=generator,
        )


class DCNV2(FieldLearner):
    """Cross layers, which multiply the input by linear functions of what came before.

    Wang, Shivanna, Cheng, Jain, Lin, Hong and Chi, "DCN V2: Improved Deep & Cross Network and
    Practical Lessons for Web-scale Learning to Rank Systems" (2021), with dense layers beside or
    behind the cross layers. See `FieldLearner` for the input.

    Attributes:
        cross_layers: number of cross layers.
        rank: rank of their matrices; 0 for full ones.
        experts: matrices of low rank among which a gate divides each cross layer.
        structure: `parallel` has dense layers beside the cross layers, `stacked` behind them.
    """

    cross_layers: Annotated[int, Field(gt=0), Space(1, 4)] = 2
    rank: Annotated[int, Field(ge=0), Space(4, 128, log=True)] = 16
    experts: Annotated[int, Field(gt=0), Space(1, 4)] = 1
    structure: Structure = "parallel"

    fitted_attributes: ClassVar[Declarations] = {
        "cross_*_bias_": floats("n_all_inputs"),
        "cross_*_full_": floats("n_all_inputs", "n_all_inputs", optional=True),
        "cross_*_down_": floats("experts", "n_all_inputs", "rank", optional=True),
        "cross_*_up_": floats("experts", "rank", "n_all_inputs", optional=True),
        "cross_*_middle_": floats("experts", "rank", "rank", optional=True),
        "cross_*_gate_": floats("n_all_inputs", "experts", optional=True),
        "output_bias_": floats(1),
    }

    def declared_attributes(self) -> Declarations:
        """The same with the output layer, whose input depends on the structure."""
        width: Size = "n_all_inputs"
        if self.hidden:
            width = self.hidden[-1] if self.structure == "stacked" else f"{width}+{self.hidden[-1]}"
        return {**super().declared_attributes(), "output_weight_": floats(1, width)}

    def _head(self, n_fields: int, n_numbers: int, generator: torch.Generator | None) -> nn.Module:
        return CrossHead(
            n_fields,
            self.dim,
            n_numbers,
            self.hidden,
            cross_layers=self.cross_layers,
            rank=self.rank,
            experts=self.experts,
            structure=self.structure,
            dropout=self.dropout,
            generator=generator,
        )


def _divided(inputs: Float32) -> tuple[list[Tensor], Float32]:
    """Users and items, int64[n] each, -1 where unknown, and the features of `inputs`."""
    ids = torch.from_numpy(inputs[:, -2:].astype(np.int64))
    return [ids[:, 0], ids[:, 1]], inputs[:, :-2]

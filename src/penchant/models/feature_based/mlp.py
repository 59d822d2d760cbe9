"""A dense network over features of a user and an item."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Annotated, ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from penchant.models.feature_based.base import ValidationRows
from penchant.models.feature_based.standardised import StandardisedFeatures
from penchant.models.fitted_attributes import TRAINING, Declarations, floats
from penchant.models.parameters import Space
from penchant.nn.loop import GradientStep, Schedule
from penchant.nn.loop import train as train_network
from penchant.nn.weights import weights_of, with_weights
from penchant.run import Run
from penchant.typing import Float32, Float64

_ROWS_AT_ONCE = 2**15


class FeatureMLP(StandardisedFeatures):
    """A feed-forward network over the features that boosted trees use.

    It is about as good as the trees and errs elsewhere, so that both together are better than
    either. Inputs are standardised; one that is not known is 0, and a further input says so. The
    answer is the mean of several networks that begin with other weights and see other batches.
    See `RatingFeatures` for the features.

    Attributes:
        hidden: units of the first hidden layer; the second has half as many.
        networks: how many there are.
        dropout: share of the units of both layers that is dropped in training.
        weight_decay: of AdamW.
        learning_rate: of AdamW.
        batch_size: rows in a batch.
        epochs: the most passes over the events.
        patience: epochs without a better validation loss before stopping.
        min_delta: what counts as better.
    """

    hidden: Annotated[int, Field(ge=2), Space(16, 512, log=True)] = 128
    networks: Annotated[int, Field(gt=0, le=50)] = 2
    dropout: Annotated[float, Field(ge=0, lt=1), Space(0, 0.5)] = 0.3
    weight_decay: Annotated[float, Field(ge=0), Space(1e-3, 1, log=True)] = 0.01
    learning_rate: Annotated[float, Field(gt=0), Space(1e-4, 1e-1, log=True)] = 0.001
    batch_size: Annotated[int, Field(gt=1), Space(64, 4096, log=True)] = 512
    epochs: Annotated[int, Field(gt=0)] = 15
    patience: Annotated[int | None, Field(gt=0)] = 3
    min_delta: Annotated[float, Field(ge=0)] = 0.0

    data_parallel: ClassVar[bool] = True
    fitted_attributes: ClassVar[Declarations] = {
        **TRAINING,
        "weights_*_": floats("networks", "n_inputs_*", "n_units_*"),
        "biases_*_": floats("networks", 1, "n_units_*"),
    }

    def _learn(self, inputs: Float32, truth: Float32, validation: ValidationRows, run: Run) -> None:
        self._standardise(inputs, truth)
        generator = torch.Generator().manual_seed(self.seed)
        x, y = self._prepared(inputs), self._scaled(truth)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            network = Committee(x.shape[1], self.hidden, self.networks, self.dropout)
            adam = torch.optim.AdamW(
                network.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay
            )
            validate = None
            if validation is not None:
                validation_x = self._prepared(validation[0])
                validation_y = self._scaled(validation[1])
                validate = lambda: float(self._loss(network.mean(validation_x), validation_y))  # noqa: E731

            def loss(a: Tensor, b: Tensor) -> Tensor:
                return self._loss(network(a), b.expand(self.networks, -1))

            self.curve_, self.best_epoch_ = train_network(
                network,
                GradientStep(loss, [adam]),
                (x, y),
                Schedule.of(self),
                generator=generator,
                validate=validate,
                run=run,
                name=f"{type(self).__name__}({self.target})",
            )
        vars(self).update(weights_of(network))

    @torch.no_grad()
    def _raw(self, inputs: Float32) -> Float64:
        make = partial(Committee, self._width, self.hidden, self.networks, self.dropout)
        network = with_weights(make, vars(self)).double()
        parts = [inputs[n : n + _ROWS_AT_ONCE] for n in range(0, len(inputs), _ROWS_AT_ONCE)]
        found = [network.mean(self._prepared(part).double()).numpy() for part in parts]
        mean, scale = self.output_
        return np.concatenate([np.empty(0), *found]) * scale + mean


class Committee(nn.Module):
    """Several networks of two hidden layers side by side, each with weights of its own.

    Args:
        n_inputs: numbers of a row.
        hidden: units of the first hidden layer.
        networks: how many networks.
        dropout: share of the hidden units that is dropped in training.
    """

    def __init__(self, n_inputs: int, units: int, networks: int, dropout: float) -> None:
        super().__init__()
        sizes = (n_inputs, units, max(1, units // 2), 1)
        self.weights = nn.ParameterList(
            nn.Parameter(torch.randn(networks, a, b) * (2 / a) ** 0.5) for a, b in pairwise(sizes)
        )
        self.biases = nn.ParameterList(
            nn.Parameter(torch.zeros(networks, 1, size)) for size in sizes[1:]
        )
        self.dropout = dropout

    def forward(self, x: Tensor) -> Tensor:
        """float[networks, n], what each says of float[n, n_inputs]."""
        hidden = x.expand(len(self.weights[0]), -1, -1)
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            hidden = torch.relu(torch.baddbmm(bias, hidden, weight))
            hidden = functional.dropout(hidden, self.dropout, self.training)
        return torch.baddbmm(self.biases[-1], hidden, self.weights[-1])[:, :, 0]

    def mean(self, x: Tensor) -> Tensor:
        """float[n], the mean of what they say."""
        found: Tensor = self(x).mean(0)
        return found

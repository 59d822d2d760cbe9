"""Restricted Boltzmann machines for ratings, trained by contrastive divergence on what is known."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional

from penchant.typing import Float32, Float64

_SHARED = 2.0  # of the part of a visible unit's weights that all its values share
_OWN = 0.1  # of each value's own part; the part that is linear in the value has 1


def value_kernel(values: Float32) -> Tensor:
    """float32[k, k], how much a gradient for one value moves the weights of another.

    Neighbouring values mean nearly the same, and that something was rated at all says much. So
    the weights of value v are a shared part, a part times the standardised v, and a part of its
    own, with shares of `_SHARED`, 1 and `_OWN` in the learning rate. A gradient step on the parts,
    ridge included, is a step on the weights whose gradient is multiplied by this matrix (of trace
    k). Sharing weights between values follows Zheng et al., "A Neural Autoregressive Approach to
    Collaborative Filtering" (2016), section 4.1.
    """
    k = len(values)
    z = standardised(values)
    kernel = np.outer(z, z) + _SHARED + _OWN * np.eye(k)
    return torch.from_numpy((kernel * (k / np.trace(kernel))).astype(np.float32))


def standardised(values: Float32) -> Float64:
    """float64[k], the values with mean 0 and variance 1; zero for a single one."""
    centred = values.astype(np.float64) - values.mean(dtype=np.float64)
    return np.asarray(centred / (centred.std() or 1.0))


@dataclass(frozen=True)
class RatingRows:
    """Ratings of some rows, a one-hot or any other distribution over values for each.

    Attributes:
        offsets: int64[n_rows + 1], where each row's entries start and end.
        units: int64[n_entries], column * n_values + value.
        weights: float32[n_entries], or None where all are 1.
    """

    offsets: Tensor
    units: Tensor
    weights: Tensor | None = None

    @classmethod
    def of(cls, matrix: sparse.csr_array, values: Float32) -> RatingRows:
        """A sparse matrix of ratings; each rating becomes the nearest of the values."""
        between = (values[1:] + values[:-1]) / 2
        units = matrix.indices.astype(np.int64) * len(values)
        units += np.searchsorted(between, matrix.data)
        return cls(torch.from_numpy(matrix.indptr.astype(np.int64)), torch.from_numpy(units))

    def take(self, rows: Tensor) -> RatingRows:
        """Some of the rows, all of weight 1."""
        starts = self.offsets[rows]
        offsets = _offsets(self.offsets[rows + 1] - starts)
        shift = torch.repeat_interleave(starts - offsets[:-1], offsets.diff())
        return RatingRows(offsets, self.units[torch.arange(int(offsets[-1])) + shift])

    def times(self, table: Tensor) -> Tensor:
        """float32[n_rows, dim], the product with float32[n_units, dim]."""
        return functional.embedding_bag(
            self.units,
            table,
            self.offsets,
            mode="sum",
            include_last_offset=True,
            per_sample_weights=self.weights,
        )

    def transposed(self, n_units: int) -> RatingRows:
        """The transposed matrix, with the rows as its units."""
        data = np.ones(len(self.units), np.float32)
        if self.weights is not None:
            data = self.weights.numpy()
        matrix = sparse.csr_array(
            (data, self.units.numpy(), self.offsets.numpy()), shape=(len(self.offsets) - 1, n_units)
        )
        turned = matrix.T.tocsr()
        offsets, rows = (a.astype(np.int64) for a in (turned.indptr, turned.indices))
        return RatingRows(
            torch.from_numpy(offsets), torch.from_numpy(rows), torch.from_numpy(turned.data)
        )


class SoftmaxRBM(nn.Module):
    """Visible softmax units, one for each column, and binary hidden units.

    Args:
        bias: float32[n_columns, n_values], the initial biases of visible units.
        hidden: hidden units.
        generator: source of the initial weights.
    """

    weight: Tensor
    visible_bias: Tensor
    hidden_bias: Tensor

    def __init__(self, bias: Tensor, hidden: int, generator: torch.Generator) -> None:
        super().__init__()
        self.n_values = bias.shape[1]
        weight = torch.randn(bias.numel(), hidden, generator=generator) * 0.01
        self.register_buffer("weight", weight)  # float32[n_columns * n_values, hidden]
        self.register_buffer("visible_bias", bias.clone())
        self.register_buffer("hidden_bias", torch.zeros(hidden))

    def hidden(self, rated: RatingRows) -> Tensor:
        """float32[n_rows, hidden], how likely each hidden unit is on."""
        return torch.sigmoid_(rated.times(self.weight) + self.hidden_bias)

    def reconstruct(self, hidden: Tensor, offsets: Tensor, columns: Tensor) -> RatingRows:
        """The distribution over values at each row's columns, given its hidden units."""
        k = self.n_values
        units = (columns[:, None] * k + torch.arange(k)).view(-1)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Sparse CSR", category=UserWarning)
            wanted = torch.sparse_csr_tensor(
                offsets * k,
                units,
                torch.zeros(len(units)),
                size=(len(hidden), len(self.weight)),
                check_invariants=False,
            )
            # Only where something was rated: a few hundredths of all rows and columns.
            found = torch.sparse.sampled_addmm(wanted, hidden, self.weight.T, beta=0.0)
        activity = found.values().view(-1, k) + self.visible_bias[columns]
        return RatingRows(offsets * k, units, torch.softmax(activity, 1).view(-1))


class ContrastiveDivergence:
    """A step up the gradient of contrastive divergence, with momentum and weight decay.

    Visible units take their probabilities, hidden ones are drawn: Salakhutdinov, Mnih and Hinton,
    "Restricted Boltzmann Machines for Collaborative Filtering" (2007), eq. 1 to 7. A row's
    unrated columns play no part.

    Args:
        network: what to train.
        rows: the ratings of all rows.
        kernel: float32[n_values, n_values], see `value_kernel`.
        learning_rate: of the mean gradient of a batch's rows.
        momentum: share of the last update in the next.
        l2: weight decay of the weights, not of the biases.
        generator: source of the hidden states.
    """

    def __init__(
        self,
        network: SoftmaxRBM,
        rows: RatingRows,
        kernel: Tensor,
        *,
        learning_rate: float,
        momentum: float,
        l2: float,
        generator: torch.Generator,
    ) -> None:
        self.network, self.rows, self.kernel = network, rows, kernel
        self.learning_rate, self.momentum, self.l2 = learning_rate, momentum, l2
        self.generator = generator
        self.gibbs_steps = 1
        self.parameters = (network.weight, network.visible_bias, network.hidden_bias)
        self.velocities = tuple(torch.zeros_like(p) for p in self.parameters)

    @torch.no_grad()
    def __call__(self, rows: Tensor) -> Tensor:
        """Learn from int64[n_rows]; the mean negative log-likelihood of their reconstruction."""
        network, k = self.network, self.network.n_values
        data = self.rows.take(rows)
        columns = data.units // k
        first = hidden = network.hidden(data)
        loss = torch.zeros(())
        for step in range(self.gibbs_steps):
            drawn = (torch.rand(hidden.shape, generator=self.generator) < hidden).float()
            model = network.reconstruct(drawn, data.offsets, columns)
            if step == 0:
                assert model.weights is not None
                mine = torch.arange(len(columns)) * k + data.units % k
                loss = -model.weights[mine].log().mean()
            hidden = network.hidden(model)
        n_units = len(network.weight)
        turned, turned_model = data.transposed(n_units), model.transposed(n_units)
        weight = turned.times(first).sub_(turned_model.times(hidden)).view(-1, k, first.shape[1])
        weight = (self.kernel @ weight).view(n_units, -1)
        visible = torch.bincount(data.units, minlength=n_units).float()
        visible -= torch.bincount(model.units, model.weights, minlength=n_units)
        gradients = (weight, visible.view(-1, k), (first - hidden).sum(0))
        for parameter, velocity, gradient in zip(
            self.parameters, self.velocities, gradients, strict=True
        ):
            velocity.mul_(self.momentum).add_(gradient, alpha=1 / len(rows))
            if parameter is network.weight:
                velocity.add_(parameter, alpha=-self.l2)
            parameter.add_(velocity, alpha=self.learning_rate)
        return loss


def _offsets(lengths: Tensor) -> Tensor:
    return torch.cat([torch.zeros(1, dtype=torch.int64), lengths.cumsum(0)])

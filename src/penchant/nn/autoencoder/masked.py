"""An autoencoder of which only some entries of the output are computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from scipy import sparse
from torch import Tensor, nn

from penchant.nn.autoencoder.sparse_batches import SparseBatch, SparseLinear, dropped
from penchant.nn.weights import squared_norm


class MaskedAutoencoder(nn.Module):
    """A sparse vector, one hidden layer, and linear units for the wanted entries of the vector.

    Args:
        n_columns: length of the vectors.
        hidden: units between them.
        activation: of the hidden units.
    """

    def __init__(self, n_columns: int, hidden: int, activation: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.activation = activation
        self.encoder = SparseLinear(n_columns, hidden)
        self.decoder = nn.Linear(hidden, n_columns)

    def encode(self, batch: SparseBatch) -> Tensor:
        """float32[n_rows, hidden]."""
        return self.activation(self.encoder(batch))

    def decode(self, hidden: Tensor, wanted: SparseBatch) -> Tensor:
        """float32[n_entries], the output at each entry of `wanted`."""
        return wanted.dots(hidden, self.decoder.weight) + self.decoder.bias[wanted.columns]


def presence_inputs(vectors: sparse.csr_array, presence: float) -> SparseBatch:
    """The input of the network: each entry of the vectors, with `presence` added to it."""
    batch = SparseBatch(vectors)
    batch.values = batch.values + presence
    return batch


def masked_loss(
    network: MaskedAutoencoder,
    vectors: sparse.csr_array,
    rows: Tensor,
    *,
    presence: float,
    dropout: float,
    l2: float,
    start: Sequence[Tensor] | None,
    generator: torch.Generator,
) -> Tensor:
    """The objective's share of a batch, as a mean over the entries of an average batch.

    The objective is the sum of squared errors of all entries and l2 / 2 times that of weights.

    Args:
        network: what is trained.
        vectors: csr[n_rows, n_columns], all training rows.
        rows: int64[n], the batch.
        presence: see `presence_inputs`.
        dropout: share of the hidden units left out.
        l2: strength of the penalty on the weights of both layers.
        start: the weights towards which the penalty draws them; None is 0.
        generator: decides which units are left out.
    """
    truth = vectors[rows.numpy()]
    batch = presence_inputs(truth, presence)
    hidden = dropped(network.encode(batch), dropout, generator)
    error = network.decode(hidden, batch) - torch.from_numpy(truth.data)
    share = len(rows) / vectors.shape[0]
    weights = squared_norm((network.encoder.weight, network.decoder.weight), start)
    return (error.square().sum() + share * l2 / 2 * weights) / (share * vectors.nnz)

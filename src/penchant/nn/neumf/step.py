"""A step of neural matrix factorisation with gradients that are written out."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from penchant.nn.embedding_rows import RowAdam
from penchant.nn.neumf.batch_loop import learn_batch
from penchant.nn.neumf.dense_weights import DenseWeights
from penchant.nn.neumf.network import NeuMFNetwork
from penchant.nn.neumf.pair_loops import events_in_a_chunk
from penchant.nn.neumf.row_loops import AdamSettings, Batch, PairGradients, Side, adam_update
from penchant.typing import Float32

MOST_PARTS = 16  # of a batch, and with it the most threads
_PAIRS_OF_A_PART = 256


class CompiledNeuMFStep:
    """The step of Adam that automatic differentiation makes, in one pass over a batch.

    The network has layers and no dropout. Its dense parameters become parts of one vector.

    Args:
        network: what is trained.
        optimiser: whose settings and moments are used.
        popularity: float32[n_items], added to the log-odds.
        l2: weight of the squares of both rows, for each pair.
        batch_size: events of a batch, at most.
        n_pairs: pairs of each event.
    """

    def __init__(
        self,
        network: NeuMFNetwork,
        optimiser: RowAdam,
        popularity: Float32,
        l2: float,
        batch_size: int,
        n_pairs: int,
    ) -> None:
        self.optimiser, self.popularity, self.l2 = optimiser, popularity, np.float32(l2)
        layers = [layer for layer in network.layers if isinstance(layer, nn.Linear)]
        sizes = np.array([layer.out_features for layer in layers])
        parameters: list[nn.Parameter] = [p for layer in layers for p in layer.parameters()]
        ends = np.cumsum([p.numel() for p in parameters])
        parameters += [network.products, network.units, network.offset]
        dense = _one_vector(parameters)
        self._layers = DenseWeights(sizes, np.append(0, ends[1:-1:2]), dense[0])
        self._dense = dense
        rows, units = batch_size * n_pairs, int(sizes[0])
        widths = network.dim, network.users.weight.shape[1] - network.dim, units
        self._users = _side(network.users.state, batch_size, widths)
        self._items = _side(network.items.state, rows, widths)
        self._pairs = PairGradients(
            _floats(batch_size, n_pairs),
            _floats(rows, units),
            _floats(batch_size, units),
            _floats(batch_size, network.dim),
        )
        n_parts = min(MOST_PARTS, max(1, rows // _PAIRS_OF_A_PART))
        self._gradients = _floats(n_parts, dense.shape[1])
        self._losses = np.zeros(n_parts)
        at_once = events_in_a_chunk(n_pairs) * n_pairs
        self._space = _floats(n_parts, 2 * at_once * int(sizes.sum()))
        self._ones = np.ones(batch_size, np.float32)

    @torch.no_grad()
    def __call__(self, users: Tensor, items: Tensor, weights: Tensor | None = None) -> Tensor:
        """Learn from int64[n] users, int64[n, pairs] items; the loss before."""
        adam = self._adam()
        learn_batch(
            Batch(
                users.numpy(),
                items.numpy(),
                self._ones[: len(users)] if weights is None else weights.numpy(),
                self.popularity,
            ),
            self._users,
            self._items,
            self._layers,
            self._pairs,
            self._gradients,
            self.l2,
            adam,
            self._space,
            self._losses,
        )
        adam_update(self._dense, self._gradients.sum(axis=0), np.float32(0), adam)
        return torch.tensor(self._losses.sum() / items.numel())

    def _adam(self) -> AdamSettings:
        """Settings of the next step, with the corrections that `RowAdam` makes."""
        optimiser = self.optimiser
        optimiser.steps += 1
        b1, b2 = optimiser.betas
        correction = (1 - b2**optimiser.steps) ** 0.5
        rate = optimiser.lr * correction / (1 - b1**optimiser.steps)
        settings = rate, 1 - b1, 1 - b2, b2, optimiser.eps * correction
        return AdamSettings(*map(np.float32, settings))


def _one_vector(parameters: list[nn.Parameter]) -> Float32:
    """float32[3, n], all of them, of which they become views, and both moments of Adam.

    Weights of layers lie there inputs by units.
    """
    dense = torch.zeros(3, sum(p.numel() for p in parameters))
    start = 0
    for p in parameters:
        part = dense[0, start : start + p.numel()]
        part.copy_(p.detach().T.flatten() if p.dim() == 2 else p.detach())
        p.data = part.view(*p.shape[::-1]).T if p.dim() == 2 else part
        start += p.numel()
    values: Float32 = dense.numpy()
    return values


def _side(state: Tensor, rows: int, widths: tuple[int, int, int]) -> Side:
    """Space for the users or the items of a batch of so many rows."""
    values, order, local = (np.empty(rows, np.int32) for _ in range(3))
    products, vectors, first = (_floats(rows, width) for width in widths)
    return Side(
        state.numpy(),
        np.full(len(state), -1, np.int32),
        values,
        np.empty(rows + 1, np.int32),
        order,
        local,
        products,
        vectors,
        first,
    )


def _floats(*shape: int) -> Float32:
    return np.empty(shape, np.float32)

"""Vectors of items, and an encoder of sequences of them that foretells the next one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from penchant.nn.embedding_rows import RowAdam, RowTable
from penchant.nn.loop import GradientStep, Optimiser, Tensors, TrainingStep
from penchant.nn.row_exchange import RowShard
from penchant.nn.sampled_softmax import Candidates
from penchant.nn.sequence.encoder import SequenceEncoder
from penchant.nn.sequence.mean_vectors import MeanVectors
from penchant.nn.sequence.softmax import cross_entropy, sampled_cross_entropy
from penchant.nn.sequence.windows import Windows, padded_histories
from penchant.nn.sharded_rows import row_table, whole_weight
from penchant.typing import AnyInt, Float32, Int64

_ENCODED_CELLS = 2**14  # events whose states are computed at once when nothing is trained


class SequenceNetwork(nn.Module):
    """What is trained: a vector for each item, in and out, and the encoder.

    Args:
        items: the table of vectors, float32[n_items, dim]: a `RowTable` where batches touch few of
            them, otherwise an `Embedding`.
        encoder: from the vectors of sequences to their states, no place seeing those after it.
        scale: where there is one, vectors and states have length 1, and scores are their cosines
            times this: popular items, whose vectors are long, then have no advantage. Gupta et
            al., "NISER: Normalized Item and Session Representations to Handle Popularity Bias"
            (2019), section 4.
        attributes: what is added to the vectors of items that have something in common.
        neighbours: what is added to those of items that follow one another.
    """

    def __init__(
        self,
        items: RowTable | nn.Embedding,
        encoder: SequenceEncoder,
        scale: float | None = None,
        attributes: MeanVectors | None = None,
        neighbours: MeanVectors | None = None,
    ) -> None:
        super().__init__()
        self.items = items
        self.encoder = encoder
        self.scale = scale
        self.attributes = attributes
        self.neighbours = neighbours

    def vectors(self, items: Tensor | None = None) -> Tensor:
        """float32[n, dim], of int64[n] items, or of all, as they are read and foretold."""
        rows = self.items.weight if items is None else self.items(items)
        return self._joined(rows, items)

    def gathered_vectors(self) -> Tensor | None:
        """float32[n_items, dim], of all items, or None where another process has them all."""
        rows = whole_weight(self.items)
        return None if rows is None else self._joined(rows, None)

    def _joined(self, rows: Tensor, items: Tensor | None) -> Tensor:
        for links in (self.attributes, self.neighbours):
            if links is not None:
                rows = rows + links(items)
        return rows if self.scale is None else nn.functional.normalize(rows)

    def states(self, x: Tensor, items: Tensor, places: Tensor) -> Tensor:
        """float32[n_events, dim], the states after the events at these places.

        Args:
            x: float32[n, length, dim], vectors of the items.
            items: int64[n, length].
            places: int64[n_events], places in the flattened items.
        """
        found = self.encoder.states(x, items, places)
        return found if self.scale is None else self.scale * nn.functional.normalize(found)


def initialise(network: SequenceNetwork, generator: torch.Generator) -> None:
    """Set all weights but those of a `RowTable` and of normalisations at random."""
    norms = [module for module in network.modules() if isinstance(module, nn.LayerNorm)]
    of_norms = {id(weight) for norm in norms for weight in norm.parameters()}
    for name, weight in network.named_parameters():
        with torch.no_grad():
            if id(weight) in of_norms:
                continue
            if weight.dim() < 2:
                weight.zero_()
            elif name.startswith(("items", "attributes", "neighbours")) or "positions" in name:
                weight.normal_(0, _vector_scale(weight.shape[1]), generator=generator)
            else:
                nn.init.xavier_normal_(weight, generator=generator)


def item_table(
    n_items: int, dim: int, generator: torch.Generator, shard: RowShard | None = None
) -> RowTable:
    """A table whose rows are updated where a batch touches them, or the shard of a process."""

    def draw(n: int) -> Tensor:
        return torch.randn(n, dim, generator=generator) * _vector_scale(dim)

    return row_table(n_items, draw, shard)


def _vector_scale(dim: int) -> float:
    return float((1 / dim) ** 0.5)


def optimisers(network: SequenceNetwork, learning_rate: float, l2: float) -> list[Optimiser]:
    """Adam with decoupled weight decay for the weights, and by rows for a `RowTable`."""
    # Fused, a step of all parameters is one pass of compiled code.
    weights = list(network.parameters())
    adam: Optimiser = torch.optim.AdamW(
        weights, lr=learning_rate, weight_decay=l2, betas=(0.9, 0.98), fused=True
    )
    if not isinstance(network.items, RowTable):
        return [adam]
    return [adam, RowAdam([network.items], lr=learning_rate, betas=(0.9, 0.98))]


class SequenceBatches:
    """The batches of one epoch after another, as the training loop takes them.

    Args:
        windows: what is learned.
        batch_size: events in a batch.
        generator: decides which windows meet.
        device: where the network is.
    """

    def __init__(
        self, windows: Windows, batch_size: int, generator: torch.Generator, device: str = "cpu"
    ) -> None:
        self.windows, self.batch_size, self.generator = windows, batch_size, generator
        self.device = device
        self.batches: list[Int64] = []

    def epoch(self) -> Tensors:
        """Divide the windows anew; int64[n_batches], the number of each batch."""
        self.batches = self.windows.epoch(self.batch_size, self.generator)
        return (torch.arange(len(self.batches)),)

    def step(
        self,
        network: SequenceNetwork,
        candidates: Candidates | None,
        optimisers: list[Optimiser],
    ) -> TrainingStep:
        """What learns from a batch, given int64[1], its number.

        Args:
            network: what is trained.
            candidates: what is drawn for the softmax of a batch, or None for one over all items.
            optimisers: of the network.
        """
        loss: Loss = (
            _full_loss(network) if candidates is None else _SampledLoss(network, candidates)
        )

        def windows(number: Tensor) -> Tensors:
            if isinstance(loss, _SampledLoss):
                loss.draw()
            return (torch.from_numpy(self.batches[int(number)]),)

        def of_windows(some: Tensor) -> Tensor:
            batch = self.windows.batch(some.numpy())
            parts = batch.inputs, batch.places, batch.targets
            return loss(*(part.to(self.device) for part in parts)).cpu()

        return GradientStep(
            of_windows,
            optimisers,
            rows=windows,
            amount=lambda some: int(self.windows.lengths[some.numpy()].sum()),
        )


Loss = Callable[[Tensor, Tensor, Tensor], Tensor]


def _full_loss(network: SequenceNetwork) -> Loss:
    def loss(inputs: Tensor, places: Tensor, targets: Tensor) -> Tensor:
        table = network.vectors()
        given = nn.functional.embedding(inputs, table)
        states = network.states(given, inputs, places)
        return cross_entropy(states, table, targets, rounded=network.encoder.rounded)

    return loss


class _SampledLoss:
    """The loss over items that are drawn once for all of a batch."""

    def __init__(self, network: SequenceNetwork, candidates: Candidates) -> None:
        self.network, self.candidates = network, candidates

    def draw(self) -> None:
        self.drawn, self.log_expected = self.candidates.draw()

    def __call__(self, inputs: Tensor, places: Tensor, targets: Tensor) -> Tensor:
        network, device = self.network, inputs.device
        drawn, log_expected = self.drawn.to(device), self.log_expected.to(device)
        n_inputs, n_targets = inputs.numel(), len(targets)
        together = torch.cat([inputs.flatten(), targets, drawn])
        needed, where = torch.unique(together, return_inverse=True)
        rows = network.vectors(needed)
        given, own, others = where.split([n_inputs, n_targets, len(drawn)])
        vectors = nn.functional.embedding(given.view(inputs.shape), rows)
        return sampled_cross_entropy(
            network.states(vectors, inputs, places),
            rows[own],
            rows[others],
            log_expected,
            collisions(targets, drawn),
        )


def collisions(targets: Tensor, drawn: Tensor) -> Tensor:
    """int64[2, n], each pair of a target and a drawn item that are the same, by target."""
    order = drawn.argsort()
    items = drawn[order]
    first, last = (
        torch.searchsorted(items, targets),
        torch.searchsorted(items, targets, side="right"),
    )
    counts = last - first
    event = torch.repeat_interleave(counts)
    within = torch.arange(len(event), device=event.device) - torch.repeat_interleave(
        counts.cumsum(0) - counts, counts
    )
    return torch.stack([event, order[first[event] + within]])


@torch.inference_mode()
def encode(
    network: SequenceNetwork,
    items: AnyInt,
    offsets: Int64,
    max_length: int,
    table: Tensor | None = None,
) -> Float32:
    """float32[n_sequences, dim], the states after the last event; zeros where there is none.

    Args:
        network: what reads the sequences.
        items: int[n_events].
        offsets: int64[n_sequences + 1], where each sequence starts and ends.
        max_length: how many of its last events are read.
        table: float32[n_items, dim], the vectors of all items, where they are at hand.
    """
    weight = network.items.weight
    # For a few events their items' vectors alone are made, otherwise all once.
    if table is None and len(items) > len(weight):
        table = network.vectors()
    found = np.zeros((len(offsets) - 1, weight.shape[1]), np.float32)
    for rows, inputs, last in padded_histories(items, offsets, max_length, _ENCODED_CELLS):
        inputs = inputs.to(weight.device)
        given = network.vectors(inputs.flatten()) if table is None else table[inputs.flatten()]
        states = network.states(given.view(*inputs.shape, -1), inputs, last.to(weight.device))
        found[rows] = states.cpu().numpy()
    return found

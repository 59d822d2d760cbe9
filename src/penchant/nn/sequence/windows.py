"""Whole sequences in padded batches: all positions of a sequence are learned in one pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from penchant.typing import AnyInt, Int64

_JITTER = 0.15  # share of a length by which sequences of one batch may differ, and be mixed anew


@dataclass(frozen=True, eq=False)
class PaddedBatch:
    """Some sequences, the shorter ones padded at their ends.

    What stands in padded places is never seen from the places before it, since networks look
    back only; outputs there are left out.

    Attributes:
        inputs: int64[n_sequences, longest], the items.
        places: int64[n_events], where in the flattened inputs the events are.
        targets: int64[n_events], the item after each.
    """

    inputs: Tensor
    places: Tensor
    targets: Tensor


class Windows:
    """Sequences cut into windows that together have each event but the first as a target once.

    Args:
        items: int[n_events], in order, sequence after sequence, which are not copied.
        offsets: int64[n_sequences + 1].
        length: the most inputs of a window. Windows are cut from the end of a sequence, so that
            the first one alone may be shorter; consecutive ones share one event, which is a target
            in one and an input in the other.
    """

    def __init__(self, items: AnyInt, offsets: Int64, length: int) -> None:
        self.items = torch.from_numpy(items)
        targets = np.maximum(np.diff(offsets) - 1, 0)
        per_sequence = -(-targets // length)
        sequence = np.repeat(np.arange(len(targets)), per_sequence)
        # Windows are numbered from the end of their sequence.
        number = np.arange(len(sequence)) - np.repeat(
            np.cumsum(per_sequence) - per_sequence, per_sequence
        )
        stop = targets[sequence] - number * length
        self.lengths: Int64 = np.minimum(stop, length)
        self.starts: Int64 = offsets[sequence] + stop - self.lengths

    @property
    def n_targets(self) -> int:
        """The number of events that are learned, each once an epoch."""
        return int(self.lengths.sum())

    def epoch(self, batch_size: int, generator: torch.Generator) -> list[Int64]:
        """Divide the windows at random into batches of about as many events, and of like lengths.

        Args:
            batch_size: events in a batch, padding included.
            generator: decides which windows meet, and the order of batches.
        """
        noise = torch.rand(len(self.lengths), generator=generator, dtype=torch.float64).numpy()
        order = np.argsort(self.lengths * (1 + _JITTER * noise) + noise, kind="stable")
        batches = list(_cut(order, self.lengths, batch_size))
        return [batches[n] for n in torch.randperm(len(batches), generator=generator).tolist()]

    def batch(self, windows: Int64) -> PaddedBatch:
        """The windows of one batch."""
        lengths = torch.from_numpy(self.lengths[windows])
        position = torch.arange(int(lengths.max()))
        places = torch.nonzero((position < lengths[:, None]).flatten())[:, 0]
        index = torch.from_numpy(self.starts[windows])[:, None] + position
        inputs = self.items[index.clamp_(max=len(self.items) - 1)].long()
        targets = self.items[index.flatten()[places] + 1].long()
        return PaddedBatch(inputs, places, targets)


def _cut(order: Int64, lengths: Int64, batch_size: int) -> Iterator[Int64]:
    """Parts of an order whose number times greatest length is about `batch_size` each."""
    start = 0
    while start < len(order):
        # Lengths rise but for the jitter, so that the longest is known within that.
        ahead = lengths[order[start : start + max(1, batch_size)]]
        cells = np.maximum.accumulate(ahead) * np.arange(1, len(ahead) + 1)
        stop = start + max(1, int(np.searchsorted(cells, batch_size, side="right")))
        yield order[start:stop]
        start = stop


def padded_histories(
    items: AnyInt, offsets: Int64, length: int, cells: int
) -> Iterator[tuple[Int64, Tensor, Tensor]]:
    """The last events of each sequence in padded batches, those of like length together.

    Args:
        items: int[n_events].
        offsets: int64[n_sequences + 1]; sequences without events are in no batch.
        length: how many of the last events are read.
        cells: events of a batch at most, padding included.

    Yields:
        The sequences of a batch, int64[n, longest] their items, and int64[n], where in the
        flattened items the last event of each is.
    """
    flat = torch.from_numpy(items)
    lengths = np.minimum(np.diff(offsets), length)
    order = np.argsort(lengths, kind="stable")
    order = order[np.searchsorted(lengths[order], 1) :]
    for rows in _cut(order, lengths, cells):
        some = torch.from_numpy(lengths[rows])
        longest = int(some.max())
        index = torch.from_numpy(offsets[rows + 1])[:, None] - some[:, None]
        index = (index + torch.arange(longest)).clamp_(max=len(flat) - 1)
        yield rows, flat[index].long(), torch.arange(len(rows)) * longest + some - 1

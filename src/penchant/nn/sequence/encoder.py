"""What a network is that reads sequences of items' vectors."""

from __future__ import annotations

from torch import Tensor, nn


class SequenceEncoder(nn.Module):
    """Vectors of items in, for each place a vector out whose products with items' score them.

    `forward` takes float32[n, length, dim] to the same, no place seeing those after it. An
    encoder that also asks which items are the same defines `states` instead.

    Attributes:
        rounded: whether training rounds the factors of its products to bfloat16, and those of the
            softmax over all items. Sums and weights are float32 all the same.
    """

    rounded: bool = False

    def states(self, x: Tensor, items: Tensor, places: Tensor) -> Tensor:
        """float32[n_places, dim], the states after the events at some places.

        Args:
            x: float32[n, length, dim], vectors of the items.
            items: int64[n, length], which items these are.
            places: int64[n_places], places in the flattened items.
        """
        found: Tensor = self(x).flatten(0, 1)[places]
        return found

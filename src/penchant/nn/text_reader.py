"""Networks that read the words of a text: convolutions, a recurrent layer, or both."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

Reader = Literal["cnn", "rnn", "cnn+rnn"]


class TextReader(nn.Module):
    """Words of a text to a code.

    Args:
        size: how many numbers words have, padding among them.
        dim: length of the codes.
        width: of the words' vectors and of what reads them.
        kernel: words that a convolution sees at once, an odd number.
        reader: convolutions and the largest value of each over all places; a GRU and its last
            state; or convolutions read by a GRU.
        padding: the number of places without a word, whose vector stays 0; None gives it one.
    """

    def __init__(
        self,
        size: int,
        dim: int,
        width: int,
        kernel: int,
        reader: Reader,
        *,
        padding: int | None = None,
    ) -> None:
        super().__init__()
        self.reader = reader
        self.words = nn.Embedding(size, width, padding_idx=padding)
        if "cnn" in reader:
            self.convolution = nn.Conv1d(width, width, kernel, padding=kernel // 2)
        if "rnn" in reader:
            self.recurrent = nn.GRU(width, width, batch_first=True)
        self.code = nn.Linear(width, dim)

    def read(self, tokens: Tensor) -> Tensor:
        """float[n, width], what is found in int64[n, length]."""
        found = self.words(tokens)
        if "cnn" in self.reader:
            found = torch.relu(self.convolution(found.transpose(1, 2))).transpose(1, 2)
        last: Tensor = self.recurrent(found)[1][0] if "rnn" in self.reader else found.amax(1)
        return last

    def encode(self, tokens: Tensor) -> Tensor:
        """float[n, dim], the codes of int64[n, length]."""
        found: Tensor = self.code(self.read(tokens))
        return found

"""Autoencoders of short texts: convolutions or a recurrent layer down to a coding, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import partial
from typing import Any, Self, get_args

import numpy as np
import numpy.typing as npt
import polars as pl
import torch
from torch import Tensor, nn
from torch.nn import functional

from penchant.encoders.text.tokens import Tokeniser
from penchant.errors import DataError, NotFittedError, ParameterError
from penchant.nn.loop import GradientStep, Schedule, train
from penchant.nn.text_reader import Reader as Reader
from penchant.nn.text_reader import TextReader
from penchant.nn.weights import weights_of, with_weights
from penchant.run import Run
from penchant.typing import Float32

_ROWS_AT_ONCE = 2**12


class TextNetwork(TextReader):
    """Words of a text to a coding, and the coding to the chance of each word at each place.

    Args:
        size: how many numbers words have, padding among them.
        length: places of a text.
        dim: length of the codings.
        width: see `TextReader`.
        kernel: likewise.
        reader: likewise.
    """

    def __init__(
        self, size: int, length: int, dim: int, width: int, kernel: int, reader: Reader
    ) -> None:
        super().__init__(size, dim, width, kernel, reader)
        self.length = length
        self.places = nn.Linear(dim, length * width)

    def decode(self, codes: Tensor) -> Tensor:
        """float[n, length, size], log-odds of each word at each place."""
        places = torch.relu(self.places(codes)).view(len(codes), self.length, -1)
        return places @ self.words.weight.T

    def loss(self, tokens: Tensor) -> Tensor:
        """The mean of minus the logarithm of the chance of each word and gap."""
        logits = self.decode(self.encode(tokens))
        return functional.cross_entropy(logits.flatten(0, 1), tokens.flatten())


@dataclass(kw_only=True, eq=False)
class TextAutoencoder:
    """Learns to say the words of short texts again through a narrow layer.

    What `FeatureAutoencoder` is for numbers. The first words of a text are read by convolutions
    (`cnn`), by a recurrent layer (`rnn`), or by one after the other; from the coding the words at
    all places are told at once, as products with the words' own vectors.

    Attributes:
        reader: see above.
        dim: length of the codings.
        width: of the words' vectors and of the reader.
        kernel: words that a convolution sees at once, an odd number.
        words: how many words are known, the most frequent ones.
        length: words of a text that are read, its first.
        learning_rate: of Adam.
        batch_size: texts in a batch.
        epochs: the most passes over the texts.
        patience: epochs without a better validation loss before stopping.
        seed: decides everything random.

    Fitted state: `curve_` with a row for each epoch, `best_epoch_`, tokeniser and weights.
    """

    reader: Reader = "cnn"
    dim: int = 32
    width: int = 64
    kernel: int = 3
    words: int = 2000
    length: int = 20
    learning_rate: float = 0.003
    batch_size: int = 128
    epochs: int = 10
    patience: int | None = 2
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse impossible parameters."""
        if self.reader not in get_args(Reader):
            raise ParameterError(f"The reader is one of {', '.join(get_args(Reader))}.")
        numbers = (self.dim, self.width, self.length, self.batch_size, self.epochs)
        if min(numbers) < 1 or self.learning_rate <= 0 or self.words < 2:
            raise ParameterError("Sizes, epochs and the learning rate are above 0, words above 1.")
        if self.kernel < 1 or self.kernel % 2 == 0:
            raise ParameterError(f"The kernel is an odd number, not {self.kernel}.")

    def fit(
        self, texts: pl.Series, validation: pl.Series | None = None, *, run: Run | None = None
    ) -> Self:
        """Learn to say texts again.

        Args:
            texts: for training.
            validation: further texts; the epoch that says them best is kept.
            run: threads, progress and callbacks.

        Raises:
            DataError: no text has a word.
        """
        self.tokeniser_ = Tokeniser(num_words=self.words, unknown=True).fit(texts)
        if self.tokeniser_.size < 3:  # padding and unknown words alone
            raise DataError("An autoencoder of texts needs texts with words in them.")
        tokens = self._tokens(texts)
        held = None if validation is None else self._tokens(validation)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            network = self._new()
        adam = torch.optim.Adam(network.parameters(), lr=self.learning_rate, fused=True)
        validate = None
        if held is not None:
            parts = torch.split(held, _ROWS_AT_ONCE)
            validate = lambda: (  # noqa: E731
                sum(float(network.loss(part)) * len(part) for part in parts) / len(held)
            )
        self.curve_, self.best_epoch_ = train(
            network,
            GradientStep(network.loss, [adam]),
            (tokens,),
            Schedule(epochs=self.epochs, batch_size=self.batch_size, patience=self.patience),
            generator=torch.Generator().manual_seed(self.seed),
            validate=validate,
            run=run,
            name=f"{type(self).__name__}({self.reader})",
        )
        self.weights_ = weights_of(network)
        return self

    @torch.no_grad()
    def encode(self, texts: pl.Series) -> Float32:
        """float32[n, dim], the codings of texts."""
        network = self._network()
        parts = torch.split(self._tokens(texts), _ROWS_AT_ONCE)
        return torch.cat([network.encode(part) for part in parts]).numpy()

    @torch.no_grad()
    def say(self, codes: npt.ArrayLike) -> list[list[str]]:
        """The likeliest words that codings float[n, dim] stand for, gaps left out."""
        network = self._network()
        numbers = network.decode(torch.tensor(np.asarray(codes, np.float32))).argmax(2).numpy()
        known = self.tokeniser_.words_
        assert known is not None  # fitted
        words = ["", *known, "…"]
        return [[words[n] for n in row if n] for row in numbers]

    @torch.no_grad()
    def said_again(self, texts: pl.Series) -> float:
        """The share of the words of texts, gaps apart, that stand where they stood."""
        network = self._network()
        right = total = 0
        for part in torch.split(self._tokens(texts), _ROWS_AT_ONCE):
            there = part > 0
            again = network.decode(network.encode(part)).argmax(2)
            right += int((again == part)[there].sum())
            total += int(there.sum())
        return right / total if total else float("nan")

    def n_parameters(self) -> int:
        """How many numbers were learned."""
        self._require_fitted()
        return sum(w.size for w in self.weights_.values())

    def state(self) -> dict[str, Any]:
        """Everything `from_state` needs, as arrays and plain values."""
        self._require_fitted()
        return {**asdict(self), "tokens": self.tokeniser_.to_dict(), "weights": self.weights_}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The autoencoder whose `state` this is."""
        made = cls(**{field.name: state[field.name] for field in fields(cls)})
        made.tokeniser_ = Tokeniser.from_dict(state["tokens"])
        made.weights_ = dict(state["weights"])
        return made

    def _tokens(self, texts: pl.Series) -> Tensor:
        ragged = self.tokeniser_.encode(texts)
        padded = ragged.padded(self.length, padding="post", truncating="post")
        return torch.from_numpy(padded).long()

    def _new(self) -> TextNetwork:
        size = self.tokeniser_.size
        return TextNetwork(size, self.length, self.dim, self.width, self.kernel, self.reader)

    def _network(self) -> TextNetwork:
        self._require_fitted()
        return with_weights(partial(self._new), self.weights_)

    def _require_fitted(self) -> None:
        if not hasattr(self, "weights_"):
            raise NotFittedError(f"{type(self).__name__} is not fitted yet: call fit first.")

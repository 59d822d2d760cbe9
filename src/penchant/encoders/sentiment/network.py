"""What networks of sentiment have in common: how they are trained, averaged and kept."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn
from torch.nn import functional

from penchant.encoders.sentiment.base import Arrays, SentimentClassifier, must, steps
from penchant.encoders.sentiment.imbalance import Balance, resampled, row_weights
from penchant.encoders.text.ragged import Ragged
from penchant.encoders.text.tokens import WORDS_AND_MARKS, Tokeniser
from penchant.nn.loop import Optimiser, Schedule, gradient_step, train
from penchant.run import Run
from penchant.typing import Bool, Float64, Int64

Inputs = list[Ragged]
_AT_ONCE = 512


@dataclass(kw_only=True, eq=False)
class NetworkClassifier(SentimentClassifier):
    """Networks with an output for each step of the stars, whose log-odds are averaged.

    Attributes:
        min_count: a word must stand in the training texts as often.
        networks: how many networks are averaged.
        epochs: the most passes over the training texts.
        patience: epochs without a better validation loss before stopping, where there is one.
        batch_size: texts in a batch.
        learning_rate: of Adam.
        dropout: of what the last layers see.
        word_dropout: the chance of each word to be hidden in training; half of it in texts of
            fewer than ten.
        balance: how classes of different size are treated.
        levels: the share of rows on the smaller side that a threshold needs.
    """

    min_count: int = 2
    networks: int = 3
    epochs: int = 6
    patience: int | None = 2
    batch_size: int = 64
    learning_rate: float = 2e-3
    dropout: float = 0.3
    word_dropout: float = 0.3
    balance: Balance = "none"
    levels: float = 0.015
    unknown: ClassVar[bool] = False

    tokenisers_: list[Tokeniser] = field(default_factory=list, init=False, repr=False)
    weights_: list[dict[str, Tensor]] = field(default_factory=list, init=False, repr=False)
    thresholds_: int = field(default=1, init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        for name in ("min_count", "networks", "epochs", "batch_size"):
            must(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        for name in ("dropout", "word_dropout"):
            must(0 <= getattr(self, name) < 1, name, getattr(self, name), "from 0 to less than 1")
        must(self.learning_rate > 0, "learning_rate", self.learning_rate, "above 0")

    @abstractmethod
    def _network(self, generator: torch.Generator) -> nn.Module:
        """A network with fresh weights."""

    @abstractmethod
    def _optimisers(self, network: Any) -> Sequence[Optimiser]:
        """What moves its weights."""

    @abstractmethod
    def _inputs(self, texts: pl.DataFrame) -> Inputs:
        """The numbers of each column's texts."""

    @abstractmethod
    def _seen(self, rows: Ragged, rng: np.random.Generator | None) -> Any:
        """What a network gets of one column in a batch; hides words where there is a generator."""

    @abstractmethod
    def _kept(self, network: Any) -> dict[str, Tensor]:
        """The weights without what only training needs."""

    @abstractmethod
    def _put(self, network: Any, weights: Mapping[str, Tensor]) -> None:
        """Give a network the weights that were kept."""

    def _fit(
        self,
        texts: pl.DataFrame,
        stars: Float64,
        groups: Int64,
        validation: tuple[pl.DataFrame, Float64] | None,
        run: Run,
    ) -> None:
        self.tokenisers_ = [
            Tokeniser(min_count=self.min_count, pattern=WORDS_AND_MARKS, unknown=self.unknown).fit(
                texts[column]
            )
            for column in texts.columns
        ]
        inputs = self._inputs(texts)
        taken = steps(stars, self.above, self.levels)
        self.thresholds_ = taken.shape[1]
        wanted = torch.from_numpy(taken).float()
        labels = self.positive(stars)
        rng = np.random.default_rng(self.seed)
        rows = torch.from_numpy(resampled(labels, self.balance, rng))
        weighted = self.balance == "weights"
        weight = torch.from_numpy(
            row_weights(labels, "weights", self.seed) if weighted else np.ones(len(labels))
        ).float()
        held: tuple[Inputs, Tensor] | None = None
        if validation is not None:
            lowest = [stars[column].min() for column in taken.T]
            held_taken = validation[1][:, np.newaxis] >= np.array(lowest)
            held = self._inputs(validation[0]), torch.from_numpy(held_taken).float()
        self.weights_, self.curve_ = [], []
        for number in range(self.networks):
            generator = torch.Generator().manual_seed(self.seed * 1009 + number)
            network = self._network(generator)

            def loss(batch: Tensor, network: nn.Module = network) -> Tensor:
                chosen = batch.numpy()
                logits = network([self._seen(part.take(chosen), rng) for part in inputs])
                each = functional.binary_cross_entropy_with_logits(
                    logits, wanted[batch], reduction="none"
                )
                return (each.mean(1) * weight[batch]).mean()

            def held_loss(network: nn.Module = network) -> float:
                assert held is not None
                logits = self._logits(network, held[0])
                return float(functional.binary_cross_entropy_with_logits(logits, held[1]))

            curve, best = train(
                network,
                gradient_step(loss, self._optimisers(network)),
                (rows,),
                Schedule(
                    epochs=self.epochs,
                    batch_size=self.batch_size,
                    patience=None if held is None else self.patience,
                ),
                generator=generator,
                validate=None if held is None else held_loss,
                run=run,
                name=f"{self.name} {number + 1}",
            )
            own = {"network": float(number + 1), "kept": float(best)}
            self.curve_ += [row | own for row in curve]
            self.weights_.append(self._kept(network))

    def _log_odds(self, texts: pl.DataFrame) -> Float64:
        inputs = self._inputs(texts)
        total = torch.zeros(len(texts))
        for weights in self.weights_:
            network = self._network(torch.Generator()).eval()
            self._put(network, weights)
            with torch.no_grad():
                total += self._logits(network, inputs).mean(1)
        return (total / len(self.weights_)).double().numpy()

    def _logits(self, network: nn.Module, inputs: Inputs) -> Tensor:
        rows = np.arange(len(inputs[0]))
        parts = [
            network([self._seen(part.take(some), None) for part in inputs])
            for some in np.split(rows, range(_AT_ONCE, len(rows), _AT_ONCE))
        ]
        return torch.cat(parts)

    def _hidden_words(self, words: Ragged, rng: np.random.Generator) -> Bool:
        """bool[n_values], which words of a batch are hidden."""
        chance = np.where(words.lengths < 10, self.word_dropout / 2, self.word_dropout)
        hidden: Bool = rng.random(len(words.values)) < np.repeat(chance, words.lengths)
        return hidden

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """The vocabularies, and the weights of each network."""
        arrays: Arrays = {}
        for number, weights in enumerate(self.weights_):
            arrays |= {f"{number}.{name}": value.numpy() for name, value in weights.items()}
        plain = {
            "tokenisers": [t.to_dict() for t in self.tokenisers_],
            "thresholds": self.thresholds_,
        }
        return plain, arrays

    def _set_state(self, plain: Mapping[str, Any], arrays: Arrays) -> None:
        self.tokenisers_ = [Tokeniser.from_dict(t) for t in plain["tokenisers"]]
        self.thresholds_ = int(plain["thresholds"])
        self.weights_ = [{} for _ in range(self.networks)]
        for name, value in arrays.items():
            number, _, own = name.partition(".")
            self.weights_[int(number)][own] = torch.from_numpy(np.array(value))


def dropped(x: Tensor, share: float, generator: torch.Generator, *, training: bool) -> Tensor:
    """Dropout that a generator of its own decides."""
    if not training or not share:
        return x
    kept = torch.rand(x.shape, generator=generator) >= share
    return x * kept / (1 - share)

"""The base class of classifiers that average several networks with ordinal outputs."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from penchant.encoders.sentiment.base import (
    Arrays,
    LabelledTexts,
    SentimentClassifier,
    check_parameter,
    ordinal_targets,
)
from penchant.encoders.sentiment.imbalance import Balance, balanced, validation_weights
from penchant.encoders.text.ragged import Ragged
from penchant.encoders.text.tokens import WORDS_AND_MARKS, Tokeniser
from penchant.nn import loop
from penchant.nn.loop import GradientStep, Optimiser, Schedule
from penchant.run import Run
from penchant.typing import Bool, Float64

Inputs = list[Ragged]
_ROWS_AT_ONCE = 512


@dataclass(kw_only=True, eq=False)
class NetworkClassifier(SentimentClassifier):
    """Networks with an output for each threshold of the stars, whose log-odds are averaged.

    Attributes:
        min_count: a word must stand in the training texts as often.
        networks: how many networks are averaged.
        epochs: the most passes over the training texts.
        patience: epochs without a better validation loss before stopping, where there is one.
        batch_size: texts in a batch.
        learning_rate: of Adam.
        dropout: of the inputs of the last layers.
        word_dropout: the probability of each word to be hidden in training; half of it in texts
            of fewer than ten.
        balance: how classes of different size are treated.
        min_share: the share of rows on the smaller side that a threshold needs.
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
    min_share: float = 0.015
    unknown: ClassVar[bool] = False
    """Whether words that are not in the vocabulary have a number of their own."""

    tokenisers_: list[Tokeniser] = field(default_factory=list, init=False, repr=False)
    weights_: list[dict[str, Tensor]] = field(default_factory=list, init=False, repr=False)
    thresholds_: int = field(default=1, init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        for name in ("min_count", "networks", "epochs", "batch_size"):
            check_parameter(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        for name in ("dropout", "word_dropout"):
            share = getattr(self, name)
            check_parameter(0 <= share < 1, name, share, "from 0 to less than 1")
        check_parameter(self.learning_rate > 0, "learning_rate", self.learning_rate, "above 0")

    @abstractmethod
    def _network(self, generator: torch.Generator) -> nn.Module:
        """A network with fresh weights."""

    @abstractmethod
    def _optimisers(self, network: Any) -> Sequence[Optimiser]:
        """The optimisers of its weights."""

    @abstractmethod
    def _inputs(self, texts: pl.DataFrame) -> Inputs:
        """The numbered words of each column's texts."""

    @abstractmethod
    def _batch(self, rows: Ragged, rng: np.random.Generator | None) -> Any:
        """A batch of one column as the network reads it; with a generator words are hidden."""

    @abstractmethod
    def _weights_of(self, network: Any) -> dict[str, Tensor]:
        """Copies of the weights, without what only training needs."""

    @abstractmethod
    def _load(self, network: Any, weights: Mapping[str, Tensor]) -> None:
        """Give a network the weights that `_weights_of` copied."""

    def _fit(self, train: LabelledTexts, validation: LabelledTexts | None, run: Run) -> None:
        self.tokenisers_ = [
            Tokeniser(min_count=self.min_count, pattern=WORDS_AND_MARKS, unknown=self.unknown).fit(
                train.texts[column]
            )
            for column in self.columns_
        ]
        inputs = self._inputs(train.texts)
        exceeds = ordinal_targets(train.ratings, self.positive_above, self.min_share)
        self.thresholds_ = exceeds.shape[1]
        targets = torch.from_numpy(exceeds).float()
        rng = np.random.default_rng(self.seed)
        labels = self.is_positive(train.ratings)
        rows, weights = balanced(labels, self.balance, rng)
        data = torch.from_numpy(rows), torch.from_numpy(weights).float()
        if validation is not None:
            lowest = np.array([train.ratings[column].min() for column in exceeds.T])
            held_out = self._inputs(validation.texts)
            held_targets = torch.from_numpy(validation.ratings[:, np.newaxis] >= lowest).float()
            held_labels = self.is_positive(validation.ratings)
            held_weights = validation_weights(labels, held_labels, self.balance)
        self.weights_, self.curve_ = [], []
        for number in range(self.networks):
            generator = torch.Generator().manual_seed(self.seed * 1009 + number)
            network = self._network(generator)

            def loss(batch: Tensor, weight: Tensor, network: nn.Module = network) -> Tensor:
                chosen = batch.numpy()
                logits = network([self._batch(part.take(chosen), rng) for part in inputs])
                each = binary_cross_entropy_with_logits(logits, targets[batch], reduction="none")
                return (each.mean(1) * weight).mean()

            def validation_loss(network: nn.Module = network) -> float:
                logits = self._logits(network, held_out)
                weight = None if held_weights is None else torch.from_numpy(held_weights)
                return float(binary_cross_entropy_with_logits(logits, held_targets, weight))

            curve, best_epoch = loop.train(
                network,
                GradientStep(loss, self._optimisers(network)),
                data,
                Schedule(
                    epochs=self.epochs,
                    batch_size=self.batch_size,
                    patience=None if validation is None else self.patience,
                ),
                generator=generator,
                validate=None if validation is None else validation_loss,
                run=run,
                name=f"{self.name} {number + 1}",
            )
            extra = {"network": float(number + 1), "best_epoch": float(best_epoch)}
            self.curve_ += [row | extra for row in curve]
            self.weights_.append(self._weights_of(network))

    def _log_odds(self, texts: pl.DataFrame) -> Float64:
        inputs = self._inputs(texts)
        total = torch.zeros(len(texts))
        for weights in self.weights_:
            network = self._network(torch.Generator()).eval()
            self._load(network, weights)
            with torch.no_grad():
                total += self._logits(network, inputs).mean(1)
        return (total / len(self.weights_)).double().numpy()

    def _logits(self, network: nn.Module, inputs: Inputs) -> Tensor:
        rows = np.arange(len(inputs[0]))
        parts = [
            network([self._batch(column.take(part), None) for column in inputs])
            for part in np.split(rows, range(_ROWS_AT_ONCE, len(rows), _ROWS_AT_ONCE))
        ]
        return torch.cat(parts)

    def _hidden_words(self, words: Ragged, rng: np.random.Generator) -> Bool:
        """bool[n_values], which words of a batch are hidden."""
        share = np.where(words.lengths < 10, self.word_dropout / 2, self.word_dropout)
        hidden: Bool = rng.random(len(words.values)) < np.repeat(share, words.lengths)
        return hidden

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """The vocabularies, and the weights of each network."""
        arrays: Arrays = {}
        for number, weights in enumerate(self.weights_):
            arrays |= {f"{number}.{name}": value.numpy() for name, value in weights.items()}
        plain = {
            "tokenisers": [tokeniser.to_dict() for tokeniser in self.tokenisers_],
            "thresholds": self.thresholds_,
        }
        return plain, arrays

    def _set_state(self, plain: Mapping[str, Any], arrays: Arrays) -> None:
        self.tokenisers_ = [Tokeniser.from_dict(t) for t in plain["tokenisers"]]
        self.thresholds_ = int(plain["thresholds"])
        self.weights_ = [{} for _ in range(self.networks)]
        for key, value in arrays.items():
            number, _, name = key.partition(".")
            self.weights_[int(number)][name] = torch.from_numpy(np.array(value))

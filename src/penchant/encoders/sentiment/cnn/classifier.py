"""The published classifier of sentiment: a convolution over the most frequent words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
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
)
from penchant.encoders.sentiment.cnn.network import WordCNN, WordCNNShape
from penchant.encoders.sentiment.cnn.training_steps import Repeats, TableSteps
from penchant.encoders.sentiment.imbalance import Balance, augmented, balanced, validation_weights
from penchant.encoders.text.ragged import Ragged, Side
from penchant.encoders.text.tokens import Tokeniser
from penchant.nn import loop
from penchant.nn.loop import GradientStep, Schedule, Tensors, TrainingStep
from penchant.nn.weights import weights_of, with_weights
from penchant.run import Run
from penchant.typing import AnyArray, Bool, Float64

TrainingData = Tensors | Callable[[], Tensors]
_ROWS_AT_ONCE = 4096


@dataclass(kw_only=True, eq=False)
class SentimentCNN(SentimentClassifier):
    """Embedding, convolution, max-pooling, dense layer: 191,860 parameters at the published size.

    By default as published: the 100 most frequent words of the summary, 20 of them, 150 numbers
    for each, 128 filters that see eight words, ten epochs in batches of 16. The two outputs are
    sigmoids of their own, one for each class, under binary cross-entropy; the probability given
    is that of the positive one.

    Attributes:
        column: which of several texts is read; where there is but one, that one.
        words: the vocabulary's limit, 0 for padding included.
        length: words of a text that are read.
        dim: length of a word's vector.
        filters: of the convolution.
        kernel: words that a filter sees.
        pool: places of which the largest is kept.
        hidden: units of the dense layer.
        epochs: the most passes over the training texts.
        patience: epochs without a better validation loss before stopping, where there is one;
            None trains all epochs and keeps the best one's weights.
        batch_size: texts in a batch.
        learning_rate: of Adam.
        padding: where short texts are filled up.
        truncating: where long texts are cut.
        balance: how classes of different size are treated.
        augment: the probability of each word to be left out, and to change places with the next
            one, anew in each epoch.
        dropout: of pooled features and hidden units.
        batch_norm: normalises the pooled features of a batch.
    """

    column: str = "summary"
    words: int = 100
    length: int = 20
    dim: int = 150
    filters: int = 128
    kernel: int = 8
    pool: int = 2
    hidden: int = 30
    epochs: int = 10
    patience: int | None = None
    batch_size: int = 16
    learning_rate: float = 1e-3
    padding: Side = "pre"
    truncating: Side = "pre"
    balance: Balance = "none"
    augment: float = 0.0
    dropout: float = 0.0
    batch_norm: bool = False
    name: ClassVar[str] = "cnn"
    stops_by_validation: ClassVar[bool] = True

    tokeniser_: Tokeniser | None = field(default=None, init=False, repr=False)
    weights_: dict[str, AnyArray] = field(default_factory=dict, init=False, repr=False)
    best_epoch_: int = field(default=0, init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        check_parameter(self.words >= 2, "words", self.words, "at least 2, for 0 is padding")
        for name in ("epochs", "batch_size"):
            check_parameter(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        for name in ("dropout", "augment"):
            check_parameter(
                0 <= getattr(self, name) < 1, name, getattr(self, name), "from 0 to less than 1"
            )
        check_parameter(self.learning_rate > 0, "learning_rate", self.learning_rate, "above 0")
        self._shape()

    @property
    def n_parameters(self) -> int:
        """How many numbers the network learns."""
        network = self._network(None)
        return sum(parameter.numel() for parameter in network.parameters())

    def _fit(self, train: LabelledTexts, validation: LabelledTexts | None, run: Run) -> None:
        self.tokeniser_ = Tokeniser(num_words=self.words).fit(self._text(train.texts))
        labels = self.is_positive(train.ratings)
        rng = np.random.default_rng(self.seed)
        rows, weights = balanced(labels, self.balance, rng)
        words = self.tokeniser_.encode(self._text(train.texts)).take(rows)
        targets, weight = _targets(labels[rows]), torch.from_numpy(weights).float()
        generator = torch.Generator().manual_seed(self.seed)
        network = self._network(generator)
        step, inputs = self._step(network, words)
        data: TrainingData = (inputs, targets, weight)
        if self.augment:
            data = lambda: (  # noqa: E731
                self._tokens(augmented(words, rng, drop=self.augment, swap=self.augment)),
                targets,
                weight,
            )
        accuracies: list[dict[str, float]] = []
        tokens = self._tokens(words)
        if validation is not None:
            held_out = self._tokens(self.tokeniser_.encode(self._text(validation.texts)))
            held_out_labels = self.is_positive(validation.ratings)
            held_out_targets = _targets(held_out_labels)
            held_out_weights = validation_weights(labels, held_out_labels, self.balance)

        def validation_loss() -> float:
            logits = _logits(network, held_out)
            weight = None if held_out_weights is None else torch.from_numpy(held_out_weights)
            return float(binary_cross_entropy_with_logits(logits, held_out_targets, weight))

        @torch.no_grad()
        def after_epoch(_: Mapping[str, float]) -> None:
            network.eval()
            row = {"accuracy": _accuracy(network, tokens, targets)}
            if validation is not None:
                row["validation_accuracy"] = _accuracy(network, held_out, held_out_targets)
            accuracies.append(row)

        curve, self.best_epoch_ = loop.train(
            network,
            step,
            data,
            Schedule(
                epochs=self.epochs,
                batch_size=self.batch_size,
                patience=self.patience if validation is not None else None,
            ),
            generator=generator,
            validate=validation_loss if validation is not None else None,
            run=replace(run, callbacks=(after_epoch, *run.callbacks)),
            name="sentiment CNN",
        )
        self.curve_ = [row | extra for row, extra in zip(curve, accuracies, strict=True)]
        self.weights_ = weights_of(network)

    def _step(self, network: WordCNN, words: Ragged) -> tuple[TrainingStep, Tensor]:
        """The training step of a batch, and the row of its input that stands for each text."""
        tokens = self._tokens(words)
        if not (self.augment or self.dropout or self.batch_norm):
            repeats = Repeats.of(tokens, network.shape)
            return TableSteps(network, self.learning_rate, repeats), repeats.text

        def loss(batch: Tensor, targets: Tensor, weight: Tensor) -> Tensor:
            each = binary_cross_entropy_with_logits(network(batch), targets, reduction="none")
            return (each.mean(1) * weight).mean()

        adam = torch.optim.Adam(network.parameters(), self.learning_rate, eps=1e-7, fused=True)
        return GradientStep(loss, [adam]), tokens

    def _log_odds(self, texts: pl.DataFrame) -> Float64:
        assert self.tokeniser_ is not None
        tokens = self._tokens(self.tokeniser_.encode(self._text(texts)))
        network = with_weights(lambda: self._network(None), self.weights_)
        with torch.no_grad():
            logits = _logits(network, tokens)
        return logits[:, 1].double().numpy()

    def _network(self, generator: torch.Generator | None) -> WordCNN:
        return WordCNN(self._shape(), generator, dropout=self.dropout, batch_norm=self.batch_norm)

    def _shape(self) -> WordCNNShape:
        return WordCNNShape(
            words=self.words,
            length=self.length,
            dim=self.dim,
            filters=self.filters,
            kernel=self.kernel,
            pool=self.pool,
            hidden=self.hidden,
        )

    def _text(self, texts: pl.DataFrame) -> pl.Series:
        return texts[self.column] if self.column in texts.columns else texts.to_series(0)

    def _tokens(self, words: Ragged) -> Tensor:
        padded = words.padded(self.length, padding=self.padding, truncating=self.truncating)
        return torch.from_numpy(padded).long()

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """The vocabulary and the weights."""
        assert self.tokeniser_ is not None
        return {"tokeniser": self.tokeniser_.to_dict(), "best_epoch": self.best_epoch_}, dict(
            self.weights_
        )

    def _set_state(self, plain: Mapping[str, Any], arrays: Arrays) -> None:
        self.tokeniser_ = Tokeniser.from_dict(plain["tokeniser"])
        self.best_epoch_ = int(plain["best_epoch"])
        self.weights_ = dict(arrays)


def _logits(network: nn.Module, tokens: Tensor) -> Tensor:
    return torch.cat([network(part) for part in torch.split(tokens, _ROWS_AT_ONCE)])


def _accuracy(network: nn.Module, tokens: Tensor, targets: Tensor) -> float:
    logits = _logits(network, tokens)
    return float(((logits[:, 1] > logits[:, 0]) == (targets[:, 1] > 0)).float().mean())


def _targets(labels: Bool) -> Tensor:
    """float32[n, 2], 1 in the column of the class."""
    return torch.from_numpy(np.stack([~labels, labels], axis=1)).float()

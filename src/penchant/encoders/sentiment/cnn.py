"""The published network of sentiment: a convolution over the most frequent words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import polars as pl
import torch
from torch import Tensor, nn
from torch.nn import functional

from penchant.encoders.sentiment.base import Arrays, SentimentClassifier, must
from penchant.encoders.sentiment.imbalance import Balance, augmented, resampled, row_weights
from penchant.encoders.sentiment.word_cnn import Shape, WordCNN
from penchant.encoders.sentiment.word_cnn_steps import Repeats, TableSteps
from penchant.encoders.text.ragged import Ragged, Side
from penchant.encoders.text.tokens import Tokeniser
from penchant.nn.loop import Schedule, Tensors, TrainingStep, gradient_step, train
from penchant.nn.weights import weights_of, with_weights
from penchant.run import Run
from penchant.typing import AnyArray, Bool, Float64, Int64

_AT_ONCE = 4096


@dataclass(kw_only=True, eq=False)
class SentimentCNN(SentimentClassifier):
    """Embedding, convolution, max-pooling, dense layer: 191,860 parameters at the published size.

    By default as published: the 100 most frequent words of the summary, 20 of them, 150 numbers
    for each, 128 filters that see eight words, ten epochs in batches of 16. The two outputs are
    sigmoids of their own, one for each class, under binary cross-entropy; the chance given is
    that of the positive one.

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
        augment: the chance of each word to be left out, and to change places with the next one,
            anew in each epoch.
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
        must(self.words >= 2, "words", self.words, "at least 2, for 0 is padding")
        for name in ("epochs", "batch_size"):
            must(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        for name in ("dropout", "augment"):
            must(0 <= getattr(self, name) < 1, name, getattr(self, name), "from 0 to less than 1")
        must(self.learning_rate > 0, "learning_rate", self.learning_rate, "above 0")
        self._shape()

    @property
    def n_parameters(self) -> int:
        """How many numbers the network learns."""
        network = self._network(None)
        return sum(parameter.numel() for parameter in network.parameters())

    def _fit(
        self,
        texts: pl.DataFrame,
        stars: Float64,
        groups: Int64,
        validation: tuple[pl.DataFrame, Float64] | None,
        run: Run,
    ) -> None:
        self.tokeniser_ = Tokeniser(num_words=self.words).fit(self._text(texts))
        words = self.tokeniser_.encode(self._text(texts))
        labels = self.positive(stars)
        rng = np.random.default_rng(self.seed)
        rows = resampled(labels, self.balance, rng)
        weight = (
            row_weights(labels, "weights", self.seed)
            if self.balance == "weights"
            else np.ones(len(labels))
        )
        generator = torch.Generator().manual_seed(self.seed)
        network = self._network(generator)
        wanted = _both_classes(labels)[rows]
        counted = torch.from_numpy(weight).float()[rows]
        words = words.take(rows)
        step, first = self._step(network, words)
        data: Tensors | Callable[[], Tensors] = (first, wanted, counted)
        if self.augment:
            data = lambda: (  # noqa: E731
                self._tokens(augmented(words, rng, drop=self.augment, swap=self.augment)),
                wanted,
                counted,
            )
        held: Callable[[], float] | None = None
        accuracies: list[float] = []
        if validation is not None:
            tokens = self._tokens(self.tokeniser_.encode(self._text(validation[0])))
            truth = _both_classes(self.positive(validation[1]))

            def held() -> float:
                logits = _logits(network, tokens)
                right = (logits[:, 1] > logits[:, 0]) == (truth[:, 1] > 0)
                accuracies.append(float(right.float().mean()))
                return float(functional.binary_cross_entropy_with_logits(logits, truth))

        own = self._tokens(words)
        trained: list[float] = []

        def after_epoch(_: Mapping[str, float]) -> None:
            with torch.no_grad():
                logits = _logits(network.eval(), own)
            trained.append(
                float(((logits[:, 1] > logits[:, 0]) == (wanted[:, 1] > 0)).float().mean())
            )

        curve, self.best_epoch_ = train(
            network,
            step,
            data,
            Schedule(
                epochs=self.epochs,
                batch_size=self.batch_size,
                patience=self.patience if validation is not None else None,
            ),
            generator=generator,
            validate=held,
            run=Run(
                device=run.device,
                threads=run.threads,
                progress=run.progress,
                callbacks=(after_epoch, *run.callbacks),
            ),
            name="sentiment CNN",
        )
        self.curve_ = [
            row
            | {"accuracy": trained[n]}
            | ({"validation_accuracy": accuracies[n]} if accuracies else {})
            for n, row in enumerate(curve)
        ]
        self.weights_ = weights_of(network)

    def _step(self, network: WordCNN, words: Ragged) -> tuple[TrainingStep, Tensor]:
        """How a batch is learned from, and what stands for each text in a batch."""
        tokens = self._tokens(words)
        if not (self.augment or self.dropout or self.batch_norm):
            repeats = Repeats.of(tokens, network.shape)
            return TableSteps(network, self.learning_rate, repeats), repeats.text

        def loss(batch: Tensor, wanted: Tensor, weight: Tensor) -> Tensor:
            each = functional.binary_cross_entropy_with_logits(
                network(batch), wanted, reduction="none"
            )
            return (each.mean(1) * weight).mean()

        adam = torch.optim.Adam(network.parameters(), self.learning_rate, eps=1e-7, fused=True)
        return gradient_step(loss, [adam]), tokens

    def _log_odds(self, texts: pl.DataFrame) -> Float64:
        assert self.tokeniser_ is not None
        tokens = self._tokens(self.tokeniser_.encode(self._text(texts)))
        network = with_weights(lambda: self._network(None), self.weights_)
        with torch.no_grad():
            logits = _logits(network, tokens)
        return logits[:, 1].double().numpy()

    def _network(self, generator: torch.Generator | None) -> WordCNN:
        return WordCNN(self._shape(), generator, dropout=self.dropout, batch_norm=self.batch_norm)

    def _shape(self) -> Shape:
        return Shape(
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
    return torch.cat([network(part) for part in torch.split(tokens, _AT_ONCE)])


def _both_classes(labels: Bool) -> Tensor:
    """float32[n, 2], 1 in the column of the class."""
    return torch.from_numpy(np.stack([~labels, labels], axis=1)).float()

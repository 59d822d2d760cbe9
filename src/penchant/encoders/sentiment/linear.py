"""Classifiers of sentiment that are linear in n-grams, and the majority class."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import polars as pl
from scipy.special import logit

from penchant.encoders.sentiment.base import (
    Arrays,
    LabelledTexts,
    SentimentClassifier,
    check_parameter,
    ordinal_targets,
)
from penchant.encoders.sentiment.imbalance import Balance, row_weights
from penchant.encoders.text.logistic import Features, LogisticModel
from penchant.encoders.text.ngrams import NGrams
from penchant.encoders.text.tfidf import TfIdf, side_by_side
from penchant.encoders.text.tokens import WORDS_AND_MARKS
from penchant.run import Run
from penchant.typing import Csr, Float64


@dataclass(kw_only=True, eq=False)
class Majority(SentimentClassifier):
    """The same probability for every text: the share of positive reviews in training."""

    name: ClassVar[str] = "majority"
    share_: float = field(default=float("nan"), init=False, repr=False)

    def _fit(self, train: LabelledTexts, validation: LabelledTexts | None, run: Run) -> None:
        self.share_ = float(self.is_positive(train.ratings).mean())

    def _log_odds(self, texts: pl.DataFrame) -> Float64:
        return np.full(len(texts), logit(self.share_))

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """The share."""
        return {}, {"share": np.array([self.share_])}

    def _set_state(self, plain: Mapping[str, Any], arrays: Arrays) -> None:
        self.share_ = float(arrays["share"][0])


@dataclass(kw_only=True, eq=False)
class LogisticClassifier(SentimentClassifier):
    """Features of texts and logistic regression, for one threshold of the ratings or several."""

    logistic_: LogisticModel | None = field(default=None, init=False, repr=False)

    @abstractmethod
    def _features(self, texts: pl.DataFrame) -> Features:
        """float64[n_texts, n_features] of new texts."""

    def _log_odds(self, texts: pl.DataFrame) -> Float64:
        assert self.logistic_ is not None
        # With several thresholds the mean is on the scale of log-odds, but the probability of
        # none: it orders reviews, and a blend on held-out rows makes probabilities of it.
        log_odds = self.logistic_.decision_function(self._features(texts))
        return np.asarray(log_odds.mean(axis=1))

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """The coefficients and intercepts."""
        assert self.logistic_ is not None
        return {}, {
            "coefficients": self.logistic_.coefficients,
            "intercepts": self.logistic_.intercepts,
        }

    def _set_state(self, plain: Mapping[str, Any], arrays: Arrays) -> None:
        self.logistic_ = LogisticModel(arrays["coefficients"], arrays["intercepts"])


@dataclass(kw_only=True, eq=False)
class NGramClassifier(LogisticClassifier):
    """Blocks of TF-IDF features, one or more for each column of texts, and logistic regression."""

    blocks_: list[tuple[str, TfIdf]] = field(default_factory=list, init=False, repr=False)

    def _fit_features(self, texts: pl.DataFrame, blocks: list[tuple[str, TfIdf]]) -> Csr:
        self.blocks_ = blocks
        return side_by_side([block.fit_transform(texts[column]) for column, block in blocks])

    def _features(self, texts: pl.DataFrame) -> Features:
        return side_by_side([block.transform(texts[column]) for column, block in self.blocks_])

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """Vocabularies as lists of words and keys, and the coefficients of their n-grams."""
        _, arrays = super().state()
        blocks = []
        for number, (column, block) in enumerate(self.blocks_):
            blocks.append({"column": column, "block": block.to_dict()})
            arrays |= {f"{number}.{name}": value for name, value in block.arrays().items()}
        return {"blocks": blocks}, arrays

    def _set_state(self, plain: Mapping[str, Any], arrays: Arrays) -> None:
        super()._set_state(plain, arrays)
        self.blocks_ = [
            (
                entry["column"],
                TfIdf.from_dict(
                    entry["block"], {name: arrays[f"{number}.{name}"] for name in ("keys", "idf")}
                ),
            )
            for number, entry in enumerate(plain["blocks"])
        ]


@dataclass(kw_only=True, eq=False)
class TfIdfLogistic(NGramClassifier):
    """TF-IDF of single words and pairs, and logistic regression: the baseline to beat.

    With its defaults it is scikit-learn's `TfidfVectorizer(ngram_range=(1, 2))`, one for each
    column of texts, before `LogisticRegression()`.

    Attributes:
        c: weight of the rows against the penalty; smaller values regularise more.
        ngram_range: the least and the largest number of words in an n-gram.
        balance: how classes of different size are treated.
    """

    c: float = 1.0
    ngram_range: tuple[int, int] = (1, 2)
    balance: Balance = "none"
    name: ClassVar[str] = "tfidf"

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        check_parameter(self.c > 0, "c", self.c, "above 0")

    def _fit(self, train: LabelledTexts, validation: LabelledTexts | None, run: Run) -> None:
        features = self._fit_features(
            train.texts,
            [(column, TfIdf(NGrams(ngram_range=self.ngram_range))) for column in self.columns_],
        )
        labels = self.is_positive(train.ratings)
        weights = row_weights(labels, self.balance, self.seed)
        self.logistic_ = LogisticModel.fit(
            features, labels[:, np.newaxis], c=self.c, sample_weight=weights
        )


@dataclass(kw_only=True, eq=False)
class OrdinalNGrams(NGramClassifier):
    """N-grams of words or characters, and a logistic regression for each threshold of the stars.

    Where a rating stands within its class says how strong the words are: a review of one star
    teaches more than one of three. The log-odds of exceeding each level are added up, which
    orders reviews better than those of the one threshold alone (the cumulative model of McCullagh,
    "Regression models for ordinal data", 1980, with coefficients of their own for each threshold).

    Attributes:
        c: weight of the rows against the penalty; smaller values regularise more.
        words: the least and the largest number of words in an n-gram.
        characters: the same for characters inside words; None leaves them out.
        min_df: least number of training texts that hold an n-gram.
        scales: factor of the features of a column, by its name; 1 by default. What is scaled
            down is regularised more.
        character_scale: the same for all n-grams of characters.
        min_share: the share of rows on the smaller side that a threshold needs.
    """

    c: float = 4.0
    words: tuple[int, int] = (1, 3)
    characters: tuple[int, int] | None = (3, 5)
    min_df: int = 2
    scales: Mapping[str, float] = field(default_factory=lambda: {"summary": 0.7})
    character_scale: float = 0.7
    min_share: float = 0.03
    name: ClassVar[str] = "ngrams"

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        check_parameter(self.c > 0, "c", self.c, "above 0")
        check_parameter(0 <= self.min_share < 0.5, "min_share", self.min_share, "from 0 to 0.5")

    def _fit(self, train: LabelledTexts, validation: LabelledTexts | None, run: Run) -> None:
        blocks = [(column, block) for column in self.columns_ for block in self._blocks(column)]
        features = self._fit_features(train.texts, blocks)
        targets = ordinal_targets(train.ratings, self.positive_above, self.min_share)
        self.logistic_ = LogisticModel.fit(features, targets, c=self.c)

    def _blocks(self, column: str) -> list[TfIdf]:
        """TF-IDF of a column's words, and of its characters."""
        scale = self.scales.get(column, 1.0)
        shared: dict[str, Any] = {"min_df": self.min_df, "pattern": WORDS_AND_MARKS}
        words = NGrams(ngram_range=self.words, **shared)
        blocks = [TfIdf(words, term_frequency="log", scale=scale)]
        if self.characters is not None:
            characters = NGrams(unit="character", ngram_range=self.characters, **shared)
            scale *= self.character_scale
            blocks.append(TfIdf(characters, term_frequency="log", scale=scale))
        return blocks

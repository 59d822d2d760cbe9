"""Classifiers of sentiment that are linear in n-grams, and the majority class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import polars as pl
from scipy.special import logit

from penchant.encoders.sentiment.base import Arrays, SentimentClassifier, must, steps
from penchant.encoders.sentiment.imbalance import Balance, row_weights
from penchant.encoders.text.logistic import LogisticModel
from penchant.encoders.text.ngrams import NGrams
from penchant.encoders.text.tfidf import TfIdf, side_by_side
from penchant.encoders.text.tokens import WORDS, WORDS_AND_MARKS
from penchant.run import Run
from penchant.typing import Csr, Float64, Int64

Held = tuple[pl.DataFrame, Float64] | None


@dataclass(kw_only=True, eq=False)
class Majority(SentimentClassifier):
    """The same chance for every text: the share of positive reviews in training."""

    name: ClassVar[str] = "majority"
    share_: float = field(default=float("nan"), init=False, repr=False)

    def _fit(
        self,
        texts: pl.DataFrame,
        stars: Float64,
        groups: Int64,
        validation: Held,
        run: Run,
    ) -> None:
        self.share_ = float(self.positive(stars).mean())

    def _log_odds(self, texts: pl.DataFrame) -> Float64:
        return np.full(len(texts), logit(self.share_))

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """The share."""
        return {}, {"share": np.array([self.share_])}

    def _set_state(self, plain: Mapping[str, Any], arrays: Arrays) -> None:
        self.share_ = float(arrays["share"][0])


@dataclass(kw_only=True, eq=False)
class _LinearClassifier(SentimentClassifier):
    """Blocks of TF-IDF features, one or more for each column of texts, and logistic regression."""

    blocks_: list[tuple[str, TfIdf]] = field(default_factory=list, init=False, repr=False)
    logistic_: LogisticModel | None = field(default=None, init=False, repr=False)

    def _learn_blocks(self, texts: pl.DataFrame, blocks: list[tuple[str, TfIdf]]) -> Csr:
        self.blocks_ = blocks
        return side_by_side([block.fit(texts[column]) for column, block in blocks])

    def _features(self, texts: pl.DataFrame) -> Csr:
        return side_by_side([block(texts[column]) for column, block in self.blocks_])

    def _log_odds(self, texts: pl.DataFrame) -> Float64:
        assert self.logistic_ is not None
        # With several thresholds the mean is on the scale of log-odds, but the chance of none:
        # it orders reviews, and a blend on held-out rows makes chances of it.
        return np.asarray(self.logistic_.decision_function(self._features(texts)).mean(axis=1))

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """Vocabularies as lists of words and keys, and the weights of their n-grams."""
        assert self.logistic_ is not None
        arrays: Arrays = {
            "coefficients": self.logistic_.coefficients,
            "intercepts": self.logistic_.intercepts,
        }
        plain = []
        for number, (column, block) in enumerate(self.blocks_):
            plain.append({"column": column, "block": block.to_dict()})
            arrays |= {f"{number}.{name}": value for name, value in block.arrays().items()}
        return {"blocks": plain}, arrays

    def _set_state(self, plain: Mapping[str, Any], arrays: Arrays) -> None:
        self.logistic_ = LogisticModel(arrays["coefficients"], arrays["intercepts"])
        self.blocks_ = [
            (
                entry["column"],
                TfIdf.restored(
                    entry["block"], {name: arrays[f"{number}.{name}"] for name in ("keys", "idf")}
                ),
            )
            for number, entry in enumerate(plain["blocks"])
        ]


@dataclass(kw_only=True, eq=False)
class TfIdfLogistic(_LinearClassifier):
    """TF-IDF of single words and pairs, and logistic regression: the reference to beat.

    With its defaults it is scikit-learn's `TfidfVectorizer(ngram_range=(1, 2))`, one for each
    column of texts, before `LogisticRegression()`.

    Attributes:
        c: how much the rows count against the penalty.
        longest: the largest number of words in an n-gram.
        balance: how classes of different size are treated.
    """

    c: float = 1.0
    longest: int = 2
    balance: Balance = "none"
    name: ClassVar[str] = "tfidf"

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        must(self.c > 0, "c", self.c, "above 0")

    def _fit(
        self,
        texts: pl.DataFrame,
        stars: Float64,
        groups: Int64,
        validation: Held,
        run: Run,
    ) -> None:
        features = self._learn_blocks(
            texts, [(c, TfIdf(NGrams(longest=self.longest, pattern=WORDS))) for c in texts.columns]
        )
        labels = self.positive(stars)
        weight = row_weights(labels, self.balance, self.seed)
        self.logistic_ = LogisticModel.fit(
            features, labels[:, np.newaxis], c=self.c, sample_weight=weight
        )


@dataclass(kw_only=True, eq=False)
class OrdinalNGrams(_LinearClassifier):
    """N-grams of words or characters, and a logistic regression for each step of the stars.

    Where a rating stands within its class says how strong the words are: a review of one star
    teaches more than one of three. The log-odds of exceeding each level are added up, which
    orders reviews better than those of the one threshold alone (the cumulative model of McCullagh,
    "Regression models for ordinal data", 1980, with weights of their own for each threshold).

    Attributes:
        c: how much the rows count against the penalty.
        words: the least and the largest number of words in an n-gram.
        characters: the same for characters inside words; None leaves them out.
        min_df: an n-gram must stand in as many training texts.
        scales: how much the features of a column count, by its name; 1 by default. What is
            scaled down is regularised more.
        character_scale: the same for all n-grams of characters.
        levels: the share of rows on the smaller side that a threshold needs.
    """

    c: float = 4.0
    words: tuple[int, int] = (1, 3)
    characters: tuple[int, int] | None = (3, 5)
    min_df: int = 2
    scales: Mapping[str, float] = field(default_factory=lambda: {"summary": 0.7})
    character_scale: float = 0.7
    levels: float = 0.03
    name: ClassVar[str] = "ngrams"

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        must(self.c > 0, "c", self.c, "above 0")
        must(0 <= self.levels < 0.5, "levels", self.levels, "a share from 0 to less than one half")

    def _fit(
        self,
        texts: pl.DataFrame,
        stars: Float64,
        groups: Int64,
        validation: Held,
        run: Run,
    ) -> None:
        blocks = [(c, block) for c in texts.columns for block in self._blocks(c)]
        features = self._learn_blocks(texts, blocks)
        self.logistic_ = LogisticModel.fit(
            features, steps(stars, self.above, self.levels), c=self.c
        )

    def _blocks(self, column: str) -> list[TfIdf]:
        scale = self.scales.get(column, 1.0)
        shared: dict[str, Any] = {"min_df": self.min_df, "pattern": WORDS_AND_MARKS}
        low, high = self.words
        words = NGrams(shortest=low, longest=high, **shared)
        found = [TfIdf(words, count="log", scale=scale)]
        if self.characters is not None:
            low, high = self.characters
            characters = NGrams(unit="character", shortest=low, longest=high, **shared)
            found.append(TfIdf(characters, count="log", scale=scale * self.character_scale))
        return found

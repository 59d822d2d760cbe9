"""Sentiment from vectors of sentences that a pretrained network gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import polars as pl

from penchant.encoders.sentiment.base import Arrays, SentimentClassifier, must, steps
from penchant.encoders.text.logistic import LogisticModel
from penchant.encoders.text.sentence_vectors import SHARED
from penchant.run import Run
from penchant.typing import Float64, Int64


@dataclass(kw_only=True, eq=False)
class VectorLogistic(SentimentClassifier):
    """A logistic regression for each step of the stars on vectors of whole reviews.

    The vectors are all-MiniLM-L6-v2's and know words that the training reviews do not have; they
    need `pip install 'penchant[text]'`. Nothing of them is trained here.

    Attributes:
        c: how much the rows count against the penalty.
        levels: the share of rows on the smaller side that a threshold needs.
    """

    c: float = 16.0
    levels: float = 0.03
    name: ClassVar[str] = "vectors"
    logistic_: LogisticModel | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        must(self.c > 0, "c", self.c, "above 0")
        must(0 <= self.levels < 0.5, "levels", self.levels, "a share from 0 to less than one half")

    def _fit(
        self,
        texts: pl.DataFrame,
        stars: Float64,
        groups: Int64,
        validation: tuple[pl.DataFrame, Float64] | None,
        run: Run,
    ) -> None:
        vectors = SHARED(_whole(texts), run).astype(np.float64)
        self.logistic_ = LogisticModel.fit(vectors, steps(stars, self.above, self.levels), c=self.c)

    def _log_odds(self, texts: pl.DataFrame) -> Float64:
        assert self.logistic_ is not None
        return np.asarray(
            self.logistic_.decision_function(SHARED(_whole(texts)).astype(np.float64)).mean(axis=1)
        )

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """The weights; the network stays in its package."""
        assert self.logistic_ is not None
        return {}, {
            "coefficients": self.logistic_.coefficients,
            "intercepts": self.logistic_.intercepts,
        }

    def _set_state(self, plain: Mapping[str, Any], arrays: Arrays) -> None:
        self.logistic_ = LogisticModel(arrays["coefficients"], arrays["intercepts"])


def _whole(texts: pl.DataFrame) -> pl.Series:
    """The texts of a review one after the other."""
    return texts.select(pl.concat_str(pl.all(), separator=". ")).to_series()

"""Sentiment from vectors of sentences that a pretrained network gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from penchant.encoders.sentiment.base import LabelledTexts, check_parameter, ordinal_targets
from penchant.encoders.sentiment.linear import LogisticClassifier
from penchant.encoders.text.logistic import LogisticModel
from penchant.encoders.text.sentence_vectors import SENTENCE_VECTORS
from penchant.run import Run
from penchant.typing import Float64


@dataclass(kw_only=True, eq=False)
class VectorLogistic(LogisticClassifier):
    """A logistic regression for each threshold of the stars on vectors of whole reviews.

    The vectors are all-MiniLM-L6-v2's and know words that the training reviews do not have; they
    need `pip install 'penchant[text]'`. The network itself is not trained here.

    Attributes:
        c: weight of the rows against the penalty; smaller values regularise more.
        min_share: the share of rows on the smaller side that a threshold needs.
    """

    c: float = 16.0
    min_share: float = 0.03
    name: ClassVar[str] = "vectors"

    def __post_init__(self) -> None:
        """Refuse impossible settings."""
        check_parameter(self.c > 0, "c", self.c, "above 0")
        check_parameter(0 <= self.min_share < 0.5, "min_share", self.min_share, "from 0 to 0.5")

    def _fit(self, train: LabelledTexts, validation: LabelledTexts | None, run: Run) -> None:
        targets = ordinal_targets(train.ratings, self.positive_above, self.min_share)
        self.logistic_ = LogisticModel.fit(self._features(train.texts, run), targets, c=self.c)

    def _features(self, texts: pl.DataFrame, run: Run | None = None) -> Float64:
        """float64[n, 384], the vectors of all texts of each review one after the other."""
        whole = texts.select(pl.concat_str(pl.all(), separator=". ")).to_series()
        return SENTENCE_VECTORS.encode(whole, run).astype(np.float64)

"""TF-IDF weights of n-grams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import polars as pl
from scipy import sparse

from penchant.encoders.text.ngrams import NGrams
from penchant.typing import AnyArray, Csr, Float64

TermFrequency = Literal["raw", "log", "binary"]


class TfIdf:
    """TF-IDF weights of the n-grams of texts.

    The weight of an n-gram is its term frequency times
    log((1 + n_texts) / (1 + n_texts_with_it)) + 1, and each text's weights are divided by their
    length: Salton and Buckley, "Term-weighting approaches" (1988), as scikit-learn smooths it.
    It is at least twice as fast as scikit-learn's `TfidfVectorizer`; see
    `benchmarks/text_features.py`.

    Args:
        ngrams: which n-grams count.
        term_frequency: the count of an n-gram in a text ("raw"), 1 + log(count) ("log"), or 1
            ("binary").
        scale: factor of all weights. Among several blocks of features a block of smaller scale is
            regularised more.
    """

    def __init__(
        self, ngrams: NGrams, *, term_frequency: TermFrequency = "raw", scale: float = 1.0
    ) -> None:
        self.ngrams, self.term_frequency, self.scale = ngrams, term_frequency, scale
        self.idf_: Float64 = np.zeros(0)

    def fit_transform(self, texts: pl.Series) -> Csr:
        """Learn vocabulary and weights from training texts, and return what `transform` gives."""
        counts = self.ngrams.fit_transform(texts)
        document_frequency = np.bincount(counts.indices, minlength=self.ngrams.size)
        self.idf_ = np.log((1 + len(texts)) / (1 + document_frequency)) + 1
        return self._weighted(counts)

    def transform(self, texts: pl.Series) -> Csr:
        """float64[n_texts, n_grams], the weights of each text."""
        return self._weighted(self.ngrams.transform(texts))

    def to_dict(self) -> dict[str, Any]:
        """Settings and vocabulary, ready for JSON; `arrays` are the rest."""
        return {
            "term_frequency": self.term_frequency,
            "scale": self.scale,
            "ngrams": self.ngrams.to_dict(),
        }

    def arrays(self) -> dict[str, AnyArray]:
        """The keys of the n-grams and their inverse document frequencies."""
        return {"keys": self.ngrams.keys_, "idf": self.idf_}

    @classmethod
    def from_dict(cls, state: Mapping[str, Any], arrays: Mapping[str, AnyArray]) -> TfIdf:
        """Restore from what `to_dict` and `arrays` returned."""
        ngrams = NGrams.from_dict(state["ngrams"], arrays["keys"])
        tfidf = cls(ngrams, term_frequency=state["term_frequency"], scale=state["scale"])
        tfidf.idf_ = arrays["idf"]
        return tfidf

    def _weighted(self, counts: Csr) -> Csr:
        weights = counts.copy()
        if self.term_frequency == "log":
            weights.data = 1 + np.log(weights.data)
        elif self.term_frequency == "binary":
            weights.data = np.ones_like(weights.data)
        weights.data *= self.idf_[weights.indices]
        rows = np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))
        length = np.sqrt(np.bincount(rows, weights.data**2, minlength=weights.shape[0]))
        weights.data *= self.scale / length[rows]
        return weights


def side_by_side(blocks: list[Csr]) -> Csr:
    """Several blocks of features of the same texts as one."""
    joined: Csr = sparse.hstack(blocks, format="csr")
    return joined

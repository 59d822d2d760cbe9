"""TF-IDF: n-gram counts by how much they tell, each text of length 1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from scipy import sparse

from penchant.encoders.text.ngrams import NGrams
from penchant.typing import AnyArray, Csr, Float64


class TfIdf:
    """The n-grams of a text, weighted.

    The weight of an n-gram is its count (or 1 + log(count), or 1) times
    log((1 + n_texts) / (1 + n_texts_with_it)) + 1, and each text's weights are divided by their
    length: Salton and Buckley, "Term-weighting approaches" (1988), as scikit-learn smooths it.

    Args:
        ngrams: which n-grams count.
        count: "plain", "log" (1 + log) or "once".
        scale: what the weights are multiplied by at the end. Among several blocks of features a
            block of smaller scale is regularised more.
    """

    def __init__(self, ngrams: NGrams, *, count: str = "plain", scale: float = 1.0) -> None:
        self.ngrams, self.count, self.scale = ngrams, count, scale
        self.idf_: Float64 = np.zeros(0)

    def fit(self, texts: pl.Series) -> Csr:
        """Learn the vocabulary and the weights from training texts, and return their features."""
        counts = self.ngrams.learn(texts)
        having = np.bincount(counts.indices, minlength=self.ngrams.size)
        self.idf_ = np.log((1 + len(texts)) / (1 + having)) + 1
        return self._weighted(counts)

    def __call__(self, texts: pl.Series) -> Csr:
        """float64[n_texts, n_grams]."""
        return self._weighted(self.ngrams.counts(texts))

    def to_dict(self) -> dict[str, Any]:
        """Everything but arrays, ready for JSON."""
        return {"count": self.count, "scale": self.scale, "ngrams": self.ngrams.to_dict()}

    def arrays(self) -> dict[str, AnyArray]:
        """The arrays."""
        return {"keys": self.ngrams.keys_, "idf": self.idf_}

    @classmethod
    def restored(cls, found: Mapping[str, Any], arrays: Mapping[str, AnyArray]) -> TfIdf:
        """From what `to_dict` and `arrays` gave."""
        ngrams = NGrams.from_dict(found["ngrams"], arrays["keys"])
        made = cls(ngrams, count=found["count"], scale=found["scale"])
        made.idf_ = arrays["idf"]
        return made

    def _weighted(self, counts: Csr) -> Csr:
        found = counts.copy()
        if self.count == "log":
            found.data = 1 + np.log(found.data)
        elif self.count == "once":
            found.data = np.ones_like(found.data)
        found.data *= self.idf_[found.indices]
        rows = np.repeat(np.arange(found.shape[0]), np.diff(found.indptr))
        length = np.sqrt(np.bincount(rows, found.data**2, minlength=found.shape[0]))
        found.data *= self.scale / length[rows]
        return found


def side_by_side(blocks: list[Csr]) -> Csr:
    """Several blocks of features of the same texts as one."""
    joined: Csr = sparse.hstack(blocks, format="csr")
    return joined

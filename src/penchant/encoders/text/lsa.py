"""Vectors of texts by latent semantic analysis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import polars as pl

from penchant.encoders.text.ngrams import NGrams
from penchant.encoders.text.tfidf import TfIdf
from penchant.errors import DataError, NotFittedError, ParameterError, require
from penchant.typing import Float32, Float64


@dataclass(kw_only=True, eq=False)
class LatentSemanticAnalysis:
    """Texts as short vectors: TF-IDF weights projected on their largest singular directions.

    Deerwester et al., "Indexing by Latent Semantic Analysis" (1990), with scikit-learn's
    `TruncatedSVD`. A text without a known word is the zero vector.

    Attributes:
        dim: length of the vectors; shorter where the texts have no more directions.
        ngram_range: the least and the largest number of words in an n-gram.
        min_df: least number of training texts that hold an n-gram.
        seed: decides the starting vector of the iteration.

    Fitted state: `directions_` float32[n_grams, dim], `strengths_` float64[dim], the singular
    values in descending order.
    """

    dim: int = 64
    ngram_range: tuple[int, int] = (1, 1)
    min_df: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse vectors of no length."""
        if self.dim < 1:
            raise ParameterError(f"Vectors have at least one number, not {self.dim}.")

    def fit(self, texts: pl.Series) -> Self:
        """Learn vocabulary and directions from training texts.

        Raises:
            DataError: the texts have no word that stands in `min_df` of them.
            MissingExtraError: scikit-learn is not installed.
        """
        decomposition = require("sklearn.decomposition", "sklearn")
        tfidf = TfIdf(
            NGrams(ngram_range=self.ngram_range, min_df=self.min_df), term_frequency="log"
        )
        weights = tfidf.fit_transform(texts)
        if not weights.nnz:
            raise DataError(
                f"The {len(texts):,} texts have no word that stands in {self.min_df} of them: "
                "give more texts, or a lower min_df."
            )
        dim = min(self.dim, min(weights.shape) - 1)
        if dim:
            svd = decomposition.TruncatedSVD(dim, algorithm="arpack", random_state=self.seed)
            # Equal texts have no variance that directions could explain.
            with np.errstate(divide="ignore", invalid="ignore"):
                svd.fit(weights)
            # scikit-learn settles signs: the largest entry of each direction is positive.
            strengths, directions = svd.singular_values_, svd.components_
        else:  # a single text or word has one direction, of numbers that are not negative
            _, strengths, directions = np.linalg.svd(weights.toarray(), full_matrices=False)
            directions = np.abs(directions)
        self.tfidf_ = tfidf
        self.strengths_: Float64 = strengths
        self.directions_: Float32 = np.ascontiguousarray(directions.T, np.float32)
        return self

    def encode(self, texts: pl.Series) -> Float32:
        """float32[n_texts, dim]; an empty or missing text is zeros.

        Raises:
            NotFittedError: `fit` was not called.
        """
        self._require_fitted()
        return np.asarray(self.tfidf_.transform(texts) @ self.directions_, np.float32)

    def state(self) -> dict[str, Any]:
        """Everything `from_state` needs, as arrays and plain values."""
        self._require_fitted()
        return {
            **asdict(self),
            "ngram_range": list(self.ngram_range),
            "tfidf": self.tfidf_.to_dict(),
            "arrays": self.tfidf_.arrays(),
            "strengths": self.strengths_,
            "directions": self.directions_,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Restore from `state`."""
        settings = {name: int(state[name]) for name in ("dim", "min_df", "seed")}
        lsa = cls(ngram_range=tuple(state["ngram_range"]), **settings)
        lsa.tfidf_ = TfIdf.from_dict(state["tfidf"], state["arrays"])
        lsa.strengths_, lsa.directions_ = state["strengths"], state["directions"]
        return lsa

    def _require_fitted(self) -> None:
        if not hasattr(self, "tfidf_"):
            raise NotFittedError(
                f"{type(self).__name__} is not fitted yet: call fit with training texts."
            )

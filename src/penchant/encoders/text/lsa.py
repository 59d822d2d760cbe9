"""Texts as short vectors: TF-IDF, and the directions in which texts differ most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import polars as pl
from scipy.sparse.linalg import svds

from penchant.encoders.text.ngrams import NGrams
from penchant.encoders.text.tfidf import TfIdf
from penchant.errors import DataError, NotFittedError, ParameterError
from penchant.typing import Float32


@dataclass(kw_only=True, eq=False)
class TextVectors:
    """Latent semantic analysis of texts.

    Deerwester et al., "Indexing by Latent Semantic Analysis" (1990): the largest singular
    directions of the texts' TF-IDF weights. It needs nothing but the texts that it is fitted to.
    A text without a known word is the zero vector.

    Attributes:
        dim: length of the vectors; shorter where the texts have no more directions.
        longest: the longest word n-gram.
        min_df: an n-gram must stand in as many training texts.
        seed: where the iteration starts.

    Fitted state: `directions_` float32[n_grams, dim], `strengths_` float64[dim] descending.
    """

    dim: int = 64
    longest: int = 1
    min_df: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse vectors of no length."""
        if self.dim < 1:
            raise ParameterError(f"Vectors have at least one number, not {self.dim}.")

    def fit(self, texts: pl.Series) -> Self:
        """Learn words and directions from training texts.

        Raises:
            DataError: the texts have no word that stands in `min_df` of them.
        """
        tfidf = TfIdf(NGrams(longest=self.longest, min_df=self.min_df), count="log")
        weights = tfidf.fit(texts)
        if not weights.nnz:
            raise DataError(
                f"The {len(texts):,} texts have no word that stands in {self.min_df} of them: "
                "give more texts, or a lower min_df."
            )
        k = min(self.dim, min(weights.shape) - 1)
        start = np.random.default_rng(self.seed).normal(size=min(weights.shape))
        if k > 0:
            _, strengths, directions = svds(weights, k=k, v0=start)
        else:  # a single text, or a single word
            _, strengths, directions = np.linalg.svd(weights.toarray(), full_matrices=False)
        order = np.argsort(-strengths, kind="stable")[: self.dim]
        directions = directions[order]
        largest = np.abs(directions).argmax(1)
        directions *= np.sign(directions[np.arange(len(directions)), largest])[:, None]
        self.tfidf_ = tfidf
        self.strengths_ = strengths[order]
        self.directions_: Float32 = np.ascontiguousarray(directions.T, np.float32)
        return self

    def encode(self, texts: pl.Series) -> Float32:
        """float32[n_texts, dim]; an empty or missing text is zeros."""
        if not hasattr(self, "tfidf_"):
            raise NotFittedError("TextVectors is not fitted yet: call fit with training texts.")
        found: Float32 = np.asarray(self.tfidf_(texts) @ self.directions_, np.float32)
        return found

    def state(self) -> dict[str, Any]:
        """Everything `from_state` needs, as arrays and plain values."""
        if not hasattr(self, "tfidf_"):
            raise NotFittedError("TextVectors is not fitted yet: call fit with training texts.")
        return {
            "dim": self.dim,
            "longest": self.longest,
            "min_df": self.min_df,
            "seed": self.seed,
            "tfidf": self.tfidf_.to_dict(),
            "arrays": self.tfidf_.arrays(),
            "strengths": self.strengths_,
            "directions": self.directions_,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The vectors whose `state` this is."""
        made = cls(**{name: int(state[name]) for name in ("dim", "longest", "min_df", "seed")})
        made.tfidf_ = TfIdf.restored(state["tfidf"], state["arrays"])
        made.strengths_, made.directions_ = state["strengths"], state["directions"]
        return made

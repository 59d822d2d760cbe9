"""What the text of a review says, as numbers: its summary's words, and a short vector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from penchant.encoders.text.lsa import LatentSemanticAnalysis
from penchant.encoders.text.tokens import Tokeniser
from penchant.typing import Float32

COLUMNS = ("summary", "text")


def texts_of(events: pl.DataFrame | None, n: int) -> tuple[pl.Series, pl.Series]:
    """The summary and the text of each event, empty where there is none."""
    texts = pl.DataFrame({name: pl.Series([""] * n, dtype=pl.String) for name in COLUMNS})
    if events is not None:
        known = [name for name in COLUMNS if name in events.columns]
        texts = texts.with_columns(events.select(pl.col(known).cast(pl.String).fill_null("")))
    return texts["summary"], texts["text"]


@dataclass(frozen=True, eq=False)
class ReviewText:
    """Encoders of reviews, fitted on those of training.

    Attributes:
        vectors: of summary and text together.
        tokeniser: of summaries, or None.
        length: how many numbers of words stand for a summary.
    """

    vectors: LatentSemanticAnalysis
    tokeniser: Tokeniser | None
    length: int

    @classmethod
    def fit(
        cls, events: pl.DataFrame, *, dim: int, words: int, length: int, seed: int
    ) -> ReviewText:
        """Learn words and directions of training reviews.

        Args:
            events: of training, with `summary`, `text` or both.
            dim: length of the vectors.
            words: how many words the tokeniser knows, padding among them.
            length: numbers of a summary; 0 leaves them out.
            seed: of the vectors.

        Raises:
            DataError: the texts have no word in common.
        """
        summary, text = texts_of(events, len(events))
        vectors = LatentSemanticAnalysis(dim=dim, seed=seed).fit(_joined(summary, text))
        tokeniser = Tokeniser(num_words=words).fit(summary) if length else None
        return cls(vectors, tokeniser, length)

    @property
    def names(self) -> tuple[str, ...]:
        """What the columns of `encode` are."""
        return (
            *(f"summary's word {n + 1}" for n in range(self.length)),
            *(f"text {n + 1}" for n in range(self.dim)),
            "text's words",
        )

    @property
    def dim(self) -> int:
        """Length of the vectors, which may be shorter than asked for."""
        return int(self.vectors.directions_.shape[1])

    def vectors_of(self, events: pl.DataFrame | None, n: int) -> Float32:
        """float32[n, dim], the vector of each event's summary and text."""
        return self.vectors.encode(_joined(*texts_of(events, n)))

    def encode(self, events: pl.DataFrame | None, n: int) -> Float32:
        """float32[n, length + dim + 1], see `names`."""
        summary, text = texts_of(events, n)
        parts = [self.vectors_of(events, n), _words(text)[:, None]]
        if self.tokeniser is not None:
            parts.insert(0, self._tokens(summary))
        return np.hstack(parts)

    def _tokens(self, summary: pl.Series) -> Float32:
        """The first words' numbers, behind zeros where there are fewer."""
        assert self.tokeniser is not None
        ragged = self.tokeniser.encode(summary)
        return ragged.padded(self.length).astype(np.float32)

    def state(self) -> dict[str, Any]:
        """Everything `from_state` needs, under names that a bundle can keep."""
        vectors = self.vectors.state()
        tokens = None if self.tokeniser is None else self.tokeniser.to_dict()
        return {
            "text_settings_": {
                **{
                    name: vectors[name]
                    for name in ("dim", "ngram_range", "min_df", "seed", "tfidf")
                },
                "tokens": tokens,
                "length": self.length,
            },
            "text_keys_": vectors["arrays"]["keys"],
            "text_idf_": vectors["arrays"]["idf"],
            "text_strengths_": vectors["strengths"],
            "text_directions_": vectors["directions"],
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> ReviewText:
        """The encoders whose `state` this is."""
        settings = state["text_settings_"]
        arrays = {"keys": state["text_keys_"], "idf": state["text_idf_"]}
        further = {
            "arrays": arrays,
            "strengths": state["text_strengths_"],
            "directions": state["text_directions_"],
        }
        tokens = settings["tokens"]
        return cls(
            LatentSemanticAnalysis.from_state({**settings, **further}),
            None if tokens is None else Tokeniser.from_dict(tokens),
            settings["length"],
        )


def _joined(summary: pl.Series, text: pl.Series) -> pl.Series:
    return pl.select(summary + pl.lit(" ") + text).to_series()


def _words(text: pl.Series) -> Float32:
    """float32[n], the logarithm of 1 + the number of words."""
    counts = text.str.count_matches(r"\S+").to_numpy()
    words: Float32 = np.log1p(counts.astype(np.float32))
    return words

"""Split texts into words and number them by a vocabulary of training texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import polars as pl

from penchant.encoders.text.ragged import Ragged
from penchant.errors import NotFittedError, ParameterError
from penchant.typing import Int64

FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
"""Characters between words, as in Keras' Tokenizer."""
WORDS = r"\b\w\w+\b"
"""Words of two letters or digits at least, as scikit-learn's vectorisers find them."""
WORDS_AND_MARKS = r"\w+(?:'\w+)?|[!?]+|[:;]-?[()D]"
"""Words with what follows their apostrophe, marks of emphasis, and smileys."""

_BETWEEN = "[" + "".join("\\" + c if c in "[]\\^-&~" else c for c in FILTERS) + "]"


def split_words(texts: pl.Series, pattern: str | None, *, lower: bool = True) -> pl.Series:
    """The words of each text, a list each.

    Args:
        texts: of strings; a missing text has no words.
        pattern: regular expression of a word; None takes what stands between spaces and
            `FILTERS`.
        lower: whether upper and lower case are the same.
    """
    plain = texts.fill_null("")
    plain = plain.str.to_lowercase() if lower else plain
    if pattern is not None:
        return plain.str.extract_all(pattern)
    pieces = plain.str.replace_all(_BETWEEN, " ").str.split(" ")
    return pieces.list.eval(pl.element().filter(pl.element() != ""))


def numbered(words: pl.Series, vocabulary: pl.Series) -> Int64:
    """int64[n_words], the place of each word in a vocabulary, from 1; 0 where it is not there."""
    if not len(vocabulary):
        return np.zeros(len(words), np.int64)
    codes = words.cast(pl.Enum(vocabulary), strict=False).to_physical()
    return codes.cast(pl.Int64).fill_null(-1).to_numpy() + 1


@dataclass(kw_only=True)
class Tokeniser:
    """Numbers words by how frequent they are in training texts, from 1; 0 is padding.

    Without a pattern this is what Keras' `Tokenizer` does, ties going to the word that came
    first and `num_words` keeping the words with smaller numbers, of which there are
    `num_words - 1`. A word that is not kept is left out, or has the number after all others where
    `unknown` is set.

    Attributes:
        num_words: numbers stay below it; None keeps all words.
        min_count: a word must stand in the training texts as often.
        pattern: see `split_words`.
        lower: whether upper and lower case are the same.
        unknown: whether words that are not kept have a number of their own.

    Raises:
        ParameterError: a limit is impossible.
    """

    num_words: int | None = None
    min_count: int = 1
    pattern: str | None = None
    lower: bool = True
    unknown: bool = False
    words_: pl.Series | None = field(default=None, init=False, repr=False)
    counts_: Int64 | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse limits that leave no word."""
        if self.num_words is not None and self.num_words < 2:
            raise ParameterError(
                f"num_words is at least 2, for 0 is padding; not {self.num_words}."
            )
        if self.min_count < 1:
            raise ParameterError(f"min_count is at least 1, not {self.min_count}.")

    def fit(self, texts: pl.Series) -> Self:
        """Learn the words of training texts and how frequent they are."""
        words = split_words(texts, self.pattern, lower=self.lower)
        vocabulary = (
            pl.DataFrame({"word": words.explode(empty_as_null=False)})
            .with_row_index("place")
            .group_by("word")
            .agg(count=pl.len(), first=pl.col("place").min())
            .filter(pl.col("count") >= self.min_count)
            .sort("count", "first", descending=[True, False])
        )
        self.words_ = vocabulary["word"].head((self.num_words or len(vocabulary) + 1) - 1)
        self.counts_ = vocabulary["count"].head(len(self.words_)).to_numpy().astype(np.int64)
        return self

    @property
    def size(self) -> int:
        """One more than the largest number, or `num_words`: the rows of an embedding."""
        words = self._words()
        if self.num_words is not None and not self.unknown:
            return self.num_words
        return len(words) + 1 + self.unknown

    def encode(self, texts: pl.Series) -> Ragged:
        """The number of each word of each text.

        Raises:
            NotFittedError: there is no vocabulary yet.
        """
        words = self._words()
        lists = split_words(texts, self.pattern, lower=self.lower)
        lengths = lists.list.len().to_numpy().astype(np.int64)
        numbers = numbered(lists.explode(empty_as_null=False), words)
        if self.unknown:
            numbers = np.where(numbers == 0, len(words) + 1, numbers)
        rows = Ragged.of(lengths, numbers)
        return rows if self.unknown else rows.only(numbers > 0)

    def to_dict(self) -> dict[str, Any]:
        """Settings and words, ready for JSON."""
        return {
            "num_words": self.num_words,
            "min_count": self.min_count,
            "pattern": self.pattern,
            "lower": self.lower,
            "unknown": self.unknown,
            "words": self._words().to_list(),
            "counts": [] if self.counts_ is None else self.counts_.tolist(),
        }

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> Tokeniser:
        """Restore from what `to_dict` returned."""
        settings = {name: value for name, value in state.items() if name not in ("words", "counts")}
        tokeniser = cls(**settings)
        tokeniser.words_ = pl.Series("word", state["words"], dtype=pl.String)
        tokeniser.counts_ = np.asarray(state["counts"], np.int64)
        return tokeniser

    def _words(self) -> pl.Series:
        if self.words_ is None:
            raise NotFittedError("The tokeniser knows no words yet: fit it on training texts.")
        return self.words_

"""Counts of word and character n-grams, by operations on whole arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import numpy as np
import polars as pl
from scipy import sparse

from penchant.encoders.text.ragged import Ragged
from penchant.encoders.text.tokens import WORDS, numbered, split_words
from penchant.errors import NotFittedError, ParameterError
from penchant.typing import Csr, Int64

_MAX_KEY = 2**63
_MAX_SYMBOLS = 4095  # different characters, the most frequent ones


def window_keys(rows: Ragged, n: int, base: int) -> tuple[Int64, Int64]:
    """The n-grams of rows of numbers, each as one number.

    Args:
        rows: numbers from 1 to base - 1; 0 is unknown, and no n-gram holds it.
        n: length of the n-grams.
        base: one more than the largest number.

    Returns:
        The row and the key of each n-gram, int64[n_grams] each; keys of different n differ.

    Raises:
        ParameterError: there are too many different numbers for n of them in one.
    """
    if base**n >= _MAX_KEY:
        raise ParameterError(
            f"{n}-grams of {base:,} different words are too many: raise min_df or lower the length."
        )
    row, values = rows.row, rows.values
    count = max(0, len(values) - n + 1)
    key = np.zeros(count, np.int64)
    valid = np.ones(count, bool)
    for place in range(n):
        part = values[place : place + count]
        key = key * base + part
        valid &= part > 0
    valid &= row[:count] == row[n - 1 : n - 1 + count]
    return row[:count][valid], key[valid]


@dataclass(kw_only=True)
class NGrams:
    """Counts the n-grams of texts; the vocabulary is learned from training texts.

    What scikit-learn's `CountVectorizer` does, several times as fast (see
    `benchmarks/text_features.py`). Characters are counted inside words, with a space before and
    after each, over the distinct words: counts of a text are those of its words, one sparse
    product.

    Attributes:
        unit: n-grams of words, or of characters.
        ngram_range: the least and the largest n.
        min_df: least number of training texts that hold an n-gram.
        pattern: regular expression of a word.

    Fitted state: `symbols_`, the words or characters, and `keys_` int64[n_grams], ascending.

    Raises:
        ParameterError: lengths or limits are impossible.
    """

    unit: Literal["word", "character"] = "word"
    ngram_range: tuple[int, int] = (1, 2)
    min_df: int = 1
    pattern: str = WORDS
    symbols_: pl.Series | None = field(default=None, init=False, repr=False)
    keys_: Int64 = field(default_factory=lambda: np.zeros(0, np.int64), init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse lengths that give no n-gram."""
        low, high = self.ngram_range
        if not 1 <= low <= high:
            raise ParameterError(f"There are no n-grams of {low} to {high}: 1 <= least <= largest.")
        if self.min_df < 1:
            raise ParameterError(f"min_df is at least 1, not {self.min_df}.")

    @property
    def size(self) -> int:
        """How many n-grams the vocabulary has."""
        return len(self.keys_)

    def fit(self, texts: pl.Series) -> Self:
        """Learn the vocabulary."""
        self.fit_transform(texts)
        return self

    def fit_transform(self, texts: pl.Series) -> Csr:
        """Learn the vocabulary, and return what `transform` gives for these texts."""
        words = split_words(texts, self.pattern)
        lengths = words.list.len().to_numpy().astype(np.int64)
        flat = words.explode(empty_as_null=False).alias("symbol")
        counts: Csr
        if self.unit == "character":
            distinct, of_text = _word_counts(lengths, flat)
            characters = _characters(distinct)
            frequent = characters.symbols.value_counts(sort=True).sort(
                "count", "symbol", descending=[True, False]
            )
            self.symbols_ = frequent["symbol"].head(_MAX_SYMBOLS)
            row, key = self._keys(characters.lengths, characters.symbols)
            self.keys_, column = np.unique(key, return_inverse=True)
            counts = of_text @ _count_matrix(row, column, len(distinct), self.size)
        else:
            self.symbols_ = flat.unique().sort()
            if self.min_df > 1:
                # An n-gram is in no more texts than its rarest word is.
                document_frequency = (
                    pl.DataFrame({"symbol": words})
                    .with_row_index("text")
                    .explode("symbol", empty_as_null=False)
                    .unique()
                    .group_by("symbol")
                    .len()
                )
                frequent = document_frequency.filter(pl.col("len") >= self.min_df)
                self.symbols_ = frequent["symbol"].sort()
            row, key = self._keys(lengths, flat)
            self.keys_, column = np.unique(key, return_inverse=True)
            counts = _count_matrix(row, column, len(texts), self.size)
        if self.min_df > 1:
            keep = np.bincount(counts.indices, minlength=self.size) >= self.min_df
            self.keys_ = self.keys_[keep]
            counts = counts[:, np.flatnonzero(keep)]
        return counts

    def transform(self, texts: pl.Series) -> Csr:
        """float64[n_texts, size], how often each n-gram of the vocabulary stands in each text.

        Raises:
            NotFittedError: there is no vocabulary yet.
        """
        words = split_words(texts, self.pattern)
        lengths = words.list.len().to_numpy().astype(np.int64)
        flat = words.explode(empty_as_null=False)
        if self.unit == "word":
            return self._known_counts(lengths, flat)
        distinct, of_text = _word_counts(lengths, flat)
        characters = _characters(distinct)
        counts: Csr = of_text @ self._known_counts(characters.lengths, characters.symbols)
        return counts

    def to_dict(self) -> dict[str, Any]:
        """Settings and words or characters, ready for JSON; `keys_` is the rest."""
        return {
            "unit": self.unit,
            "ngram_range": list(self.ngram_range),
            "min_df": self.min_df,
            "pattern": self.pattern,
            "symbols": self._symbols().to_list(),
        }

    @classmethod
    def from_dict(cls, state: Mapping[str, Any], keys: Int64) -> NGrams:
        """Restore from what `to_dict` returned, and `keys_`."""
        settings = {name: value for name, value in state.items() if name != "symbols"}
        ngrams = cls(**settings | {"ngram_range": tuple(state["ngram_range"])})
        ngrams.symbols_ = pl.Series("symbol", state["symbols"], dtype=pl.String)
        ngrams.keys_ = keys
        return ngrams

    def _symbols(self) -> pl.Series:
        if self.symbols_ is None:
            raise NotFittedError("There is no vocabulary of n-grams yet: fit it on training texts.")
        return self.symbols_

    def _keys(self, lengths: Int64, symbols: pl.Series) -> tuple[Int64, Int64]:
        """The row and the key of each n-gram, int64[n] each, of rows of words or characters."""
        known = self._symbols()
        rows = Ragged.of(lengths, numbered(symbols, known))
        low, high = self.ngram_range
        windows = [window_keys(rows, n, len(known) + 1) for n in range(low, high + 1)]
        return np.concatenate([r for r, _ in windows]), np.concatenate([k for _, k in windows])

    def _known_counts(self, lengths: Int64, symbols: pl.Series) -> Csr:
        row, key = self._keys(lengths, symbols)
        column = np.searchsorted(self.keys_, key)
        column[column == self.size] = 0
        known = self.keys_[column] == key if self.size else np.zeros(len(key), bool)
        return _count_matrix(row[known], column[known], len(lengths), self.size)


@dataclass
class _Characters:
    """The characters of words, one after the other, and the number of each word's."""

    lengths: Int64
    symbols: pl.Series


def _word_counts(lengths: Int64, words: pl.Series) -> tuple[pl.Series, Csr]:
    """The distinct words, and float64[n_texts, n_distinct], how often each text has each."""
    distinct = words.unique().sort()
    column = numbered(words, distinct) - 1
    row = np.repeat(np.arange(len(lengths)), lengths)
    return distinct, _count_matrix(row, column, len(lengths), len(distinct))


def _characters(words: pl.Series) -> _Characters:
    lists = pl.select(pl.lit(" ") + words + pl.lit(" ")).to_series().str.split("")
    lists = lists.list.eval(pl.element().filter(pl.element() != ""))
    lengths = lists.list.len().to_numpy().astype(np.int64)
    return _Characters(lengths, lists.explode(empty_as_null=False).alias("symbol"))


def _count_matrix(row: Int64, column: Int64, n_rows: int, n_columns: int) -> Csr:
    """float64[n_rows, n_columns], how often each pair of a row and a column occurs."""
    ones = np.ones(len(row))
    return sparse.coo_array((ones, (row, column)), shape=(n_rows, n_columns)).tocsr()

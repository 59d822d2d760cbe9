"""Counts of word and character n-grams, by whole-array operations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import numpy as np
import polars as pl
from scipy import sparse

from penchant.encoders.text.ragged import Ragged
from penchant.encoders.text.tokens import WORDS, split_words
from penchant.errors import NotFittedError, ParameterError
from penchant.typing import Csr, Int64

_LARGEST = 2**63


@dataclass
class _Numbered:
    """Distinct texts in order, by which others are numbered from 1; 0 is any other."""

    known: pl.Series

    def of(self, texts: pl.Series) -> Int64:
        if not len(self.known):
            return np.zeros(len(texts), np.int64)
        codes = texts.cast(pl.Enum(self.known), strict=False).to_physical()
        return codes.cast(pl.Int64).fill_null(-1).to_numpy() + 1


def window_keys(rows: Ragged, n: int, base: int) -> tuple[Int64, Int64]:
    """The n-grams of rows of numbers, each as one number.

    Args:
        rows: numbers from 1 to base - 1; 0 is unknown, and no n-gram holds it.
        n: how many neighbours.
        base: one more than the largest number.

    Returns:
        The row and the key of each n-gram, int64[n_grams] each; keys of different n differ.

    Raises:
        ParameterError: there are too many different numbers for n of them in one.
    """
    if base**n >= _LARGEST:
        raise ParameterError(
            f"{n}-grams of {base:,} different words are too many: raise min_df or lower the length."
        )
    row, values = rows.row, rows.values
    count = max(0, len(values) - n + 1)
    key = np.zeros(count, np.int64)
    whole = np.ones(count, bool)
    for place in range(n):
        part = values[place : place + count]
        key = key * base + part
        whole &= part > 0
    whole &= row[:count] == row[n - 1 : n - 1 + count]
    return row[:count][whole], key[whole]


@dataclass(kw_only=True)
class NGrams:
    """Which n-grams stand in texts, and how often; the vocabulary comes from training texts.

    Characters are counted inside words, with a space before and after each, over the distinct
    words: counts of a text are those of its words, one sparse product.

    Attributes:
        unit: of words, or of characters.
        shortest: the least n.
        longest: the largest n.
        min_df: an n-gram must stand in as many training texts.
        pattern: what a word is, a regular expression.

    Raises:
        ParameterError: lengths or limits are impossible.
    """

    unit: Literal["word", "character"] = "word"
    shortest: int = 1
    longest: int = 2
    min_df: int = 1
    pattern: str = WORDS
    symbols_: pl.Series | None = field(default=None, init=False, repr=False)
    keys_: Int64 = field(default_factory=lambda: np.zeros(0, np.int64), init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse lengths that give no n-gram."""
        if not 1 <= self.shortest <= self.longest:
            raise ParameterError(
                f"N-grams of {self.shortest} to {self.longest} are none: 1 <= shortest <= longest."
            )
        if self.min_df < 1:
            raise ParameterError(f"min_df is at least 1, not {self.min_df}.")

    @property
    def size(self) -> int:
        """How many n-grams the vocabulary has."""
        return len(self.keys_)

    def fit(self, texts: pl.Series) -> Self:
        """Learn the vocabulary."""
        self.learn(texts)
        return self

    def learn(self, texts: pl.Series) -> Csr:
        """Learn the vocabulary, and return what `counts` gives for these texts."""
        words = split_words(texts, self.pattern)
        if self.unit == "character":
            distinct, of_text = _words_of_texts(words)
            letters = _letters(distinct)
            frequent = letters.values.value_counts(sort=True).sort(
                "count", letters.values.name, descending=[True, False]
            )
            self.symbols_ = frequent[letters.values.name].head(4095).alias("symbol")
            row, key = self._keys(Ragged.of(letters.lengths, self._numbered(letters.values)))
            self.keys_, place = np.unique(key, return_inverse=True)
            found = of_text @ _table(row, place, len(distinct), len(self.keys_))
        else:
            flat = words.explode(empty_as_null=False).alias("symbol")
            distinct_words = flat.unique().sort()
            if self.min_df > 1:
                # An n-gram is in no more texts than its rarest word is.
                often = (
                    pl.DataFrame({"word": words})
                    .with_row_index("text")
                    .explode("word", empty_as_null=False)
                    .unique()
                    .group_by("word")
                    .len()
                    .filter(pl.col("len") >= self.min_df)
                )
                distinct_words = often["word"].sort().alias("symbol")
            self.symbols_ = distinct_words
            lengths = words.list.len().to_numpy().astype(np.int64)
            row, key = self._keys(Ragged.of(lengths, self._numbered(flat)))
            self.keys_, place = np.unique(key, return_inverse=True)
            found = _table(row, place, len(texts), len(self.keys_))
        if self.min_df > 1:
            keep = np.bincount(found.indices, minlength=self.size) >= self.min_df
            self.keys_ = self.keys_[keep]
            found = found[:, np.flatnonzero(keep)]
        counts: Csr = found
        return counts

    def counts(self, texts: pl.Series) -> Csr:
        """float64[n_texts, size], how often each n-gram of the vocabulary stands in each text.

        Raises:
            NotFittedError: there is no vocabulary yet.
        """
        words = split_words(texts, self.pattern)
        if self.unit == "character":
            distinct, of_text = _words_of_texts(words)
            letters = _letters(distinct)
            rows = Ragged.of(letters.lengths, self._numbered(letters.values))
            counted: Csr = of_text @ self._known(rows)
            return counted
        flat = words.explode(empty_as_null=False)
        lengths = words.list.len().to_numpy().astype(np.int64)
        return self._known(Ragged.of(lengths, self._numbered(flat)))

    def to_dict(self) -> dict[str, Any]:
        """Settings and words or letters, ready for JSON; `keys_` is the rest."""
        return {
            "unit": self.unit,
            "shortest": self.shortest,
            "longest": self.longest,
            "min_df": self.min_df,
            "pattern": self.pattern,
            "symbols": self._symbols().to_list(),
        }

    @classmethod
    def from_dict(cls, found: Mapping[str, Any], keys: Int64) -> NGrams:
        """What `to_dict` gave, with `keys_`."""
        made = cls(**{name: value for name, value in found.items() if name != "symbols"})
        made.symbols_ = pl.Series("symbol", found["symbols"], dtype=pl.String)
        made.keys_ = keys
        return made

    def _symbols(self) -> pl.Series:
        if self.symbols_ is None:
            raise NotFittedError("There is no vocabulary of n-grams yet: fit it on training texts.")
        return self.symbols_

    def _numbered(self, texts: pl.Series) -> Int64:
        return _Numbered(self._symbols()).of(texts)

    def _keys(self, rows: Ragged) -> tuple[Int64, Int64]:
        base = len(self._symbols()) + 1
        found = [window_keys(rows, n, base) for n in range(self.shortest, self.longest + 1)]
        return np.concatenate([r for r, _ in found]), np.concatenate([k for _, k in found])

    def _known(self, rows: Ragged) -> Csr:
        row, key = self._keys(rows)
        place = np.searchsorted(self.keys_, key)
        place[place == self.size] = 0
        known = self.keys_[place] == key if self.size else np.zeros(len(key), bool)
        return _table(row[known], place[known], len(rows), self.size)


@dataclass
class _Letters:
    lengths: Int64
    values: pl.Series


def _words_of_texts(words: pl.Series) -> tuple[pl.Series, Csr]:
    """The distinct words, and how often each text has each."""
    lengths = words.list.len().to_numpy().astype(np.int64)
    flat = words.explode(empty_as_null=False)
    distinct = flat.unique().sort()
    place = _Numbered(distinct).of(flat) - 1
    row = np.repeat(np.arange(len(words)), lengths)
    return distinct, _table(row, place, len(words), len(distinct))


def _letters(words: pl.Series) -> _Letters:
    lists = pl.select(pl.lit(" ") + words + pl.lit(" ")).to_series().str.split("")
    lists = lists.list.eval(pl.element().filter(pl.element() != ""))
    lengths = lists.list.len().to_numpy().astype(np.int64)
    return _Letters(lengths, lists.explode(empty_as_null=False).alias("symbol"))


def _table(row: Int64, column: Int64, n_rows: int, n_columns: int) -> Csr:
    """Counts of pairs of a row and a column."""
    ones = np.ones(len(row))
    return sparse.coo_array((ones, (row, column)), shape=(n_rows, n_columns)).tocsr()

"""What an item table says of each item, as a sparse bag of labels, intervals and words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from penchant.data.dataset import Dataset
from penchant.encoders.text.ngrams import NGrams
from penchant.features.categorical import intervals
from penchant.features.item_content import item_texts, plain_columns
from penchant.features.labels import labels_of, numbers_of
from penchant.typing import AnyArray, Csr, Int64

COMMON = 0.5
"""The largest share of texts that a word may stand in."""
_MOST_WORDS = 20_000  # those that stand in most texts
_RARE = 2  # items that a word needs


@dataclass(frozen=True, eq=False)
class ItemWords:
    """Blocks of named features with the number of times that an item has each.

    Attributes:
        blocks: csr[n_items, n] float64 by part: `labels`, `numbers` (in which of ten intervals)
            and `text` (counts of words). Parts that say nothing are missing.
        names: of the features of each block, such as `genres: drama` or `text: island`.
    """

    blocks: dict[str, Csr]
    names: dict[str, list[str]]

    @classmethod
    def of(cls, log: Dataset, parts: tuple[str, ...], *, bins: int = 10) -> ItemWords:
        """Read the item table of a log.

        Args:
            log: with an item table, or without.
            parts: those wanted.
            bins: into how many intervals of like many items a number's range is divided.
        """
        blocks: dict[str, Csr] = {}
        names: dict[str, list[str]] = {}
        readers = {"labels": _labels, "numbers": _numbers, "text": _words}
        for part in parts:
            block, named = readers[part](log, bins)
            if block.nnz:
                blocks[part], names[part] = block, named
        return cls(blocks, names)


def tf_idf(counts: Csr) -> Csr:
    """Weights of features: (1 + log count) (log((1 + n) / (1 + items with it)) + 1), unit rows.

    Rows without features stay empty. Salton and Buckley, "Term-weighting approaches in automatic
    text retrieval" (1988), smoothed as scikit-learn does it.
    """
    n, size = counts.shape
    weights = counts.copy()
    frequency = np.bincount(counts.indices, minlength=size)
    idf = np.log((1 + n) / (1 + frequency)) + 1
    weights.data = (1 + np.log(weights.data)) * idf[weights.indices]
    return unit_rows(weights)


def unit_rows(matrix: Csr) -> Csr:
    """The same with rows of length 1, but for those of zeros."""
    lengths = np.asarray(sparse.linalg.norm(matrix, axis=1)).ravel()
    scaled = matrix.copy()
    scaled.data = scaled.data / np.repeat(lengths, np.diff(matrix.indptr))
    return scaled


def _labels(log: Dataset, bins: int) -> tuple[Csr, list[str]]:
    rows: list[AnyArray] = [np.zeros(0, np.int64)]
    columns: list[AnyArray] = [np.zeros(0, np.int64)]
    names: list[str] = []
    for labels in labels_of(plain_columns(log.item_table), log.items.noun):
        owner, value = labels.of(np.arange(log.n_items))
        rows.append(owner)
        columns.append(value + len(names))
        names += [f"{labels.name}: {text}" for text in labels.texts]
    return _ones(np.concatenate(rows), np.concatenate(columns), log.n_items, len(names)), names


def _numbers(log: Dataset, bins: int) -> tuple[Csr, list[str]]:
    rows: list[AnyArray] = [np.zeros(0, np.int64)]
    columns: list[AnyArray] = [np.zeros(0, np.int64)]
    names: list[str] = []
    titles, numbers = numbers_of(log.item_table, log.items.noun, log.n_items)
    for title, column in zip(titles, numbers[:-1].T, strict=True):
        inside, size = intervals(column, bins)
        known = np.flatnonzero(inside >= 0)
        rows.append(known)
        columns.append(inside[known] + len(names))
        low, high = np.full(size, np.inf), np.full(size, -np.inf)
        np.minimum.at(low, inside[known], column[known])
        np.maximum.at(high, inside[known], column[known])
        names += [
            f"{title}: {a:g}" if a == b else f"{title}: {a:g} to {b:g}"
            for a, b in zip(low, high, strict=True)
        ]
    return _ones(np.concatenate(rows), np.concatenate(columns), log.n_items, len(names)), names


def _words(log: Dataset, bins: int) -> tuple[Csr, list[str]]:
    texts = item_texts(log)
    ngrams = NGrams(ngram_range=(1, 1), min_df=_RARE)
    counts = ngrams.fit_transform(texts)
    frequency = np.bincount(counts.indices, minlength=ngrams.size)
    n_texts = int((texts.str.len_chars() > 0).sum())
    some = np.flatnonzero(frequency <= max(_RARE, COMMON * n_texts))
    some = np.sort(some[np.argsort(-frequency[some], kind="stable")[:_MOST_WORDS]])
    # The key of a single word is its number, from 1.
    assert ngrams.symbols_ is not None
    words = ngrams.symbols_.gather(ngrams.keys_[some] - 1)
    return counts[:, some], [f"text: {word}" for word in words]


def _ones(rows: Int64, columns: Int64, n: int, size: int) -> Csr:
    matrix = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(n, size))
    matrix.sort_indices()
    return matrix

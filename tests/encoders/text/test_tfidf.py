from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from penchant.encoders.text.ngrams import NGrams, window_keys
from penchant.encoders.text.ragged import Ragged
from penchant.encoders.text.tfidf import TfIdf
from penchant.errors import ParameterError


def sorted_columns(table):
    """A table whose columns are in an order of their own, as two vocabularies can be compared."""
    dense = np.asarray(table.todense())
    return dense[:, np.lexsort(dense[::-1])]


@pytest.mark.parametrize("longest", [1, 2, 3])
@pytest.mark.parametrize("min_df", [1, 3])
def test_word_ngrams_are_scikit_learns(reviews, others, longest, min_df):
    texts, new = reviews.texts["text"][:60], others.texts["text"][:40]
    peer = CountVectorizer(ngram_range=(1, longest), min_df=min_df)
    ours = NGrams(ngram_range=(1, longest), min_df=min_df)
    learned = ours.fit_transform(texts)
    np.testing.assert_array_equal(
        sorted_columns(learned), sorted_columns(peer.fit_transform(texts.to_list()))
    )
    both = [np.vstack([np.asarray(a.todense()), np.asarray(b.todense())]) for a, b in (
        (learned, ours.transform(new)),
        (peer.transform(texts.to_list()), peer.transform(new.to_list())),
    )]  # fmt: skip
    ordered = [x[:, np.lexsort(x[::-1])] for x in both]
    np.testing.assert_array_equal(*ordered)


@pytest.mark.parametrize("min_df", [1, 2])
def test_character_ngrams_are_scikit_learns(reviews, min_df):
    # Where words are what stands between spaces, as there.
    texts = reviews.texts["text"][:50].str.strip_chars(".")
    peer = CountVectorizer(analyzer="char_wb", ngram_range=(2, 4), min_df=min_df)
    ours = NGrams(unit="character", ngram_range=(2, 4), min_df=min_df, pattern=r"\S+")
    expected = peer.fit_transform(texts.to_list())
    np.testing.assert_array_equal(
        sorted_columns(ours.fit_transform(texts)), sorted_columns(expected)
    )
    np.testing.assert_array_equal(
        ours.transform(texts).todense(),
        NGrams.from_dict(ours.to_dict(), ours.keys_).transform(texts).todense(),
    )


def test_weights_are_scikit_learns(reviews, others):
    texts, new = reviews.texts["text"], others.texts["text"]
    for term_frequency, options in (
        ("raw", {}),
        ("log", {"sublinear_tf": True}),
        ("binary", {"binary": True}),
    ):
        peer = TfidfVectorizer(ngram_range=(1, 2), **options).fit(texts.to_list())
        ours = TfIdf(NGrams(), term_frequency=term_frequency)
        ours.fit_transform(texts)
        expected = np.asarray(peer.transform(new.to_list()).todense())
        found = np.asarray(ours.transform(new).todense())
        # The products of texts do not depend on the order of columns.
        np.testing.assert_allclose(found @ found.T, expected @ expected.T, atol=1e-12)
        plain = json.loads(json.dumps(ours.to_dict()))
        again = TfIdf.from_dict(plain, ours.arrays()).transform(new)
        np.testing.assert_array_equal(again.todense(), found)


def test_ngrams_do_not_cross_rows_or_unknown_words():
    rows = Ragged.of(np.array([3, 2]), np.array([1, 0, 2, 2, 1]))
    row, key = window_keys(rows, 2, 3)
    assert (row.tolist(), key.tolist()) == ([1], [2 * 3 + 1])
    with pytest.raises(ParameterError, match="too many"):
        window_keys(rows, 4, 2**16)


@pytest.mark.parametrize(
    "options", [{"ngram_range": (0, 1)}, {"ngram_range": (3, 2)}, {"min_df": 0}]
)
def test_impossible_ngrams(options):
    with pytest.raises(ParameterError):
        NGrams(**options)


def test_texts_without_any_known_word():
    block = TfIdf(NGrams())
    block.fit_transform(pl.Series(["one two", "two three"]))
    assert block.transform(pl.Series(["", "four five"])).nnz == 0

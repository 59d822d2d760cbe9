from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from penchant.encoders.text.lsa import LatentSemanticAnalysis
from penchant.errors import DataError, NotFittedError, ParameterError

MUSIC = ["loud guitar and drums", "a guitar song", "drums with guitar", "song of drums"]
SOAP = ["soap smells of roses", "roses in a soap", "soft soap", "smells soft"]


@pytest.fixture(scope="module")
def vectors():
    return LatentSemanticAnalysis(dim=3, min_df=1).fit(pl.Series(MUSIC + SOAP))


def cosine(a, b):
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_texts_about_one_thing_are_near(vectors):
    guitar, drums, soap = vectors.encode(pl.Series(["guitar", "drums", "soap roses"]))
    assert cosine(guitar, drums) > 0.6 > 0.3 > cosine(guitar, soap)


def test_vectors_are_the_best_projection():
    texts = pl.Series(MUSIC + SOAP)
    vectors = LatentSemanticAnalysis(dim=3, min_df=1).fit(texts)
    weights = vectors.tfidf_.transform(texts).toarray()
    wanted = np.linalg.svd(weights)[1][:3]
    np.testing.assert_allclose(vectors.strengths_, wanted, rtol=1e-6)
    found = np.linalg.norm(vectors.encode(texts), axis=0)
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_nothing_known_is_zero(vectors):
    found = vectors.encode(pl.Series(["", None, "xylophone"]))
    assert found.dtype == np.float32
    assert not found.any()


def test_it_is_restored(vectors):
    texts = pl.Series(["loud roses", "soft drums"])
    again = LatentSemanticAnalysis.from_state(vectors.state())
    np.testing.assert_array_equal(again.encode(texts), vectors.encode(texts))


@pytest.mark.parametrize("texts", [["one word"], ["word", "word"], ["a b cd", "cd ef", "ef cd"]])
def test_few_texts_have_short_vectors(texts):
    found = LatentSemanticAnalysis(dim=5, min_df=1).fit(pl.Series(texts)).encode(pl.Series(texts))
    assert 1 <= found.shape[1] <= 5
    assert np.isfinite(found).all()


def test_what_cannot_be():
    with pytest.raises(DataError, match="no word that stands in 2"):
        LatentSemanticAnalysis().fit(pl.Series(["one two", "three four"]))
    with pytest.raises(ParameterError):
        LatentSemanticAnalysis(dim=0)
    with pytest.raises(NotFittedError):
        LatentSemanticAnalysis().encode(pl.Series(["a"]))

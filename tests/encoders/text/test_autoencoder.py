from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from penchant.encoders.text.autoencoder import TextAutoencoder
from penchant.errors import DataError, NotFittedError, ParameterError

SMALL = {"dim": 8, "width": 16, "length": 4, "epochs": 25, "batch_size": 32, "learning_rate": 0.01}
WHO, DOES, WHAT = ["ann", "bob", "eve"], ["sings", "plays", "hears"], ["rock", "jazz", "folk"]


@pytest.fixture(scope="module")
def texts():
    rng = np.random.default_rng(0)
    return pl.Series(
        [" ".join(rng.choice(words) for words in (WHO, DOES, WHAT)) for _ in range(300)]
    )


@pytest.mark.parametrize("reader", ["cnn", "rnn", "cnn+rnn"])
def test_short_texts_are_said_again(texts, reader):
    model = TextAutoencoder(reader=reader, **SMALL).fit(texts)
    assert model.said_again(texts) > 0.95
    (words,) = model.say(model.encode(pl.Series(["eve hears folk"])))
    assert words == ["eve", "hears", "folk"]
    losses = [row["loss"] for row in model.curve_]
    assert losses[-1] < losses[0] / 4


def test_a_narrow_layer_loses_something(texts):
    wide = TextAutoencoder(**SMALL).fit(texts)
    narrow = TextAutoencoder(**{**SMALL, "dim": 1}).fit(texts)
    assert narrow.said_again(texts) < wide.said_again(texts)


def test_it_is_restored_and_decided_by_its_seed(texts):
    few = {**SMALL, "epochs": 2}
    model = TextAutoencoder(**few).fit(texts)
    again = TextAutoencoder.from_state(model.state())
    np.testing.assert_array_equal(again.encode(texts), model.encode(texts))
    same = TextAutoencoder(**few).fit(texts)
    np.testing.assert_array_equal(same.encode(texts), model.encode(texts))
    assert model.n_parameters() == sum(w.size for w in again.weights_.values())


def test_unknown_words_long_and_empty_texts(texts):
    model = TextAutoencoder(**{**SMALL, "epochs": 1}).fit(texts, validation=texts[:20])
    assert "validation_loss" in model.curve_[0]
    found = model.encode(pl.Series(["", "whoever sings", "ann " * 50, None]))
    assert np.isfinite(found).all()
    assert np.isnan(model.said_again(pl.Series(["", None])))


def test_what_cannot_be():
    for wrong in ({"reader": "eye"}, {"kernel": 4}, {"dim": 0}, {"words": 1}):
        with pytest.raises(ParameterError):
            TextAutoencoder(**wrong)
    with pytest.raises(DataError, match="texts with words"):
        TextAutoencoder().fit(pl.Series(["", "  "]))
    with pytest.raises(NotFittedError):
        TextAutoencoder().encode(pl.Series(["a"]))

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import polars as pl
import pytest

from penchant.encoders.text.tokens import FILTERS, WORDS_AND_MARKS, Tokeniser
from penchant.errors import NotFittedError, ParameterError


def as_keras(texts):
    """Keras' Tokenizer, written out."""

    def words(text):
        text = text.lower().translate(str.maketrans(dict.fromkeys(FILTERS, " ")))
        return [w for w in text.split(" ") if w]

    counts = Counter(w for text in texts for w in words(text))
    order = [w for w, _ in sorted(counts.items(), key=lambda pair: -pair[1])]
    number = {w: n for n, w in enumerate(order, 1)}
    return words, number


TEXTS = pl.Series(
    [
        "Five Stars!",
        "great-card, GREAT [gift]",
        "it's   a\tgift_card",
        "",
        "five ^ ~stars & more",
        None,
    ]
)


@pytest.mark.parametrize("num_words", [None, 4, 100])
def test_numbers_are_those_of_keras(num_words):
    words, number = as_keras(TEXTS.fill_null("").to_list())
    tokeniser = Tokeniser(num_words=num_words).fit(TEXTS)
    new = pl.Series(["Great unknown five", "a gift of stars", ""])
    found = tokeniser.encode(new)
    expected = [
        [number[w] for w in words(t) if w in number and number[w] < (num_words or 10**9)]
        for t in new
    ]
    assert [p.tolist() for p in np.split(found.values, found.offsets[1:-1])] == expected
    assert tokeniser.size == (num_words or len(number) + 1)


def test_unknown_words_have_the_last_number():
    tokeniser = Tokeniser(pattern=WORDS_AND_MARKS, unknown=True, min_count=2).fit(
        pl.Series(["good good bad", "good :) !!"])
    )
    assert tokeniser.size == 3
    assert tokeniser.encode(pl.Series(["good worse :("])).values.tolist() == [1, 2, 2]
    assert Tokeniser.from_dict(json.loads(json.dumps(tokeniser.to_dict()))).encode(
        pl.Series(["bad good"])
    ).values.tolist() == [2, 1]


def test_words_of_test_texts_are_not_learned():
    tokeniser = Tokeniser().fit(pl.Series(["one"]))
    before = tokeniser.to_dict()
    tokeniser.encode(pl.Series(["two three"]))
    assert tokeniser.to_dict() == before


def test_no_words_at_all():
    tokeniser = Tokeniser().fit(pl.Series(["", "!!"]))
    assert tokeniser.encode(pl.Series(["a b"])).lengths.tolist() == [0]


def test_misuse():
    with pytest.raises(NotFittedError, match="fit it on training texts"):
        Tokeniser().encode(pl.Series(["a"]))
    with pytest.raises(ParameterError, match="at least 2"):
        Tokeniser(num_words=1)
    with pytest.raises(ParameterError, match="min_count"):
        Tokeniser(min_count=0)

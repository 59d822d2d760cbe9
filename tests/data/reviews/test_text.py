from __future__ import annotations

import polars as pl
import pytest

from penchant.data.markup import strip_markup
from penchant.data.reviews.text import STOP_WORDS, plain_words, without_stop_words


def apply(rule, *texts):
    frame = pl.LazyFrame({"text": list(texts)}, schema={"text": pl.String})
    return frame.select(rule(pl.col("text"))).collect().to_series().to_list()


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("<b>Rock &amp; Roll</b>", "Rock & Roll"),
        ("  a\n\t\u200bb\x00 ", "a b"),
        ("I <3 this, 2 < 3 and 4 > 1", "I <3 this, 2 < 3 and 4 > 1"),
        ("&amp;quot;x&amp;quot; &#34;y&#034; &#x27;z&#39;", '"x" "y" \'z\''),
        ("<script>var a = '<b>';</script>Title<!-- note -->", "Title"),
        ("Beyoncé – 東京", "Beyoncé – 東京"),
        ('Blue <span class="a-size', "Blue"),
        ("1 <3", "1 <3"),
        ("</span></span>", None),
        ("<br/>", None),
        ("", None),
        (None, None),
    ],
)
def test_markup_and_odd_characters_go(text, clean):
    assert apply(strip_markup, text) == [clean]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Great &amp; <br />LOUD!!! don't miss", "great loud dont miss"),
        ("It’s 5-star: a+ (really)", "its 5 star a really"),
        ("Über-COOL, naïve", "über cool naïve"),
        ("...", ""),
        (None, None),
    ],
)
def test_plain_words(text, words):
    assert apply(plain_words, text) == [words]


def test_stop_words_go_and_other_words_stay_whole():
    found = apply(
        lambda text: without_stop_words(plain_words(text)),
        "I don't like the the The theme of it, you're isn't",
        "not any",
        "éd s d'accord",
        None,
    )
    assert found == ["like theme", "", "éd daccord", None]
    own = apply(lambda text: without_stop_words(text, ["b"]), "a b b b c ab")
    assert own == ["a c ab"]


def test_the_list_is_nltks():
    assert len(STOP_WORDS) == len(set(STOP_WORDS)) == 179
    assert {"i", "don't", "wouldn't", "aren", "ma"} <= set(STOP_WORDS)
    assert not {"like", "good", "would"} & set(STOP_WORDS)

from __future__ import annotations

import re

import numpy as np
import polars as pl
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from penchant.reporting.charts.draw import draw_all
from penchant.reporting.charts.word_cloud import _font_file, cloud
from penchant.reporting.graphs.reviews import telling_words

WORDS = [f"{'wmi'[n % 3] * (1 + n % 7)}{n}" for n in range(60)]
WEIGHTS = dict(zip(WORDS, np.geomspace(40, 1, 60).tolist(), strict=True))
TEXT = re.compile(
    r'<text x="([\d.]+)" y="([\d.]+)" textLength="([\d.]+)" [^>]*font-size:(\d+)px[^>]*>([^<]*)<'
)


def placed(svg):
    """The left end, base line, width and letter size of each word."""
    return {word: tuple(map(float, numbers)) for *numbers, word in TEXT.findall(svg)}


@pytest.fixture(scope="module")
def words():
    return placed(cloud("c", "Words", WEIGHTS, "good").wide)


def test_words_stand_apart_and_within_the_picture(words):
    assert len(words) > 40
    covered = np.zeros((300, 440), int)
    for word, (left, base, width, size) in words.items():
        assert left >= 0
        assert left + width <= 440
        assert 0 < base <= 300
        ink = Image.new("L", (440, 300))
        font = ImageFont.truetype(str(_font_file()), int(size))
        ImageDraw.Draw(ink).text((left, base), word, fill=255, font=font, anchor="ls")
        # Two pixels more on each side: between two words there are four and more.
        covered += np.asarray(ink.filter(ImageFilter.MaxFilter(5))) > 128
    assert covered.max() == 1


def test_the_weightiest_word_is_largest(words):
    assert words[WORDS[0]][3] == max(size for *_, size in words.values())


def test_the_same_words_give_the_same_cloud_in_any_order(words):
    shuffled = dict(np.random.default_rng(0).permutation(list(WEIGHTS.items())))
    again = cloud("c", "Words", {word: float(w) for word, w in shuffled.items()}, "good")
    assert placed(again.wide) == words


def test_the_picture_is_escaped_and_has_a_title():
    chart = cloud("c", "A <title>", {"<b>": 2.0, "word": 1.0}, "good")
    assert "&lt;b&gt;" in chart.wide
    assert "<b>" not in chart.wide
    assert '<title id="c-title">A &lt;title&gt;</title>' in chart.wide
    assert "var(--good)" in chart.wide


def test_positive_and_negative_words_have_a_cloud_each():
    table = pl.DataFrame({"word": ["good", "fine", "bad"], "z": [4.0, 2.0, -3.0]})
    positive, negative = draw_all("text", telling_words("text", table))
    assert set(placed(positive.wide)) == {"good", "fine"}
    assert set(placed(negative.wide)) == {"bad"}
    assert "most of all “good”" in positive.caption
    assert "var(--bad)" in negative.wide
    assert telling_words("text", table.clear()) == []

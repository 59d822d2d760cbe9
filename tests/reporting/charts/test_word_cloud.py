from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pytest

from penchant.reporting.charts.word_cloud import cloud, overlap, place

WORDS = [f"{'wmi'[n % 3] * (1 + n % 7)}{n}" for n in range(80)]
WEIGHTS = np.geomspace(40, 1, 80).tolist()


def test_no_word_covers_another_or_leaves_the_picture():
    placed = place(WORDS, WEIGHTS, wide=440, high=300)
    assert len(placed) > 40
    assert not any(overlap(a, b) for a, b in combinations(placed, 2))
    for box in placed:
        assert box.x >= 0
        assert box.y >= 0
        assert box.x + box.width <= 440
        assert box.y + box.height <= 300


def test_the_weightiest_word_is_largest_and_in_the_middle():
    placed = place(WORDS, WEIGHTS)
    assert placed[0].word == WORDS[0]
    assert placed[0].size == max(box.size for box in placed)
    assert placed[0].x + placed[0].width / 2 == pytest.approx(220)


def test_the_same_words_give_the_same_cloud_in_any_order():
    order = np.random.default_rng(0).permutation(len(WORDS))
    shuffled = place([WORDS[n] for n in order], [WEIGHTS[n] for n in order])
    assert shuffled == place(WORDS, WEIGHTS)


def test_long_words_fit_and_nothing_gives_nothing():
    (box,) = place(["w" * 30], [1.0])
    assert 400 < box.width <= 440
    assert place(["w" * 300], [1.0]) == []  # could not be read
    assert place([], []) == []


def test_the_picture_is_escaped_and_as_wide_as_reckoned():
    chart = cloud("c", "A <title>", ["<b>", "word"], [2.0, 1.0], "good")
    assert "&lt;b&gt;" in chart.wide
    assert "<b>" not in chart.wide
    widths = [float(w) for w in re.findall(r'textLength="([\d.]+)"', chart.wide)]
    assert widths == [round(box.width, 1) for box in place(["<b>", "word"], [2.0, 1.0])]

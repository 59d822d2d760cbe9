from __future__ import annotations

import math

import polars as pl
import pytest

from penchant.data.reviews import significant_words
from penchant.errors import ParameterError


def test_the_statistic_is_that_of_the_paper():
    texts = pl.Series(["good good plain", "bad plain", "good bad"])
    first = pl.Series([True, False, True])
    found = significant_words(texts, first, prior=10, least=1)
    rows = {row["word"]: row for row in found.to_dicts()}
    assert (rows["good"]["first"], rows["good"]["other"]) == (3, 0)
    # Equations 15 and 19, with n1 = 5, n2 = 2 and a prior of 10 words shared out as 3 : 2 : 2.
    a = 10 * 3 / 7
    delta = math.log((3 + a) / (5 + 10 - 3 - a)) - math.log((0 + a) / (2 + 10 - 0 - a))
    z = delta / math.sqrt(1 / (3 + a) + 1 / (0 + a))
    assert rows["good"]["log_odds"] == pytest.approx(delta)
    assert rows["good"]["z"] == pytest.approx(z)
    assert found["word"].to_list() == ["good", "bad", "plain"]


def test_groups_that_are_alike_have_no_significant_word():
    texts = pl.Series(["one two three", "one two three"] * 50)
    found = significant_words(texts, pl.Series([True, False] * 50))
    assert found["z"].abs().max() < 1e-9


def test_rare_words_stop_words_numbers_and_gaps_are_left_out():
    texts = pl.Series(["the cd 5 rare", None, "The CD 5", "the cd 5 <b>cd</b>"] * 2)
    found = significant_words(texts, pl.Series([True, True, False, False] * 2), least=3)
    assert found["word"].to_list() == ["cd"]
    assert found.row(0)[1:3] == (2, 6)
    with_all = significant_words(texts, pl.Series([True] * 8), least=1, stop_words=False)
    assert "the" in with_all["word"].to_list()


def test_many_parts_count_as_one(monkeypatch):
    texts = pl.Series([f"word{n % 7} common" for n in range(500)])
    first = pl.Series([n % 3 == 0 for n in range(500)])
    whole = significant_words(texts, first)
    monkeypatch.setattr("penchant.data.reviews.words._BATCH", 13)
    assert significant_words(texts, first).equals(whole)


def test_nothing_and_impossible_wishes():
    none = significant_words(pl.Series([None], dtype=pl.String), pl.Series([True]))
    assert none.is_empty()
    with pytest.raises(ParameterError, match="prior"):
        significant_words(pl.Series(["a"]), pl.Series([True]), prior=0)
    with pytest.raises(ParameterError, match="2 texts"):
        significant_words(pl.Series(["a", "b"]), pl.Series([True]))

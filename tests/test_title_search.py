"""Find items by their titles."""

from __future__ import annotations

import numpy as np

from penchant.title_search import TitleSearch

TITLES = [
    "Terminator, The (1984)",
    "Terminator 2: Judgment Day (1991)",
    "Amélie (2001)",
    "Star Wars (1977)",
    "Wars of the Stars, The",
    "Restart",
]


def find(query, popularity=(1, 9, 1, 1, 5, 9), limit=10):
    search = TitleSearch(TITLES, np.array(popularity, np.float32))
    return [TITLES[n] for n in search.find(query, limit)]


def test_the_whole_title_comes_before_a_popular_one_that_begins_so():
    assert find("the terminator")[0] == "Terminator, The (1984)"
    assert find("terminator") == ["Terminator 2: Judgment Day (1991)", "Terminator, The (1984)"]


def test_accents_and_case_do_not_matter():
    assert find("AMELIE") == ["Amélie (2001)"]
    assert find("amélie 2001") == ["Amélie (2001)"]


def test_words_may_stand_in_any_order_and_beginnings_of_words_come_first():
    assert find("wars star") == ["Wars of the Stars, The", "Star Wars (1977)"]
    assert find("star wars")[0] == "Star Wars (1977)"
    assert find("star")[-1] == "Restart"


def test_nothing_is_found_for_nothing():
    assert find("") == find("?!") == find("terminator 3") == []


def test_only_so_many_are_given():
    assert len(find("t", limit=2)) == 2

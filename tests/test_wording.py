from __future__ import annotations

import pytest

from penchant.wording import counted


@pytest.mark.parametrize(
    ("n", "words", "text"),
    [
        (0, ("user",), "0 users"),
        (1, ("user",), "1 user"),
        (2000, ("user",), "2,000 users"),
        (1, ("category", "categories"), "1 category"),
        (3, ("category", "categories"), "3 categories"),
        (1, ("event lies", "events lie"), "1 event lies"),
    ],
)
def test_the_noun_agrees_with_its_number(n, words, text):
    assert counted(n, *words) == text

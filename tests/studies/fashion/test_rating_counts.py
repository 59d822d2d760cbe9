from __future__ import annotations

import pytest

from penchant.studies.fashion.rating_counts import range_name, training_ratings

RANGES = ((0, 0), (1, 9), (10, 49), (50, 199), (200, None))


def test_a_range_has_a_short_name():
    assert [range_name(*each) for each in RANGES] == ["none", "1–9", "10–49", "50–199", "200+"]


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        (["none"], "no"),
        (["200+"], "200 or more"),
        (["1–9", "10–49", "50–199", "200+"], "1 or more"),
        (["none", "1–9"], "at most 9"),
        (["none", "10–49", "50–199"], "no or 10 to 199"),
        (["1–9", "50–199"], "1 to 9 or 50 to 199"),
        (["none", "1–9", "10–49", "50–199", "200+"], "any number of"),
    ],
)
def test_neighbouring_ranges_are_one_in_a_sentence(names, wanted):
    assert training_ratings(names, RANGES) == f"{wanted} training ratings"

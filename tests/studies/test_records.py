from __future__ import annotations

import math
from dataclasses import replace

import pytest

from penchant.run import Run
from penchant.studies.records import is_published_log, published_verdict
from penchant.studies.setup import StudySetup


@pytest.mark.parametrize(
    ("published", "ours", "settings", "words"),
    [
        (0.7329, 0.73291, {"better": "high"}, "same"),
        (0.7329, 0.75, {"better": "high"}, "better"),
        (0.7329, 0.75, {"better": "low"}, "worse"),
        (0.7329, 0.75, {}, "higher"),
        (0.7329, 0.7, {}, "lower"),
        (0.02712, 0.02714, {"places": 5}, "higher"),
        (None, 0.7, {}, ""),
        (0.7, math.nan, {}, ""),
    ],
)
def test_figures_of_the_same_data_are_compared(published, ours, settings, words):
    assert published_verdict(published, ours, True, **settings) == words


def test_figures_of_other_data_are_not():
    assert published_verdict(0.73, 0.9, False, better="high") == "other data"
    assert published_verdict(0.73, None, False) == ""


def test_a_log_is_the_published_one_by_name_and_size(tiny):
    n = len(tiny)
    assert is_published_log(tiny, tiny.name, n)
    assert is_published_log(tiny, tiny.name, n, tiny.n_users, tiny.n_items)
    assert not is_published_log(tiny, "another", n)
    assert not is_published_log(tiny, tiny.name, n + 1)
    assert not is_published_log(tiny, tiny.name, n, tiny.n_users + 1)


def test_a_quick_study_compares_nothing(tiny):
    setup = StudySetup(log=tiny, seed=0, run=Run(), same_data=True)
    assert setup.against_published(0.7, 0.8, better="high") == "better"
    quick = replace(setup, quick=True)
    assert quick.against_published(0.7, 0.8, better="high") == ""

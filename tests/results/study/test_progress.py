from __future__ import annotations

import math

import pytest

from penchant.results import PlannedStep, StudyProgress, time_left


def progress(*steps: PlannedStep, **values) -> StudyProgress:
    return StudyProgress("made", steps, **values)


def test_time_left_by_the_usual_times():
    steps = (PlannedStep("a", 10.0), PlannedStep("b", 20.0), PlannedStep("c", 30.0))
    begun = progress(*steps, current="a", in_step=4.0)
    assert begun.left == pytest.approx(6 + 20 + 30)
    assert (begun.number, begun.n_done) == (1, 0)
    assert progress(*steps).number == 0


def test_the_pace_so_far_counts():
    done = PlannedStep("a", 100.0, seconds=50.0)
    left = progress(done, PlannedStep("b", 100.0)).left
    assert left == pytest.approx(100 * 52 / 102)


def test_a_share_counts_the_more_the_larger_it_is():
    step = PlannedStep("a", 100.0)
    lefts = [progress(step, current="a", in_step=50.0, share=s).left for s in (0.1, 0.5, 0.9)]
    assert lefts == pytest.approx([0.1 * 450 + 0.9 * 50, 50.0, 0.9 * 50 / 9 + 0.1 * 50])


def test_a_step_that_takes_longer_than_usual_is_not_done_at_once():
    assert progress(PlannedStep("a", 10.0), current="a", in_step=100.0).left == pytest.approx(20)


def test_without_usual_times_the_mean_of_what_is_done_stands_in():
    assert progress(PlannedStep("a"), PlannedStep("b"), current="a").left is None
    done = PlannedStep("a", seconds=30.0)
    assert progress(done, PlannedStep("b"), PlannedStep("c")).left == pytest.approx(60)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (math.nan, ""),
        (59.0, "less than a minute left"),
        (720.0, "about 12 min left"),
        (5400.0, "about 1 h 30 min left"),
    ],
)
def test_words(seconds, words):
    assert time_left(seconds) == words

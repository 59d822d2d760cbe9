"""The first screen stays short and true, whatever comes out."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from penchant.studies.movies.evaluation import UserAuc
from penchant.studies.movies.honest_comparison import PUBLISHED
from penchant.studies.movies.opening import open_page
from penchant.studies.movies.setup import EVERYTHING, MAJORITY
from penchant.studies.movies.shared_models import OF_GENRES, SHARED
from penchant.studies.records import Gain


def evaluation(*weak, best=0.72, low=0.71, judged=True):
    """An evaluation in which these networks are no better than both trivial answers."""
    within = {name: UserAuc(0.52, 0.51, 0.53) for name in (*PUBLISHED, *SHARED)}
    within |= {MAJORITY: UserAuc(0.5, 0.5, 0.5), "item mean": UserAuc(0.69, 0.68, 0.7)}
    within[OF_GENRES] = UserAuc(best, low, best + 0.01)
    gains = {
        baseline: {
            name: Gain(
                0.01,
                0.005,
                0.015,
                ("no better" if name in weak else "beats") if judged else None,
            )
            for name in PUBLISHED
        }
        for baseline in (EVERYTHING, MAJORITY)
    }
    return SimpleNamespace(users=6040, within_users=within, gains=gains)


def every(verdict):
    gain = Gain(0.0083, 0.003, 0.015, verdict)
    return SimpleNamespace(users=6040, over_majority=gain)


@pytest.mark.parametrize("verdict", [None, "beats", "no better", "worse"])
@pytest.mark.parametrize("weak", [(), ("LSTM",), ("LSTM", "modified LSTM")])
@pytest.mark.parametrize("low", [0.68, 0.71])
def test_three_sentences_of_one_figure_each(verdict, weak, low):
    page = open_page(evaluation(*weak, low=low), OF_GENRES, every(verdict) if verdict else None)
    assert page.faults == []


def test_what_holds_follows_the_verdicts():
    def holds(evaluated, of_all):
        return open_page(evaluated, OF_GENRES, of_all).holds

    assert "the LSTM is right no more often than" in holds(evaluation("LSTM"), None)
    assert "such networks are right no more often" in holds(evaluation(*PUBLISHED), None)
    assert "such networks are right more often than" in holds(evaluation(), None)
    # Networks of all users say more than those of a sample.
    assert "are right 0.8 percentage points more often" in holds(
        evaluation(*PUBLISHED), every("beats")
    )
    for verdict in ("no better", "worse"):
        assert "all 6,040 users are right no more often" in holds(evaluation(), every(verdict))


@pytest.mark.parametrize("low", [0.68, 0.71])
@pytest.mark.parametrize("of_all", [None, every(None), every("beats")])
def test_without_a_verdict_nothing_is_advised(low, of_all):
    page = open_page(evaluation(low=low, judged=False), OF_GENRES, of_all)
    assert page.faults == []
    assert page.use.startswith("These few ratings cannot tell")
    assert ("no verdict is possible" in page.holds) == (of_all != every("beats"))
    assert "right" not in page.holds or of_all == every("beats")


def test_a_shared_model_is_advised_only_if_it_is_better_than_the_mean_of_each_film():
    assert open_page(evaluation(), OF_GENRES, None).use.startswith(
        "Use one model that all users share"
    )
    weak = open_page(evaluation(low=0.68), OF_GENRES, None).use
    assert weak.startswith("Use the mean rating of each film")


def test_validation_rows_choose_the_model_and_not_test_rows():
    other = next(name for name in SHARED if name != OF_GENRES)  # lower on test rows
    page = open_page(evaluation(), other, None)
    assert OF_GENRES not in page.use
    assert any(name.startswith(other) for name in page.graph.series[0].x)

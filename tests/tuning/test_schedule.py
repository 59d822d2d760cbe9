"""Trials side by side: who makes which, and what is known when the next ones are drawn."""

from __future__ import annotations

import math

import pytest
from filelock import FileLock

import penchant as pn
from penchant.models.parameters import Space
from penchant.tuning import trials as tuning
from penchant.tuning.search import TpeSearch
from support.side_by_side import SideBySide
from support.tuning import TPE, Peak

SPACE = {"at": Space(0, 10), "l2_item": [1, 2]}


@pytest.fixture
def workers(monkeypatch):
    workers = SideBySide()
    monkeypatch.setattr(tuning, "executor", lambda run: workers)
    return workers


def _numbers(workers):
    return [draft.number for draft in workers.done]


def rows(tuning):
    return [(t.number, t.values, t.score, t.problem) for t in tuning.trials]


@pytest.mark.parametrize("method", ["grid", "random"])
def test_scores_that_decide_nothing_give_the_same_trials(rated, monkeypatch, method):
    space = {"at": [1, 3, 5], "failing": ["", "data"]}
    options = {"space": space, "method": method, "trials": 20}
    expected = pn.tune(Peak(), rated, "rmse", **options)
    workers = SideBySide()
    monkeypatch.setattr(tuning, "executor", lambda run: workers)
    found = pn.tune(Peak(), rated, "rmse", **options)
    assert rows(found) == rows(expected)
    assert [t.seconds == 0 for t in found.trials] == [t.seconds == 0 for t in expected.trials]
    assert _numbers(workers) != sorted(_numbers(workers))
    assert len(workers.done) == 6  # values that come again are not tried again


@pytest.mark.parametrize("method", [TPE])
def test_a_round_is_drawn_before_any_of_it_is_told(rated, workers, monkeypatch, tmp_path, method):
    heard = []
    values, tell = TpeSearch.values, TpeSearch.tell

    def ask_aloud(search, number):
        heard.append(f"draw {number}")
        return values(search, number)

    def tell_aloud(search, trial):
        heard.append(f"tell {trial.number}")
        tell(search, trial)

    monkeypatch.setattr(TpeSearch, "values", ask_aloud)
    monkeypatch.setattr(TpeSearch, "tell", tell_aloud)
    file, options = tmp_path / "study", {"space": SPACE, "method": method}
    first = pn.tune(Peak(), rated, "rmse", trials=6, study=file, **options)
    one, two, three = (f"{word} {n}" for word in ("draw",) for n in (1, 2, 3))
    told = ["tell 1", "tell 2", "tell 3"]
    assert heard[:9] == [one, two, three, *told, "draw 4", "draw 5", "draw 6"]
    assert _numbers(workers) == [3, 2, 1, 6, 5, 4]
    longer = pn.tune(Peak(), rated, "rmse", trials=15, study=file, **options)
    assert rows(longer)[:6] == rows(first)
    assert rows(longer) == rows(pn.tune(Peak(), rated, "rmse", trials=15, **options))


def test_minutes_let_begin_no_trial_once_they_are_over(rated, workers):
    found = pn.tune(Peak(), rated, "rmse", space=SPACE, trials=30, method="random", minutes=1e-9)
    assert len(found.trials) == workers.slots  # these have begun at once
    assert found.out_of_time


def test_who_waits_for_others_has_nothing_that_others_may_wait_for(rated, workers, tmp_path):
    """Two that each wait for what the other has finished and not yet written wait for ever."""
    file, at_another = tmp_path / "study", FileLock(tmp_path / ".study.trial-2.lock")
    at_another.acquire()
    results = workers.results

    def release_at_the_end(work, shared, tasks, *, waiting=1):
        yield from results(work, shared, tasks, waiting=waiting)
        if len(workers.done) == 7:
            at_another.release()

    workers.results = release_at_the_end
    found = pn.tune(
        Peak(), rated, "rmse", space=SPACE, trials=8, method="random", study=file, minutes=math.inf
    )
    assert _numbers(workers)[-1] == 2
    assert len(found.trials) == 8
    assert not list(tmp_path.glob(".study.trial-*"))

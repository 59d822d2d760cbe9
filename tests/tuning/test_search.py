"""Which values are tried."""

from __future__ import annotations

import importlib.util
import sys
from typing import Annotated

import numpy as np
import pytest
from pydantic import Field

import penchant as pn
from penchant.errors import MissingExtraError
from penchant.evaluation.validation import validation_score
from penchant.metrics import parse
from penchant.models import EASE, ItemKNN
from penchant.models.parameters import Space
from penchant.reporting.graphs.tuning import by_value
from penchant.run import Run
from penchant.testing.logs import SCALE
from penchant.tuning.ranges import ranges_of
from support.tuning import GRID, TPE, Peak


def test_a_grid_tries_all_combinations_in_order(grid):
    assert grid.method == "grid"
    assert [tuple(t.values.values()) for t in grid.trials] == [
        (i, s) for i in GRID["inflection"] for s in GRID["steepness"]
    ]
    assert [t.number for t in grid.trials] == list(range(1, 10))
    best = max(t.score for t in grid.trials)
    assert grid.best_trial == next(t for t in grid.trials if t.score == best)
    assert grid.best().target == pn.Adjusted(*grid.best_trial.values.values(), *SCALE)
    assert not grid.best().is_fitted
    assert grid.best_trial.settled == {"epochs": grid.best_trial.settled["epochs"]}


@pytest.mark.parametrize("method", ["random", TPE])
def test_a_tuned_model_is_no_worse_on_validation(split, method):
    tuning = pn.tune(EASE(), split, trials=12, method=method, seed=1)
    first, best = tuning.trials[0], tuning.best_trial
    assert first.values["l2"] is None  # the log decides
    plain = EASE().fit(split.train)
    value = validation_score(plain, split.validation, parse("ndcg@10"), threshold=4.0, run=Run())
    assert first.score == value
    assert best.score > value  # something is to be gained here
    assert len(tuning.trials) == tuning.planned == 12
    assert all(1 <= trial.values["l2"] <= 1e4 for trial in tuning.trials[1:])


@pytest.mark.parametrize("method", ["random", TPE])
def test_own_values_outside_of_the_ranges_are_tried_first(rated, tmp_path, method):
    class Outside(Peak):
        l2_item: Annotated[float, Field(ge=0), Space(1, 100, log=True)] = 0.0

    def tuned(trials, **settings):
        return pn.tune(Outside(at=3), rated, "rmse", trials=trials, method=method, **settings)

    study = tmp_path / "study.jsonl"
    first, whole = tuned(3, study=study), tuned(6, study=study)
    assert first.trials == whole.trials[:3]
    assert whole.best_trial.number == 1  # nothing is better
    assert whole.best_trial.values.items() >= {"at": 3, "l2_item": 0}.items()
    assert "l2_item" not in whole.edges
    assert [len(by_value(whole, n).series[0].x) for n in ("at", "l2_item")] == [6, 5]
    named = tuned(3, space={"l2_item": Space(1, 100, log=True)})
    assert all(1 <= trial.values["l2_item"] <= 100 for trial in named.trials)


@pytest.mark.parametrize("method", ["random", TPE])
def test_the_seed_decides(rated, method):
    space = {"at": Space(0, 10), "l2_item": [1, 2, 5]}

    def values(seed, trials=14):
        tuning = pn.tune(
            Peak(), rated, "rmse", space=space, trials=trials, method=method, seed=seed
        )
        return [t.values for t in tuning.trials], [t.score for t in tuning.trials]

    assert values(3) == values(3)
    assert values(3)[0] != values(4)[0]
    fewer = values(3, 12)
    assert fewer[0] == values(3)[0][:12]


@pytest.mark.skipif(importlib.util.find_spec("optuna") is None, reason="needs optuna")
def test_tpe_finds_a_peak_and_leaves_no_trace(rated, capfd):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.INFO)
    tuning = pn.tune(Peak(), rated, "rmse", trials=60)
    assert tuning.method == "tpe"
    late = [trial.values["at"] for trial in tuning.trials[-15:]]
    assert np.median(np.abs(np.array(late) - 3)) < 1  # of draws without any lead it would be 2.5
    assert abs(tuning.best_trial.values["at"] - 3) < 0.3
    assert optuna.logging.get_verbosity() == optuna.logging.INFO
    assert capfd.readouterr().err == ""


@pytest.mark.skipif(importlib.util.find_spec("optuna") is None, reason="needs optuna")
def test_tpe_goes_on_after_a_failure(rated):
    space = {"failing": ["", "data"], "at": Space(0, 10)}
    tuning = pn.tune(Peak(), rated, "rmse", space=space, trials=15)
    failed = [t.number for t in tuning.trials if t.score is None]
    scored = [t.number for t in tuning.trials if t.score is not None]
    assert failed
    assert min(failed) < max(scored)
    assert len(tuning.trials) == 15
    assert all(t.problem for t in tuning.trials if t.number in failed)


def test_without_optuna_it_says_what_to_do(split, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtraError, match=r"penchant\[tune\].*Or take the method random"):
        pn.tune(EASE(), split, trials=3)
    assert pn.tune(EASE(), split, trials=3, method="random").best_trial.score > 0


def test_whole_parameters_get_whole_numbers(split):
    ranges = ranges_of(ItemKNN(), None)
    assert ranges["neighbours"].whole
    assert not ranges["shrinkage"].whole
    tuning = pn.tune(ItemKNN(), split, trials=6, method="random")
    assert all(isinstance(t.values["neighbours"], int) for t in tuning.trials)
    drawn = pn.tune(
        lambda dim: EASE(l2=dim), split, space={"dim": Space(1, 3)}, trials=40, method="random"
    )
    found = [t.values["dim"] for t in drawn.trials]
    assert set(found) == {1, 2, 3}
    assert min(map(found.count, (1, 2, 3))) >= 7


def test_drawn_numbers_have_few_digits(split):
    tuning = pn.tune(EASE(), split, trials=20, method="random")
    for trial in tuning.trials[1:]:
        assert trial.values["l2"] == float(f"{trial.values['l2']:.4g}")
    assert pn.models.make(tuning.best_name).params() == tuning.best().params()

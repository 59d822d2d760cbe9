from __future__ import annotations

import dataclasses
import importlib.util
import json
import sys
from typing import Annotated

import numpy as np
import polars as pl
import pytest
from pydantic import Field

import penchant as pn
from penchant.data.dataset import Dataset
from penchant.data.splits import TEST, Split
from penchant.errors import DataError, MissingExtraError, ParameterError, PenchantError
from penchant.evaluation.validation import validation_score
from penchant.metrics import parse
from penchant.models import EASE, Bias, DotProduct, ItemKNN, MajorityClass, MultDAE
from penchant.models.parameters import Space
from penchant.results.tuning_parts import Range
from penchant.run import Run
from penchant.testing import planted_pairs, planted_ratings
from penchant.testing.logs import SCALE
from penchant.tuning.ranges import ranges_of, space_of

TPE = pytest.param(
    "tpe",
    marks=pytest.mark.skipif(importlib.util.find_spec("optuna") is None, reason="needs optuna"),
)
GRID = {"inflection": [2, 3, 4], "steepness": [0.5, 1.5, 2.5]}


class Sealed(Split):
    """A split whose test events nobody may see."""

    @property
    def test(self):
        raise AssertionError("the test events were looked at")


def sealed(split):
    return Sealed(**{f.name: getattr(split, f.name) for f in dataclasses.fields(split)})


@pytest.fixture(scope="module")
def split():
    return sealed(pn.split_per_user(planted_pairs(), validation=0.15, test=0.2))


@pytest.fixture(scope="module")
def rated():
    return sealed(pn.split_random(planted_ratings(), validation=0.2, test=0.2))


def adjusted(inflection, steepness):
    return DotProduct(dim=4, epochs=3, target=pn.Adjusted(inflection, steepness, *SCALE))


@pytest.fixture(scope="module")
def grid(rated):
    return pn.tune(adjusted, rated, "f1", space=GRID)


class Peak(Bias):
    """Its score is known beforehand: best where `at` is 3, and failing where asked to."""

    at: Annotated[float, Field(ge=0, le=10), Space(0, 10)] = 1.0
    failing: str = ""

    def _fit(self, train, validation, run):
        super()._fit(train, validation, run)
        if self.failing == "data":
            raise DataError("There is too little of it.")
        if self.failing == "number":
            raise ZeroDivisionError("division by zero")
        if self.failing == "bug":
            raise KeyError("bug")
        if self.failing == "stop":
            raise KeyboardInterrupt

    def predict(self, rows):
        return np.full(len(rows), 3 + abs(self.at - 3) * 10, np.float32)


def test_a_grid_tries_all_combinations_in_order(grid):
    assert grid.method == "grid"
    assert [tuple(t.values.values()) for t in grid.trials] == [
        (i, s) for i in GRID["inflection"] for s in GRID["steepness"]
    ]
    assert [t.number for t in grid.trials] == list(range(1, 10))
    best = max(t.score for t in grid.trials)
    assert grid.winner == next(t for t in grid.trials if t.score == best)
    assert grid.best().target == pn.Adjusted(*grid.winner.values.values(), *SCALE)
    assert not grid.best().is_fitted
    assert grid.winner.settled == {"epochs": grid.winner.settled["epochs"]}


def test_scores_are_those_of_the_model_on_validation(grid, rated):
    best = grid.best().fit(rated.train, rated.validation)
    again = validation_score(best, rated.validation, parse("f1"), threshold=4.0, run=Run())
    assert again == grid.winner.score


@pytest.mark.parametrize("method", ["random", TPE])
def test_a_tuned_model_is_no_worse_on_validation(split, method):
    tuning = pn.tune(EASE(), split, trials=12, method=method, seed=1)
    first, best = tuning.trials[0], tuning.winner
    assert first.values == {"l2": 500.0}
    plain = EASE().fit(split.train)
    value = validation_score(plain, split.validation, parse("ndcg@10"), threshold=4.0, run=Run())
    assert first.score == value
    assert best.score > value  # something is to be gained here
    assert len(tuning.trials) == tuning.planned == 12
    assert all(1 <= trial.values["l2"] <= 1e4 for trial in tuning.trials)


@pytest.mark.parametrize("method", ["random", TPE])
def test_the_seed_decides(split, method):
    def values(seed, trials=14):
        tuning = pn.tune(ItemKNN(), split, trials=trials, method=method, seed=seed)
        return [t.values for t in tuning.trials], [t.score for t in tuning.trials]

    assert values(3) == values(3)
    assert values(3)[0] != values(4)[0]
    fewer = values(3, 12)
    assert fewer[0] == values(3)[0][:12]


@pytest.mark.skipif(importlib.util.find_spec("optuna") is None, reason="needs optuna")
def test_tpe_finds_a_peak_and_leaves_no_trace(rated, capfd):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.INFO)
    tuning = pn.tune(Peak(), rated, "rmse", trials=40)
    assert tuning.method == "tpe"
    late = [trial.values["at"] for trial in tuning.trials[-15:]]
    assert np.median(np.abs(np.array(late) - 3)) < 1  # of draws without any lead it would be 2.5
    assert abs(tuning.winner.values["at"] - 3) < 0.3
    assert optuna.logging.get_verbosity() == optuna.logging.INFO
    assert capfd.readouterr().err == ""


def test_without_optuna_it_says_what_to_do(split, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtraError, match=r"penchant\[tune\].*Or take the method random"):
        pn.tune(EASE(), split, trials=3)
    assert pn.tune(EASE(), split, trials=3, method="random").winner.score > 0


def test_lower_is_better_where_it_is(rated):
    tuning = pn.tune(Peak(), rated, "rmse", space={"at": [0, 3, 7]})
    assert tuning.winner.values == {"at": 3}
    assert not tuning.higher_is_better
    assert tuning.so_far() == [tuning.trials[0].score, *[tuning.trials[1].score] * 2]


def test_what_is_on_the_test_side_changes_nothing():
    log = planted_ratings()
    split = pn.split_random(log, validation=0.2, test=0.2)
    frame, rng = log.frame().drop("row"), np.random.default_rng(0)
    test = split.sides == TEST
    ratings = frame["rating"].to_numpy().copy()
    ratings[test] = rng.permutation(ratings[test])
    items = frame["item"].to_numpy().copy()
    items[test] = rng.permutation(items[test])
    frame = frame.with_columns(rating=pl.Series(ratings), item=pl.Series(items))
    other = Dataset.from_frame(frame, item_table=log.item_table, name=log.name, scale=SCALE)
    assert other.fingerprint != log.fingerprint
    changed = dataclasses.replace(split, log=other)
    for metric in ("ndcg@10", "rmse", "f1"):
        one, two = (pn.tune(Bias(), s, metric, trials=5, method="random") for s in (split, changed))
        assert [(t.values, t.score) for t in one.trials] == [
            (t.values, t.score) for t in two.trials
        ]


def test_a_like_may_start_lower(rated):
    scores = {
        like: pn.tune(Bias(), rated, "auc", space={"l2_item": [5]}, like=like).winner.score
        for like in (None, 4, 2)
    }
    assert scores[None] == scores[4] != scores[2]


def test_a_model_is_told_what_a_like_is(rated):
    tuning = pn.tune(MajorityClass(), rated, "log-loss", space={"seed": [0]}, like=2.5)
    share = float((rated.train.ratings >= 2.5).mean())
    truth = rated.validation.ratings >= 2.5
    loss = -np.log(np.where(truth, share, 1 - share)).mean()
    assert tuning.winner.score == pytest.approx(loss, rel=1e-5)


@pytest.mark.parametrize(
    ("failing", "problem"),
    [
        ("data", "There is too little of it."),
        ("number", "ZeroDivisionError: division by zero"),
    ],
)
def test_failing_trials_are_recorded(rated, failing, problem):
    tuning = pn.tune(Peak(at=3), rated, "rmse", space={"failing": [failing, ""]})
    bad, good = tuning.trials
    assert (bad.score, bad.problem) == (None, problem)
    assert tuning.winner == good
    assert tuning.so_far() == [None, good.score]
    assert f"1 of 2 trials failed, the first because: {problem}" in str(tuning)
    assert tuning.frame()["problem"].to_list() == [problem, None]


@pytest.mark.skipif(importlib.util.find_spec("optuna") is None, reason="needs optuna")
def test_tpe_goes_on_after_a_failure(rated):
    space = {"failing": ["", "data"], "at": Space(0, 10)}
    tuning = pn.tune(Peak(), rated, "rmse", space=space, trials=15)
    failed = [t.number for t in tuning.trials if t.score is None]
    assert 0 < len(failed) < max(failed) < 15 == len(tuning.trials)
    assert all(t.problem for t in tuning.trials if t.number in failed)


def test_an_impossible_value_is_a_failed_trial(split):
    tuning = pn.tune(EASE(), split, space={"l2": [0, 10]})
    assert "l2 cannot be 0" in tuning.trials[0].problem
    assert tuning.winner.values == {"l2": 10}


def test_all_failing_is_an_error(split, rated):
    with pytest.raises(DataError, match="too little of it"):
        pn.tune(Peak(failing="data"), rated, "rmse", space={"at": [1, 2]})
    with pytest.raises(PenchantError, match="All 2 trials have failed, the first because: There"):
        pn.tune(Peak(), rated, "rmse", space={"failing": ["data", "number"]})
    with pytest.raises(ParameterError, match="EASE only ranks"):
        pn.tune(EASE(), split, "rmse", trials=3, method="random")


def test_a_mistake_in_a_program_is_not_hidden(rated):
    with pytest.raises(KeyError):
        pn.tune(Peak(), rated, "rmse", space={"failing": ["", "bug"]})


def test_an_interruption_keeps_what_there_is(rated, notices):
    tuning = pn.tune(Peak(), rated, "rmse", space={"failing": ["", "stop", "data"]})
    assert tuning.interrupted
    assert [t.values["failing"] for t in tuning.trials] == [""]
    assert "Interrupted after 1 of 3 trials." in str(tuning)
    assert "interrupted after 1 of 3" in notices()
    with pytest.raises(KeyboardInterrupt):
        pn.tune(Peak(), rated, "rmse", space={"failing": ["data", "stop", ""]})


def test_the_same_values_are_not_fitted_twice(rated):
    fitted = []

    class Counted(Peak):
        def _fit(self, train, validation, run):
            fitted.append(self.at)
            super()._fit(train, validation, run)

    tuning = pn.tune(Counted(), rated, "rmse", space={"at": [1, 3]}, method="random", trials=9)
    assert len(tuning.trials) == 9
    assert sorted(fitted) == [1, 3]
    assert [t.number for t in tuning.trials] == list(range(1, 10))
    assert sum(t.seconds == 0 for t in tuning.trials) == 7


@pytest.mark.parametrize(
    ("range_", "value", "edge"),
    [
        (Range(values=(1, 2, 3), low=1, high=3), 1, "low"),
        (Range(values=(1, 2, 3), low=1, high=3), 2, None),
        (Range(values=(3, 1, 2), low=1, high=3), 3, "high"),
        (Range(values=(1, 3), low=1, high=3), 3, None),
        (Range(values=("a", "b", "c")), "c", None),
        (Range(low=1, high=1e4, log=True), 1.4, "low"),
        (Range(low=1, high=1e4, log=True), 2, None),
        (Range(low=1, high=1e4, log=True), 7000, "high"),
        (Range(low=0, high=1), 0.04, "low"),
        (Range(low=0, high=1), 0.06, None),
        (Range(low=0, high=1, own=frozenset({"low"})), 0, None),
        (Range(low=0, high=1, own=frozenset({"low"})), 1, "high"),
    ],
)
def test_edges(range_, value, edge):
    assert range_.edge(value) == edge


def test_edges_of_parameters_that_end_there_are_none(rated):
    ranges = ranges_of(MultDAE(), {"dropout": Space(0, 0.8), "hidden": [1, 2, 3], "l2": [0, 1, 2]})
    assert {n: set(r.own) for n, r in ranges.items()} == {
        "dropout": {"low"},
        "hidden": {"low"},
        "l2": {"low"},
    }
    assert ranges_of(EASE(), {"l2": Space(0.001, 1)})["l2"].own == frozenset()
    assert ranges_of(Peak(), None)["at"].own == {"low", "high"}
    beyond = pn.tune(Peak(), rated, "rmse", space={"at": [4, 6, 8]})
    assert beyond.edges == {"at": "low"}
    assert "at is best at 4, at the low end of what was tried: try lower values." in str(beyond)
    assert pn.tune(Peak(), rated, "rmse", space={"at": [2, 3, 8]}).edges == {}


def test_a_best_value_that_is_no_better_than_one_inside_is_on_no_edge(rated):
    space = {"at": [2, 4, 6]}
    tuning = pn.tune(Peak(), rated, "rmse", space=space)
    assert tuning.winner.values == {"at": 2}
    assert tuning.trials[0].score == tuning.trials[1].score
    assert tuning.edges == {}


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
    for trial in tuning.trials:
        assert trial.values["l2"] == float(f"{trial.values['l2']:.4g}")
    assert pn.models.make(tuning.best_name).params() == tuning.best().params()


def test_heat_map(grid, split):
    frame = grid.heat_map()
    assert frame.columns == ["inflection", "steepness=0.5", "steepness=1.5", "steepness=2.5"]
    assert frame["inflection"].to_list() == ["2", "3", "4"]
    scores = [t.score for t in grid.trials]
    assert frame.drop("inflection").to_numpy().ravel().tolist() == scores
    turned = grid.heat_map("steepness", "inflection")
    assert turned.drop("steepness").to_numpy().T.ravel().tolist() == scores
    with pytest.raises(ParameterError, match="two parameters that were given as lists"):
        grid.heat_map("inflection", "inflection")
    one = pn.tune(EASE(), split, space={"l2": [1, 10]})
    with pytest.raises(ParameterError, match="there are l2"):
        one.heat_map()


def test_heat_map_has_the_best_over_what_is_not_shown(rated):
    space = {"at": [1, 3, 5], "failing": ["", "data"], "l2_item": [1, 2]}
    tuning = pn.tune(Peak(), rated, "rmse", space=space)
    frame = tuning.heat_map("at", "l2_item")
    for row, at in enumerate(space["at"]):
        best = min(t.score for t in tuning.trials if t.values["at"] == at and t.score)
        assert frame["l2_item=1"][row] == best
    assert tuning.heat_map("at", "failing")["failing=data"].to_list() == [None] * 3


def test_frame_and_json(grid):
    frame = grid.frame()
    assert frame.columns == ["trial", "inflection", "steepness", "f1", "seconds", "problem"]
    assert frame.schema["inflection"] == pl.Int64
    plain = json.loads(grid.to_json())
    assert plain == grid.to_dict()
    assert [t["score"] for t in plain["trials"]] == frame["f1"].to_list()
    assert plain["best"]["model"] == grid.best_name
    assert plain["edges"] == grid.edges
    assert plain["split"]["test"] == 256


def test_values_of_every_kind_go_into_frame_and_json(rated):
    targets = ["rating", pn.Like(4), "adjusted(3,1,1,5)"]
    space = {"target": targets, "patience": [None, 2], "l2": np.array([0.01, 0.1])}
    tuning = pn.tune(DotProduct(dim=2, epochs=2), rated, "auc", space=space)
    frame = tuning.frame()
    assert frame["target"].to_list()[::4] == ["rating", "like>=4", "adjusted(3,1,1,5)"]
    assert frame["patience"].to_list()[:4] == [None, None, 2, 2]
    assert json.loads(tuning.to_json())["space"]["target"]["values"][1] == "like>=4"
    assert tuning.space["l2"].values == (0.01, 0.1)


@pytest.mark.parametrize(
    ("model", "options", "words"),
    [
        (EASE(), {"space": {}}, "nothing to tune"),
        (EASE(), {"space": {"l3": [1]}}, "no parameter 'l3'"),
        (EASE(), {"space": {"l2": []}}, "must be a list with at least one"),
        (EASE(), {"space": {"l2": "1,2"}}, "must be a list"),
        (EASE(), {"space": {"l2": 5}}, "must be a list"),
        (EASE(), {"space": {"l2": [1, 2, 1]}}, "have one twice"),
        (EASE(), {"space": {"l2": Space(5, 1)}}, "not from 5 to 1"),
        (EASE(), {"space": {"l2": Space(0, 1, log=True)}}, "number above 0, not from 0 to 1"),
        (EASE(), {"space": {"l2": Space(1, float("inf"))}}, "not from 1 to inf"),
        (ItemKNN(), {"space": {"neighbours": Space(1.2, 1.8)}}, "higher whole number"),
        (EASE(), {"space": {"l2": Space(1, 2)}, "method": "grid"}, "list of values for every"),
        (EASE(), {"method": "best"}, "There is no method 'best'"),
        (EASE(), {"method": "random", "trials": 0}, "trials must be 1 or more"),
        (EASE(), {"metric": "ndgc"}, "There is no metric 'ndgc'"),
        (EASE(), {"metric": "coverage@5", "method": "random"}, "describes lists"),
        (lambda l2: EASE(l2=l2), {}, "Say with space="),
        (lambda trial: EASE(l2=trial), {"space": {"trial": [1, 2]}}, "has a column 'trial'"),
    ],
)
def test_impossible_wishes(split, model, options, words):
    with pytest.raises(ParameterError, match=words):
        pn.tune(model, split, **options)


def test_a_split_without_validation_is_refused():
    split = pn.split_per_user(planted_pairs(), validation=0, test=0.2)
    with pytest.raises(ParameterError, match="the split has none"):
        pn.tune(EASE(), split)


def test_texts_of_what_to_try():
    assert space_of(EASE(), ["l2=100,300, 1000"]) == {"l2": [100.0, 300.0, 1000.0]}
    assert space_of(EASE(), ["l2=1..1e4:log"]) == {"l2": Space(1, 10_000, log=True)}
    assert space_of(EASE(), ["l2=0.5..2"]) == {"l2": Space(0.5, 2)}
    assert space_of(DotProduct(), ["target=rating,adjusted(5,1)", "patience=none,3"]) == {
        "target": [pn.Rating(), pn.Adjusted(5, 1)],
        "patience": [None, 3],
    }
    assert space_of(EASE(), []) is None
    for wrong in (["l2"], ["l2="], ["=3"], ["l2=1,2", "l2=3,4"]):
        with pytest.raises(ParameterError, match="must be written once as"):
            space_of(EASE(), wrong)
    for wrong, words in (("l2=a..2", "'a' in"), ("l3=1,2", "no parameter"), ("l2=a,2", "cannot")):
        with pytest.raises(ParameterError, match=words):
            space_of(EASE(), [wrong])

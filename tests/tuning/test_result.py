"""The best trial, heat maps, frames and JSON."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.errors import ParameterError
from penchant.models import EASE, DotProduct
from support.tuning import Peak


def test_a_best_value_that_is_no_better_than_one_inside_is_on_no_edge(rated):
    space = {"at": [2, 4, 6]}
    tuning = pn.tune(Peak(), rated, "rmse", space=space)
    assert tuning.best_trial.values == {"at": 2}
    assert tuning.trials[0].score == tuning.trials[1].score
    assert tuning.edges == {}


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
    assert plain["versions"]["penchant"] == pn.__version__
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

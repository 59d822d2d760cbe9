"""What covariances and content of items are worth on real data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import penchant as pn
from penchant.data.sources import load_split
from penchant.evaluation.ranking import catalogue_of
from penchant.models import make
from penchant.run import Run
from penchant.studies.fashion.content import RIDGE, per_user
from penchant.studies.fashion.film_log import NAME, load_films
from penchant.studies.fashion.setup import FashionSetup, mean_gain

pytestmark = [pytest.mark.slow, pytest.mark.mirror, pytest.mark.usefixtures("mirror")]


def test_a_gaussian_process_rates_movielens_100k_better_than_autorec(mirror):
    published = load_split("movielens-100k", "u1", mirror=mirror)
    split = pn.split_predefined(published.train, published.test, scale=(1, 5))
    models = {"process": make("gaussian-process:epochs=6"), "autorec": make("autorec")}
    table = pn.evaluate(models, split, ["rmse"], replicates=100).table()
    assert table["process"].metrics["rmse"].value == pytest.approx(0.891, abs=0.003)
    assert table["autorec"].metrics["rmse"].value > 0.893
    assert table["process"].verdict == "beats"


def test_plots_order_films_that_nobody_has_rated(mirror):
    found = load_films(NAME, 0, Run())
    assert found is not None
    split = found.cold_split(found.log)
    log = replace(found.log, events=found.log.events.with_columns(text=found.log.events["row"]))
    setup = FashionSetup(log=log, seed=0, run=Run())
    values = {
        name: per_user(
            setup.model(spec).fit(split.train), split.test, catalogue_of(split.train), setup
        )
        for name, spec in {
            RIDGE: "content-ease:l2=500,text=0,vectors=0",
            "plots": "content-ease:l2=500,vectors=0",
        }.items()
    }
    assert np.nanmean(values[RIDGE]) == pytest.approx(0.271, abs=0.004)
    added = mean_gain(values["plots"], values[RIDGE], 200, 0)
    assert added is not None
    assert added.low > 0.015

"""The tuning of the transform in the study of books, and which books are editions of one work."""

from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.data.dataset import Dataset
from penchant.metrics import AUC
from penchant.studies.books import recommendations, transform_tuning
from penchant.studies.books.setup import f1
from penchant.studies.books.transform_tuning import TransformTrial
from penchant.studies.records import TrainingCurve
from penchant.studies.study import Steps


def test_tuning_judges_at_the_published_threshold_on_validation_rows(setup):
    found = transform_tuning.tune_transform(Steps("books", setup.log, version=1), setup)
    trials = {t.key: t for t in found}
    assert list(trials) == list(transform_tuning.PUBLISHED)
    target = pn.models.make("dot").clone(target="adjusted(6,2.5)").target
    model = transform_tuning.NETWORK.model(setup, target=target)
    model.fit(setup.split.train, setup.validation)
    predicted, y = model.predict(setup.validation.rows), setup.liked(setup.validation)
    trial = trials[6.0, 2.5]
    assert trial.f1 == pytest.approx(f1(predicted >= 8, y))
    assert trial.auc == pytest.approx(AUC()(predicted, y), abs=1e-3)
    assert trial.recommended == pytest.approx((predicted >= 8).mean())
    part = transform_tuning.section(setup, found)
    heat, here = part.tables[0].frame, part.tables[1].frame
    assert heat["steepness 2.5"].to_list() == [0.7319, 0.7319, 0.486]
    assert here["steepness 0.5"].to_list() == [trials[i, 0.5].f1 for i in (4.0, 5.0, 6.0)]
    counted = part.tables[3].frame["counted from, original scale"]
    assert counted[0] == pytest.approx(4 + 2 * np.log(7 / 2), abs=1e-3)
    transforms, *losses = part.charts
    assert len(transforms.series) == 9
    assert [len(chart.series) for chart in losses] == [6, 6, 6]
    assert "five of the other eight" in part.conclusions[1].sentence


def test_a_grid_of_equal_figures_chooses_nothing(setup):
    curve = TrainingCurve([2.0, 1.0], [2.0, 1.0])
    trials = [
        TransformTrial(*key, f1=0.0, auc=0.5, recommended=0.0, curve=curve)
        for key in transform_tuning.PUBLISHED
    ]
    part = transform_tuning.section(setup, trials)
    assert "0% to 0%" in part.conclusions[0].sentence
    assert "Nine settings share the highest F1 here" in part.conclusions[2].sentence
    trials[8] = dataclasses.replace(trials[8], f1=0.5)
    words = transform_tuning.section(setup, trials).conclusions[2].sentence
    assert "inflection 6 with steepness 2.5" in words


def test_editions_of_one_book_are_one_work(setup):
    titles = ["Emma", "EMMA (Penguin Classics)", "Emma : A Novel", "Emma", None, None]
    authors = ["Jane Austen", "jane austen", "Jane  Austen", "F. W. Kenyon", "A", "A"]
    books = pl.DataFrame({"item": list("abcdef"), "title": titles, "author": authors})
    events = pl.DataFrame({"user": [1, 2, 2, 3, 3, 3], "item": list("adefbc"), "rating": [9.0] * 6})
    log = Dataset.from_frame(events, item_table=books, name="editions", scale=(1, 10))
    known = recommendations.works(log).sort("item")["work"].to_list()
    assert known[0] == known[1] == known[2]
    assert len(set(known)) == 4
    model = pn.models.make("bias").fit(log)
    other = dataclasses.replace(setup, log=log)
    lists = recommendations.best_works(other, model, [1, 2])
    of = {user: set(lists.filter(pl.col("user") == user)["item"]) for user in (1, 2)}
    assert of[1] == {"d", "e", "f"}  # none of the three editions of what this reader knows
    assert "f" in of[2]
    assert len(of[2] & {"a", "b", "c"}) == 1
    bare = Dataset.from_frame(events, name="bare", scale=(1, 10))
    assert recommendations.works(bare)["work"].to_list() == bare.items.ids.to_list()

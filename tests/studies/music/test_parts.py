"""Parts of the study of music by themselves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.data.dataset import Dataset
from penchant.data.splits import TRAIN
from penchant.models import make
from penchant.run import Run
from penchant.studies.music import data, exploration, leakage, review_set
from penchant.studies.music.regressor import RECONSTRUCTED, VARIANTS
from penchant.studies.music.setup import (
    REGRESSOR,
    MusicSetup,
    RowErrors,
    mean_errors,
    merged_log,
    plain_name,
    row_errors,
    with_statistics,
)


@pytest.fixture
def log():
    frame = pl.DataFrame(
        {
            "user": ["a", "a", "b", "b", "c", "c", "d", "d", "e", "e"],
            "item": ["x", "y", "x", "y", "x", "y", "x", "z", "y", "z"],
            "rating": [5.0, 1.0, 4.0, 2.0, 5.0, 3.0, 5.0, 5.0, 2.0, 4.0],
            "text": ["same", "same", *(f"text number {n}" for n in range(8))],
            "summary": ["good", "bad", *("fine words" for _ in range(8))],
        }
    )
    return Dataset.from_frame(frame, name="few", scale=(1, 5))


def test_errors_are_the_usual_ones():
    found = row_errors([1.0, 2.0, 6.0], [1.0, 4.0, 3.0])
    assert found.mae == pytest.approx(5 / 3)
    assert found.mse == pytest.approx(13 / 3)
    assert found.farthest == 3
    assert found.correlation == pytest.approx(np.corrcoef([1, 2, 6], [1, 4, 3])[0, 1])
    assert row_errors([5.0, 5.0], [5.0, 4.0]).correlation is None


def test_a_mean_is_missing_where_one_of_its_values_is():
    one, other = RowErrors(1.0, 2.0, 0.5, 3.0), RowErrors(2.0, 4.0, 0.7, 1.0)
    mean = mean_errors([one, other])
    assert (mean.mae, mean.mse, mean.farthest) == (1.5, 3.0, 3.0)
    assert mean.correlation == pytest.approx(0.6)
    assert mean_errors([one, replace(other, correlation=None)]).correlation is None


def test_statistics_come_from_the_rows_that_may_be_used(log):
    keep = np.array([True] * 4 + [False] * 6)
    table = with_statistics(log, keep).item_table
    told = {row["item"]: row for row in table.iter_rows(named=True)}
    assert told["x"]["overall_mean"] == 4.5
    assert told["y"]["overall_count"] == 2
    assert told["z"]["overall_mean"] is None
    twice = with_statistics(with_statistics(log, keep), None).item_table
    assert dict(twice.select("item", "overall_mean").iter_rows())["z"] == 4.5


def test_the_published_network_is_the_published_one(log):
    model = make(REGRESSOR)
    assert (model.own_text, model.statistics, model.log_scale) == (True, "table", False)
    assert (model.clip, model.output, model.patience) == (0, "linear", None)
    assert model.output_start == "zero"
    assert (model.epochs, model.batch_size) == (10, 32)
    assert model.hidden == (256, 128, 64, 32, 8)


def test_texts_are_exchanged_and_blanked_without_touching_anything_else(log):
    rows = MusicSetup(log=log, seed=0, run=Run()).published_split(1).test.rows
    mixed, blank = leakage._shuffled(rows, 3), leakage._blank(rows)
    assert sorted(mixed.context["text"]) == sorted(rows.context["text"])
    pairs = set(rows.context.select("text", "summary").iter_rows())
    assert set(mixed.context.select("text", "summary").iter_rows()) == pairs
    assert set(blank.context["text"]) == set(blank.context["summary"]) == {""}
    for other in (mixed, blank):
        assert other.items is rows.items
        assert other.context.columns == rows.context.columns


def test_splits_of_all_parts_are_the_same(log):
    setup = MusicSetup(log=log, seed=5, run=Run(), splits=2)
    assert setup.seeds == [5, 6]
    first = setup.published_split(5).sides
    assert (first == setup.published_split(5).sides).all()
    assert (first == TRAIN).sum() == 7
    assert setup.honest_split.kind == "random"  # there are no times


def test_sets_that_are_not_there_are_named_and_left_out(log, monkeypatch, tmp_path):
    monkeypatch.setenv("PENCHANT_CACHE", str(tmp_path))
    monkeypatch.delenv("PENCHANT_MIRROR", raising=False)
    setup = MusicSetup(log=log, seed=0, run=Run())
    found = review_set.gather_reviews(setup)
    assert found.missing == review_set.SETS
    assert found.names == {"few": 10}
    assert found.users.to_list() == log.frame()["user"].to_list()
    alone = review_set.gather_reviews(replace(setup, together=False))
    assert alone.missing == ()
    assert alone.digest == found.digest


def test_a_log_without_products_is_shown_all_the_same(log):
    setup = MusicSetup(log=log, seed=0, run=Run())
    found = data.describe_data(setup)
    assert found.merged == 0
    assert found.products == 0
    assert found.repeated.reviews - found.repeated.distinct == 1
    assert data.section(setup, found).conclusions
    looks = exploration.section(setup, exploration.explore_reviews(setup))
    assert not any("Verified" in conclusion.sentence for conclusion in looks.conclusions)


@pytest.mark.mirror
@pytest.mark.usefixtures("mirror")
def test_a_log_is_named_as_one_where_its_name_says_nothing():
    assert plain_name("amazon-2018/Gift_Cards") == "Gift Cards"
    assert plain_name("full") == "the log “full”"


@pytest.mark.parametrize(
    ("ratings", "amount"),
    [([5, 1, 5, 1], "as many stars as"), ([5, 4, 5, 1], "1.50 stars more than")],
)
def test_verified_purchases_are_compared_in_words(ratings, amount):
    frame = pl.DataFrame(
        {
            "user": ["a", "b", "c", "d"],
            "item": ["x", "x", "y", "y"],
            "rating": ratings,
            "verified": [True, True, False, False],
            "text": ["one", "two", "three", "four"],
            "summary": ["one", "two", "three", "four"],
        }
    )
    setup = MusicSetup(log=Dataset.from_frame(frame, scale=(1, 5)), seed=0, run=Run())
    section = exploration.section(setup, exploration.explore_reviews(setup))
    wanted = f"Verified purchases get {amount} other reviews on the mean."
    assert wanted in [conclusion.sentence for conclusion in section.conclusions]


def test_the_review_sets_of_the_mirror_are_put_together(mirror, monkeypatch):
    monkeypatch.setenv("PENCHANT_MIRROR", str(mirror))
    log = pn.load("amazon-2018/Gift_Cards", mirror=mirror)
    found = review_set.gather_reviews(MusicSetup(log=log, seed=0, run=Run()))
    assert found.missing == ()
    assert sum(found.names.values()) == len(found.ratings) == 2_972 + 3_176 + 5_269 + 10_261
    one = found.texts.select("text").with_columns(found.users).unique()
    assert len(one) == 14_194


def test_only_reviews_of_known_products_are_used():
    frame = pl.DataFrame({"user": ["a", "b", "c"], "item": ["x", "y", "z"], "rating": [5.0, 4, 3]})
    table = pl.DataFrame({"item": ["x", "y", "silent"], "title": ["X", None, "S"]})
    log = Dataset.from_frame(frame, item_table=table, name="few")
    merged = merged_log(log)
    assert merged.frame()["item"].to_list() == ["x"]
    assert sorted(merged.items.ids) == ["silent", "x"]
    assert merged.name == "few"
    bare = Dataset.from_frame(frame, name="bare")
    assert merged_log(bare) is bare


def test_reviews_to_compare_on_are_those_of_whole_users(log):
    setup = MusicSetup(log=log, seed=0, run=Run(), compared=4)
    reviews = review_set.own_reviews(setup)
    some = review_set.compared_reviews(setup, reviews)
    assert len(some.ratings) == len(some.texts) == 4
    assert some.users.n_unique() == 2
    assert some.drawn_from == 10
    assert some.digest != reviews.digest
    assert review_set.compared_reviews(replace(setup, compared=None), reviews) is reviews


def test_the_published_reconstruction_is_of_the_published_autoencoder():
    model = make(VARIANTS[RECONSTRUCTED])
    assert (model.code_dim, model.code_optimiser) == (5, "sgd")

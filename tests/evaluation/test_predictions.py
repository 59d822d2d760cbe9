from __future__ import annotations

import math

import polars as pl
import pytest

import penchant as pn
from penchant.errors import DataError, ParameterError

TABLE = pl.DataFrame(
    {
        "user": ["a", "a", "b", "b", "c", "c"] * 20,
        "rating": [5, 3, 4, 2, 5, 1] * 20,
        "theirs": [4.5, 3.2, 4.1, 2.2, 4.4, 2.0] * 20,
        "mean": [3.3] * 120,
    }
)


def test_trivial_columns_take_part_even_when_only_others_are_named():
    found = pn.evaluate_predictions(TABLE, ["rmse"], predictions=["theirs"], trivial=["mean"])
    assert [(e.name, e.trivial) for e in found.entries] == [("theirs", False), ("mean", True)]
    assert found["theirs"].metrics["rmse"].gain > 0


def test_ids_times_and_folds_are_no_models():
    lenskit = TABLE.rename({"user": "user_id", "theirs": "prediction"}).with_columns(
        item_id=pl.int_range(120),
        timestamp=pl.int_range(120),
        unixReviewTime=pl.int_range(120),
        fold=1,
        title=pl.lit("a text"),
    )
    options = {"user": "user_id", "trivial": ["mean"], "replicates": 100}
    found = pn.evaluate_predictions(lenskit, ["rmse"], **options)
    assert {entry.name for entry in found.entries} == {"prediction", "mean"}
    (note,) = [n for n in found.notes if n.startswith("Models are")]
    assert "prediction, mean, and not fold, item_id, timestamp, title, unixReviewTime" in note
    named = pn.evaluate_predictions(lenskit, ["rmse"], predictions=["timestamp"], **options)
    assert {entry.name for entry in named.entries} == {"timestamp", "mean"}
    assert not [n for n in named.notes if n.startswith("Models are")]
    shown = pn.evaluate_predictions(TABLE, ["rmse"], trivial=["mean"], replicates=100)
    assert not [n for n in shown.notes if n.startswith("Models are")]


def test_a_table_without_models_is_refused():
    with pytest.raises(DataError, match="of user, rating, fold: name it in predictions"):
        pn.evaluate_predictions(TABLE.select("user", "rating", fold=1), ["rmse"])


def test_undefined_figures_stand_last():
    columns = TABLE.select("user", "rating", mean="mean", theirs="theirs")
    found = pn.evaluate_predictions(columns, ["pearson"], trivial=["mean"])
    assert [e.name for e in found.entries] == ["theirs", "mean"]
    assert math.isnan(found["mean"].metrics["pearson"].value)


def test_undefined_trivial_answers_give_no_verdict():
    table = TABLE.with_columns(user=pl.int_range(120) // 4)
    found = pn.evaluate_predictions(table, ["pearson", "rmse"], trivial=["mean"], replicates=100)
    sentence = (
        "No verdict by pearson: it is undefined for every trivial answer, as a correlation with a "
        "constant is."
    )
    assert found.no_verdict == sentence
    assert sentence in found.notes
    assert found["theirs"].verdict is None
    assert found["theirs"].metrics["pearson"].verdict is None
    assert found["theirs"].metrics["rmse"].verdict == "beats"
    second = pn.evaluate_predictions(table, ["rmse", "pearson"], trivial=["mean"], replicates=100)
    assert second.no_verdict is None
    assert second["theirs"].verdict == "beats"
    assert second["theirs"].metrics["pearson"].verdict is None
    assert sentence in second.notes
    one = table.with_columns(other=pl.Series([3.0, 3.1, 3.2, 2.9, 3.3, 2.8] * 20))
    known = pn.evaluate_predictions(one, ["pearson"], trivial=["mean", "other"], replicates=100)
    assert known.no_verdict is None
    assert known["theirs"].verdict is not None


@pytest.mark.parametrize("kind", [pl.String, pl.Int64, pl.Float64])
def test_rows_without_a_user_are_refused(kind):
    row = pl.int_range(120)
    table = TABLE.with_columns(user=pl.when(row % 60 != 1).then(row // 4).cast(kind))
    with pytest.raises(DataError, match=r"2 rows have no user in the column 'user': leave them"):
        pn.evaluate_predictions(table, ["rmse"], trivial=["mean"])
    if kind == pl.Float64:
        filled = table.with_columns(pl.col("user").fill_null(float("nan")))
        with pytest.raises(DataError, match="2 rows have no user"):
            pn.evaluate_predictions(filled, ["rmse"], trivial=["mean"])


def test_what_cannot_be_judged_is_refused():
    with pytest.raises(DataError, match="no column 'stars'"):
        pn.evaluate_predictions(TABLE, ["rmse"], truth="stars")
    with pytest.raises(ParameterError, match="judge rows"):
        pn.evaluate_predictions(TABLE, ["rmse", "auc"])
    with pytest.raises(ParameterError, match="judge rows"):
        pn.evaluate_predictions(TABLE, ["ndcg@10"])

"""Predictions beyond the scale are judged as they are, and a note says what clipping would do."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import penchant as pn
from penchant.evaluation.scale import OutsideScale, outside_scale, outside_scale_note
from penchant.metrics import MAE, RMSE
from penchant.models import EASE, Bias, DotProduct
from penchant.testing import planted_ratings


class Exaggerated(Bias):
    """Twice the distance of the biases' predictions from 3."""

    def predict(self, rows):
        return (2 * super().predict(rows) - 3).astype(np.float32)


class Within(Bias):
    def predict(self, rows):
        return np.clip(super().predict(rows), 1, 5)


@pytest.fixture(scope="module")
def split():
    return pn.split_random(planted_ratings(), validation=0.1, test=0.2)


def test_the_table_judges_as_predicted_and_says_what_clipping_would_give(split):
    models = {"wild": Exaggerated(), "tame": Within(), "ease": EASE()}
    result = pn.evaluate(models, split, ["rmse", "mae", "ndcg@5"], replicates=50)
    table, (low, high) = result.table("rating"), split.log.rating_range
    values = result.models["wild"].predict(split.test.rows).astype(float)
    truth = split.test.ratings.astype(float)
    entry = table["wild"]
    assert entry.metrics["rmse"].value == pytest.approx(np.sqrt(np.mean((values - truth) ** 2)))
    share = np.mean((values < low) | (values > high))
    assert 0 < entry.outside_scale == pytest.approx(share)
    clipped = np.clip(values, low, high)
    assert entry.clipped["rmse"] == pytest.approx(np.sqrt(np.mean((clipped - truth) ** 2)))
    assert entry.clipped["mae"] == pytest.approx(np.mean(np.abs(clipped - truth)))
    assert (table["tame"].outside_scale, table["tame"].clipped) == (0, {})
    (note,) = [note for note in table.notes if "not clipped" in note]
    assert f"not clipped to the ratings from {low:g} to {high:g}" in note
    assert f"{share:.1%} of those of wild (rmse {entry.clipped['rmse']:.4f} if clipped)" in note
    assert "tame" not in note
    plain = result.to_dict()["tables"]
    (wild,) = [e for e in plain["rating"]["entries"] if e["model"] == "wild"]
    assert wild["outside_scale"] == pytest.approx(share)
    assert wild["clipped"].keys() == {"rmse", "mae"}
    assert {e["outside_scale"] for e in plain["ranking"]["entries"]} == {None}


def test_baselines_are_named_too():
    log = planted_ratings()
    frame = log.frame().with_columns(rating=(log.frame()["rating"] > 3) * 4.0 + 1)
    split = pn.split_random(pn.Dataset.from_frame(frame, scale=(1, 5)), test=0.2)
    table = pn.evaluate([], split, ["rmse"], replicates=50).table()
    assert table["bias"].outside_scale > 0.001
    (note,) = [note for note in table.notes if "not clipped" in note]
    assert "of those of bias (rmse " in note


def test_models_with_few_such_predictions_are_named_shortly():
    outside = {
        "wild": OutsideScale(0.052, {"rmse": 1.0753}),
        "dot": OutsideScale(0.01, {"rmse": 0.9}),
        "bias": OutsideScale(0.006, {"rmse": 0.95}),
        "mean": OutsideScale(0.0005, {"rmse": 0.95}),
        "none": OutsideScale(0.0, {}),
    }
    start = "Predictions are judged as they are, not clipped to the ratings from 0.5 to 5; outside"
    assert outside_scale_note(outside, "rmse", (0.5, 5.0)) == (
        f"{start} them lie 5.2% of those of wild (rmse 1.0753 if clipped), 1.0% of those of dot "
        "(rmse 0.9000 if clipped) and less than 1% of those of bias.",
    )
    few = dict.fromkeys("abcd", outside["bias"])
    assert outside_scale_note(few | {"wild": outside["wild"]}, "rmse", (0.5, 5.0)) == (
        f"{start} them lie 5.2% of those of wild (rmse 1.0753 if clipped) and less than 1% of "
        "those of 4 other models.",
    )
    assert outside_scale_note({"mean": outside["mean"]}, "rmse", (0.5, 5.0)) == ()


def test_likes_have_no_scale(split):
    table = pn.evaluate([DotProduct(target="like>=4", epochs=1)], split, ["auc"], replicates=50)
    assert all(math.isnan(e.outside_scale) for e in table.table().entries)
    assert not any("clipped" in note for note in table.table().notes)


@given(st.lists(st.tuples(st.floats(-3, 9), st.floats(1, 5)), min_size=1, max_size=30))
def test_clipping_never_makes_errors_larger(rows):
    values, truth = np.array(rows).T
    outside = outside_scale(values, truth, [RMSE(), MAE()], (1.0, 5.0))
    assert outside.share == np.mean((values < 1) | (values > 5))
    for metric in (RMSE(), MAE()) if outside.share else ():
        assert outside.clipped[metric.name] <= metric(values, truth) + 1e-12

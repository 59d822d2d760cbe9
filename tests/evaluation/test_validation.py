"""What tuning goes by is what `evaluate` says of validation events."""

from __future__ import annotations

import numpy as np
import pytest

import penchant as pn
from penchant.errors import ParameterError, PenchantError
from penchant.evaluation.validation import check_metric, validation_score
from penchant.metrics import parse
from penchant.models import EASE, Bias, DotProduct, MajorityClass
from penchant.run import Run
from penchant.testing import planted_pairs, planted_ratings


@pytest.fixture(scope="module")
def rated():
    return pn.split_random(planted_ratings(), validation=0.2, test=0.2)


def score(model, split, metric, threshold=4.0):
    return validation_score(model, split.validation, parse(metric), threshold=threshold, run=Run())


@pytest.mark.parametrize("metric", ["ndcg@10", "recall@5", "rmse", "pearson", "auc", "f1"])
@pytest.mark.parametrize("like", [3.0, 4.0])
def test_is_what_evaluate_says_of_validation(rated, metric, like):
    result = pn.evaluate({"m": Bias(l2_item=2)}, rated, [metric], like=like, replicates=10)
    value = score(result.models["m"], rated, metric, like)
    assert value == pytest.approx(result.table()["m"].validation, rel=1e-12)


def test_a_ranking_is_judged_without_ratings():
    split = pn.split_per_user(planted_pairs(with_ratings=False), validation=0.1, test=0.1)
    model = EASE(l2=10).fit(split.train)
    assert 0 < score(model, split, "ndcg@10", None) < 1
    with pytest.raises(ParameterError, match="rmse judges ratings, and the log has none"):
        score(Bias(), split, "rmse", None)


@pytest.mark.parametrize(
    ("model", "metric", "words"),
    [
        (EASE(), "coverage@10", "describes lists and does not judge them"),
        (EASE(), "rmse", "EASE only ranks"),
        (DotProduct(), "log-loss", "DotProduct predicts rating: use auc, or target=like>=4"),
        (DotProduct(target="like>=3"), "brier", "DotProduct predicts like>=3: use auc"),
        (DotProduct(target="like>=4"), "rmse", "DotProduct predicts like>=4: use auc"),
    ],
)
def test_models_are_refused_before_they_are_fitted(rated, model, metric, words):
    with pytest.raises(ParameterError, match=words):
        check_metric(model, rated.validation, parse(metric), threshold=4.0)


def test_a_model_that_knows_its_target_only_when_fitted_is_judged_then(rated):
    model = MajorityClass(threshold=3.0)
    check_metric(model, rated.validation, parse("log-loss"), threshold=4.0)
    with pytest.raises(ParameterError, match="MajorityClass predicts like>=3"):
        score(model.fit(rated.train), rated, "log-loss")


class Lost(Bias):
    def predict(self, rows):
        return np.full(len(rows), np.nan, np.float32)

    def _scores(self, users):
        return np.full((len(users), users.n_items), np.nan, np.float32)


@pytest.mark.parametrize("metric", ["ndcg@10", "rmse", "f1"])
def test_nan_is_refused(rated, metric):
    with pytest.raises(PenchantError, match="NaN"):
        score(Lost().fit(rated.train), rated, metric)


def test_a_metric_that_is_undefined_is_refused(rated):
    with pytest.raises(PenchantError, match="auc is undefined for these held-out events"):
        score(Bias().fit(rated.train), rated, "auc", threshold=0.5)

"""Figures on real data that are known from papers and from independent measurements.

A wide miss means that a metric, a split or a model has changed its meaning.
"""

import pytest

import penchant as pn
from penchant.data.quality.filters import rating_range
from penchant.data.sources import load_split
from penchant.models import EASE, make

pytestmark = [pytest.mark.mirror, pytest.mark.usefixtures("mirror")]

FEW = {"replicates": 100}


@pytest.mark.parametrize(("low", "popular", "ease"), [(None, 0.206, 0.435), (4, 0.154, 0.333)])
def test_full_ranking_of_movielens_1m(movielens_1m, low, popular, ease):
    log = movielens_1m if low is None else rating_range(movielens_1m, low=low)
    split = pn.split_random(log, validation=0, test=0.2)
    table = pn.evaluate({"ease": EASE(l2=1000)}, split, ["ndcg@10"], **FEW).table()
    assert table["popular"].metrics["ndcg@10"].value == pytest.approx(popular, abs=0.004)
    assert table["ease"].metrics["ndcg@10"].value == pytest.approx(ease, abs=0.005)
    assert table["ease"].verdict == "beats"


def test_leave_one_out_with_given_negatives(mirror):
    published = load_split("movielens-1m", "ncf", mirror=mirror)
    split = pn.split_predefined(published.train, published.test, candidates=published.candidates)
    result = pn.evaluate({"ease": EASE(l2=1000)}, split, ["hr@10", "ndcg@10"], **FEW)
    figures = result.table()["ease"].metrics
    assert figures["hr@10 (99 negatives)"].value == pytest.approx(0.718, abs=0.003)
    assert figures["ndcg@10 (99 negatives)"].value == pytest.approx(0.449, abs=0.004)
    popular = result.table()["popular"].metrics["hr@10 (99 negatives)"].value
    assert popular == pytest.approx(0.453, abs=0.003)


def test_ratings_of_movielens_100k_u1(mirror):
    published = load_split("movielens-100k", "u1", mirror=mirror)
    split = pn.split_predefined(published.train, published.test, scale=(1, 5))
    models = {"item-knn": 0.924, "item-knn:similarity=pearson": 0.94}
    table = pn.evaluate({name: make(name) for name in models}, split, ["rmse"], **FEW).table()
    assert table["bias"].metrics["rmse"].value == pytest.approx(0.96, abs=0.01)
    for name, error in models.items():
        assert table[name].metrics["rmse"].value == pytest.approx(error, abs=0.01)
        assert table[name].verdict == "beats"

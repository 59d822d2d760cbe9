"""Where no verdict is possible a table says so, and why."""

from __future__ import annotations

import math

import numpy as np
import pytest

from penchant.metrics import NDCG, Novelty, mean_replicates
from penchant.results.tables import Entry, Table
from penchant.results.verdicts import Measurement, with_verdicts


def judged(n_users=200, n_replicates=200, n_models=6, gain=0.2, metric=None):
    """Models that are better than `trivial` by a gain that most users see."""
    metric = metric or NDCG(10)
    rng = np.random.default_rng(0)
    names = ["trivial", *(f"m{n}" for n in range(n_models))]
    values = rng.random((n_users, n_models + 1)) / 10
    values[:, 1:] += gain
    drawn = mean_replicates(values, n_replicates)
    measurements = {
        name: {metric.name: Measurement(float(values[:, n].mean()), drawn[:, n])}
        for n, name in enumerate(names)
    }
    entries = tuple(Entry(name, trivial=name == "trivial") for name in names)
    table = Table("ranking", (metric.name,), entries, users=n_users, rows=n_users)
    return with_verdicts(table, [metric], measurements, 0.95)


def verdicts(table):
    return {entry.verdict for entry in table.entries if not entry.trivial}


@pytest.mark.parametrize(("n_models", "n_replicates"), [(6, 200), (30, 1000), (30, 40), (1, 39)])
def test_verdicts_are_attainable(n_models, n_replicates):
    table = judged(n_models=n_models, n_replicates=n_replicates)
    assert table.no_verdict is None
    assert verdicts(table) == {"beats"}
    assert verdicts(judged(n_models=n_models, n_replicates=n_replicates, gain=-0.2)) == {"worse"}


@pytest.mark.parametrize("n_replicates", [1, 20, 38])
def test_too_few_resamples_give_neither_intervals_nor_verdicts(n_replicates):
    table = judged(n_replicates=n_replicates)
    draws = "1 resample" if n_replicates == 1 else f"{n_replicates} resamples"
    assert table.no_verdict == (
        f"No verdict and no intervals: {draws} of the users cannot give any; ask for at least 39 "
        "(--replicates 39), better 1,000."
    )
    assert table.notes == (table.no_verdict,)
    assert table.groups == ()
    assert verdicts(table) == {None}
    for entry in table.entries:
        value = entry.metrics["ndcg@10"]
        assert math.isnan(value.low)
        assert math.isnan(value.gain_low)
        assert math.isnan(value.p_value)
        assert math.isfinite(value.gain) != entry.trivial
    assert table.to_dict()["no_verdict"] == table.no_verdict


def test_too_few_users_give_no_verdict():
    table = judged(n_users=7)
    assert table.no_verdict == (
        "No verdict: 7 test users cannot show a difference for 6 models, at least 8 can."
    )
    assert verdicts(table) == {None}
    assert math.isfinite(table["m0"].metrics["ndcg@10"].gain_low)
    assert verdicts(judged(n_users=8)) == {"beats"}
    assert "1 test user cannot show a difference for one model" in (
        judged(n_users=1, n_models=1).no_verdict or ""
    )


def test_a_property_of_lists_is_never_judged():
    table = judged(n_users=3, metric=Novelty(10))
    assert table.no_verdict is None
    assert verdicts(table) == {None}


def test_a_verdict_never_contradicts_its_interval():
    for seed_gain in np.linspace(-0.02, 0.02, 21):
        for entry in judged(n_users=60, gain=seed_gain).entries:
            value = entry.metrics["ndcg@10"]
            if entry.verdict == "beats":
                assert value.gain_low > 0
            if entry.verdict == "worse":
                assert value.gain_high < 0

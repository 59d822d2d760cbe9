from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.data.dataset import Dataset
from penchant.errors import ParameterError
from penchant.models import EASE, Popular, TimeDecay, make
from penchant.testing import planted_pairs

DAY = 86_400_000_000


def old_and_new(weight=None):
    """Users' tastes change: with the first half of the items long ago, with the others lately."""
    rng = np.random.default_rng(0)
    rows = []
    for user in range(60):
        group = user % 2
        for number in range(8):
            old = number < 5
            item = int(rng.integers(5)) + 5 * (group if old else 1 - group)
            rows.append((f"u{user}", item, number * 100 if old else 900 + number))
    frame = pl.DataFrame(rows, ["user", "item", "day"], orient="row")
    times = pl.from_epoch(pl.col("day") * 86_400, time_unit="s").alias("time")
    frame = frame.with_columns(times).drop("day")
    return Dataset.from_frame(frame if weight is None else frame.with_columns(weight=weight))


@pytest.mark.parametrize("weight", [None, 3.0])
def test_it_is_the_base_model_on_decayed_weights(weight):
    log = old_and_new(weight)
    model = TimeDecay(base_model="ease:l2=5", half_life=50.0).fit(log)
    age = (log.events["time"].max() - log.events["time"]).dt.total_days().to_numpy()
    weights = (weight or 1) * 0.5 ** (age / 50)
    decayed = replace(
        log, events=log.events.with_columns(weight=pl.Series(weights, dtype=pl.Float32))
    )
    base = EASE(l2=5).fit(decayed)
    np.testing.assert_allclose(
        model.scores(log.histories), base.scores(decayed.histories), rtol=1e-4, atol=1e-5
    )
    assert not np.allclose(model.scores(log.histories), EASE(l2=5).fit(log).scores(log.histories))


def test_what_users_had_lately_counts_more():
    log = old_and_new()
    for half_life, share in ((20.0, 1.0), (1e5, 0.5)):
        model = TimeDecay(base_model="ease:l2=1", half_life=half_life).fit(log)
        scores = model.scores(log.histories.take([0, 2, 4]))
        new = scores[:, 5:].sum(1) / scores.sum(1)
        assert (new > 0.75).all() if share == 1.0 else (new < 0.7).all()


def test_bundles_refits_and_reasons(tmp_path):
    log = old_and_new()
    model = TimeDecay(base_model="(ials:dim=4,epochs=3)", half_life=30.0).fit(log)
    pn.save(model, tmp_path / "decay")
    again = pn.restore(tmp_path / "decay")
    np.testing.assert_array_equal(again.scores(log.histories), model.scores(log.histories))
    refitted = model.refit(log)
    np.testing.assert_allclose(refitted.scores(log.histories), model.scores(log.histories))
    why = pn.explain(model, "u0", model.recommend(["u0"], k=1, repeats="allowed")["item"][0])
    assert why.exact
    assert model.similar_items([0], k=2).equals(model.base_models_[0].similar_items([0], k=2))


def test_logs_without_times_are_learned_as_they_are(caplog):
    log = planted_pairs()
    plain = Dataset.from_frame(log.frame().drop("time", strict=False))
    with caplog.at_level(logging.INFO):
        model = TimeDecay(base_model="popular", half_life=1.0).fit(plain)
    assert "has no times" in caplog.text
    popular = Popular().fit(plain)
    np.testing.assert_array_equal(model.scores(plain.histories), popular.scores(plain.histories))


def test_models_that_use_no_weights_are_refused():
    with pytest.raises(ParameterError, match="makes no use of the weights of events"):
        TimeDecay(base_model="tifu-knn").fit(old_and_new())
    with pytest.raises(ParameterError, match="name one model"):
        TimeDecay(base_model="ease;ials")


def test_a_half_life_is_chosen_on_validation():
    split = pn.split_leave_last_out(old_and_new())
    tuning = pn.tune(
        make("time-decay:base_model=(ials:dim=4,epochs=3)"),
        replace(split, repeat_rule="allowed"),
        "ndcg@3",
        space={"half_life": [10.0, 10_000.0]},
    )
    assert tuning.best().half_life == 10.0

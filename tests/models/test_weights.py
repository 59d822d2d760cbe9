"""Models of weighted events: what weights say is learned, and equal ones say nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.models import TABLE, make

SPECS = {
    "bpr": "bpr:dim=2,l2=0.05,epochs=60",
    "warp": "warp:dim=2,l2=0.05,epochs=60",
    "vbpr": "vbpr:dim=2,l2=0.05,epochs=60,batch_size=256,learning_rate=0.01",
    "dot": "dot:target=interaction,dim=2,l2=0.1,epochs=60,batch_size=256,learning_rate=0.01",
    "hybrid-factors": "hybrid-factors:dim=2,l2=3,epochs=60,batch_size=128,learning_rate=0.03",
    "two-tower": "two-tower:dim=8,epochs=30",
    "rbm": "rbm:hidden=8,epochs=200,batch_size=20",
    "autoencoder": "autoencoder:hidden=16,initial_scale=0.1,epochs=200,batch_size=20",
}
N, OWN, OTHER = 24, 7, 7  # items; a user's items of either group


def tastes(heavy=10.0):
    """Users with as many items of either group, of which those of their own weigh more."""
    rng = np.random.default_rng(0)
    rows = []
    for user in range(80):
        own = np.arange(N) % 2 == user % 2
        for mine, n, weight in ((own, OWN, heavy), (~own, OTHER, 1.0)):
            rows += [(user, i, weight) for i in rng.choice(np.flatnonzero(mine), n, replace=False)]
    rows = [(int(u), int(i), w) for u, i, w in (rows[n] for n in rng.permutation(len(rows)))]
    return Dataset.from_frame(pl.DataFrame(rows, ["user", "item", "weight"], orient="row"))


def own_above_other(scores, log, users):
    """How often an unseen item of a user's own group stands above one of the other group."""
    shares = []
    for row, user in zip(scores, users, strict=True):
        unseen = np.setdiff1d(np.arange(N), log.histories.block(user, user + 1).items)
        group = np.array([log.items[i] % 2 == log.users[user] % 2 for i in unseen])
        own, other = row[unseen[group]], row[unseen[~group]]
        shares.append((own[:, None] > other).mean())
    return float(np.mean(shares))


@pytest.mark.parametrize("name", SPECS)
def test_what_weights_say_is_learned(name):
    log = tastes()
    model = make(SPECS[name]).fit(log)
    users = np.arange(log.n_users)
    assert own_above_other(model.scores(log.histories), log, users) > 0.8
    unweighted = replace(log, events=log.events.drop("weight"))
    without = make(SPECS[name]).fit(unweighted).scores(unweighted.histories)
    assert own_above_other(without, unweighted, users) < 0.6
    visitors = model.histories_of()
    new = replace(visitors, users=np.full(len(visitors), -1, np.int32))
    assert own_above_other(model.scores(new), log, users) > 0.7


@pytest.mark.parametrize("name", SPECS)
def test_equal_weights_say_nothing(name):
    log = tastes(1.0)
    plain = replace(log, events=log.events.drop("weight"))
    spec = SPECS[name].replace("epochs=200", "epochs=3").replace("epochs=60", "epochs=3")
    expected = make(spec).fit(plain).scores(plain.histories)
    for weight in (0.1, 7.0):
        equal = log.events.with_columns(weight=pl.lit(weight, pl.Float32))
        same = replace(log, events=equal)
        np.testing.assert_array_equal(make(spec).fit(same).scores(same.histories), expected)


def test_the_models_of_pairs_that_use_no_weights_count_baskets_or_rate():
    without = {
        name for name in TABLE if (model := make(name)).signal == "pairs" and not model.uses_weights
    }
    baskets = {"basket-co-occurrence", "tifu-knn", "repeat-item-knn"}
    assert without == baskets | {"rating-rbm", "list-blend"}

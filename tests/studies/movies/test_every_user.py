"""Networks of all users: a long step that goes on where it was interrupted, and what it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from penchant.nn.per_user import training
from penchant.run import Run
from penchant.studies.movies.every_user import NETWORK, section, train_every_user
from penchant.studies.movies.setup import MAJORITY, MoviesSetup, liked
from penchant.studies.records import predict
from penchant.testing import planted_attributes

N_USERS, GROUP = 20, 4


@pytest.fixture
def setup(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "GROUP_NETWORKS", GROUP)
    log = planted_attributes(n_users=N_USERS, n_items=40, per_user=20)
    run = Run(output=tmp_path, threads=1)
    return MoviesSetup(log=log, seed=0, run=run, users=3, epochs=3, autoencoder_epochs=1)


def test_it_goes_on_where_it_was_interrupted(setup, monkeypatch, tmp_path):
    whole = train_every_user(setup)
    monkeypatch.setattr(training, "LONG_SECONDS", 0.0)  # as it is for thousands of users
    real, trained = training.train_group, []

    def interrupted(*arguments):
        if len(trained) == 3:
            raise KeyboardInterrupt
        trained.append(1)
        return real(*arguments)

    monkeypatch.setattr(training, "train_group", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train_every_user(setup)
    trained.clear()
    monkeypatch.setattr(training, "train_group", lambda *a: (trained.append(1), real(*a))[1])
    again = train_every_user(setup)
    assert len(trained) == N_USERS // GROUP - 3
    figures = [each.decisions.tables["like"].values("like-accuracy") for each in (again, whole)]
    assert figures[0] == figures[1]
    assert replace(again, seconds=whole.seconds, decisions=whole.decisions) == whole
    assert not list(tmp_path.rglob("*.safetensors"))  # groups are dropped once all are trained


def test_all_users_are_judged_on_their_own_rows(setup):
    every = train_every_user(setup)
    test = setup.split.test
    assert (every.users, every.rows) == (N_USERS, len(test))
    assert every.better + every.worse <= N_USERS
    accuracy = every.decisions.tables["like"].values("like-accuracy")
    train = setup.log.subset(setup.split.sides != 2)
    model = setup.network(NETWORK).fit(train)
    right = (predict(model, test.rows) >= 0.5) == liked(test)
    assert accuracy[NETWORK] == pytest.approx(right.mean())
    assert every.over_majority.value == pytest.approx(accuracy[NETWORK] - accuracy[MAJORITY])
    assert every.within[MAJORITY].auc == 0.5


def test_what_the_section_says_follows_the_figures(setup):
    every = train_every_user(setup)
    slow = replace(
        every, users=6040, seconds=600.0, better=500, worse=700, auc_counts=[0] * 19 + [7]
    )
    words = [c.sentence for c in section(setup, slow).conclusions]
    assert words[0].endswith("at the pace of the thesis they would have taken 5.2 days.")
    assert "for 700 less often, and for 4,840 equally often" in words[1]
    assert words[2].startswith("For 100\N{NO-BREAK SPACE}% of the users")
    for verdict, phrase in (("beats", "better than"), ("worse", "worse than")):
        judged = replace(every, over_majority=replace(every.over_majority, verdict=verdict))
        assert f"are {phrase} what" in section(setup, judged).conclusions[-1].sentence
    assert np.isfinite(every.seconds)

"""The published comparison: what the thesis trained for the first user of the file."""

from __future__ import annotations

from typing import Any

import numpy as np

from penchant.metrics import LikeAccuracy
from penchant.models import RBM
from penchant.models.protocols import RatesRows
from penchant.studies.movies.setup import (
    LIKE,
    NETWORKS,
    Found,
    Setup,
    alone,
    questions,
)

RBM_USERS = 1501
_SEEDS = 5
_LEARNED = 0.65


def first_user(setup: Setup) -> Found:
    """Train what the thesis trained for its one user, and let all say what the user likes."""
    mine = _in_file_order(setup)
    liked = mine.ratings >= LIKE
    n_train = int(_LEARNED * len(mine))
    train = mine.subset(np.arange(n_train))
    user, items = mine.users[0], mine.events["item"].to_numpy()
    said: dict[str, Any] = {}
    for name in NETWORKS:
        chances, seconds = [], []
        for seed in range(setup.seed, setup.seed + (2 if setup.quick else _SEEDS)):
            model = setup.network(name, seed=seed).fit(train, run=setup.run)
            assert isinstance(model, RatesRows)
            chances.append(model.predict(questions(model, user, items)))
            seconds.append(model.fit_seconds_)
        said[name] = {
            "scores": chances[0],
            "cut": 0.5,
            "seconds": float(np.mean(seconds)),
            "seeds": [LikeAccuracy()(c >= 0.5, liked) for c in chances],
        }
    said["RBM"] = _rbm(setup)
    return {"user": user, "liked": liked, "train": n_train, "said": said}


def _in_file_order(setup: Setup) -> Any:
    events = setup.log.events
    rows = np.flatnonzero(events["user"].to_numpy() == setup.first)
    return alone(setup.log.subset(rows[np.argsort(events["row"].to_numpy()[rows])]))


def _rbm(setup: Setup) -> Found:
    """The published machine: whole vectors of 1,501 users, the first of the file among them."""
    log = setup.rated
    others = np.delete(np.arange(log.n_users), setup.first)
    users = np.append(others[: RBM_USERS - 1], setup.first)
    train = alone(log.subset(np.isin(log.events["user"].to_numpy(), users)))
    model = RBM(seed=setup.seed, epochs=2 if setup.quick else 100).fit(train, run=setup.run)
    found = model.scores(model.histories_of([log.users[setup.first]]))[0]
    mine = _in_file_order(setup).frame()["item"]
    return {
        "scores": found[model.items_.indices(mine)] * model.highest_,
        "cut": LIKE,
        "seconds": model.fit_seconds_,
        "users": len(users),
    }

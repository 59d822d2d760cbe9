"""Train what the thesis trained for the first user of the file."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from penchant.data import Dataset, Id
from penchant.metrics import LikeAccuracy
from penchant.models import RBM
from penchant.studies.movies.setup import LIKE, NETWORKS, MoviesSetup, own_log, rows_of
from penchant.studies.records import predict

RBM_USERS = 1501
TRAIN_SHARE = 0.65
_SEEDS = 5


@dataclass(frozen=True)
class UserScores:
    """A model's scores of the ratings of one user, in the order of the file.

    Attributes:
        scores: one for each rating.
        threshold: from which score on a film is called a like.
        seconds: of training; None where nothing is trained.
        seed_accuracies: the accuracy of each seed, where there are several.
    """

    scores: list[float]
    threshold: float
    seconds: float | None
    seed_accuracies: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class FirstUser:
    """The first user of the file and what models say of this user's ratings.

    Attributes:
        user: the user's id.
        liked: which of the user's ratings are likes, in the order of the file.
        n_train: how many of them networks were trained on, the first ones.
        scores: of each network and of the RBM.
        rbm_users: users that the RBM was trained on.
    """

    user: Id
    liked: list[bool]
    n_train: int
    scores: dict[str, UserScores]
    rbm_users: int


def train_for_first_user(setup: MoviesSetup) -> FirstUser:
    """Train the published models and score the ratings of the first user of the file."""
    log = first_user_log(setup)
    liked = log.ratings >= LIKE
    n_train = int(TRAIN_SHARE * len(log))
    train = log.subset(np.arange(n_train))
    user, items = log.users[0], log.events["item"].to_numpy()
    scores: dict[str, UserScores] = {}
    for name in NETWORKS:
        probabilities, seconds = [], []
        for seed in range(setup.seed, setup.seed + (2 if setup.quick else _SEEDS)):
            model = setup.network(name, seed=seed).fit(train, run=setup.run)
            probabilities.append(predict(model, rows_of(model, user, items)))
            seconds.append(model.fit_seconds_)
        scores[name] = UserScores(
            scores=probabilities[0].tolist(),
            threshold=0.5,
            seconds=float(np.mean(seconds)),
            seed_accuracies=[LikeAccuracy()(p >= 0.5, liked) for p in probabilities],
        )
    scores["RBM"], n_users = _rbm(setup, log)
    return FirstUser(user, liked.tolist(), n_train, scores, n_users)


def first_user_log(setup: MoviesSetup) -> Dataset:
    """The ratings of the first user alone, in the order of the file."""
    events = setup.log.events
    rows = np.flatnonzero(events["user"].to_numpy() == setup.first_user)
    return own_log(setup.log.subset(rows[np.argsort(events["row"].to_numpy()[rows])]))


def _rbm(setup: MoviesSetup, user_log: Dataset) -> tuple[UserScores, int]:
    """The published RBM, trained on whole vectors of 1,501 users, the first one among them."""
    log = setup.rated_log
    others = np.delete(np.arange(log.n_users), setup.first_user)
    users = np.append(others[: RBM_USERS - 1], setup.first_user)
    train = own_log(log.subset(np.isin(log.events["user"].to_numpy(), users)))
    model = RBM(seed=setup.seed, epochs=2 if setup.quick else 100).fit(train, run=setup.run)
    scores = model.scores(model.histories_of([log.users[setup.first_user]]))[0]
    items = model.items_.indices(user_log.frame()["item"])
    ratings = (scores[items] * model.highest_).tolist()
    return UserScores(ratings, LIKE, model.fit_seconds_), len(users)

"""Train what the thesis trained for the first user of the file."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from penchant.data import Dataset, Id
from penchant.metrics import LikeAccuracy
from penchant.models import RBM, make
from penchant.studies.movies.setup import (
    LIKE,
    NETWORKS,
    PUBLISHED_RBM,
    MoviesSetup,
    genres_of,
    own_log,
    rows_of,
)
from penchant.studies.records import predict

RBM_USERS = 1501
RBM_EPOCHS = 100
PRINTED_ERRORS = 10  # epochs after each of which the published program prints an error
TRAIN_SHARE = 0.65
_SEEDS = 5
_LISTED = 10


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
class RbmTraining:
    """How the RBM was trained.

    Attributes:
        users: whose vectors it learned from.
        items: visible units.
        left_out: users after the last whole batch, who are left out of each epoch.
        errors: after each of the first epochs, the mean squared error of all these vectors.
        last_error: the same after the last epoch.
        epochs: of training.
        titles: of the unseen films that it ranks first for the first user of the file.
        genres: of each.
        reconstructed: the rating that it gives each of them.
    """

    users: int
    items: int
    left_out: int
    errors: list[float]
    last_error: float
    epochs: int
    titles: list[str] = field(default_factory=list)
    genres: list[str | None] = field(default_factory=list)
    reconstructed: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class FirstUser:
    """The first user of the file and what models say of this user's ratings.

    Attributes:
        user: the user's id.
        liked: which of the user's ratings are likes, in the order of the file.
        n_train: how many of them networks were trained on, the first ones.
        scores: of each network and of the RBM.
        rbm: how the RBM was trained.
    """

    user: Id
    liked: list[bool]
    n_train: int
    scores: dict[str, UserScores]
    rbm: RbmTraining


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
    scores["RBM"], rbm = _rbm(setup, log)
    return FirstUser(user, liked.tolist(), n_train, scores, rbm)


def first_user_log(setup: MoviesSetup) -> Dataset:
    """The ratings of the first user alone, in the order of the file."""
    events = setup.log.events
    rows = np.flatnonzero(events["user"].to_numpy() == setup.first_user)
    return own_log(setup.log.subset(rows[np.argsort(events["row"].to_numpy()[rows])]))


def _rbm(setup: MoviesSetup, user_log: Dataset) -> tuple[UserScores, RbmTraining]:
    """The published RBM, trained on whole vectors of 1,501 users, the first one among them."""
    log = setup.log  # films that nobody rated have visible units, too
    others = np.delete(np.arange(log.n_users), setup.first_user)
    users = np.append(others[: RBM_USERS - 1], setup.first_user)
    train = own_log(log.subset(np.isin(log.events["user"].to_numpy(), users)))
    epochs = 2 if setup.quick else RBM_EPOCHS

    def trained(n_epochs: int) -> RBM:
        model = make(PUBLISHED_RBM).clone(epochs=n_epochs, seed=setup.seed)
        assert isinstance(model, RBM)
        return model.fit(train, run=setup.run)

    model = trained(epochs)
    # Nothing is random about it, so that fewer epochs are the first ones of more.
    first = [trained(n + 1) for n in range(min(PRINTED_ERRORS, epochs))]
    scores = model.scores(model.histories_of([log.users[setup.first_user]]))[0]
    items = model.items_.indices(user_log.frame()["item"])
    ratings = (scores[items] * model.highest_).tolist()
    listed = model.recommend([log.users[setup.first_user]], _LISTED, titles=True)
    return UserScores(ratings, LIKE, model.fit_seconds_), RbmTraining(
        users=train.n_users,
        items=train.n_items,
        left_out=train.n_users % model.batch_size if train.n_users > model.batch_size else 0,
        errors=[each.reconstruction_error(each.histories_) for each in first],
        last_error=model.reconstruction_error(model.histories_),
        epochs=epochs,
        titles=listed["title"].to_list(),
        genres=genres_of(log, listed["item"]),
        reconstructed=[score * model.highest_ for score in listed["score"].to_list()],
    )

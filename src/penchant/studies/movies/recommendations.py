"""Recommend films to the first user with reasons, and update and recall the user's own network."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from penchant.data import Dataset, Like
from penchant.explanation import explain_lists
from penchant.models import PerUserNetwork, RatesRows, Recommender
from penchant.studies.movies.one_user import TRAIN_SHARE, first_user_log
from penchant.studies.movies.setup import LIKE, MoviesSetup, genres_of, own_log, rows_of
from penchant.studies.records import per_cent
from penchant.studies.study import Conclusion, DataTable, Section
from penchant.typing import Float64, Int32

_SHOWN = 5
_OTHERS = 7  # users whose networks are trained beside the first user's
_NETWORK = "modified LSTM"


@dataclass(frozen=True)
class FilmList:
    """The first user's list by one model.

    Attributes:
        titles: of the films, best first.
        genres: of each.
        reasons: why each is recommended.
        likes: how many unseen films the model calls likes.
        unseen: how many films the user has not rated.
    """

    titles: list[str]
    genres: list[str | None]
    reasons: list[str | None]
    likes: int
    unseen: int


@dataclass(frozen=True)
class NetworkState:
    """The first user's network after training, after an update, or put back.

    Attributes:
        state: what was done last.
        ratings: how many the network has learned from.
        likes: unseen films that it calls likes.
        dislikes: the other unseen films.
        mean_probability: of a like, over unseen films.
        accuracy: on the user's own ratings.
        seconds: how long that took.
    """

    state: str
    ratings: int
    likes: int
    dislikes: int
    mean_probability: float
    accuracy: float
    seconds: float | None


@dataclass(frozen=True)
class NetworkHistory:
    """The first user's network as ratings come in.

    Attributes:
        states: one after the other.
        is_restored: whether the recalled state gives exactly the probabilities it gave before.
        epochs: of training.
        update_epochs: of an update.
        recommended: the list of a network trained on all ratings.
    """

    states: list[NetworkState]
    is_restored: bool
    epochs: int
    update_epochs: int
    recommended: FilmList


def recommend_films(model: Recommender, setup: MoviesSetup) -> FilmList:
    """The first user's list with genres and reasons, and how many unseen films are likes."""
    log, user = setup.log, setup.log.users[setup.first_user]
    lists = explain_lists(model, [user], _SHOWN)
    assert isinstance(model, RatesRows)
    probabilities = isinstance(model.target, Like)
    predictions = model.predict(rows_of(model, user, _unseen(setup)))
    return FilmList(
        titles=lists["title"].to_list(),
        genres=genres_of(log, lists["item"]),
        reasons=lists["because"].to_list(),
        likes=int((predictions >= (0.5 if probabilities else LIKE)).sum()),
        unseen=len(predictions),
    )


def _unseen(setup: MoviesSetup) -> Int32:
    """The films that the first user has not rated."""
    seen = setup.log.events.filter(pl.col("user") == setup.first_user)["item"].to_numpy()
    return np.setdiff1d(np.arange(setup.log.n_items, dtype=np.int32), seen)


def update_and_recall(setup: MoviesSetup) -> NetworkHistory:
    """Train the first user's network, update it with newer ratings, and put it back again."""
    user = setup.log.users[setup.first_user]
    log = first_user_log(setup)
    n_train = int(TRAIN_SHARE * len(log))
    first, newer = log.subset(np.arange(n_train)), log.subset(np.arange(n_train, len(log)))
    unseen = _unseen(setup)
    liked = log.ratings >= LIKE
    states: list[NetworkState] = []
    probabilities: list[Float64] = []

    def record(state: str, model: PerUserNetwork, ratings: int, seconds: float | None) -> None:
        of_unseen = model.predict(rows_of(model, user, unseen))
        own = model.predict(rows_of(model, user, log.events["item"].to_numpy())) >= 0.5
        states.append(
            NetworkState(
                state=state,
                ratings=ratings,
                likes=int((of_unseen >= 0.5).sum()),
                dislikes=int((of_unseen < 0.5).sum()),
                mean_probability=float(of_unseen.mean(dtype=np.float64)),
                accuracy=float((own == liked).mean()),
                seconds=seconds,
            )
        )
        probabilities.append(of_unseen.astype(np.float64))

    model = setup.network(_NETWORK)
    assert isinstance(model, PerUserNetwork)
    model.fit(first, run=setup.run)
    record(f"trained on the first {n_train}", model, n_train, model.fit_seconds_)
    start = time.perf_counter()
    model.update(newer, run=setup.run)
    record(f"updated with {len(newer)} newer ones", model, len(log), time.perf_counter() - start)
    earlier = model.earlier_states(user)
    start = time.perf_counter()
    model.recall(user, int(earlier["state"][-1]))
    seconds = time.perf_counter() - start
    record("earlier state recalled", model, int(earlier["events"][-1]), seconds)
    anew = setup.network(_NETWORK).fit(log, run=setup.run)
    assert isinstance(anew, PerUserNetwork)
    record("trained anew on all", anew, len(log), anew.fit_seconds_)
    # Beside those of others, so that reasons can say what is this user's own.
    among_others = setup.network(_NETWORK).fit(_some_users(setup), run=setup.run)
    return NetworkHistory(
        states=states,
        is_restored=bool(np.array_equal(probabilities[0], probabilities[2])),
        epochs=model.epochs,
        update_epochs=model.update_epochs,
        recommended=recommend_films(among_others, setup),
    )


def _some_users(setup: MoviesSetup) -> Dataset:
    """The ratings of the first user and of some others."""
    others = setup.sample[setup.sample != setup.first_user][:_OTHERS]
    users = np.append(others, setup.first_user)
    return own_log(setup.log.subset(np.isin(setup.log.events["user"].to_numpy(), users)))


def section(
    setup: MoviesSetup, by_shared: Mapping[str, FilmList], network: NetworkHistory
) -> Section:
    """Lists for the first user, with reasons, and the states of the user's own network.

    Args:
        setup: what the study is about.
        by_shared: the lists of shared models, the best one on validation rows first.
        network: the first user's own network.
    """
    best, by_best = next(iter(by_shared.items()))
    user = setup.log.users[setup.first_user]
    by_own = network.recommended
    same = "exactly the chances that it gave before" if network.is_restored else "other chances"
    conclusions = (
        Conclusion(
            "honest",
            f"The {_NETWORK} of user {user} calls {per_cent(by_own.likes / by_own.unseen, 0)} of "
            f"all unseen films likes; {best}, which all users share, calls "
            f"{per_cent(by_best.likes / by_best.unseen, 0)} of them so.",
        ),
        Conclusion(
            "honest",
            f"An update goes on from the network's weights and keeps those that it had: put back, "
            f"the network gives {same}.",
        ),
    )
    return Section(
        title="Recommendations for one user",
        text=f"""
            What the systems are for: every film that user {user} has not rated is called a like or
            a dislike, and the likes are ordered by confidence. Shown are the first {_SHOWN} with
            genres and the reasons that each model can give: by {best}, the best on validation rows
            of the models that all users share; by one of these that knows genres, where that is
            another one; and by the published network of this user alone. All have learned
            from all ratings.

            The last table is what penchant update and penchant recall do to a user's network: it
            learns on from newer ratings ({network.update_epochs} epochs where training took
            {network.epochs}), and what it was before can be looked at and put back.
        """,
        conclusions=conclusions,
        tables=(
            *(
                _list_table(films, f"By {name}, one model for all users.")
                for name, films in by_shared.items()
            ),
            _list_table(by_own, f"By the {_NETWORK}, a network of user {user} alone."),
            DataTable(
                _state_table(network.states),
                f"The {_NETWORK} of user {user} as ratings come in: unseen films by answer, and "
                "the share of the user's own ratings that are answered rightly.",
                {"mean chance": "percent:2", "right": "percent:1", "time": "duration"},
            ),
        ),
        steps=("shared", "memory"),
    )


def _state_table(states: list[NetworkState]) -> pl.DataFrame:
    names = {"mean_probability": "mean chance", "accuracy": "right", "seconds": "time"}
    return pl.DataFrame(states, infer_schema_length=None).rename(names)


def _list_table(films: FilmList, caption: str) -> DataTable:
    frame = pl.DataFrame(
        {"film": films.titles, "genres": films.genres, "why": films.reasons},
        schema={"film": pl.String, "genres": pl.String, "why": pl.String},
    )
    return DataTable(frame, caption)

"""Train the published network for every user of the log, and judge all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from penchant.evaluation import evaluate_predictions
from penchant.models import PerUserNetwork, make
from penchant.results import duration
from penchant.results.graph import histogram
from penchant.studies.movies.evaluation import UserAuc, mean_auc, user_aucs
from penchant.studies.movies.setup import (
    EVERYTHING,
    MAJORITY,
    PUBLISHED_SECONDS,
    MoviesSetup,
    before_test,
    liked,
)
from penchant.studies.records import VERDICTS, Gain, per_cent, predict
from penchant.studies.study import Conclusion, DataTable, EvaluationSummary, Section

NETWORK = "modified LSTM"
"""The network that every user gets: the one without a forget gate."""
_ITEM_MEAN = "item mean"
_BINS = 20


@dataclass(frozen=True)
class EveryUser:
    """All users' networks on the test rows of all users.

    Attributes:
        users: who have a network.
        ratings: that these networks learned from.
        rows: test rows.
        seconds: of training all networks.
        parameters: of all networks.
        epochs: of training.
        decisions: accuracy of the networks, of the trivial answers and of the mean of each film.
        over_majority: what the networks gain over each user's own majority.
        within: AUC among the rows of the same user, by model.
        better: users whose network is right more often than their own majority.
        worse: users whose network is right less often.
        auc_counts: how many users' own AUC lies in each of equally wide bins from 0 to 1.
    """

    users: int
    ratings: int
    rows: int
    seconds: float
    parameters: int
    epochs: int
    decisions: EvaluationSummary
    over_majority: Gain
    within: dict[str, UserAuc]
    better: int
    worse: int
    auc_counts: list[int]


def train_every_user(setup: MoviesSetup) -> EveryUser:
    """Train a network for each user on everything before their test rows.

    Groups of networks are stored as they are done, so that this long step, too, goes on where it
    was interrupted.
    """
    train, test = before_test(setup.split), setup.split.test
    model = setup.network(NETWORK).fit(train, run=setup.run)
    assert isinstance(model, PerUserNetwork)
    majority = make("user-majority").fit(train, run=setup.run)
    mean = make("item-mean").fit(train, run=setup.run)
    truth, users = liked(test), test.rows.users.astype(np.int64)
    scores = {
        NETWORK: predict(model, test.rows),
        MAJORITY: predict(majority, test.rows),
        _ITEM_MEAN: predict(mean, test.rows),
    }
    decisions = {
        EVERYTHING: np.ones(len(truth)),
        MAJORITY: (scores[MAJORITY] >= 0.5).astype(float),
        NETWORK: (scores[NETWORK] >= 0.5).astype(float),
    }
    table = evaluate_predictions(
        pl.DataFrame({"user": users, "like": truth, **decisions}),
        ["like-accuracy"],
        truth="like",
        trivial=[EVERYTHING, MAJORITY],
        replicates=setup.replicates,
        seed=setup.seed,
    )
    against = evaluate_predictions(
        pl.DataFrame({"user": users, "like": truth, **decisions}).drop(EVERYTHING),
        ["like-accuracy"],
        truth="like",
        trivial=[MAJORITY],
        replicates=setup.replicates,
        seed=setup.seed,
    )
    aucs = user_aucs(scores, users, truth)
    own = aucs[:, 0]
    counts, _ = np.histogram(own[np.isfinite(own)], bins=_BINS, range=(0, 1))
    right = {m: np.bincount(users, decisions[m] == truth) for m in (NETWORK, MAJORITY)}
    gained = right[NETWORK] - right[MAJORITY]
    return EveryUser(
        users=int((model.epochs_ > 0).sum()),
        ratings=len(train),
        rows=len(truth),
        seconds=model.fit_seconds_,
        parameters=model.n_parameters(),
        epochs=setup.epochs,
        decisions=EvaluationSummary.of(table),
        over_majority=Gain.of(against[NETWORK].metrics["like-accuracy"]),
        within=mean_auc(list(scores), aucs, setup),
        better=int((gained > 0).sum()),
        worse=int((gained < 0).sum()),
        auc_counts=counts.tolist(),
    )


def section(setup: MoviesSetup, every: EveryUser) -> Section:
    """What networks of all users take, and what they are worth."""
    accuracy = every.decisions.tables["like"].values("like-accuracy")
    per_network = every.seconds / every.users
    published = PUBLISHED_SECONDS[NETWORK]
    times = pl.DataFrame(
        {
            "": ["one network", f"networks of {every.users:,} users"],
            "published": [published, published * every.users],
            "here": [per_network, every.seconds],
        }
    )
    within = every.within
    names = sorted(within, key=lambda m: -within[m].auc)
    order = pl.DataFrame(
        {
            "recommender": names,
            "AUC within users": [within[m].auc for m in names],
            "AUC within users low": [within[m].low for m in names],
            "AUC within users high": [within[m].high for m in names],
        }
    )
    share = sum(every.auc_counts[_BINS // 2 :]) / max(1, sum(every.auc_counts))
    same = every.users - every.better - every.worse
    verdict = VERDICTS[every.over_majority.verdict]
    return Section(
        title=f"A network of their own for each of {every.users:,} users",
        text=f"""
            The thesis trained the {NETWORK} for one user in {published:g} seconds. Here thousands
            of such networks are trained at once, as one batched computation in which each is what
            it would be alone: all {every.users:,} users of {setup.log.name} get one, trained
            {every.epochs} epochs on the earliest 70 % of their ratings, and are judged on the
            {every.rows:,} latest ones.
        """,
        conclusions=(
            Conclusion(
                "as published",
                f"Networks of all {every.users:,} users took {duration(every.seconds)} here; at "
                f"the pace of the thesis they would have taken {_days(published * every.users)}.",
            ),
            Conclusion(
                "honest",
                f"For {every.better:,} users the own network is right more often than their own "
                f"majority, for {every.worse:,} less often, and for {same:,} equally often.",
            ),
            Conclusion(
                "honest",
                f"For {per_cent(share, 0)} of the users who have likes and dislikes among their "
                "test ratings, the own network orders these no worse than a coin.",
            ),
            Conclusion(
                "verdict",
                f"Over all users together the networks are {verdict} what each user said most "
                "often before.",
            ),
        ),
        charts=(
            histogram(
                "Users by how often their own network puts a liked test film before another one; "
                "at one half it is a coin.",
                list(np.linspace(0, 1, _BINS + 1)),
                every.auc_counts,
                x="AUC of the user's own network",
                y="users",
            ),
        ),
        tables=(
            DataTable(
                times,
                "Time of training, on the thesis' machine and here. The published time of all "
                "users is that of one, so many times.",
                dict.fromkeys(("published", "here"), "duration"),
            ),
            DataTable(
                _accuracy(every, accuracy),
                f"Accuracy on {every.rows:,} test ratings, and what it gains over each user's own "
                "majority, with an interval over users.",
                {"accuracy": "percent:2", "over own majority": "signed:4"},
            ),
            DataTable(
                order,
                "Order among the test ratings of the same user. The mean rating of each film, the "
                "same for everybody, needs no network.",
            ),
        ),
        steps=("every-user",),
    )


def _accuracy(every: EveryUser, accuracy: dict[str, float]) -> pl.DataFrame:
    gain = every.over_majority
    names = [EVERYTHING, MAJORITY, NETWORK]
    gains = [None, None, gain.value], [None, None, gain.low], [None, None, gain.high]
    return pl.DataFrame(
        {
            "recommender": names,
            "accuracy": [accuracy[m] for m in names],
            "over own majority": gains[0],
            "over own majority low": gains[1],
            "over own majority high": gains[2],
        }
    )


def _days(seconds: float) -> str:
    days = seconds / 86_400
    return f"{days:.1f} days" if days >= 1 else duration(seconds)

"""The published comparison for one user, and the same decisions on training and test rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from penchant.claims import claim
from penchant.data import Dataset, Id
from penchant.metrics import AUC, LikeAccuracy, LikeF1, best_threshold
from penchant.results import join_names
from penchant.studies.movies.autoencoder import AutoencoderResults
from penchant.studies.movies.one_user import FirstUser, UserScores
from penchant.studies.movies.setup import EVERYTHING, LIKE, NETWORKS, MoviesSetup
from penchant.studies.records import per_cent
from penchant.studies.study import Conclusion, DataTable, Section, bars
from penchant.typing import Bool

PUBLISHED = {
    "LSTM": (0.8491, 80.0),
    "modified LSTM": (0.8691, 74.0),
    "RBM": (0.8662, 90.0),
    "autoencoder": (0.8320, 123.0),
}
"""Accuracy for user 1 of MovieLens 1M and seconds of training, as the thesis has them."""
PUBLISHED_ON = "movielens-1m"
RECONSTRUCTED = ("RBM", "autoencoder")


@dataclass(frozen=True, eq=False)
class UserDecisions:
    """What all models decide of the ratings of one user.

    Attributes:
        setup: what the study is about.
        first_user: the user and the scores of the networks and the RBM.
        autoencoder: the autoencoder's scores.
    """

    setup: MoviesSetup
    first_user: FirstUser
    autoencoder: AutoencoderResults

    @property
    def user(self) -> Id:
        """The user's id."""
        return self.first_user.user

    @cached_property
    def liked(self) -> Bool:
        """bool[n], the user's ratings in the order of the file, as likes."""
        return np.asarray(self.first_user.liked, bool)

    @property
    def n(self) -> int:
        """How many ratings the user has."""
        return len(self.liked)

    @cached_property
    def models(self) -> dict[str, UserScores]:
        """The scores of all models, “likes everything” first."""
        everything = {EVERYTHING: UserScores([1.0] * self.n, 0.5, None)}
        last = {"autoencoder": self.autoencoder.first_user}
        return everything | self.first_user.scores | last

    @cached_property
    def decisions(self) -> dict[str, Bool]:
        """bool[n], what each model calls a like."""
        return {m: np.asarray(s.scores, float) >= s.threshold for m, s in self.models.items()}

    def accuracy(self, name: str, part: slice = slice(None)) -> float:
        """The share of ratings, or of some of them, that a model is right on."""
        return LikeAccuracy()(self.decisions[name][part], self.liked[part])

    def best_accuracy(self, name: str) -> float:
        """The accuracy at the threshold that is best with the answers in hand."""
        scores = np.asarray(self.models[name].scores, float)
        threshold = best_threshold(scores, self.liked, "like-accuracy")
        return LikeAccuracy()(scores >= threshold, self.liked)

    def n_likes(self, name: str) -> int:
        """How many films a model calls likes."""
        return int(self.decisions[name].sum())


def sections(
    setup: MoviesSetup, first_user: FirstUser, autoencoder: AutoencoderResults
) -> tuple[Section, Section]:
    """As published, and what the figures are on training and on test rows."""
    case = UserDecisions(setup, first_user, autoencoder)
    return _published(case), _by_part(case)


def _published(case: UserDecisions) -> Section:
    names = [m for m in case.models if m != EVERYTHING]
    likes, n = int(case.liked.sum()), case.n
    published = {m: PUBLISHED[m] for m in names if m in PUBLISHED}
    return Section(
        title="As published: one user",
        text=_text(case),
        conclusions=_conclusions(case),
        charts=(
            bars(
                "Accuracy on the user's ratings, training and test together.",
                {
                    "published": {m: published[m][0] if m in published else None for m in names},
                    "here": {m: case.accuracy(m) for m in names},
                },
                x="accuracy",
                levels={EVERYTHING: likes / n},
                half=True,
            ),
            bars(
                "Seconds of training, on the thesis' machine and on this one.",
                {
                    "published": {m: published[m][1] if m in published else None for m in names},
                    "here": {m: case.models[m].seconds for m in names},
                },
                x="seconds",
                half=True,
            ),
        ),
        tables=(_table(case),),
        steps=("first-user", "autoencoder"),
    )


def _table(case: UserDecisions) -> DataTable:
    names = list(case.models)
    seeds = [case.models[m].seed_accuracies for m in names]
    frame = pl.DataFrame(
        {
            "recommender": names,
            "published accuracy": [PUBLISHED.get(m, (None,))[0] for m in names],
            "accuracy": [case.accuracy(m) for m in names],
            "accuracy low": [min(s, default=None) for s in seeds],
            "accuracy high": [max(s, default=None) for s in seeds],
            "right": [f"{round(case.accuracy(m) * case.n)} of {case.n}" for m in names],
            "F1": [LikeF1()(case.decisions[m], case.liked) for m in names],
            "AUC": [AUC()(case.models[m].scores, case.liked) for m in names],
            "published time": [PUBLISHED.get(m, (None, None))[1] for m in names],
            "time": [case.models[m].seconds for m in names],
        },
        schema_overrides={"accuracy low": pl.Float64, "accuracy high": pl.Float64},
        infer_schema_length=None,
    )
    return DataTable(
        frame,
        "The published comparison again, training and test rows together. The AUC says whether "
        "liked films are put before others, whatever the cut: one half is chance.",
        dict.fromkeys(("published accuracy", "accuracy"), "percent:2")
        | dict.fromkeys(("published time", "time"), "duration"),
    )


def _conclusions(case: UserDecisions) -> tuple[Conclusion, ...]:
    likes, n = int(case.liked.sum()), case.n
    conclusions = [
        Conclusion(
            "as published",
            f"Published: {_list_shares({m: a for m, (a, _) in PUBLISHED.items()})}. Here, by the "
            f"same procedure: {_list_shares({m: case.accuracy(m) for m in PUBLISHED})}. Whoever "
            f"likes everything has {likes}/{n} = {per_cent(likes / n)}.",
        ),
        Conclusion(
            "trap",
            "The 84.91 % published for the LSTM is 45/53, the share of likes among the 53 ratings "
            "of user 1 of MovieLens 1M: the answer “likes everything” gets exactly that. The other "
            "three published figures are no multiples of 1/53 at all (86.91 % lies between 46/53 = "
            "86.79 % and 47/53 = 88.68 %), so that none of them is the accuracy of one answer to "
            "each of these ratings.",
        ),
    ]
    if same := [m for m in NETWORKS if case.n_likes(m) == n]:
        conclusions.append(
            Conclusion(
                "trap",
                f"Trained as published, {join_names(same)} {'says' if len(same) == 1 else 'say'} "
                f"“like” to all {n} films.",
            )
        )
    return (*conclusions, *_claims(case))


def _claims(case: UserDecisions) -> list[Conclusion]:
    """The published accuracies beside baselines, on the log that they were published for."""
    if case.setup.log.name != PUBLISHED_ON:
        return []
    ratings = pl.DataFrame(
        {"user": 1, "item": range(case.n), "rating": np.where(case.liked, LIKE, LIKE - 1)}
    )
    log = Dataset.from_frame(ratings, name=f"user {case.user} of {PUBLISHED_ON}", scale=(1, 5))
    claims = {
        name: claim(value, on=log, metric="like-accuracy", like=LIKE, seed=case.setup.seed)
        for name, (value, _) in PUBLISHED.items()
    }
    return [Conclusion("trap", f"Published for the {n}: {c.sentence}") for n, c in claims.items()]


def _list_shares(shares: dict[str, float]) -> str:
    return join_names([f"{name} {per_cent(value)}" for name, value in shares.items()])


def _text(case: UserDecisions) -> str:
    likes, setup = int(case.liked.sum()), case.setup
    text = f"""
        The thesis reports one user, the first of the file, with one network trained on this user's
        ratings alone: each film is the sequence of its genre columns, the answer is whether the
        rating is {LIKE:g} or more. Here this is user {case.user} with {case.n} ratings, of which
        {likes} are likes. Training uses the first {case.first_user.n_train} ratings in the order
        of the file (65 %), and, as published, accuracy counts all {case.n}, those that the network
        was trained on among them. Networks have the published sizes and settings and {setup.epochs}
        epochs; small figures are the lowest and the highest accuracy of several seeds. “Modified
        LSTM” is the cell without a forget gate as the program builds it (gates tanh, candidate
        sigmoid), “as printed” is that of the formulas (gates sigmoid, candidate tanh), and the GRU
        is a further cell.

        How the thesis turned an RBM and an autoencoder into an accuracy is not said. The rule here
        is ours: both are trained as published, the RBM on {case.first_user.rbm.users:,} users
        without a test set and the autoencoder on {case.autoencoder.users:,} users (80 %), this
        user among them; what they reconstruct of the user's own vector is put on the scale of
        ratings, and {LIKE:g} or more is a like. They call {case.n_likes("RBM")} and
        {case.n_likes("autoencoder")} of the {case.n} films likes.
    """
    if setup.log.name != PUBLISHED_ON:
        text += f"""

        Published figures are of user 1 of MovieLens 1M. The first user in the file of
        {setup.log.name} is another one, so that figures beside each other compare the procedure
        and not the person.
        """
    return text


def _by_part(case: UserDecisions) -> Section:
    n, n_train = case.n, case.first_user.n_train
    n_test = n - n_train
    train, test = slice(0, n_train), slice(n_train, n)
    train_likes, test_likes = int(case.liked[train].sum()), int(case.liked[test].sum())
    names = list(case.models)
    table = pl.DataFrame(
        {
            "recommender": names,
            f"first {n_train} (trained on)": [case.accuracy(m, train) for m in names],
            f"last {n_test} (test)": [case.accuracy(m, test) for m in names],
            f"all {n}": [case.accuracy(m) for m in names],
            "says “like” to": [case.n_likes(m) for m in names],
        }
    )
    conclusions = [
        Conclusion(
            "honest",
            f"“Likes everything” is right on {train_likes} of the {n_train} ratings that are "
            f"trained on ({per_cent(train_likes / n_train)}) and on {test_likes} of the {n_test} "
            f"test ratings ({per_cent(test_likes / n_test)}).",
        )
    ]
    if test_likes in (0, n_test):
        conclusions.append(
            Conclusion(
                "trap",
                f"All {n_test} test ratings are {'likes' if test_likes else 'no likes'}. No "
                "accuracy on them can tell a good recommender from a blind one, and an AUC is not "
                "even defined: whatever is published on this user says nothing of a model.",
            )
        )
    cuts = [
        f"{name} {per_cent(case.accuracy(name))} and {per_cent(case.best_accuracy(name))}"
        for name in RECONSTRUCTED
    ]
    conclusions.append(
        Conclusion(
            "trap",
            "A reconstruction becomes an accuracy only by a cut, and none was published. With one "
            f"at {LIKE:g} stars, and with the one that is best with the answers in hand: "
            f"{join_names(cuts)}. The latter can never fall below “likes everything”.",
        )
    )
    return Section(
        title="The same, training and test told apart",
        text="""
            Scoring training and test rows together hides what the test rows can show at all. The
            same decisions again, each part by itself.
        """,
        conclusions=tuple(conclusions),
        tables=(
            DataTable(
                table,
                "Accuracy of the same decisions by part.",
                dict.fromkeys(table.columns[1:4], "percent:2"),
            ),
        ),
        steps=("first-user", "autoencoder"),
    )

"""The published comparison for one user, and the same decisions on training and test rows."""

from __future__ import annotations

from collections.abc import Mapping
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
from penchant.studies.movies.setup import (
    EMBEDDING,
    EVERYTHING,
    LIKE,
    NETWORKS,
    PUBLISHED_ON,
    PUBLISHED_ROWS,
    PUBLISHED_SECONDS,
    MoviesSetup,
)
from penchant.studies.records import per_cent
from penchant.studies.study import Conclusion, DataTable, Section, bars
from penchant.typing import Bool

PUBLISHED = {"LSTM": 0.8491, "modified LSTM": 0.8691, "RBM": 0.8662, "autoencoder": 0.8320}
"""Accuracy for user 1 of MovieLens 1M, as the thesis has it."""
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
    setup: MoviesSetup,
    first_user: FirstUser,
    autoencoder: AutoencoderResults,
    weights: Mapping[str, int],
) -> tuple[Section, Section]:
    """As published, and what the figures are on training and on test rows.

    Args:
        setup: what the study is about.
        first_user: the user and the scores of the networks and the RBM.
        autoencoder: the autoencoder's scores.
        weights: that learn in a network, by its kind.
    """
    case = UserDecisions(setup, first_user, autoencoder)
    return _published(case, weights), _by_part(case)


def _published(case: UserDecisions, weights: Mapping[str, int]) -> Section:
    names = [m for m in case.models if m != EVERYTHING]
    likes, n = int(case.liked.sum()), case.n
    return Section(
        title="As published: one user",
        text=_text(case),
        conclusions=_conclusions(case),
        charts=(
            bars(
                "Accuracy on the user's ratings, training and test together.",
                {
                    "published": {m: PUBLISHED.get(m) for m in names},
                    "here": {m: case.accuracy(m) for m in names},
                },
                x="accuracy",
                levels={EVERYTHING: likes / n},
                half=True,
            ),
            bars(
                "Seconds of training, on the thesis' machine and on this one.",
                {
                    "published": {m: PUBLISHED_SECONDS.get(m) for m in names},
                    "here": {m: case.models[m].seconds for m in names},
                },
                x="seconds",
                half=True,
            ),
        ),
        tables=(_table(case), *_claims(case), _sizes(weights)),
        steps=("first-user", "autoencoder"),
    )


def _table(case: UserDecisions) -> DataTable:
    names, setup = list(case.models), case.setup
    seeds = [case.models[m].seed_accuracies for m in names]
    frame = pl.DataFrame(
        {
            "recommender": names,
            "published accuracy": [PUBLISHED.get(m) for m in names],
            "accuracy": [case.accuracy(m) for m in names],
            "accuracy low": [min(s) if len(set(s)) > 1 else None for s in seeds],
            "accuracy high": [max(s) if len(set(s)) > 1 else None for s in seeds],
            "beside published": [
                setup.against_published(PUBLISHED.get(m), case.accuracy(m), places=4) for m in names
            ],
            "right": [f"{round(case.accuracy(m) * case.n)} of {case.n}" for m in names],
            "F1": [LikeF1()(case.decisions[m], case.liked) for m in names],
            "AUC": [AUC()(case.models[m].scores, case.liked) for m in names],
            "published time": [PUBLISHED_SECONDS.get(m) for m in names],
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
    right = {m: round(case.accuracy(m) * n) for m in PUBLISHED}
    best = max(right, key=lambda m: right[m])
    conclusions = [
        Conclusion(
            "as published",
            f"By the published procedure the best of the four, the {best}, is right on "
            f"{right[best]} of this user's {n} ratings; whoever likes everything is right on "
            f"{likes}.",
        ),
        Conclusion(
            "trap",
            "The 84.91 % published for the LSTM are 45 of 53 ratings: exactly what “likes "
            "everything” gets for user 1 of MovieLens 1M.",
        ),
        Conclusion(
            "trap",
            "The other three published figures are no multiples of 1/53 at all, so that none of "
            "them is the accuracy of one answer to each of these ratings.",
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
    return tuple(conclusions)


def _claims(case: UserDecisions) -> tuple[DataTable, ...]:
    """The published accuracies beside baselines, on the log that they were published for."""
    if not case.setup.same_data:
        return ()
    ratings = pl.DataFrame(
        {"user": 1, "item": range(case.n), "rating": np.where(case.liked, LIKE, LIKE - 1)}
    )
    log = Dataset.from_frame(ratings, name=f"user {case.user} of {PUBLISHED_ON}", scale=(1, 5))
    claims = [
        claim(value, on=log, metric="like-accuracy", like=LIKE, seed=case.setup.seed)
        for value in PUBLISHED.values()
    ]
    frame = pl.DataFrame(
        {
            "published for": list(PUBLISHED),
            "accuracy": list(PUBLISHED.values()),
            "best trivial answer": [c.best.name for c in claims],
            "its accuracy": [c.best.value for c in claims],
            "its accuracy low": [c.best.low for c in claims],
            "its accuracy high": [c.best.high for c in claims],
            "the claim is": [c.verdict for c in claims],
        }
    )
    caption = (
        f"The published accuracies as claims on the {case.n} ratings of this user, beside the best "
        "answer that needs no model, with its interval."
    )
    return (DataTable(frame, caption, dict.fromkeys(("accuracy", "its accuracy"), "percent:2")),)


def _sizes(weights: Mapping[str, int]) -> DataTable:
    rows = [PUBLISHED_ROWS[m] for m in weights]
    return DataTable(
        pl.DataFrame(
            {
                "network": list(weights),
                "rows of the embedding": rows,
                "weights": [
                    n + (r - 2) * EMBEDDING for n, r in zip(weights.values(), rows, strict=True)
                ],
                "weights that learn": list(weights.values()),
            }
        ),
        "Sizes of one network. Inputs are 0 or 1 and so select two rows of the embedding; the "
        "others never learn, and are not stored here. The appendix of the thesis has 200 rows for "
        "the modified LSTM, too.",
    )


def _text(case: UserDecisions) -> str:
    likes, setup = int(case.liked.sum()), case.setup
    text = f"""
        The thesis reports one user, the first of the file, with one network trained on this user's
        ratings alone: each film is the sequence of its genre columns, the answer is whether the
        rating is {LIKE:g} or more. Here this is user {case.user} with {case.n} ratings, of which
        {likes} are likes. Training uses the first {case.first_user.n_train} ratings in the order
        of the file (65 %), and, as published, accuracy counts all {case.n}, those that the network
        was trained on among them. Networks have the published sizes and settings and {setup.epochs}
        epochs; small figures are the lowest and the highest accuracy of several seeds, where these
        differ. “Modified
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
            f"all {n}, best cut": [
                case.best_accuracy(m) if m in RECONSTRUCTED else None for m in names
            ],
        }
    )
    conclusions = [
        Conclusion(
            "honest",
            f"“Likes everything” is right on {train_likes} of the {n_train} ratings that are "
            f"trained on, and on {test_likes} of the {n_test} test ratings.",
        )
    ]
    if test_likes in (0, n_test):
        conclusions.append(
            Conclusion(
                "trap",
                f"All {n_test} test ratings are {'likes' if test_likes else 'no likes'}, so that "
                "no accuracy on them can tell a good recommender from a blind one, and an AUC is "
                "not even defined.",
            )
        )
    cut = {m: (case.accuracy(m), case.best_accuracy(m)) for m in RECONSTRUCTED}
    conclusions.append(
        Conclusion(
            "trap",
            f"A reconstruction becomes an accuracy only by a cut, and none was published: with one "
            f"at {LIKE:g} stars the {RECONSTRUCTED[0]} is right on "
            f"{per_cent(cut[RECONSTRUCTED[0]][0])} of the ratings, and with the cut that is best "
            f"with the answers in hand on {per_cent(cut[RECONSTRUCTED[0]][1])}.",
        )
    )
    return Section(
        title="The same, training and test told apart",
        text="""
            Scoring training and test rows together hides what the test rows can show at all. The
            same decisions again, each part by itself. The training accuracy in the log of the
            thesis' program, .7647, is 26 of 34: again what “likes everything” gets for user 1 of
            MovieLens 1M.
        """,
        conclusions=tuple(conclusions),
        tables=(
            DataTable(
                table,
                "Accuracy of the same decisions by part; of reconstructions also with the cut that "
                "is best with the answers in hand.",
                dict.fromkeys((*table.columns[1:4], table.columns[-1]), "percent:2"),
            ),
        ),
        steps=("first-user", "autoencoder"),
    )

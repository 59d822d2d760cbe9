"""The published comparison, and what its figures say where training and test are told apart."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from penchant.claims import claim
from penchant.data.dataset import Dataset
from penchant.metrics import AUC, LikeAccuracy, LikeF1, best_threshold
from penchant.results.formatting import join_names
from penchant.studies.movies.setup import EVERYTHING, LIKE, NETWORKS, Found, Setup, per_cent
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
class Case:
    """What all recommenders said of one user's ratings.

    Attributes:
        setup: what the study is about.
        user: the user's id.
        liked: bool[n], the user's ratings in the order of the file, as likes.
        n_train: how many of them networks were trained on, the first ones.
        said: by recommender: scores, cut, seconds and, where there are several, seeds.
        learned: users that the RBM and the autoencoder learned from.
    """

    setup: Setup
    user: object
    liked: Bool
    n_train: int
    said: dict[str, Found]
    learned: tuple[int, int]

    @classmethod
    def of(cls, setup: Setup, found: Found, autoencoder: Found) -> Case:
        """The case from what the steps gave."""
        n = len(found["liked"])
        said: dict[str, Found] = {EVERYTHING: {"scores": [1.0] * n, "cut": 0.5, "seconds": None}}
        said |= found["said"]
        said["autoencoder"] = autoencoder["first_user"]
        return cls(
            setup,
            found["user"],
            np.asarray(found["liked"], bool),
            int(found["train"]),
            said,
            (found["said"]["RBM"]["users"], autoencoder["users"]),
        )

    @property
    def n(self) -> int:
        """How many ratings the user has."""
        return len(self.liked)

    @cached_property
    def decided(self) -> dict[str, Bool]:
        """bool[n], what each recommender calls a like."""
        return {m: np.asarray(f["scores"], float) >= f["cut"] for m, f in self.said.items()}

    def accuracy(self, name: str, part: slice = slice(None)) -> float:
        """The share of ratings, or of some of them, that a recommender is right on."""
        return LikeAccuracy()(self.decided[name][part], self.liked[part])

    def best_cut(self, name: str) -> float:
        """The accuracy of the cut that is best with the answers in hand."""
        scores = np.asarray(self.said[name]["scores"], float)
        cut = best_threshold(scores, self.liked, "like-accuracy")
        return LikeAccuracy()(scores >= cut, self.liked)

    def yes(self, name: str) -> int:
        """How many films a recommender calls likes."""
        return int(self.decided[name].sum())


def sections(setup: Setup, found: Found, autoencoder: Found) -> tuple[Section, Section]:
    """As published, and what the figures say when train and test are told apart."""
    case = Case.of(setup, found, autoencoder)
    return _published(case), _parts(case)


def _published(case: Case) -> Section:
    names = [m for m in case.said if m != EVERYTHING]
    likes, n = int(case.liked.sum()), case.n
    there = {m: PUBLISHED[m] for m in names if m in PUBLISHED}
    return Section(
        title="As published: one user",
        text=_told(case),
        conclusions=_conclusions(case),
        charts=(
            bars(
                "Accuracy on the user's ratings, training and test together.",
                {
                    "published": {m: there[m][0] if m in there else None for m in names},
                    "here": {m: case.accuracy(m) for m in names},
                },
                x="accuracy",
                levels={EVERYTHING: likes / n},
                half=True,
            ),
            bars(
                "Seconds of training, on the thesis' machine and on this one.",
                {
                    "published": {m: there[m][1] if m in there else None for m in names},
                    "here": {m: case.said[m]["seconds"] for m in names},
                },
                x="seconds",
                half=True,
            ),
        ),
        tables=(_table(case),),
        steps=("first-user", "autoencoder"),
    )


def _table(case: Case) -> DataTable:
    names = list(case.said)
    seeds = [case.said[m].get("seeds") or [None] for m in names]
    frame = pl.DataFrame(
        {
            "recommender": names,
            "published accuracy": [PUBLISHED.get(m, (None,))[0] for m in names],
            "accuracy": [case.accuracy(m) for m in names],
            "accuracy low": [min(s) for s in seeds],
            "accuracy high": [max(s) for s in seeds],
            "right": [f"{round(case.accuracy(m) * case.n)} of {case.n}" for m in names],
            "F1": [LikeF1()(case.decided[m], case.liked) for m in names],
            "AUC": [AUC()(case.said[m]["scores"], case.liked) for m in names],
            "published time": [PUBLISHED.get(m, (None, None))[1] for m in names],
            "time": [case.said[m]["seconds"] for m in names],
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


def _conclusions(case: Case) -> tuple[Conclusion, ...]:
    likes, n = int(case.liked.sum()), case.n
    conclusions = [
        Conclusion(
            "as published",
            f"Published: {_listed({m: a for m, (a, _) in PUBLISHED.items()})}. Here, by the same "
            f"procedure: {_listed({m: case.accuracy(m) for m in PUBLISHED})}. Whoever likes "
            f"everything has {likes}/{n} = {per_cent(likes / n)}.",
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
    if same := [m for m in NETWORKS if case.yes(m) == n]:
        conclusions.append(
            Conclusion(
                "trap",
                f"Trained as published, {join_names(same)} {'says' if len(same) == 1 else 'say'} "
                f"“like” to all {n} films.",
            )
        )
    return (*conclusions, *_claims(case))


def _claims(case: Case) -> list[Conclusion]:
    """The published accuracies beside trivial answers, on the log that they were published for."""
    if case.setup.log.name != PUBLISHED_ON:
        return []
    mine = pl.DataFrame(
        {"user": 1, "item": range(case.n), "rating": np.where(case.liked, LIKE, LIKE - 1)}
    )
    own = Dataset.from_frame(mine, name=f"user {case.user} of {PUBLISHED_ON}", scale=(1, 5))
    found = {
        name: claim(value, on=own, metric="like-accuracy", like=LIKE, seed=case.setup.seed)
        for name, (value, _) in PUBLISHED.items()
    }
    return [Conclusion("trap", f"Published for the {n}: {c.sentence}") for n, c in found.items()]


def _listed(shares: dict[str, float]) -> str:
    return join_names([f"{name} {per_cent(value)}" for name, value in shares.items()])


def _told(case: Case) -> str:
    likes, setup = int(case.liked.sum()), case.setup
    text = f"""
        The thesis reports one user, the first of the file, with one network trained on this user's
        ratings alone: each film is the sequence of its genre columns, the answer is whether the
        rating is {LIKE:g} or more. Here this is user {case.user} with {case.n} ratings, of which
        {likes} are likes. Training uses the first {case.n_train} ratings in the order of the file
        (65 %), and, as published, accuracy counts all {case.n}, those that the network was trained
        on among them. Networks have the published sizes and settings and {setup.epochs} epochs;
        small figures are the lowest and the highest accuracy of several seeds. “Modified LSTM” is
        the cell without a forget gate as the program builds it (gates tanh, candidate sigmoid),
        “as printed” is that of the formulas (gates sigmoid, candidate tanh), and the GRU is a
        further cell.

        How the thesis turned an RBM and an autoencoder into an accuracy is not said. The rule here
        is ours: both are trained as published, the RBM on {case.learned[0]:,} users without a test
        set and the autoencoder on {case.learned[1]:,} users (80 %), this user among them; what
        they reconstruct of the user's own vector is put on the scale of ratings, and {LIKE:g} or
        more is a like. They call {case.yes("RBM")} and {case.yes("autoencoder")} of the {case.n}
        films likes.
    """
    if setup.log.name != PUBLISHED_ON:
        text += f"""

        Published figures are of user 1 of MovieLens 1M. The first user in the file of
        {setup.log.name} is another one, so that figures beside each other compare the procedure
        and not the person.
        """
    return text


def _parts(case: Case) -> Section:
    n, n_train = case.n, case.n_train
    n_test = n - n_train
    train, test = slice(0, n_train), slice(n_train, n)
    train_likes, test_likes = int(case.liked[train].sum()), int(case.liked[test].sum())
    names = list(case.said)
    table = pl.DataFrame(
        {
            "recommender": names,
            f"first {n_train} (trained on)": [case.accuracy(m, train) for m in names],
            f"last {n_test} (test)": [case.accuracy(m, test) for m in names],
            f"all {n}": [case.accuracy(m) for m in names],
            "says “like” to": [case.yes(m) for m in names],
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
        f"{name} {per_cent(case.accuracy(name))} and {per_cent(case.best_cut(name))}"
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

"""The first screen of the study of movies."""

from __future__ import annotations

from penchant.results import join_names
from penchant.studies.movies.evaluation import MoviesEvaluation
from penchant.studies.movies.honest_comparison import PUBLISHED, best_shared, no_better
from penchant.studies.movies.setup import MAJORITY, MoviesSetup
from penchant.studies.study import Graph, Opening, bars

_ITEM_MEAN = "item mean"


def open_page(setup: MoviesSetup, evaluation: MoviesEvaluation) -> Opening:
    """What was claimed, what holds of it, and what to use; the picture is of order within users."""
    return Opening(
        claimed="A small network trained on one user's ratings was published as telling which "
        "films this user likes, rightly for 86.91 % of them.",
        holds=_describe(setup, evaluation),
        use=_advise(evaluation),
        graph=_picture(evaluation),
    )


def _describe(setup: MoviesSetup, evaluation: MoviesEvaluation) -> str:
    weak = no_better(evaluation)
    users = f"On later ratings of {evaluation.users:,} users"
    if weak == PUBLISHED:
        return (
            f"{users} such networks are right no more often than saying of every film what the "
            "user said of most films before."
        )
    if weak:
        return (
            f"{users} the {join_names(weak)} is right no more often than saying of every film what "
            "the user said of most films before."
        )
    return (
        f"{users} such networks are right more often than saying of every film what the user said "
        "of most films before."
    )


def _advise(evaluation: MoviesEvaluation) -> str:
    within, best = evaluation.within_users, best_shared(evaluation)
    if within[best].low > within[_ITEM_MEAN].auc:
        return (
            f"Use one model that all users share: {best} puts a film that a user will like before "
            f"another one in {within[best].auc:.0%} of all pairs."
        )
    return (
        "Use the mean rating of each film, the same for everybody: it puts a film that a user will "
        f"like before another one in {within[_ITEM_MEAN].auc:.0%} of all pairs."
    )


def _picture(evaluation: MoviesEvaluation) -> Graph:
    within = evaluation.within_users
    names = [*PUBLISHED, MAJORITY, _ITEM_MEAN, best_shared(evaluation)]
    labels = {
        MAJORITY: f"{MAJORITY} (no network)",
        _ITEM_MEAN: "mean rating of each film (no network)",
        names[-1]: f"{names[-1]} (shared by all users)",
    }
    labels |= {name: f"{name} (one for each user)" for name in PUBLISHED}
    return bars(
        "How often a film that a user liked is put before one that the same user did not. One half "
        "is a coin flip.",
        {"": {labels[name]: within[name].auc for name in names}},
        x="AUC within users",
        levels={"a coin": 0.5},
    )

"""The first screen of the study of movies."""

from __future__ import annotations

from penchant.results import join_names
from penchant.studies.movies.evaluation import MoviesEvaluation
from penchant.studies.movies.every_user import EveryUser
from penchant.studies.movies.honest_comparison import PUBLISHED, no_better
from penchant.studies.movies.setup import MAJORITY
from penchant.studies.study import Graph, Opening, bars
from penchant.wording import counted

_ITEM_MEAN = "item mean"
_TRIVIAL = "saying of every film what the user said of most films before"


def open_page(evaluation: MoviesEvaluation, best: str, every: EveryUser | None) -> Opening:
    """What was claimed, what holds of it, and what to use; the picture is of order within users.

    Args:
        evaluation: of all models, on the users of the sample.
        best: the model that all users share which is best on validation rows.
        every: networks of all users of the log, where these were trained.
    """
    return Opening(
        claimed="A small network trained on one user's ratings was published as telling which "
        "films this user likes, rightly for 86.91 % of them.",
        holds=_describe(evaluation) if every is None else _describe_all(every),
        use=_advise(evaluation, best),
        graph=_picture(evaluation, best),
    )


def _cannot_tell(evaluation: MoviesEvaluation) -> bool:
    """Whether there were too few ratings for any verdict on the published networks."""
    return all(
        gains[name].verdict is None for gains in evaluation.gains.values() for name in PUBLISHED
    )


def _describe(evaluation: MoviesEvaluation) -> str:
    weak = no_better(evaluation)
    users = f"On later ratings of {counted(evaluation.users, 'user')}"
    if _cannot_tell(evaluation):
        return f"{users} no verdict is possible: they are too few."
    if not weak:
        return f"{users} such networks are right more often than {_TRIVIAL}."
    which = "such networks are" if weak == PUBLISHED else f"the {join_names(weak)} is"
    return f"{users} {which} right no more often than {_TRIVIAL}."


def _describe_all(every: EveryUser) -> str:
    gain = every.over_majority
    if gain.verdict == "beats":
        return (
            f"On later ratings the networks of all users are right {100 * gain.value:.1f} "
            f"percentage points more often than {_TRIVIAL}."
        )
    if gain.verdict is None:
        return f"On later ratings of {counted(every.users, 'user')} no verdict is possible."
    return (
        f"On later ratings the networks of all {every.users:,} users are right no more often than "
        f"{_TRIVIAL}."
    )


def _advise(evaluation: MoviesEvaluation, best: str) -> str:
    if _cannot_tell(evaluation):
        return (
            "These few ratings cannot tell which answer is best: take more users or a larger log."
        )
    within = evaluation.within_users
    if within[best].low > within[_ITEM_MEAN].auc:
        return (
            f"Use one model that all users share: {best} puts a film that a user will like before "
            f"another one in {within[best].auc:.0%} of all pairs."
        )
    return (
        "Use the mean rating of each film, the same for everybody: it puts a film that a user will "
        f"like before another one in {within[_ITEM_MEAN].auc:.0%} of all pairs."
    )


def _picture(evaluation: MoviesEvaluation, best: str) -> Graph:
    within = evaluation.within_users
    names = [*PUBLISHED, MAJORITY, _ITEM_MEAN, best]
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

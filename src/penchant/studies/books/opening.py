"""The first screen of the study of books."""

from __future__ import annotations

from penchant.studies.books.evaluation import BooksEvaluation
from penchant.studies.books.honest_comparison import not_better, verdict_on
from penchant.studies.books.networks import NETWORKS
from penchant.studies.books.published_tables import CONTENDERS
from penchant.studies.books.setup import EVERYTHING
from penchant.studies.study import Opening, bars

_LABELS = {
    "nmf": "similar readers (nmf)",
    "nmf_adjusted": "the same, adjusted",
    "dropout-original": "network with dropout",
    "dropout-adjusted": "the same, adjusted ratings",
    "dropout-binary": "the same, like or not",
    "a2b": "network with layers (a2b)",
}
"""The published table of results as a picture calls it."""
_WORTH = 0.01  # AUC that a model must gain to be worth its trouble


def open_page(best: str, evaluation: BooksEvaluation) -> Opening:
    """What was claimed, what holds of it, and what to use; the picture is of order alone."""
    table = evaluation.known_users.tables["like"]
    auc, baseline = table.values("auc"), table.best_trivial.name
    labels = {CONTENDERS[contender]: label for contender, label in _LABELS.items()}
    names = dict.fromkeys((*labels, baseline, best))
    return Opening(
        claimed="Networks with dropout were published as telling which books to recommend to "
        "whom, with an F1 score of .7329.",
        holds=_describe(len(not_better(evaluation)), evaluation.likes),
        use=_advise(best, baseline, evaluation, auc[best]),
        graph=bars(
            "How often a liked book is put before another one, for readers with a history. One "
            "half is a coin flip.",
            {"": {labels.get(name, name): auc[name] for name in names}},
            x="AUC",
            levels={EVERYTHING: 0.5},
        ),
    )


def _describe(weak: int, likes: float) -> str:
    how_many = (
        "none of the published networks does better"
        if weak == len(NETWORKS)
        else "most of the published networks do no better"
        if weak > len(NETWORKS) / 2
        else "some of the published networks do no better"
        if weak
        else "all of the published networks do better"
    )
    return (
        f"Recommending every book to everybody scores {2 * likes / (1 + likes):.3f} here, and "
        f"{how_many}."
    )


def _advise(best: str, baseline: str, evaluation: BooksEvaluation, auc: float) -> str:
    if verdict_on(best, evaluation.known_users) != "beats":
        return (
            f"Use {baseline}: none of the models here, chosen on validation rows, puts liked books "
            "first clearly more often."
        )
    gain = auc - evaluation.known_users.tables["like"].values("auc")[baseline]
    if gain < _WORTH:
        return (
            f"Use {baseline}: {best}, the best model, put a liked book before another one in only "
            f"{100 * gain:.1f} percentage points more of all pairs."
        )
    return (
        f"Use {best}, which put a liked book before another one in {auc:.0%} of all pairs, "
        f"clearly more often than {baseline}."
    )

"""The honest comparison on test rows of many users, against baselines that need no network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from penchant.results import join_names
from penchant.studies.movies.evaluation import MoviesEvaluation, UserAuc
from penchant.studies.movies.networks import NetworkScores, describe_sample, step_of
from penchant.studies.movies.reconstruction import RECONSTRUCTED
from penchant.studies.movies.setup import EVERYTHING, MAJORITY, NETWORKS, ModelScores, MoviesSetup
from penchant.studies.movies.shared_models import SHARED, TRIVIAL
from penchant.studies.records import VERDICTS, per_cent
from penchant.studies.study import Conclusion, DataTable, EvaluationSummary, Section

PUBLISHED = [name for name in ("LSTM", "modified LSTM") if name in NETWORKS]


def section(
    setup: MoviesSetup,
    models: Mapping[str, ModelScores],
    networks: Mapping[str, NetworkScores],
    evaluation: MoviesEvaluation,
    all_users: EvaluationSummary,
) -> Section:
    """All models on one set of test rows, in decisions and in order.

    Args:
        setup: what the study is about.
        models: their scores of these rows.
        networks: those of which each user has one.
        evaluation: of all models.
        all_users: the comparison of shared models on the test rows of all users.
    """
    decisions = replace(
        evaluation.decisions,
        title=f"Decisions on the same {evaluation.rows:,} test ratings of "
        f"{evaluation.users:,} users",
    )
    order = replace(
        evaluation.order,
        title=f"Order of the same {evaluation.rows:,} test ratings",
    )
    all_users = replace(all_users, title="What needs no network of each user's own, on all users")
    within = evaluation.within_users
    auc = order.tables["like"].values("auc")
    best = max(SHARED, key=lambda name: within[name].auc)
    text = f"""
        Of each user's ratings the latest 30 % are for test, and of the other 70 % a seventh is
        for validation. A like is a rating of 4 or more. Nothing is chosen on test rows: epochs of
        shared models and all cuts but those of chances, which are at one half, come from
        validation rows; the networks of single users have their published settings.
        {describe_sample(setup, networks)} All models of the first two comparisons are judged on
        the test ratings of these users; shared models learn from everybody.

        Two answers need no network. “Likes everything” is right on {per_cent(evaluation.likes, 1)}
        of these ratings. “The user's own majority” says like, or dislike, of all films, whichever
        most of this user's earlier ratings were. A network for each user that learns nothing but
        how much its user likes is the latter.

        An AUC over the rows of all users is flattered by knowing who likes much: the user's own
        majority, which cannot tell two films apart, has {auc[MAJORITY]:.3f}. The AUC within users
        compares rows of the same user only; there that answer has one half, as chance has.

        The comparisons further down ask for more: a model beats the trivial answers there only if
        it is better than the best of four, these two, the mean rating of a film, and the biases of
        users and films.
    """
    return Section(
        title="Honestly: many users, test rows only",
        text=text,
        conclusions=tuple(_conclusions(evaluation, auc, best)),
        tables=(_accuracy_table(evaluation), _order_table(models, evaluation, auc)),
        comparisons=(decisions, order, all_users),
        steps=("shared", "lists", *(step_of(m) for m in NETWORKS), "evaluation"),
    )


def _conclusions(
    evaluation: MoviesEvaluation, auc: Mapping[str, float], best: str
) -> list[Conclusion]:
    within, accuracy = evaluation.within_users, _accuracy(evaluation)
    conclusions = [
        Conclusion(
            "honest",
            f"Accuracy on test rows: {EVERYTHING} {per_cent(accuracy[EVERYTHING], 1)}, "
            f"{MAJORITY} {per_cent(accuracy[MAJORITY], 1)}, "
            + ", ".join(f"{m} {per_cent(accuracy[m], 1)}" for m in NETWORKS)
            + f"; {best} {per_cent(accuracy[best], 1)}.",
        ),
        Conclusion(
            "honest",
            "AUC within users, where one half is chance, of models that all users share: "
            + ", ".join(f"{m} {within[m].auc:.3f}" for m in SHARED)
            + f"; “item mean”, the same for everybody, {within['item mean'].auc:.3f}.",
        ),
        Conclusion(
            "trap",
            f"Over the rows of all users together the user's own majority has an AUC of "
            f"{auc[MAJORITY]:.3f} without telling any two films of a user apart: such a figure "
            "says little of a recommender.",
        ),
    ]
    conclusions += [Conclusion("verdict", verdict_on(name, evaluation)) for name in PUBLISHED]
    return [*conclusions, Conclusion("verdict", _within_users(within))]


def _within_users(within: Mapping[str, UserAuc]) -> str:
    """A sentence on what the networks of single users know of films."""
    chance = [m for m in NETWORKS if within[m].low <= 0.5]
    figures = [
        f"{m} {within[m].auc:.3f} ({within[m].low:.3f} to {within[m].high:.3f})" for m in NETWORKS
    ]
    meaning = (
        f"{join_names(chance)} cannot be told from a coin."
        if chance
        else "all of them are better than a coin."
    )
    return (
        "The chance that a user's own network puts a liked test film of the user before one not "
        f"liked is {', '.join(figures)}: {meaning}"
    )


def verdict_on(name: str, evaluation: MoviesEvaluation) -> str:
    """A sentence on one network against both answers."""
    gains = evaluation.gains
    parts = []
    for baseline in (EVERYTHING, MAJORITY):
        gain = gains[baseline][name]
        parts.append(
            f"{VERDICTS[gain.verdict]} “{baseline}” ({_points(gain.value)}, "
            f"{_points(gain.low)} to {_points(gain.high)} points of accuracy)"
        )
    return f"The published {name}, one network for each user, is {join_names(parts)}."


def no_better(evaluation: MoviesEvaluation) -> list[str]:
    """The published networks that are not better than both answers."""
    gains = evaluation.gains
    return [
        name
        for name in PUBLISHED
        if any(gains[baseline][name].verdict != "beats" for baseline in (EVERYTHING, MAJORITY))
    ]


def _points(value: float) -> str:
    return f"{100 * value:+.1f}".replace("-", "\N{MINUS SIGN}")


def _accuracy(evaluation: MoviesEvaluation) -> dict[str, float]:
    return evaluation.decisions.tables["like"].values("like-accuracy")


def _accuracy_table(evaluation: MoviesEvaluation) -> DataTable:
    """Gains over both answers."""
    accuracy = _accuracy(evaluation)
    names = [m for m in accuracy if m not in (EVERYTHING, *TRIVIAL)]
    columns: dict[str, list[object]] = {
        "recommender": [*names],
        "kind": [_kind(m) for m in names],
        "accuracy": [accuracy[m] for m in names],
    }
    for baseline, short in ((EVERYTHING, "likes everything"), (MAJORITY, "own majority")):
        gains = [evaluation.gains[baseline][m] for m in names]
        over = f"over {short}"
        columns[over] = [gain.value for gain in gains]
        columns[f"{over} low"] = [gain.low for gain in gains]
        columns[f"{over} high"] = [gain.high for gain in gains]
        columns[f"against {short}"] = [gain.verdict or "not judged" for gain in gains]
    return DataTable(
        pl.DataFrame(columns, infer_schema_length=None),
        "Accuracy on test rows and what is gained over the two answers that need no network, with "
        "intervals over users. Verdicts are corrected for the number of models compared, "
        "intervals are not.",
        {"accuracy": "percent:1"}
        | dict.fromkeys(("over likes everything", "over own majority"), "signed:4")
        | dict.fromkeys(("against likes everything", "against own majority"), "badge"),
    )


def _order_table(
    models: Mapping[str, ModelScores], evaluation: MoviesEvaluation, auc: Mapping[str, float]
) -> DataTable:
    """Order, chances and size."""
    names = sorted(auc, key=lambda m: -evaluation.within_users[m].auc)
    within = [evaluation.within_users[m] for m in names]
    return DataTable(
        pl.DataFrame(
            {
                "recommender": names,
                "kind": [_kind(m) for m in names],
                "AUC within users": [w.auc for w in within],
                "AUC within users low": [w.low for w in within],
                "AUC within users high": [w.high for w in within],
                "AUC over all rows": [auc[m] for m in names],
                "F1, own cut": [evaluation.f1[m] for m in names],
                "log-loss": [evaluation.log_loss.get(m) for m in names],
                "training": [models[m].seconds for m in names],
                "numbers learned": [models[m].parameters for m in names],
            },
            infer_schema_length=None,
        ),
        "How well test rows are put in order, what chances are worth, and what it takes. The cut "
        "for F1 is the best one on validation rows; networks of single users: of the users "
        "judged here.",
        {"training": "duration", "numbers learned": "short"},
    )


def _kind(name: str) -> str:
    if name in NETWORKS:
        return "one for each user"
    if name == EVERYTHING or name in TRIVIAL:
        return "trivial"
    return "reconstruction" if name in RECONSTRUCTED else "one for all users"

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
from penchant.studies.movies.shared_models import TRIVIAL, SharedModels
from penchant.studies.records import VERDICTS, per_cent
from penchant.studies.study import (
    Conclusion,
    DataTable,
    Graph,
    Section,
    bars,
)

PUBLISHED = [name for name in ("LSTM", "modified LSTM") if name in NETWORKS]


def section(
    setup: MoviesSetup,
    models: Mapping[str, ModelScores],
    networks: Mapping[str, NetworkScores],
    evaluation: MoviesEvaluation,
    shared: SharedModels,
) -> Section:
    """All models on one set of test rows, in decisions and in order.

    Args:
        setup: what the study is about.
        models: their scores of these rows.
        networks: those of which each user has one.
        evaluation: of all models.
        shared: models that all users share, on the test rows of all users.
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
    all_users = replace(
        shared.compared, title="What needs no network of each user's own, on all users"
    )
    auc = order.tables["like"].values("auc")
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
        conclusions=tuple(_conclusions(evaluation, auc, shared.best)),
        charts=_charts(models, evaluation),
        tables=(_accuracy_table(models, evaluation), _order_table(models, evaluation, auc)),
        comparisons=(decisions, order, all_users),
        steps=("shared", "lists", *(step_of(m) for m in NETWORKS), "evaluation"),
    )


def _conclusions(
    evaluation: MoviesEvaluation, auc: Mapping[str, float], best: str
) -> list[Conclusion]:
    within, accuracy = evaluation.within_users, _accuracy(evaluation)
    network = PUBLISHED[-1]
    return [
        *(Conclusion("verdict", verdict_on(name, evaluation)) for name in PUBLISHED),
        Conclusion(
            "honest",
            f"The published {network} is right on {per_cent(accuracy[network], 1)} of new ratings, "
            f"and “{MAJORITY}” on {per_cent(accuracy[MAJORITY], 1)}.",
        ),
        Conclusion(
            "honest",
            f"{best[0].upper()}{best[1:]}, one model that all users share, puts a liked film of a "
            f"user before another one in {per_cent(within[best].auc, 0)} of pairs; the mean "
            "rating of each film, the same for everybody, does so in "
            f"{per_cent(within['item mean'].auc, 0)}.",
        ),
        Conclusion(
            "trap",
            f"Over the rows of all users together “{MAJORITY}” has an AUC of {auc[MAJORITY]:.2f} "
            "without telling any two films of a user apart: such a figure says little of a "
            "recommender.",
        ),
        Conclusion("verdict", _within_users(within)),
    ]


def _within_users(within: Mapping[str, UserAuc]) -> str:
    """A sentence on what the networks of single users know of films."""
    chance = [m for m in NETWORKS if within[m].low <= 0.5]
    if chance:
        return (
            "Among the films of one user the order by the user's own network cannot be told from "
            f"a coin's, if it is a network of the kind {join_names(chance, 'or')}."
        )
    better = [m for m in NETWORKS if within[m].low > within["item mean"].auc]
    than = (
        "no kind does so better than the mean rating of each film, which is the same for everybody"
        if not better
        else f"{join_names(better)} better than the mean rating of each film"
    )
    return (
        "Among the films of one user all kinds of networks of single users put liked ones first "
        f"more often than a coin, and {than}."
    )


def verdict_on(name: str, evaluation: MoviesEvaluation) -> str:
    """A sentence on one network against both answers."""
    verdicts = {b: VERDICTS[evaluation.gains[b][name].verdict] for b in (EVERYTHING, MAJORITY)}
    if len(set(verdicts.values())) == 1:
        outcome = f"{verdicts[EVERYTHING]} “{EVERYTHING}” and “{MAJORITY}”"
    else:
        outcome = join_names([f"{verdict} “{baseline}”" for baseline, verdict in verdicts.items()])
    return f"On new ratings the published {name}, one network for each user, is {outcome}."


def no_better(evaluation: MoviesEvaluation) -> list[str]:
    """The published networks that are not better than both answers."""
    gains = evaluation.gains
    return [
        name
        for name in PUBLISHED
        if any(gains[baseline][name].verdict != "beats" for baseline in (EVERYTHING, MAJORITY))
    ]


def _accuracy(evaluation: MoviesEvaluation) -> dict[str, float]:
    return evaluation.decisions.tables["like"].values("like-accuracy")


def _charts(models: Mapping[str, ModelScores], evaluation: MoviesEvaluation) -> tuple[Graph, ...]:
    """Test accuracy and time of training, the comparison that the thesis makes, of all models."""
    accuracy = _accuracy(evaluation)
    names = [m for m in accuracy if m not in (EVERYTHING, *TRIVIAL)]
    trained = [m for m in names if models[m].seconds > 0]
    return (
        bars(
            "Accuracy on the same test ratings.",
            {"": {m: accuracy[m] for m in names}},
            x="accuracy",
            levels={EVERYTHING: accuracy[EVERYTHING], MAJORITY: accuracy[MAJORITY]},
            half=True,
        ),
        bars(
            "Seconds of training: of networks of single users, for the users judged here.",
            {"": {m: models[m].seconds for m in trained}},
            x="seconds",
            half=True,
        ),
    )


def _accuracy_table(models: Mapping[str, ModelScores], evaluation: MoviesEvaluation) -> DataTable:
    """Accuracy, time, and gains over both answers."""
    accuracy = _accuracy(evaluation)
    names = [m for m in accuracy if m not in (EVERYTHING, *TRIVIAL)]
    columns: dict[str, list[object]] = {
        "recommender": [*names],
        "kind": [_kind(m) for m in names],
        "accuracy": [accuracy[m] for m in names],
        "training": [models[m].seconds for m in names],
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
        {"accuracy": "percent:1", "training": "duration"}
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

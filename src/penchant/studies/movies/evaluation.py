"""Evaluate all models on the same test rows, against the two baselines that need no network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import polars as pl

from penchant.evaluation import evaluate_predictions
from penchant.metrics import AUC, interval, mean_replicates
from penchant.results import Cost, Table
from penchant.studies.movies.setup import (
    EVERYTHING,
    MAJORITY,
    ModelScores,
    MoviesSetup,
    by_row,
    liked,
)
from penchant.studies.movies.shared_models import TRIVIAL
from penchant.studies.records import Gain
from penchant.studies.study import EvaluationSummary
from penchant.typing import Bool, Float64, Int64

_LEVEL = 0.95


@dataclass(frozen=True)
class UserAuc:
    """The mean of users' own AUCs, with its interval."""

    auc: float
    low: float
    high: float


@dataclass(frozen=True)
class MoviesEvaluation:
    """All models on the same test rows of the sample.

    Attributes:
        users: in the sample.
        rows: test rows.
        likes: the share of likes among them.
        decisions: accuracy and F1 of decisions at each model's threshold.
        order: AUC and average precision of scores.
        gains: of accuracy, by trivial model and model.
        f1: at the threshold that is best on validation rows.
        log_loss: of models that give probabilities.
        within_users: AUC among the rows of the same user.
    """

    users: int
    rows: int
    likes: float
    decisions: EvaluationSummary
    order: EvaluationSummary
    gains: dict[str, dict[str, Gain]]
    f1: dict[str, float]
    log_loss: dict[str, float]
    within_users: dict[str, UserAuc]


def evaluate_models(setup: MoviesSetup, models: Mapping[str, ModelScores]) -> MoviesEvaluation:
    """Evaluate decisions, order and probabilities of all models on the sample's test rows."""
    users = np.asarray(by_row(setup.test, setup.test.rows.users), np.int64)
    truth = np.asarray(by_row(setup.test, liked(setup.test)), bool)
    scores = {name: np.asarray(model.scores, np.float64) for name, model in models.items()}
    decisions = {n: (scores[n] >= model.threshold).astype(float) for n, model in models.items()}
    at_f1 = {n: (scores[n] >= model.f1_threshold).astype(float) for n, model in models.items()}
    probabilities = {n: values for n, values in scores.items() if models[n].probabilities}
    trivial = [EVERYTHING, *TRIVIAL]
    others = [name for name in models if name not in trivial]

    def table(
        columns: dict[str, Float64],
        metrics: list[str],
        baselines: list[str] = trivial,
        names: Iterable[str] = models,
    ) -> Table:
        return evaluate_predictions(
            pl.DataFrame({"user": users, "like": truth, **columns}),
            metrics,
            truth="like",
            predictions=[name for name in names if name in columns],
            trivial=[name for name in baselines if name in columns],
            replicates=setup.replicates,
            level=_LEVEL,
            seed=setup.seed,
        )

    return MoviesEvaluation(
        users=len(np.unique(users)),
        rows=len(users),
        likes=float(truth.mean()),
        decisions=_with_costs(table(decisions, ["like-accuracy", "f1"]), models),
        order=_with_costs(table(scores, ["auc", "average-precision"]), models),
        gains={
            name: _gains(table(decisions, ["like-accuracy"], [name], others))
            for name in (EVERYTHING, MAJORITY)
        },
        f1=table(at_f1, ["f1"]).values("f1"),
        log_loss=table(probabilities, ["log-loss"]).values("log-loss"),
        within_users=auc_within_users(scores, users, truth, setup),
    )


def _gains(table: Table) -> dict[str, Gain]:
    """The gain of each model over the only baseline."""
    return {
        entry.name: Gain.of(entry.metrics["like-accuracy"])
        for entry in table.entries
        if not entry.trivial
    }


def _with_costs(table: Table, models: Mapping[str, ModelScores]) -> EvaluationSummary:
    """The table with what each model cost."""
    entries = tuple(
        replace(
            entry,
            cost=Cost(
                fit_seconds=models[entry.name].seconds, parameters=models[entry.name].parameters
            ),
        )
        for entry in table.entries
    )
    return EvaluationSummary.of(replace(table, entries=entries))


def auc_within_users(
    scores: dict[str, Float64], users: Int64, truth: Bool, setup: MoviesSetup
) -> dict[str, UserAuc]:
    """The mean of users' own AUCs with its interval, over users with likes and others.

    Knowing who likes much is of no use here, for rows of different users are never compared.
    """
    return mean_auc(list(scores), user_aucs(scores, users, truth), setup)


def user_aucs(scores: dict[str, Float64], users: Int64, truth: Bool) -> Float64:
    """float64[n_users, n_models], each user's own AUC; NaN where likes or others are missing."""
    order = np.argsort(users, kind="stable")
    edges = np.flatnonzero(np.diff(users[order], prepend=-1, append=-1))
    parts = [order[a:b] for a, b in pairwise(edges)]
    auc = AUC()
    return np.array([[auc(s[part], truth[part]) for s in scores.values()] for part in parts])


def mean_auc(names: list[str], values: Float64, setup: MoviesSetup) -> dict[str, UserAuc]:
    """The mean over users of each model's column of `user_aucs`, with its interval."""
    low, high = interval(mean_replicates(values, setup.replicates, setup.seed), _LEVEL)
    return {
        name: UserAuc(float(np.nanmean(values[:, n])), float(low[n]), float(high[n]))
        for n, name in enumerate(names)
    }

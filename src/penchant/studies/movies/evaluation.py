"""All contenders on the same test rows, against the two answers that need no network."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import polars as pl

from penchant.evaluation import evaluate_predictions
from penchant.metrics import AUC, interval, mean_replicates
from penchant.results.tables import Cost, Table
from penchant.studies.movies.setup import EVERYTHING, MAJORITY, Found, Setup, by_row, liked
from penchant.studies.movies.shared_models import TRIVIAL
from penchant.typing import Bool, Float64, Int64

_LEVEL = 0.95


def judged(setup: Setup, said: dict[str, Found]) -> Found:
    """Judge decisions, order and chances of all contenders on the sample's test rows."""
    users = np.asarray(by_row(setup.test, setup.test.rows.users), np.int64)
    truth = np.asarray(by_row(setup.test, liked(setup.test)), bool)
    scores = {name: np.asarray(found["scores"], np.float64) for name, found in said.items()}
    decided = {name: (scores[name] >= said[name]["cut"]).astype(float) for name in said}
    at_f1 = {name: (scores[name] >= said[name]["f1_cut"]).astype(float) for name in said}
    chances = {name: values for name, values in scores.items() if said[name]["chances"]}
    trivial = [EVERYTHING, *TRIVIAL]
    rest = [name for name in said if name not in trivial]

    def judge(
        columns: dict[str, Float64], metrics: list[str], against: list[str], asked: list[str]
    ) -> Table:
        table = pl.DataFrame({"user": users, "like": truth, **columns})
        return evaluate_predictions(
            table,
            metrics,
            truth="like",
            predictions=[name for name in asked if name in columns],
            trivial=[name for name in against if name in columns],
            replicates=setup.replicates,
            level=_LEVEL,
            seed=setup.seed,
        )

    everyone = list(said)
    cut = judge(at_f1, ["f1"], trivial, everyone)
    loss = judge(chances, ["log-loss"], trivial, everyone)
    return {
        "users": len(np.unique(users)),
        "rows": len(users),
        "likes": float(truth.mean()),
        "decisions": _with_costs(judge(decided, ["like-accuracy", "f1"], trivial, everyone), said),
        "order": _with_costs(judge(scores, ["auc", "average-precision"], trivial, everyone), said),
        "against": {
            name: _gains(judge(decided, ["like-accuracy"], [name], rest), rest)
            for name in (EVERYTHING, MAJORITY)
        },
        "f1 at own cut": {e.name: e.metrics["f1"].value for e in cut.entries},
        "log-loss": {e.name: e.metrics["log-loss"].value for e in loss.entries},
        "within": within_users(scores, users, truth, setup),
    }


def _with_costs(table: Table, said: dict[str, Found]) -> Table:
    """The table with what each contender cost and where it was cut."""
    entries = tuple(
        replace(
            entry,
            cost=Cost(
                fit_seconds=said[entry.name]["seconds"], parameters=said[entry.name]["parameters"]
            ),
        )
        for entry in table.entries
    )
    return replace(table, entries=entries)


def _gains(table: Table, names: list[str]) -> Found:
    figures = {name: table[name].metrics["like-accuracy"] for name in names}
    return {
        name: {
            "gain": f.gain,
            "low": f.gain_low,
            "high": f.gain_high,
            "verdict": f.verdict,
        }
        for name, f in figures.items()
    }


def within_users(
    scores: dict[str, Float64],
    users: Int64,
    truth: Bool,
    setup: Setup,
) -> Found:
    """The mean of users' own AUCs with its interval, over users with likes and others.

    Knowing who likes much is of no use here, for rows of different users are never compared.
    """
    order = np.argsort(users, kind="stable")
    edges = np.flatnonzero(np.diff(users[order], prepend=-1, append=-1))
    parts = [order[a:b] for a, b in pairwise(edges)]
    auc = AUC()
    values = np.array([[auc(s[part], truth[part]) for s in scores.values()] for part in parts])
    drawn = mean_replicates(values, setup.replicates, setup.seed)
    low, high = interval(drawn, _LEVEL)
    return {
        name: {"auc": float(np.nanmean(values[:, n])), "low": float(low[n]), "high": float(high[n])}
        for n, name in enumerate(scores)
    }

"""Evaluate all models on the same test rows, against baselines that need no model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from penchant.evaluation import evaluate_predictions
from penchant.results import Entry, MetricValue, Table
from penchant.studies.books.alternative_models import AlternativeModels
from penchant.studies.books.networks import JACCARD, NETWORKS, RATES
from penchant.studies.books.published_tables import published_cuts
from penchant.studies.books.setup import EVERYTHING, BooksSetup, ModelPredictions, best_cut
from penchant.studies.books.training import PublishedModels
from penchant.studies.records import Gain
from penchant.studies.study import EvaluationSummary
from penchant.typing import Bool, Float64

ORDER = ("auc", "average-precision", "precision-at-recall@50", "precision-at-recall@80")
_VERDICT_REPLICATES = 2000  # resamples for verdicts on so many models
_INTERVAL_REPLICATES = 400  # where only an interval is wanted


@dataclass(frozen=True)
class F1Gain:
    """F1 at the published cut, and its gain over recommending everything."""

    f1: float
    gain: Gain


@dataclass(frozen=True)
class BooksEvaluation:
    """All models on the same test rows, with verdicts by AUC.

    Attributes:
        all_users: on all test rows.
        known_users: on those of users with training ratings.
        rows: test rows.
        known_rows: of users with training ratings.
        likes: the share of likes among all test rows.
        f1: of the published models.
    """

    all_users: EvaluationSummary
    known_users: EvaluationSummary
    rows: int
    known_rows: int
    likes: float
    f1: dict[str, F1Gain]


def evaluate_models(
    setup: BooksSetup, published: PublishedModels, alternatives: AlternativeModels
) -> BooksEvaluation:
    """Evaluate order, decisions and probabilities of all models, on all test rows and a part."""
    models = {name: published[name] for name in compared_networks()} | alternatives.predictions
    trivial = alternatives.trivial
    known = setup.is_known(setup.split)
    every = np.ones(len(known), bool)
    return BooksEvaluation(
        all_users=EvaluationSummary.of(_table(setup, models, trivial, every)),
        known_users=EvaluationSummary.of(_table(setup, models, trivial, known)),
        rows=len(known),
        known_rows=int(known.sum()),
        likes=float(setup.liked(setup.test).mean()),
        f1=_f1_over_everything(setup, published),
    )


def compared_networks() -> list[str]:
    """Names of the published models, of the networks with dropout those of the first rate."""
    names = [e.name for e in NETWORKS if e.settings.get("dropout", RATES[0]) == RATES[0]]
    return [*JACCARD, *names]


def _table(
    setup: BooksSetup, models: Mapping[str, ModelPredictions], trivial: Sequence[str], keep: Bool
) -> Table:
    """One table of all models on some test rows, verdicts by AUC."""
    users = setup.test.rows.users[keep]
    truth = setup.liked(setup.test)[keep]
    values = {name: model.of("test")[keep] for name, model in models.items()}
    decisions = {
        name: (values[name] >= best_cut(model, setup)).astype(float)
        for name, model in models.items()
    }
    probabilities = {name: values[name] for name, model in models.items() if model.probabilities}

    def table(columns: Mapping[str, Float64], metrics: Sequence[str], replicates: int) -> Table:
        return evaluate_predictions(
            pl.DataFrame({"user": users, "like": truth, **columns}),
            metrics,
            truth="like",
            predictions=list(columns),
            trivial=[name for name in trivial if name in columns],
            replicates=replicates,
            seed=setup.seed,
        )

    deciding = table(values, ORDER[:1], _VERDICT_REPLICATES)
    further = [
        _without_verdicts(table(values, ORDER[1:], _INTERVAL_REPLICATES)),
        _without_verdicts(table(decisions, ["f1"], _INTERVAL_REPLICATES)),
        _without_verdicts(table(probabilities, ["log-loss"], _INTERVAL_REPLICATES)),
    ]
    names = [name for table in further for name in table.metrics]
    entries = tuple(_merge(entry, further, names) for entry in deciding.entries)
    return replace(deciding, metrics=(*deciding.metrics, *names), entries=entries)


def _without_verdicts(table: Table) -> Table:
    """Figures with their intervals and without verdicts."""
    entries = tuple(
        replace(
            entry,
            metrics={m: MetricValue(f.value, f.low, f.high) for m, f in entry.metrics.items()},
        )
        for entry in table.entries
    )
    return replace(table, entries=entries)


def _merge(entry: Entry, further: Sequence[Table], names: Sequence[str]) -> Entry:
    figures = dict(entry.metrics) | dict.fromkeys(names, MetricValue(float("nan")))
    for table in further:
        for other in table.entries:
            if other.name == entry.name:
                figures |= other.metrics
    return replace(entry, metrics=figures)


def _f1_over_everything(setup: BooksSetup, published: PublishedModels) -> dict[str, F1Gain]:
    """F1 at the published cut against recommending everything, each alone."""
    truth = setup.liked(setup.test)
    columns = {
        name: (published[name].of() >= cut).astype(float)
        for name, (cut, _) in published_cuts(setup).items()
    }
    table = evaluate_predictions(
        pl.DataFrame(
            {
                "user": setup.test.rows.users,
                "like": truth,
                EVERYTHING: np.ones(len(truth)),
                **columns,
            }
        ),
        ["f1"],
        truth="like",
        trivial=[EVERYTHING],
        replicates=_VERDICT_REPLICATES,
        seed=setup.seed,
    )
    figures = {entry.name: entry.metrics["f1"] for entry in table.entries if not entry.trivial}
    return {name: F1Gain(figure.value, Gain.of(figure)) for name, figure in figures.items()}

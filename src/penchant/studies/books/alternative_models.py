"""Compare models that use more of the log than the published ones."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from types import MappingProxyType

from penchant.studies.books.setup import BooksSetup, ModelPredictions, predict_parts
from penchant.studies.study import EvaluationSummary

TREES = "boosted trees"
STACK = "trees and network together"
_PACKAGE = "lightgbm"
_SPECS = MappingProxyType(
    {
        "dot product with biases": "dot:dim=8",
        "factorisation machine": "factorisation-machine:target=like>={like}",
        "ordinal regression": "ordinal:target=like>={like}",
        "network on features": "feature-mlp:target=like>={like}",
        TREES: "boosted-trees:target=like>={like}",
        STACK: "blend:target=like>={like},folds=3,"
        "base_models=(boosted-trees:target=like>={like};feature-mlp:target=like>={like})",
    }
)
METRICS = (
    "auc",
    "average-precision",
    "precision-at-recall@50",
    "precision-at-recall@80",
    "f1",
    "log-loss",
    "ece",
)
NAMES = MappingProxyType(
    {
        "majority": "recommend everything",
        "user-majority": "the user's own majority",
        "item-mean": "item mean",
        "user-mean": "user mean",
        "global-mean": "global mean",
        "bias": "user and item biases",
    }
)
"""What this study calls baselines, by their names in the table of models."""


def specs(setup: BooksSetup) -> dict[str, str]:
    """The models by name, as `make` takes them; without LightGBM there are no trees."""
    has_trees = importlib.util.find_spec(_PACKAGE) is not None
    return {
        name: spec.format(like=f"{setup.like:g}")
        for name, spec in _SPECS.items()
        if (has_trees or name not in (TREES, STACK)) and (setup.stack or name != STACK)
    }


@dataclass(frozen=True)
class AlternativeModels:
    """Models beside the published ones.

    Attributes:
        compared: by `evaluate`, with baselines.
        best: the one with the highest AUC on validation rows.
        validation: AUC on validation rows, by name in the table.
        predictions: of all models and baselines.
        trivial: names of the baselines.
    """

    compared: EvaluationSummary
    best: str
    validation: dict[str, float]
    predictions: dict[str, ModelPredictions]
    trivial: list[str]


def compare_alternatives(setup: BooksSetup) -> AlternativeModels:
    """Compare them with baselines, and predict validation and test rows with all."""
    evaluation = setup.evaluate(
        {name: setup.model(spec) for name, spec in specs(setup).items()},
        setup.split,
        METRICS,
        like=setup.like,
    )
    table = evaluation.table("like")
    return AlternativeModels(
        compared=EvaluationSummary.of(evaluation),
        best=max(specs(setup), key=lambda name: table[name].validation),
        validation={entry.name: entry.validation for entry in table.entries},
        predictions={
            NAMES.get(name, name): predict_parts(model, setup)
            for name, model in evaluation.models.items()
        },
        trivial=[NAMES.get(entry.name, entry.name) for entry in table.entries if entry.trivial],
    )

"""Models that use more of the log than the published ones, and what they predict."""

from __future__ import annotations

import importlib.util
from types import MappingProxyType

import penchant as pn
from penchant.results.evaluation import Evaluation
from penchant.studies.books.setup import Found, Setup, answers
from penchant.studies.study import Steps

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
"""What this study calls trivial answers, by their names in the table of models."""


def specs(setup: Setup) -> dict[str, str]:
    """The models by name, as `make` takes them; without LightGBM there are no trees."""
    there = importlib.util.find_spec(_PACKAGE) is not None
    return {
        name: spec.format(like=f"{setup.like:g}")
        for name, spec in _SPECS.items()
        if (there or name not in (TREES, STACK)) and (setup.stack or name != STACK)
    }


def strong(steps: Steps, setup: Setup) -> Found:
    """Compare them with trivial answers by `evaluate`, and keep what they predict."""
    found: Found = steps.do("strong", lambda: _strong(setup))
    return found


def _strong(setup: Setup) -> Found:
    compared: Evaluation = pn.evaluate(
        {name: setup.model(spec) for name, spec in specs(setup).items()},
        setup.split,
        METRICS,
        like=setup.like,
        replicates=setup.replicates,
        seed=setup.seed,
        run=setup.run,
    )
    table = compared.table("like")
    trivial = [entry.name for entry in table.entries if entry.trivial]
    return {
        "compared": compared,
        "best": max(specs(setup), key=lambda name: table[name].validation),
        "validation": {entry.name: entry.validation for entry in table.entries},
        "said": {
            NAMES.get(name, name): answers(model, setup) for name, model in compared.models.items()
        },
        "trivial": [NAMES.get(name, name) for name in trivial],
    }

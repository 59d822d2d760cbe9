"""Models that all users share, and what they say of each test row."""

from __future__ import annotations

import numpy as np

import penchant as pn
from penchant.studies.movies.recommendations import shown
from penchant.studies.movies.setup import EVERYTHING, MAJORITY, Found, Setup, contender

SHARED = {
    "attribute network": "attribute-network",
    "recurrent attribute network": "attribute-network:architecture=recurrent",
    "attribute network with item's likes": "attribute-network:item_rate=true",
    "rating-aware RBM": "rating-rbm",
    "AutoRec": "autorec",
}
"""One network for all users, by the name that tables have."""
OF_GENRES = "attribute network with item's likes"
"""The one whose recommendations are explained by genres."""
TRIVIAL = {MAJORITY: "user-majority", "item mean": "item-mean", "user and item biases": "bias"}
"""Trivial answers, and their names in the table of models."""
_METRICS = ("auc", "average-precision", "f1", "log-loss")


def shared(setup: Setup) -> Found:
    """Compare shared models on the test rows of all users, and keep what they say of some."""
    compared = pn.evaluate(
        {name: setup.model(spec) for name, spec in SHARED.items()},
        setup.split,
        _METRICS,
        like=4.0,
        replicates=setup.replicates,
        seed=setup.seed,
        run=setup.run,
    )
    table = compared.table("like")
    best = max(SHARED, key=lambda name: table[name].validation)
    fitted = {name: compared.models[name] for name in SHARED}
    fitted |= {name: compared.models[spec] for name, spec in TRIVIAL.items()}
    said = {name: contender(model, setup) for name, model in fitted.items()}
    said[EVERYTHING] = {
        "scores": np.ones(len(setup.test)),
        "chances": False,
        "cut": 0.5,
        "f1_cut": 0.5,
        "seconds": 0.0,
        "parameters": 0,
    }
    listed = dict.fromkeys([best, OF_GENRES])
    return {
        "compared": compared,
        "said": said,
        "recommended": {
            name: shown(compared.models[name].refit(setup.log, run=setup.run), setup)
            for name in listed
        },
    }

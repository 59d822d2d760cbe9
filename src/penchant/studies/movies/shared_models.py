"""Compare models that all users share, and score the test rows of the sample with them."""

from __future__ import annotations

from dataclasses import dataclass

from penchant.studies.movies.recommendations import FilmList, recommend_films
from penchant.studies.movies.setup import (
    EVERYTHING,
    MAJORITY,
    ModelScores,
    MoviesSetup,
    score_test_rows,
)
from penchant.studies.study import EvaluationSummary

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
"""Trivial predictions_or_scores, and their names in the table of models."""
_METRICS = ("auc", "average-precision", "f1", "log-loss")


@dataclass(frozen=True)
class SharedModels:
    """Models that all users share.

    Attributes:
        compared: on the test rows of all users.
        scores: of the sample's test rows.
        recommended: the first user's list by the best on validation rows, and by the model whose
            recommendations are explained by genres.
    """

    compared: EvaluationSummary
    scores: dict[str, ModelScores]
    recommended: dict[str, FilmList]

    @property
    def best(self) -> str:
        """The model that is best on validation rows, which alone choose one."""
        return next(iter(self.recommended))


def compare_shared_models(setup: MoviesSetup) -> SharedModels:
    """Compare shared models on the test rows of all users, and score those of the sample."""
    evaluation = setup.evaluate(
        {name: setup.model(spec) for name, spec in SHARED.items()},
        setup.split,
        _METRICS,
        like=4.0,
    )
    table = evaluation.table("like")
    best = max(SHARED, key=lambda name: table[name].validation)
    models = {name: evaluation.models[name] for name in SHARED}
    models |= {name: evaluation.models[spec] for name, spec in TRIVIAL.items()}
    scores = {name: score_test_rows(model, setup) for name, model in models.items()}
    scores[EVERYTHING] = ModelScores(
        scores=[1.0] * len(setup.test),
        probabilities=False,
        threshold=0.5,
        f1_threshold=0.5,
        seconds=0.0,
        parameters=0,
    )
    return SharedModels(
        compared=EvaluationSummary.of(evaluation),
        scores=scores,
        recommended={
            name: recommend_films(models[name].refit(setup.log, run=setup.run), setup)
            for name in dict.fromkeys([best, OF_GENRES])
        },
    )

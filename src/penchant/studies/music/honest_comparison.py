"""Compare the regressor with what is known beforehand, on later reviews, against baselines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from penchant.models import Recommender
from penchant.results import join_names
from penchant.studies.music.setup import MusicSetup
from penchant.studies.study import Conclusion, EvaluationSummary, Section

HONEST = "DNN, honest features"
MODELS = {
    HONEST: "dnn-regressor",
    "DNN, honest features, reconstructed": "dnn-regressor:code_dim=5",
    "DNN, honest features, linear output": "dnn-regressor:output=linear",
    "ordinal regression": "ordinal",
    "factorisation machine": "factorisation-machine",
}
OWN = "DNN with each review's own text (not known beforehand)"


def compare_honestly(setup: MusicSetup) -> EvaluationSummary:
    """Predict later reviews from earlier ones."""
    return _compare(setup, {name: setup.model(spec) for name, spec in MODELS.items()})


def compare_with_own_text(setup: MusicSetup) -> EvaluationSummary:
    """Predict the stars of a review from its own text."""
    return _compare(setup, {OWN: setup.model("dnn-regressor:own_text=true")})


def _compare(setup: MusicSetup, models: Mapping[str, Recommender]) -> EvaluationSummary:
    evaluation = setup.evaluate(
        models,
        setup.honest_split,
        ["rmse", "mae", "pearson", "auc"],
    )
    return EvaluationSummary.of(evaluation)


def section(setup: MusicSetup, compared: EvaluationSummary, own_text: EvaluationSummary) -> Section:
    """Intervals and verdicts, of what is known beforehand and of what is not."""
    return Section(
        title="Honestly: later reviews from earlier ones",
        text=f"""
            {setup.honest_split.sentence} Features are fitted on training rows; the statistics of a
            product, a brand or a style that a training row sees are counted without its fold, and
            those of a user come from what was known before. Epochs are chosen on validation rows.

            In a table of its own stands the network that also gets each review's own text: it
            answers another question, which is how many stars a text that has been written amounts
            to.
        """,
        conclusions=tuple(_conclusions(compared, own_text)),
        comparisons=(
            replace(compared, title="Ratings and likes of later reviews"),
            replace(own_text, title="The same reviews, with what the user wrote in them"),
        ),
        steps=("honest", "own-text"),
    )


def _conclusions(compared: EvaluationSummary, own_text: EvaluationSummary) -> list[Conclusion]:
    table = compared.tables["rating"]
    baseline = table.best_trivial
    better = [name for name in MODELS if table[name].verdict == "beats"]
    honest = table[HONEST].metrics[table.primary]
    own = own_text.tables["rating"][OWN].metrics[table.primary]
    conclusions = [
        Conclusion(
            "verdict",
            f"{join_names(better)} {'are' if len(better) > 1 else 'is'} better than the best "
            f"trivial answer, {baseline.name}, at predicting later ratings."
            if better
            else f"Of {len(MODELS)} models with what is known beforehand none predicts later "
            f"ratings better than the best trivial answer, {baseline.name}.",
        ),
        Conclusion(
            "honest",
            f"The network is off by {honest.value:.2f} stars there (root of the mean square), and "
            f"“{baseline.name}” by {baseline.metrics[table.primary].value:.2f}.",
        ),
        Conclusion(
            "trap",
            f"Told what the user wrote in the review, the network is off by {own.value:.2f} "
            "stars: that is reading, not foretelling.",
        ),
    ]
    likes = compared.tables.get("like")
    if likes is not None:
        best = likes.best_trivial
        auc = likes[HONEST].metrics["auc"].value
        conclusions.append(
            Conclusion(
                "honest",
                "Of a liked and a disliked product the network puts the liked one first in "
                f"{auc:.0%} of the cases, “{best.name}” in {best.metrics['auc'].value:.0%}.",
            )
        )
    return conclusions

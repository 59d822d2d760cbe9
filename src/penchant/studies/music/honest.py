"""The regressor with what is known beforehand, on later reviews, against trivial answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from penchant.evaluation import evaluate
from penchant.models.base import Recommender
from penchant.results.evaluation import Evaluation
from penchant.results.formatting import join_names
from penchant.studies.music.setup import Setup
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


def honest(setup: Setup) -> Evaluation:
    """Predict later reviews from earlier ones."""
    return _compared(setup, {name: setup.model(spec) for name, spec in MODELS.items()})


def words(setup: Setup) -> Evaluation:
    """Read the stars out of what the user wrote in the very review."""
    return _compared(setup, {OWN: setup.model("dnn-regressor:own_text=true")})


def _compared(setup: Setup, models: Mapping[str, Recommender]) -> Evaluation:
    return evaluate(
        models,
        setup.honest_split,
        ["rmse", "mae", "pearson", "auc"],
        replicates=setup.replicates,
        seed=setup.seed,
        run=setup.run,
    )


def section(setup: Setup, compared: EvaluationSummary, read: EvaluationSummary) -> Section:
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
        conclusions=tuple(_conclusions(compared, read)),
        comparisons=(
            replace(compared, title="Ratings and likes of later reviews"),
            replace(read, title="The same reviews, with what the user wrote in them"),
        ),
        steps=("honest", "honest-words"),
    )


def _conclusions(compared: EvaluationSummary, read: EvaluationSummary) -> list[Conclusion]:
    table = compared.tables["rating"]
    bar = table.best_trivial
    better = [name for name in MODELS if table[name].verdict == "beats"]
    figure = table[HONEST].metrics[table.primary]
    own = read.tables["rating"][OWN].metrics[table.primary]
    found = [
        Conclusion(
            "verdict",
            f"{join_names(better)} {'are' if len(better) > 1 else 'is'} better than the best "
            f"trivial answer, {bar.name}, at predicting later ratings."
            if better
            else f"Of {len(MODELS)} models with what is known beforehand none predicts later "
            f"ratings better than the best trivial answer, {bar.name}.",
        ),
        Conclusion(
            "honest",
            f"RMSE is {figure.value:.4f} for the DNN on honest features and "
            f"{bar.metrics[table.primary].value:.4f} for {bar.name} (gain {figure.gain:+.4f}, "
            f"{figure.gain_low:+.4f} to {figure.gain_high:+.4f}); told what the user wrote it is "
            f"{own.value:.4f} (gain {own.gain:+.4f}, {own.gain_low:+.4f} to {own.gain_high:+.4f}).",
        ),
    ]
    likes = compared.tables.get("like")
    if likes is not None:
        best = likes.best_trivial
        auc = likes[HONEST].metrics["auc"].value
        told = read.tables["like"][OWN].metrics["auc"].value
        found.append(
            Conclusion(
                "honest",
                f"Whether a later review is a like is told with an AUC of {auc:.3f} "
                f"({best.name}: {best.metrics['auc'].value:.3f}); with the review's own text "
                f"{told:.3f}.",
            )
        )
    return found

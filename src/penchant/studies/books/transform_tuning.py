"""Tune the transform of ratings over a grid: what it moves is where 8 lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from penchant.data import Adjusted
from penchant.metrics import AUC, LikeF1, Takes
from penchant.models import DotProduct, Recommender
from penchant.studies.books.networks import NETWORKS
from penchant.studies.books.setup import DECADES, SCALE, BooksSetup, f1
from penchant.studies.study import Conclusion, DataTable, Section, lines
from penchant.tuning import tune
from penchant.typing import Float64

INFLECTIONS, STEEPNESSES = (4.0, 5.0, 6.0), (0.5, 1.5, 2.5)
PUBLISHED = MappingProxyType(
    {
        (4.0, 0.5): 0.7318,
        (4.0, 1.5): 0.7319,
        (4.0, 2.5): 0.7319,
        (5.0, 0.5): 0.0117,
        (5.0, 1.5): 0.7319,
        (5.0, 2.5): 0.7319,
        (6.0, 0.5): 0.0,
        (6.0, 1.5): 0.242,
        (6.0, 2.5): 0.486,
    }
)
"""F1 on validation rows by inflection and steepness."""
NETWORK = next(each for each in NETWORKS if each.kind == "dropout" and each.target == "adjusted")


@dataclass(frozen=True)
class F1From(LikeF1):
    """F1 where scores from a fixed threshold on count as recommended, 0 where none does.

    Attributes:
        threshold: on the scale of the scores, whatever that is.
    """

    threshold: float

    label = "published-f1"
    takes: ClassVar[Takes] = "score"

    def terms(self, prediction: ArrayLike, truth: ArrayLike) -> Float64:
        """The cell of each row of the confusion matrix."""
        return super().terms(np.asarray(prediction) >= self.threshold, truth)


@dataclass(frozen=True)
class TransformTrial:
    """A network with dropout on ratings transformed in one way.

    Attributes:
        inflection: of the transform.
        steepness: of the transform.
        f1: on validation rows, at the published cut.
        auc: on validation rows.
        recommended: the share of validation rows that are recommended.
        curve: validation loss by epoch.
    """

    inflection: float
    steepness: float
    f1: float
    auc: float
    recommended: float
    curve: list[float]

    @property
    def key(self) -> tuple[float, float]:
        """Inflection and steepness."""
        return self.inflection, self.steepness

    @property
    def name(self) -> str:
        """What tables call it."""
        return f"{self.inflection:g} / {self.steepness:g}"


@dataclass(frozen=True)
class TransformTuning:
    """All trials of the grid.

    Attributes:
        trials: in the order of the grid.
        winner: inflection and steepness of the highest F1.
        edges: settings whose best value lies at an end of the grid, `low` or `high`.
    """

    trials: list[TransformTrial]
    winner: tuple[float, float]
    edges: dict[str, str]


def tune_transform(setup: BooksSetup) -> TransformTuning:
    """Train the network with dropout on each transform, evaluated on validation rows alone."""
    models: dict[tuple[float, float], DotProduct] = {}

    def model_of(inflection: float, steepness: float) -> Recommender:
        target = Adjusted(inflection, steepness)
        model = models[inflection, steepness] = NETWORK.model(setup, target=target)
        return model

    tuning = tune(
        model_of,
        setup.split,
        F1From(setup.like),
        space={"inflection": list(INFLECTIONS), "steepness": list(STEEPNESSES)},
        like=setup.like,
        seed=setup.seed,
        run=setup.run,
    )
    y, trials = setup.liked(setup.validation), []
    for trial in tuning.trials:
        assert trial.score is not None  # no network of the grid fails
        key = trial.values["inflection"], trial.values["steepness"]
        predictions = models[key].predict(setup.validation.rows)
        trials.append(
            TransformTrial(
                *key,
                f1=trial.score,
                auc=AUC()(predictions, y),
                recommended=float((predictions >= setup.like).mean()),
                curve=[row["validation_loss"] for row in models[key].curve_],
            )
        )
    best = tuning.best_trial.values
    return TransformTuning(trials, (best["inflection"], best["steepness"]), dict(tuning.edges))


def section(setup: BooksSetup, tuning: TransformTuning) -> Section:
    """Heat maps of F1 and AUC, the transforms, and the losses."""
    trials = tuning.trials
    y = setup.liked(setup.validation)
    everything = f1(np.ones(len(y)), y)
    return Section(
        title="Tuning the transform",
        text=f"""
            The original tunes the sigmoid: inflection 4, 5 or 6 and steepness .5, 1.5 or 2.5, each
            with a network with dropout trained on mean squared error ({NETWORK.name}), and goes by
            the F1 on validation rows of predictions from {setup.like:g} on. Which of its networks
            it was is not said. Each transform puts that {setup.like:g} at another original rating,
            and a network that predicts the same for everybody lies either above it or below.
        """,
        conclusions=tuple(_conclusions(tuning, everything)),
        tables=(
            _grid("published", PUBLISHED, "F1 on validation rows as published."),
            _grid("here", {t.key: t.f1 for t in trials}, "F1 on validation rows here."),
            _grid("AUC here", {t.key: t.auc for t in trials}, _AUC),
            _details(setup, trials),
        ),
        charts=(
            lines(
                "The transforms: what each rating becomes.",
                {t.name: _transform(t) for t in trials},
                x="rating",
                y="adjusted rating",
                levels={"counted from": setup.like},
            ),
            lines(
                "Validation loss by epoch, by inflection and steepness.",
                {t.name: t.curve for t in trials},
                log=_is_wide([loss for t in trials for loss in t.curve]),
            ),
        ),
        steps=("tuning",),
    )


_AUC = (
    "AUC on validation rows of the same networks: the chance that a liked row is put before "
    "another, whatever the threshold. One half is chance."
)


def _conclusions(tuning: TransformTuning, everything: float) -> list[Conclusion]:
    trials = tuning.trials
    everything_recommended = [t for t in trials if t.recommended == 1]
    nothing_recommended = [t for t in trials if t.recommended == 0]
    f1s = [t.f1 for t in trials]
    low, high = min(t.auc for t in trials), max(t.auc for t in trials)
    inflection, steepness = tuning.winner
    edges = [f"{name} {'low' if end == 'low' else 'high'}" for name, end in tuning.edges.items()]
    best = [t for t in trials if t.f1 == max(f1s)]
    at_edge = (
        f" It lies at an end of the grid ({', '.join(edges)}), so that the grid says nothing of "
        "where an optimum is."
        if edges
        else ""
    )
    return [
        Conclusion(
            "as published",
            "The published “best” (6, 2.5) has .486, less than six of the other eight: it is "
            "merely the last one of the grid, and the last that was not zero.",
        ),
        Conclusion(
            "trap",
            f"{len(everything_recommended)} of {len(trials)} networks recommend every validation "
            f"row, which has an F1 of {everything:.4f}, and {len(nothing_recommended)} recommend "
            "none; published are .7318 once and .7319 five times, which is recommending "
            f"everything. AUC over the grid is {low:.3f} to {high:.3f}: what is tuned is on which "
            "side of the threshold an all but constant prediction falls.",
        ),
        Conclusion(
            "honest",
            f"Highest F1 here: inflection {inflection:g}, steepness {steepness:g}.{at_edge}"
            if len(best) == 1
            else f"{len(best)} of {len(trials)} have the same highest F1, {max(f1s):.4f}, so that "
            f"nothing is to be chosen here.{at_edge}",
        ),
    ]


def _is_wide(losses: list[float]) -> bool:
    """Whether losses need a logarithmic scale."""
    return max(losses) > DECADES * min(losses)


def _transform(trial: TransformTrial) -> dict[float, float]:
    ratings = np.linspace(*SCALE, 37)
    values = Adjusted(*trial.key).of_ratings(ratings)
    return {float(x): float(v) for x, v in zip(ratings, values, strict=True)}


def _grid(what: str, values: Mapping[tuple[float, float], float], caption: str) -> DataTable:
    frame = pl.DataFrame(
        {f"inflection ({what})": [f"{i:g}" for i in INFLECTIONS]}
        | {f"steepness {s:g}": [values.get((i, s)) for i in INFLECTIONS] for s in STEEPNESSES},
        schema_overrides={f"steepness {s:g}": pl.Float64 for s in STEEPNESSES},
    )
    return DataTable(frame, caption, dict.fromkeys(frame.columns[1:], "fixed:4"), shade="high")


def _details(setup: BooksSetup, trials: list[TransformTrial]) -> DataTable:
    frame = pl.DataFrame(
        {
            "inflection / steepness": [t.name for t in trials],
            "counted from, original scale": [_counted_from(t.key, setup.like) for t in trials],
            "F1 published": [PUBLISHED[t.key] for t in trials],
            "F1": [t.f1 for t in trials],
            "AUC": [t.auc for t in trials],
            "recommended": [t.recommended for t in trials],
        }
    )
    return DataTable(
        frame,
        f"Which original rating counts as {setup.like:g} after each transform, and what comes of "
        "it on validation rows.",
        {"counted from, original scale": "fixed:2", "recommended": "percent:1"}
        | dict.fromkeys(("F1 published", "F1", "AUC"), "fixed:4"),
    )


def _counted_from(key: tuple[float, float], like: float) -> float | None:
    """The original rating that becomes the threshold, None where no rating of the scale does."""
    target = Adjusted(*key)
    low, high = target.of_ratings(SCALE)
    return float(target.to_rating([like])[0]) if low <= like <= high else None

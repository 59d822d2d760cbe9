"""Tune the transform of ratings over a grid: what it moves is where 8 lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import polars as pl

from penchant.data import Adjusted
from penchant.metrics import AUC
from penchant.studies.books.networks import NETWORKS, predict_by_network
from penchant.studies.books.setup import DECADES, SCALE, BooksSetup, f1
from penchant.studies.records import TrainingCurve, number_word
from penchant.studies.study import Conclusion, DataTable, Graph, Section, Steps, lines

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
_EQUAL = 5e-5  # F1 is published with four digits
STEPS = tuple(f"tuning-{i:g}-{s:g}".replace(".", "-") for i, s in PUBLISHED)


@dataclass(frozen=True)
class TransformTrial:
    """A network with dropout on ratings transformed in one way.

    Attributes:
        inflection: of the transform.
        steepness: of the transform.
        f1: on validation rows, at the published cut.
        auc: on validation rows.
        recommended: the share of validation rows that are recommended.
        curve: losses by epoch.
    """

    inflection: float
    steepness: float
    f1: float
    auc: float
    recommended: float
    curve: TrainingCurve

    @property
    def key(self) -> tuple[float, float]:
        """Inflection and steepness."""
        return self.inflection, self.steepness

    @property
    def name(self) -> str:
        """What tables call it."""
        return f"{self.inflection:g} / {self.steepness:g}"


def tune_transform(steps: Steps, setup: BooksSetup) -> list[TransformTrial]:
    """Train the network with dropout on each transform, evaluated on validation rows alone."""
    return [
        steps.do(step, TransformTrial, lambda key=key: _try(setup, *key))  # type: ignore[misc]
        for key, step in zip(PUBLISHED, STEPS, strict=True)
    ]


def _try(setup: BooksSetup, inflection: float, steepness: float) -> TransformTrial:
    model = NETWORK.model(setup, target=Adjusted(inflection, steepness))
    model.fit(setup.split.train, setup.validation, run=setup.run)
    found = predict_by_network(model, setup)
    values, y = found.of("validation"), setup.liked(setup.validation)
    decided = values >= setup.like
    return TransformTrial(
        inflection,
        steepness,
        f1=f1(decided, y),
        auc=AUC()(values, y),
        recommended=float(decided.mean()),
        curve=found.curve,
    )


def section(setup: BooksSetup, trials: Sequence[TransformTrial]) -> Section:
    """Grids of F1 and AUC, the transforms, and the losses."""
    y = setup.liked(setup.validation)
    return Section(
        title="Tuning the transform",
        text=f"""
            The original tunes the sigmoid: inflection 4, 5 or 6 and steepness .5, 1.5 or 2.5, each
            with a network with dropout trained on mean squared error ({NETWORK.name}), and goes by
            the F1 on validation rows of predictions from {setup.like:g} on. Which of its networks
            it was is not said. Each transform puts that {setup.like:g} at another original rating,
            and a network that predicts the same for everybody lies either above it or below.
        """,
        conclusions=tuple(_conclusions(trials, f1(np.ones(len(y)), y))),
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
            *(_losses(inflection, trials) for inflection in INFLECTIONS),
        ),
        steps=STEPS,
    )


_AUC = (
    "AUC on validation rows of the same networks: the chance that a liked row is put before "
    "another, whatever the threshold. One half is chance."
)


def _conclusions(trials: Sequence[TransformTrial], everything: float) -> list[Conclusion]:
    shares = [t.recommended for t in trials]
    best = [t for t in trials if t.f1 == max(t.f1 for t in trials)]
    last = list(PUBLISHED)[-1]
    higher = sum(value > PUBLISHED[last] for value in PUBLISHED.values())
    if len(best) > 1:
        chosen = f"{number_word(len(best)).capitalize()} settings share the highest F1 here, so "
        chosen += "that nothing is to be chosen."
    elif abs(best[0].f1 - everything) < _EQUAL:
        chosen = "The best setting here scores what recommending everything scores."
    else:
        chosen = (
            f"The best setting here is inflection {best[0].inflection:g} with steepness "
            f"{best[0].steepness:g}."
        )
    return [
        Conclusion(
            "trap",
            "What the tuning moves is how many books are recommended, "
            f"{min(shares):.0%} to {max(shares):.0%} of them, rather than which of them come "
            "first.",
        ),
        Conclusion(
            "as published",
            "The setting published as best is merely the last of the grid that was not zero: "
            f"{number_word(higher)} of the other eight were published with a higher score.",
        ),
        Conclusion("honest", chosen),
    ]


def _losses(inflection: float, trials: Sequence[TransformTrial]) -> Graph:
    series = {
        f"{t.steepness:g}, {part}": getattr(t.curve, part)
        for t in trials
        if t.inflection == inflection
        for part in ("training", "validation")
    }
    every = [loss for losses in series.values() for loss in losses if loss is not None]
    return lines(
        f"Loss by epoch with inflection {inflection:g}, by steepness.",
        series,
        log=max(every) > DECADES * min(every),
    )


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


def _details(setup: BooksSetup, trials: Sequence[TransformTrial]) -> DataTable:
    frame = pl.DataFrame(
        {
            "inflection / steepness": [t.name for t in trials],
            "counted from, original scale": [_counted_from(t.key, setup.like) for t in trials],
            "F1 published": [PUBLISHED[t.key] for t in trials],
            "F1": [t.f1 for t in trials],
            "against published": [
                setup.against_published(PUBLISHED[t.key], t.f1, better="high") for t in trials
            ],
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

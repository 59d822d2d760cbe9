"""A study of a made log, small enough for tests: the mean rating, and who predicts likes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np
import polars as pl
from pydantic import Field

import penchant as pn
from penchant.data.dataset import Dataset
from penchant.models import make
from penchant.run import Run
from penchant.studies.study import (
    Conclusion,
    DataTable,
    EvaluationSummary,
    Opening,
    Section,
    Steps,
    StudyResult,
    bars,
    lines,
    points,
    reliability,
)


@dataclass(frozen=True)
class Counted:
    """What the first step gives."""

    mean: float
    loss: list[float]
    chances: list[float]
    happened: list[bool]
    gap: float


TITLE = "Means of <b>ratings</b> & who beats them"
DATA = "movielens-1m"
SMALL_DATA = "movielens-100k"
CALLS: list[str] = []


def run(
    log: Dataset | None = None,
    *,
    seed: int = 0,
    run: Run | None = None,
    epochs: Annotated[int, Field(ge=1)] = 3,
    threshold: float | None = None,
) -> StudyResult:
    """Count, compare and tell."""
    log = pn.load(DATA, run=run) if log is None else log
    options = {"epochs": epochs, "threshold": threshold}
    steps = Steps("tiny", log, version=1, seed=seed, options=options, run=run)

    def count() -> Counted:
        CALLS.append("count")
        rng = np.random.default_rng(seed)
        chances = rng.random(2000)
        return Counted(
            mean=float(log.ratings.mean()),
            loss=(1 / np.arange(1, epochs + 1)).tolist(),
            chances=chances.tolist(),
            happened=(rng.random(2000) < chances).tolist(),
            gap=float("nan"),
        )

    def compare() -> EvaluationSummary:
        CALLS.append("compare")
        split = pn.split_per_user(log, validation=0.1, test=0.2, seed=seed)
        metrics = ["ndcg@5", "auc"]
        models = [make("item-knn")]
        found = pn.evaluate(models, split, metrics, replicates=50, seed=seed, run=run)
        return EvaluationSummary.of(found, "Item kNN & co")

    counted = steps.do("count", Counted, count)
    compared = steps.do("compare", EvaluationSummary, compare)
    grid = pl.DataFrame({"inflection": ["4", "5"], "0.5": [0.73, 0.01], "1.5": [None, 0.74]})
    mean = counted.mean
    means = pl.DataFrame({"who": ["all"], "mean": [mean], "mean low": [1.0], "mean high": [5.0]})
    return steps.result(
        title=TITLE,
        opening=Opening(
            claimed="A <i>mean</i> is published.",
            holds="It is found again.",
            use="Use the mean.",
            graph=bars("Means.", {"": {"all": mean}}),
        ),
        sections=[
            Section(
                title="Means",
                text="One line\n    that goes on.\n\nAnother.",
                conclusions=(
                    Conclusion("as published", "The mean is 3 <stars>."),
                    Conclusion("honest", f"The mean is {mean:.4f}."),
                    Conclusion("trap", "A mean says little."),
                ),
                tables=(
                    DataTable(means, "Means.", {"mean": "fixed:4"}),
                    DataTable(grid, "F1 over a grid.", shade="high"),
                ),
                charts=(
                    bars("Means by way.", {"as published": {"all": 3.0}, "here": {"all": mean}}),
                    lines("Loss by epoch.", {"training": counted.loss}, places={"kept": 2}),
                    points("Told and true.", counted.chances, counted.chances),
                    reliability(
                        "Chances.", {"made": np.array(counted.chances)}, np.array(counted.happened)
                    ),
                ),
                steps=("count",),
            ),
            Section(
                title="Models",
                conclusions=(Conclusion("verdict", "Something beats the mean."),),
                comparisons=(compared, compared),
                steps=("compare",),
            ),
        ],
    )

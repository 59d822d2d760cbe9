"""The same network where no review is in training and test at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from penchant.data.dataset import Dataset
from penchant.data.splits import Split
from penchant.errors import DataError
from penchant.evaluation import evaluate
from penchant.results.evaluation import Evaluation
from penchant.results.formatting import join_names
from penchant.studies.fashion.published import METRICS
from penchant.studies.fashion.setup import GAUSSIAN, Found, Setup, honest_splits
from penchant.studies.study import Conclusion, EvaluationSummary, Section

HYBRID, BARE = "hybrid", "hybrid without texts"


def honest(setup: Setup, logs: dict[str, Dataset]) -> Found:
    """Judge the network on each log without copies, by time and by user."""
    found: Found = {}
    for name, log in logs.items():
        try:
            splits = honest_splits(log, setup.seed)
        except DataError:  # nothing is left to divide
            continue
        for way, split in splits.items():
            found[f"{name}, {way}"] = {
                "compared": _judged(setup, split),
                "median": _median(split),
                "reviews": len(split.log),
                "of": len(log),
                "test users": split.test.n_users,
                "new": split.test.n_new_users,
            }
    return found


def _judged(setup: Setup, split: Split) -> Evaluation:
    models = {
        HYBRID: setup.network("reviews=true"),
        BARE: setup.network("content=none"),
        "hybrid, squared error": setup.network("reviews=true,loss=mse,learning_rate=0.003"),
    } | setup.process()
    return evaluate(
        models,
        split,
        list(METRICS),
        replicates=setup.replicates,
        seed=setup.seed,
        run=setup.run,
    )


def _median(split: Split) -> Found:
    """The median of all training ratings, and how far from it test ratings lie on the mean."""
    assert split.test.ratings is not None  # reviews have ratings
    median = float(np.median(split.train.ratings))
    return {"rating": median, "mae": float(np.abs(split.test.ratings - median).mean())}


def section(found: Found) -> Section:
    """Intervals and verdicts of every log and split."""
    compared = {name: EvaluationSummary.load(told["compared"]) for name, told in found.items()}
    counts = [
        f"{name}: {told['reviews']:,} of {told['of']:,} reviews are left, {told['new']:,} of "
        f"{told['test users']:,} test users have no training review"
        for name, told in found.items()
    ]
    return Section(
        title="Honestly: each review once",
        text=f"""
            Each user's text counts once, whatever its case and punctuation, before the log is
            divided: by time, which asks for later ratings from earlier ones, and by user, which
            asks for the ratings of people nobody knows. Means minimise squared errors, so that
            absolute ones are to be set beside the median of the training ratings.

            The network is the published one, stopped by the validation rows, with the texts of
            training reviews and without, and with a squared error in the place of the absolute
            one; beside it stands a Gaussian process of ratings alone, where there are not too many
            items for one. {"; ".join(counts)}.
        """,
        conclusions=tuple(_conclusions(found, compared)),
        comparisons=tuple(replace(each, title=name) for name, each in compared.items()),
        steps=("honest",),
    )


def _conclusions(found: Found, compared: dict[str, EvaluationSummary]) -> list[Conclusion]:
    said: list[Conclusion] = []
    better: dict[str, list[str]] = {}
    for name, each in compared.items():
        table = each.tables["rating"]
        own, bar = table[HYBRID].metrics["rmse"], table.best_trivial
        there = [e for e in table.entries if e.name in (HYBRID, GAUSSIAN)]
        for e in sorted(there, key=lambda e: e.name != HYBRID):
            better.setdefault(e.name, [])
            if e.metrics["rmse"].verdict == "beats":
                better[e.name].append(name)
        process = [e.metrics["rmse"].value for e in there if e.name == GAUSSIAN]
        mae, median = table[HYBRID].metrics["mae"].value, found[name]["median"]
        said.append(
            Conclusion(
                "honest",
                f"{name}: RMSE {own.value:.3f} ({own.low:.3f} to {own.high:.3f}) of the network, "
                + "".join(f"{value:.3f} of the Gaussian process, " for value in process)
                + f"{bar.metrics['rmse'].value:.3f} of {bar.name}; MAE {mae:.3f} of the network, "
                f"where always saying {median['rating']:g} has {median['mae']:.3f}.",
            )
        )
    if said:
        names = {HYBRID: "the published network", GAUSSIAN: "the Gaussian process"}
        told = [
            f"{names[model]} is better than the best trivial answer on "
            + (join_names(where) if where else f"none of {len(said)} splits")
            for model, where in better.items()
        ]
        said.append(Conclusion("verdict", f"With each review once, {', '.join(told)}."))
    return said

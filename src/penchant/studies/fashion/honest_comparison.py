"""Compare the same network where no review is in training and test at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from penchant.data import Dataset, Split
from penchant.errors import DataError
from penchant.results import join_names
from penchant.studies.fashion.published import METRICS
from penchant.studies.fashion.setup import GAUSSIAN, FashionSetup, honest_splits
from penchant.studies.study import Conclusion, EvaluationSummary, Section

HYBRID, BARE = "hybrid", "hybrid without content"
UNKNOWN = "hybrid, unknown rows trained"


@dataclass(frozen=True)
class MedianBaseline:
    """The median of all training ratings.

    Attributes:
        rating: the median.
        mae: how far test ratings lie from it on the mean.
    """

    rating: float
    mae: float


@dataclass(frozen=True)
class HonestSplit:
    """The network on a log without copies, by one kind of split.

    Attributes:
        compared: with variants and baselines.
        median: the baseline for absolute errors.
        reviews: that are left.
        of: how many there were with copies.
        test_users: users with test rows.
        new_users: of these, how many have no training review.
    """

    compared: EvaluationSummary
    median: MedianBaseline
    reviews: int
    of: int
    test_users: int
    new_users: int


def compare_honestly(setup: FashionSetup, logs: Mapping[str, Dataset]) -> dict[str, HonestSplit]:
    """Compare the network with baselines on each log without copies, by time and by user."""
    results: dict[str, HonestSplit] = {}
    for name, log in logs.items():
        try:
            splits = honest_splits(log, setup.seed)
        except DataError:  # nothing is left to divide
            continue
        for kind, split in splits.items():
            results[f"{name}, {kind}"] = HonestSplit(
                compared=_compare(setup, split),
                median=_median(split),
                reviews=len(split.log),
                of=len(log),
                test_users=split.test.n_users,
                new_users=split.test.n_new_users,
            )
    return results


def _compare(setup: FashionSetup, split: Split) -> EvaluationSummary:
    models = {
        HYBRID: setup.network("reviews=true"),
        BARE: setup.network("content=none"),
        UNKNOWN: setup.network("reviews=true,id_dropout=0.1"),
        "hybrid, squared error": setup.network(
            "reviews=true,id_dropout=0.1,loss=mse,learning_rate=0.003"
        ),
    } | setup.gaussian_process()
    evaluation = setup.evaluate(
        models,
        split,
        list(METRICS),
    )
    return EvaluationSummary.of(evaluation)


def _median(split: Split) -> MedianBaseline:
    assert split.test.ratings is not None  # reviews have ratings
    median = float(np.median(split.train.ratings))
    return MedianBaseline(median, float(np.abs(split.test.ratings - median).mean()))


def section(results: Mapping[str, HonestSplit]) -> Section:
    """Intervals and verdicts of every log and split."""
    counts = [
        f"{name}: {each.reviews:,} of {each.of:,} reviews are left, {each.new_users:,} of "
        f"{each.test_users:,} test users have no training review"
        for name, each in results.items()
    ]
    return Section(
        title="Honestly: each review once",
        text=f"""
            Each user's text counts once, whatever its case and punctuation, before the log is
            divided: by time, which asks for later ratings from earlier ones, and by user, which
            asks for the ratings of people nobody knows. Means minimise squared errors, so that
            absolute ones are to be set beside the median of the training ratings.

            The network is the published one, stopped by the validation rows, with titles, pictures
            and the texts of training reviews as far as the log has them, and without; then with a
            tenth of the training events shown as of unknown users, so that new users are
            something it was trained for, and with a squared error in the place of the absolute one.
            Beside it stands a Gaussian process of ratings alone, where there are not too many
            items for one. {"; ".join(counts)}.
        """,
        conclusions=tuple(_conclusions(results)),
        comparisons=tuple(replace(each.compared, title=name) for name, each in results.items()),
        steps=("honest",),
    )


def _conclusions(results: Mapping[str, HonestSplit]) -> list[Conclusion]:
    conclusions: list[Conclusion] = []
    better: dict[str, list[str]] = {}
    for name, each in results.items():
        table = each.compared.tables["rating"]
        own, baseline = table[HYBRID].metrics["rmse"], table.best_trivial
        models = {e.name: e.metrics["rmse"] for e in table.entries}
        models = {n: models[n] for n in (HYBRID, GAUSSIAN) if n in models}
        for model, value in models.items():
            better.setdefault(model, [])
            if value.verdict == "beats":
                better[model].append(name)
        process = [value.value for model, value in models.items() if model == GAUSSIAN]
        mae, median = table[HYBRID].metrics["mae"].value, each.median
        conclusions.append(
            Conclusion(
                "honest",
                f"{name}: RMSE {own.value:.3f} ({own.low:.3f} to {own.high:.3f}) of the network, "
                + "".join(f"{value:.3f} of the Gaussian process, " for value in process)
                + f"{baseline.metrics['rmse'].value:.3f} of {baseline.name}; MAE {mae:.3f} of the "
                f"network, where always saying {median.rating:g} has {median.mae:.3f}.",
            )
        )
    if conclusions:
        names = {HYBRID: "the published network", GAUSSIAN: "the Gaussian process"}
        verdicts = [
            f"{names[model]} is better than the best trivial answer on "
            + (join_names(splits) if splits else f"none of {len(results)} splits")
            for model, splits in better.items()
        ]
        conclusions.append(Conclusion("verdict", f"With each review once, {', '.join(verdicts)}."))
    return conclusions

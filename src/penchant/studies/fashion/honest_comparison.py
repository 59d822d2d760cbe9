"""Compare the same network where no review is in training and test at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from penchant.data import Dataset, Split
from penchant.errors import DataError
from penchant.studies.fashion.published import METRICS
from penchant.studies.fashion.setup import (
    GAUSSIAN,
    QUICK_START,
    FashionSetup,
    honest_splits,
    plain_name,
)
from penchant.studies.records import Gain
from penchant.studies.study import Conclusion, DataTable, EvaluationSummary, Section

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
        HYBRID: setup.network(f"reviews=true,{QUICK_START}"),
        BARE: setup.network(f"content=none,{QUICK_START}"),
        UNKNOWN: setup.network(f"reviews=true,id_dropout=0.1,{QUICK_START}"),
        "hybrid, squared error": setup.network(
            f"reviews=true,id_dropout=0.1,loss=mse,learning_rate=0.003,{QUICK_START}"
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
    return Section(
        title="Honestly: each review once",
        text="""
            Each user's text counts once, whatever its case and punctuation, before the log is
            divided: by time, which asks for later ratings from earlier ones, and by user, which
            asks for the ratings of people nobody knows. Means minimise squared errors, so that
            absolute ones are to be set beside the median of the training ratings.

            The network is the published one, but starts at the median rating, since so few rows
            would not lead it there from zero, and is stopped by the validation rows; with titles,
            pictures and the texts of training reviews as far as the log has them, and without; then
            with a tenth of the training events shown as of unknown users, so that new users are
            something it was trained for, and with a squared error in the place of the absolute one.
            Beside it stands a Gaussian process of ratings alone, where there are not too many
            items for one.
        """,
        conclusions=tuple(_conclusions(results)),
        tables=(
            DataTable(
                pl.DataFrame([_row(*pair) for pair in results.items()], infer_schema_length=None),
                "RMSE of the network, of the Gaussian process and of the best trivial answer; MAE "
                "of the network and of always saying the median.",
            ),
        )
        if results
        else (),
        comparisons=tuple(replace(each.compared, title=name) for name, each in results.items()),
        steps=("honest",),
    )


def _row(name: str, each: HonestSplit) -> dict[str, object]:
    table = each.compared.tables["rating"]
    rmse = {e.name: e.metrics["rmse"].value for e in table.entries}
    own, best = table[HYBRID].metrics["rmse"], table.best_trivial
    return {
        "log and split": name,
        "reviews left": f"{each.reviews:,} of {each.of:,}",
        "new test users": f"{each.new_users:,} of {each.test_users:,}",
        **Gain(own.value, own.low, own.high).columns("network"),
        "Gaussian process": rmse.get(GAUSSIAN),
        "best trivial": rmse[best.name],
        "which is": plain_name(best.name),
        "network's MAE": table[HYBRID].metrics["mae"].value,
        "median's MAE": each.median.mae,
    }


def _conclusions(results: Mapping[str, HonestSplit]) -> list[Conclusion]:
    if not results:
        return []
    n = len(results)
    verdicts = {}
    for model in (HYBRID, GAUSSIAN):
        values = [
            entry.metrics["rmse"].verdict
            for each in results.values()
            for entry in each.compared.tables["rating"].entries
            if entry.name == model
        ]
        if values:
            verdicts[model] = values.count("beats")
    names = {HYBRID: "the published network", GAUSSIAN: "a Gaussian process"}
    median = sum(
        each.median.mae <= each.compared.tables["rating"][HYBRID].metrics["mae"].value
        for each in results.values()
    )
    new = sum(each.new_users > 0.5 * each.test_users for each in results.values())
    return [
        *(
            Conclusion(
                "verdict",
                f"With each review once, {names[model]} is better than the best average on "
                f"{_of(count, n)}.",
            )
            for model, count in verdicts.items()
        ),
        Conclusion(
            "trap",
            "By absolute errors, always saying the median is at least as good as the network on "
            f"{_of(median, n)}.",
        ),
        Conclusion(
            "honest",
            f"On {_of(new, n)} most test users have no training review: their vectors cannot help.",
        ),
    ]


def _of(count: int, n: int) -> str:
    """How many of some splits, in words."""
    return f"all {n} splits" if count == n else f"{count or 'none'} of {n} splits"

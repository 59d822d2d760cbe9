"""The section on sentiment: the published accuracy beside the majority's and other classifiers."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from penchant.metrics import ExpectedCalibrationError
from penchant.results import join_names
from penchant.studies.music.review_set import ReviewSet
from penchant.studies.music.sentiment import (
    CNN,
    PLAIN,
    ClassifierComparison,
    ClassifierResult,
    PublishedSentiment,
    SentimentResults,
)
from penchant.studies.music.setup import (
    PUBLISHED_COUNTS,
    MusicSetup,
    plain_name,
    seconds_table,
    short_name,
    sizes_table,
)
from penchant.studies.records import Gain
from penchant.studies.study import Conclusion, DataTable, Graph, Section, bars, lines, reliability

ACCURACY = 0.914
"""As published: the last line of the training log, called test accuracy elsewhere."""
PARAMETERS = {
    "embedding": 15_000,
    "convolution": 153_728,
    "dense layer": 23_070,
    "output": 62,
    "in all": 191_860,
}
"""Numbers of each layer, as published."""
_SECONDS = 660.0
_SHOWN = ("AUC", "over tfidf", "over as published")
_FURTHER = (
    "accuracy", "F1", "precision", "recall", "recall of negatives", "F1 of negatives",
    "AP of negatives", "seconds",
)  # fmt: skip


def section(
    setup: MusicSetup, reviews: ReviewSet, compared: ReviewSet, results: SentimentResults
) -> Section:
    """Everything on sentiment."""
    published, fast = results.published, results.fast
    return Section(
        title="Sentiment of the reviews",
        text=f"""
            A review is positive if it has more than 3 stars. The published network reads the
            first twenty words of the summary, of which it knows the 100 most frequent:
            {_sizes(published)["in all"]:,} parameters, binary
            cross-entropy, Adam, {len(published.curve)} epochs in batches of 16, of which there
            are {published.steps:,} an epoch here (published: {PUBLISHED_COUNTS["steps"]:,}).

            First as published: it learns from a random 70 % of the rows of
            {plain_name(setup.log.name)} and answers for the rest. {_union(reviews)}

            Then honestly: one row per user and text ({fast.rows:,} rows of {fast.users:,}
            users{_drawn(compared)}), {fast.splits} {"splits" if fast.splits > 1 else "split"} by
            user, so that nobody's reviews are on both sides; the number of epochs, weights of
            blends and the like are chosen on users inside the training part. All classifiers but
            the published network read summary and text. Intervals draw users with replacement.
        """,
        conclusions=tuple(_conclusions(results)),
        charts=tuple(_charts(results, compared)),
        tables=(
            *_decided(setup, results),
            DataTable(
                sizes_table({n: (PARAMETERS[n], each) for n, each in _sizes(published).items()}),
                "Numbers that the published network learns.",
            ),
            seconds_table(setup, "network of sentiment", _SECONDS, published.seconds),
            _table(fast, f"By user{_means(fast.splits)}."),
            _table(results.slow, "Networks of other kinds and a blend, on the first split."),
            _table(results.remedies, "The published network and what helps against rare classes."),
        ),
        steps=results.steps,
    )


def _sizes(published: PublishedSentiment) -> dict[str, int]:
    return published.layers | {"in all": sum(published.layers.values())}


def _means(splits: int) -> str:
    return f", means over {splits} splits" if splits > 1 else ", on one split"


def _union(reviews: ReviewSet) -> str:
    """Which sets are learned from together, and which were missing."""
    if len(reviews.names) < 2:
        return ""
    sets = join_names([f"{name} ({n:,} reviews)" for name, n in reviews.names.items()])
    missing = join_names(list(reviews.missing))
    return f"The same again on all sets together: {sets}." + (
        f" Not found here, and so left out: {missing}." if missing else ""
    )


def _drawn(compared: ReviewSet) -> str:
    if compared.drawn_from is None:
        return ""
    return f", drawn by user from {compared.drawn_from:,} reviews"


def _decided(setup: MusicSetup, results: SentimentResults) -> tuple[DataTable, DataTable]:
    """Shares and confusion matrices of the published network and of the majority."""
    shares, counts = [], []
    for trained in (results.published, results.union):
        if trained is None:
            continue
        (tn, fp), (fn, tp) = trained.confusion
        positive = tp + fn >= tn + fp
        always = ((0, tn + fp), (0, fn + tp)) if positive else ((tn + fp, 0), (fn + tp, 0))
        for name, ((a, b), (c, d)) in {
            "published network": ((tn, fp), (fn, tp)),
            f"always {'positive' if positive else 'negative'}": always,
        }.items():
            own = name == "published network" and trained is results.published
            accuracy = (a + d) / (a + b + c + d)
            who: dict[str, Any] = {"classifier": name, "reviews of": trained.learned_from}
            shares.append(
                who
                | {
                    "published": ACCURACY if own else None,
                    "accuracy": accuracy,
                    "against published": setup.against_published(
                        ACCURACY if own else None, accuracy, better="high"
                    ),
                    "precision": _over(d, b + d),
                    "recall": _over(d, c + d),
                    "F": _over(2 * d, 2 * d + b + c),
                    "recall of negatives": _over(a, a + b),
                }
            )
            counts.append(
                who
                | {
                    "negative, called so": a,
                    "negative, called positive": b,
                    "positive, called negative": c,
                    "positive, called so": d,
                }
            )
    places = ("published", "accuracy", "precision", "recall", "F", "recall of negatives")
    return (
        DataTable(
            pl.DataFrame(shares, infer_schema_length=None),
            "As published: decisions on a random 30 % of the rows; published is the accuracy."
            + setup.told_apart,
            dict.fromkeys(places, "percent:2"),
        ),
        DataTable(pl.DataFrame(counts), "The same decisions, counted (confusion matrices)."),
    )


def _over(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _table(compared: ClassifierComparison, caption: str) -> DataTable:
    rows = [each.columns() for each in compared.classifiers]
    table = pl.DataFrame(rows, infer_schema_length=None)
    shown = [
        column
        for name in _SHOWN
        for column in (name, f"{name} low", f"{name} high")
        if column in table.columns
    ]
    table = table.select("classifier", *shown, *_FURTHER)
    formats = {name: "signed:3" for name in _SHOWN[1:] if name in table.columns}
    return DataTable(table, caption, formats | {"seconds": "duration"})


def accuracies(published: PublishedSentiment) -> tuple[float, float]:
    """The share of test rows that the published network and the larger class are right on."""
    (tn, fp), (fn, tp) = published.confusion
    n = tn + fp + fn + tp
    return (tn + tp) / n, max(tn + fp, fn + tp) / n


def _conclusions(results: SentimentResults) -> list[Conclusion]:
    published, fast, slow = results.published, results.fast, results.slow
    (tn, fp), _ = published.confusion
    accuracy, always = accuracies(published)
    cnn = fast[CNN]
    others = [row for row in slow.classifiers if row.classifier not in ("majority", "tfidf")]
    best = max(others, key=lambda row: row.auc[0])
    remedies = [row for row in results.remedies.classifiers if row.classifier != "majority"]
    finder = max(remedies, key=lambda row: row.negative_recall)
    plain = results.remedies[PLAIN]
    error = ExpectedCalibrationError()(
        np.asarray(published.probabilities), np.asarray(published.truth, bool)
    )
    side = "positive" if published.positive >= 0.5 else "negative"
    conclusions = [
        Conclusion(
            "as published",
            f"The published network is right on {accuracy:.2%} of the test reviews and finds "
            f"{_percent(tn, tn + fp)} of the negative ones.",
        ),
        Conclusion(
            "trap",
            f"Calling every review {side} is right on {always:.2%} of them, so that the network "
            + (
                "adds nothing."
                if accuracy <= always
                else f"adds {100 * (accuracy - always):.2f} points."
            ),
        ),
        Conclusion(
            "verdict",
            "On reviews of unknown users, counted words with a logistic regression put positive "
            f"before negative reviews {_against(cnn)} the published network.",
        ),
        Conclusion(
            "honest",
            f"The best of the slower classifiers, “{best.classifier}”, is at that "
            f"{_than(best.gains['tfidf'])} counted words.",
        ),
    ]
    if finder is not plain:
        cost = plain.accuracy - finder.accuracy
        conclusions.append(
            Conclusion(
                "honest",
                f"Against the rare class, “{finder.classifier}” helps most: it finds "
                f"{finder.negative_recall:.0%} of the negative reviews, the plain network "
                f"{plain.negative_recall:.0%}"
                + (", and is right less often in all." if cost > 0 else "."),
            )
        )
    conclusions.append(
        Conclusion(
            "honest",
            f"The chances that the network states are off by {100 * error:.1f} points on the mean.",
        )
    )
    return conclusions


def _against(network: ClassifierResult) -> str:
    """How counted words stand to the network, by the interval of its gain over them."""
    gain = network.gains["tfidf"]
    return _than(Gain(-gain.value, -gain.high, -gain.low))


def _than(gain: Gain) -> str:
    if gain.low > 0:
        return "better than"
    return "worse than" if gain.high < 0 else "no better than"


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "none"


def _charts(results: SentimentResults, compared: ReviewSet) -> list[Graph]:
    published = results.published
    curve = published.curve
    auc = {
        each.classifier: each.auc
        for compared in (results.slow, results.fast)  # the mean over all splits where there is one
        for each in compared.classifiers
    }
    always = max(published.positive, 1 - published.positive)
    validated = results.fast[CNN].curve
    own, names = published.learned_from, list(compared.names)
    by_user = f"by user, {short_name(names[0]) if len(names) == 1 else f'{len(names)} sets'}"
    return [
        lines(
            "Loss of the published network by epoch: as published, and where some training users "
            "only validate; each curve says on which reviews.",
            {
                f"training, as published, {own}": [row["loss"] for row in curve],
                f"training, {by_user}": [row["loss"] for row in validated],
                f"validation, {by_user}": [row.get("validation_loss") for row in validated],
            },
        ),
        lines(
            "Its accuracy by epoch beside that of the larger class among test rows of the same "
            "reviews.",
            {
                f"training, as published, {own}": [row["accuracy"] for row in curve],
                f"validation, {by_user}": [row.get("validation_accuracy") for row in validated],
            },
            y="accuracy",
            levels={
                f"larger class, as published, {own}": always,
                f"larger class, {by_user}": results.fast["majority"].accuracy,
                "published": ACCURACY,
            },
        ),
        bars(
            "AUC of all classifiers by user, with intervals.",
            {"": {name: auc[name] for name in sorted(auc, key=lambda name: -auc[name][0])}},
            x="AUC",
            levels={"nothing told": 0.5},
            half=True,
        ),
        reliability(
            "Stated chances of the published network and what happened.",
            {"published network": np.asarray(published.probabilities)},
            np.asarray(published.truth, bool),
        ),
    ]

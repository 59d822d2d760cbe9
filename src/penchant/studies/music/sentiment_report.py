"""The section on sentiment: the published accuracy beside the majority's and other classifiers."""

from __future__ import annotations

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
from penchant.studies.study import Conclusion, DataTable, Graph, Section, bars, lines, reliability

ACCURACY = 0.914
"""As published: the last line of the training log, called test accuracy elsewhere."""
PARAMETERS = 191_860
_SHOWN = ("AUC", "over tfidf", "over as published")
_FURTHER = (
    "accuracy", "F1", "precision", "recall", "recall of negatives", "F1 of negatives",
    "AP of negatives", "seconds",
)  # fmt: skip


def section(reviews: ReviewSet, results: SentimentResults) -> Section:
    """Everything on sentiment."""
    published, fast = results.published, results.fast
    return Section(
        title="Sentiment of the reviews",
        text=f"""
            A review is positive if it has more than 3 stars. The published network reads the
            first twenty words of the summary, of which it knows the 100 most frequent:
            {published.parameters:,} parameters (published: {PARAMETERS:,}), binary
            cross-entropy, Adam, {len(published.curve)} epochs in batches of 16, of which there
            are {published.steps:,} an epoch here (published: 7,999).

            Learned from:
            {join_names([f"{name} ({n:,} reviews)" for name, n in reviews.names.items()])}.
            {_missing(reviews)} First as published, on a random 30 % of all rows. Then honestly: one
            row per user and text ({fast.rows:,} rows of {fast.users:,} users),
            {fast.splits} {"splits" if fast.splits > 1 else "split"} by user, so that
            nobody's reviews are on both sides; the number of epochs, weights of blends and the
            like are chosen on users inside the training part. All classifiers but the published
            network read summary and text. Intervals draw users with replacement.
        """,
        conclusions=tuple(_conclusions(results)),
        charts=tuple(_charts(results)),
        tables=(
            _decided(published),
            _table(fast, f"By user{_means(fast.splits)}."),
            _table(results.slow, "Networks of other kinds and a blend, on the first split."),
            _table(results.remedies, "The published network and what helps against rare classes."),
        ),
        steps=results.steps,
    )


def _means(splits: int) -> str:
    return f", means over {splits} splits" if splits > 1 else ", on one split"


def _missing(reviews: ReviewSet) -> str:
    if not reviews.missing:
        return ""
    return f"Not found here, and so left out: {join_names(list(reviews.missing))}."


def _decided(published: PublishedSentiment) -> DataTable:
    """The confusion matrix of the published network and of the majority, with its shares."""
    (tn, fp), (fn, tp) = published.confusion
    majority = ((0, tn + fp), (0, fn + tp))
    rows = []
    for name, ((a, b), (c, d)) in {
        "published network": ((tn, fp), (fn, tp)),
        "always positive": majority,
    }.items():
        rows.append(
            {
                "classifier": name,
                "published accuracy": ACCURACY if name == "published network" else None,
                "accuracy": (a + d) / (a + b + c + d),
                "precision": _over(d, b + d),
                "recall": _over(d, c + d),
                "F": _over(2 * d, 2 * d + b + c),
                "recall of negatives": _over(a, a + b),
                "negative, called so": a,
                "negative, called positive": b,
                "positive, called negative": c,
                "positive, called so": d,
            }
        )
    shares = ("published accuracy", "accuracy", "precision", "recall", "F", "recall of negatives")
    return DataTable(
        pl.DataFrame(rows, infer_schema_length=None),
        "As published: decisions on a random 30 % of the rows.",
        dict.fromkeys(shares, "percent:2"),
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
    (tn, fp), (fn, tp) = published.confusion
    n = tn + fp + fn + tp
    accuracy, always = accuracies(published)
    cnn, majority, tfidf = (fast[name] for name in (CNN, "majority", "tfidf"))
    others = [row for row in slow.classifiers if row.classifier != "majority"]
    best = max(others, key=lambda row: row.auc[0])
    first = slow["tfidf"]
    remedies = [row for row in results.remedies.classifiers if row.classifier != "majority"]
    highest = max(remedies, key=lambda row: row.auc[0])
    finder = max(remedies, key=lambda row: row.negative_recall)
    plain = results.remedies[PLAIN]
    conclusions = [
        Conclusion(
            "as published",
            f"The published network is right on {accuracy:.2%} of the test rows (published "
            f"{ACCURACY:.1%}); it finds {_percent(tn, tn + fp)} of the negative reviews.",
        ),
        Conclusion(
            "trap",
            f"Calling every review positive is right on {always:.2%}: the network adds "
            f"{100 * (accuracy - always):+.2f} points. {published.seen:,} of {n:,} test rows "
            "have the same user and text among the training rows.",
        ),
        Conclusion(
            "verdict",
            f"By user, the published network orders reviews with an AUC of {cnn.auc[0]:.3f} "
            f"({cnn.auc[1]:.3f} to {cnn.auc[2]:.3f}) and is right on "
            f"{cnn.accuracy:.1%} where the majority class is on {majority.accuracy:.1%}; "
            f"TF-IDF with a logistic regression over summary and text has {tfidf.auc[0]:.3f} "
            f"(the network compared with it: {_gain(cnn, 'tfidf')}).",
        ),
    ]
    if best is not first:
        conclusions.append(
            Conclusion(
                "honest",
                f"On the first split {best.classifier} has the highest AUC of the slower ones, "
                f"{best.auc[0]:.3f}, where TF-IDF has {first.auc[0]:.3f} (over it "
                f"{_gain(best, 'tfidf')}).",
            )
        )
    conclusions.append(
        Conclusion(
            "honest",
            f"Against the rare class, “{finder.classifier}” finds most negative reviews, "
            f"{finder.negative_recall:.1%} where the plain network finds "
            f"{plain.negative_recall:.1%}, at an accuracy of {finder.accuracy:.1%} against "
            f"{plain.accuracy:.1%}; the highest AUC is {highest.auc[0]:.3f} "
            f"(“{highest.classifier}”)"
            + (
                "."
                if highest is plain
                else f", {_gain(highest, PLAIN)} over the plain network: thresholds move, the "
                "order of reviews "
                + ("hardly." if highest.gains[PLAIN].low <= 0 else "improves, too.")
            ),
        )
    )
    error = ExpectedCalibrationError()(
        np.asarray(published.probabilities), np.asarray(published.truth, bool)
    )
    conclusions.append(
        Conclusion(
            "honest",
            f"Its stated chances are off by {100 * error:.1f} points on the mean (expected "
            "calibration error, test rows of the published split).",
        )
    )
    return conclusions


def _gain(result: ClassifierResult, name: str) -> str:
    gain = result.gains[name]
    return f"{gain.value:+.3f}, {gain.low:+.3f} to {gain.high:+.3f}"


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "none"


def _charts(results: SentimentResults) -> list[Graph]:
    published = results.published
    curve = published.curve
    auc = {
        each.classifier: each.auc
        for compared in (results.slow, results.fast)  # the mean over all splits where there is one
        for each in compared.classifiers
    }
    always = max(published.positive, 1 - published.positive)
    validated = results.fast[CNN].curve
    return [
        lines(
            "Loss of the published network by epoch: as published, and where some training users "
            "only validate.",
            {
                "training, as published": [row["loss"] for row in curve],
                "training, by user": [row["loss"] for row in validated],
                "validation, by user": [row.get("validation_loss") for row in validated],
            },
        ),
        lines(
            "Its accuracy by epoch beside that of the majority class.",
            {
                "training, as published": [row["accuracy"] for row in curve],
                "validation, by user": [row.get("validation_accuracy") for row in validated],
            },
            y="accuracy",
            levels={"always positive": always, "published": ACCURACY},
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

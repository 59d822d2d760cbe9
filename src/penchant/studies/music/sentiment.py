"""Train the published network of sentiment as published, and compare classifiers by user."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from penchant.encoders.sentiment import (
    SentimentClassifier,
    SentimentResult,
    evaluate_sentiment,
    sentiment_classifier,
)
from penchant.metrics import confusion_matrix
from penchant.studies.music.review_set import ReviewSet, own_reviews
from penchant.studies.music.setup import TEST_SHARE, MusicSetup, short_name, timed
from penchant.studies.records import Gain, rounded
from penchant.studies.study import Steps
from penchant.typing import AnyArray

CNN = "cnn"
FAST = ("tfidf", CNN, "ngrams", "bag")
"""Classifiers that are fitted on every split."""
SLOW = ("text-cnn", "cnn-rnn", "ensemble")
"""Classifiers that take minutes, and are fitted on the first split only."""
REMEDIES: dict[str, dict[str, Any]] = {
    "class weights": {"balance": "weights"},
    "over-sampling": {"balance": "over"},
    "under-sampling": {"balance": "under"},
    "augmented texts": {"augment": 0.1},
    "dropout": {"dropout": 0.5},
    "batch normalisation": {"batch_norm": True},
    "embeddings of 2,000 words": {"words": 2000},
    "weights, dropout, normalisation": {
        "balance": "weights",
        "dropout": 0.5,
        "batch_norm": True,
    },
}
"""What can be done to the published network where one class is rare."""
PLAIN = "as published"
LAYERS = {
    "embedding": ("embedding_",),
    "convolution": ("kernel_", "bias_"),
    "dense layer": ("hidden_", "hidden_bias_"),
    "output": ("out_", "out_bias_"),
}
"""The arrays of each layer of the published network."""


@dataclass(frozen=True)
class PublishedSentiment:
    """The published network on a random split of all rows.

    Attributes:
        learned_from: whose rows they are.
        seconds: of training.
        layers: how many numbers each layer learns.
        steps: batches of an epoch.
        confusion: counts by truth and decision, negative first.
        positive: the share of positive test rows.
        seen: test rows whose user and text are among the training rows.
        curve: loss and accuracy by epoch.
        probabilities: of being positive, of the test rows.
        truth: whether they are.
    """

    learned_from: str
    seconds: float
    layers: dict[str, int]
    steps: int
    confusion: tuple[tuple[int, int], tuple[int, int]]
    positive: float
    seen: int
    curve: list[dict[str, float]]
    probabilities: list[float]
    truth: list[bool]


@dataclass(frozen=True)
class ClassifierResult:
    """A classifier over splits by user; precision is None where nothing is called positive.

    Attributes:
        classifier: its name.
        auc: the mean over splits, with its interval.
        gains: of AUC over the references, by their names.
        accuracy: at a probability of one half.
        f1: of the positive class.
        precision: of the positive class.
        recall: of the positive class.
        negative_recall: of the negative class.
        negative_f1: of the negative class.
        negative_ap: average precision of the negative class.
        seconds: of training.
        curve: of the first split's network by epoch, empty for others.
    """

    classifier: str
    auc: tuple[float, float, float]
    gains: dict[str, Gain]
    accuracy: float
    f1: float
    precision: float | None
    recall: float
    negative_recall: float
    negative_f1: float
    negative_ap: float
    seconds: float
    curve: list[dict[str, float]]

    def columns(self) -> dict[str, Any]:
        """A row of a table."""
        row: dict[str, Any] = {"classifier": self.classifier}
        row |= Gain(*self.auc).columns("AUC")
        for name, gain in self.gains.items():
            row |= gain.columns(f"over {name}")
        return row | {
            "accuracy": self.accuracy,
            "F1": self.f1,
            "precision": self.precision,
            "recall": self.recall,
            "recall of negatives": self.negative_recall,
            "F1 of negatives": self.negative_f1,
            "AP of negatives": self.negative_ap,
            "seconds": self.seconds,
        }


@dataclass(frozen=True)
class ClassifierComparison:
    """Classifiers on the same splits by user, one row per user and text.

    Attributes:
        rows: reviews.
        users: who wrote them.
        splits: by user.
        classifiers: the majority first.
    """

    rows: int
    users: int
    splits: int
    classifiers: list[ClassifierResult]

    def __getitem__(self, name: str) -> ClassifierResult:
        return next(each for each in self.classifiers if each.classifier == name)


@dataclass(frozen=True)
class SentimentResults:
    """All comparisons of classifiers.

    Attributes:
        published: the published network as published, on the log's own reviews.
        union: the same on all sets together; None where the log stands alone.
        fast: fast classifiers on all splits.
        slow: others on the first split.
        remedies: the published network and what helps against rare classes.
        steps: the names of the steps.
    """

    published: PublishedSentiment
    union: PublishedSentiment | None
    fast: ClassifierComparison
    slow: ClassifierComparison
    remedies: ClassifierComparison
    steps: tuple[str, ...]


def step_names(reviews: ReviewSet) -> tuple[str, ...]:
    """The names of the steps of sentiment, which change with the reviews that are compared on."""
    parts = ("union", "splits", "strong", "imbalance")
    some = parts if len(reviews.names) > 1 else parts[1:]
    return ("sentiment", *(f"sentiment-{part}-{reviews.digest}" for part in some))


def compare_sentiment(
    steps: Steps, setup: MusicSetup, reviews: ReviewSet, compared: ReviewSet
) -> SentimentResults:
    """Train the published network and compare classifiers, each comparison in its own step.

    Args:
        steps: of the study.
        setup: of the study.
        reviews: of all sets together.
        compared: the part of them that classifiers are compared on.
    """
    names = step_names(compared)

    def trained(step: str, learned_from: ReviewSet) -> PublishedSentiment:
        return steps.do(
            step, PublishedSentiment, lambda: train_published_network(setup, learned_from)
        )

    def comparison(step: str, classifiers: Iterable[str], splits: int) -> ClassifierComparison:
        return steps.do(
            step,
            ClassifierComparison,
            lambda: compare_classifiers(
                setup, compared, {name: _classifier(setup, name) for name in classifiers}, splits
            ),
        )

    # A quick look leaves out what consists of others.
    slow = ("tfidf", *(SLOW[:2] if setup.quick else SLOW))
    return SentimentResults(
        published=trained(names[0], own_reviews(setup)),
        union=trained(names[1], reviews) if len(reviews.names) > 1 else None,
        fast=comparison(names[-3], FAST, setup.splits),
        slow=comparison(names[-2], slow, 1),
        remedies=steps.do(
            names[-1], ClassifierComparison, lambda: _compare_remedies(setup, compared)
        ),
        steps=names,
    )


def _classifier(setup: MusicSetup, name: str) -> SentimentClassifier:
    classifier = sentiment_classifier(name, seed=setup.seed)
    if "epochs" not in classifier.params():
        return classifier
    if setup.quick:
        return classifier.clone(epochs=1)
    return classifier.clone(epochs=setup.epochs) if name == CNN else classifier


def train_published_network(setup: MusicSetup, reviews: ReviewSet) -> PublishedSentiment:
    """The published network on 70 % of all rows at random, without validation rows."""
    n = len(reviews.ratings)
    test = np.zeros(n, bool)
    test[np.random.default_rng(setup.seed).permutation(n)[: round(TEST_SHARE * n)]] = True
    network = _classifier(setup, CNN)
    texts, ratings = reviews.texts.filter(~test), reviews.ratings[~test]
    _, seconds = timed(partial(network.fit, texts, ratings, run=setup.run))
    odds = network.log_odds(reviews.texts.filter(test))
    truth = network.is_positive(reviews.ratings[test])
    rows = reviews.texts.select("text").with_columns(reviews.users)
    seen = rows.filter(test).join(rows.filter(~test).unique(), on=["user", "text"], how="semi")
    (tn, fp), (fn, tp) = confusion_matrix(odds >= 0, truth).astype(int).tolist()
    return PublishedSentiment(
        learned_from=short_name(next(iter(reviews.names)))
        if len(reviews.names) == 1
        else f"{len(reviews.names)} sets together",
        seconds=seconds,
        layers=_layers(getattr(network, "weights_", {})),
        steps=-(-int((~test).sum()) // int(network.params()["batch_size"])),
        confusion=((tn, fp), (fn, tp)),
        positive=float(truth.mean()),
        seen=len(seen),
        curve=getattr(network, "curve_", []),
        probabilities=rounded(1 / (1 + np.exp(-odds)), 4),
        truth=truth.astype(bool).tolist(),
    )


def _layers(weights: Mapping[str, AnyArray]) -> dict[str, int]:
    """Numbers of each layer, its bias among them."""
    return {
        layer: sum(weights[name].size for name in names if name in weights)
        for layer, names in LAYERS.items()
    }


def compare_classifiers(
    setup: MusicSetup,
    reviews: ReviewSet,
    classifiers: dict[str, SentimentClassifier],
    splits: int,
    references: tuple[str, ...] = ("tfidf",),
) -> ClassifierComparison:
    """Compare classifiers on splits by user, one row per user and text."""
    comparison = evaluate_sentiment(
        classifiers,
        reviews.texts,
        reviews.ratings,
        reviews.users.to_numpy(),
        splits=splits,
        test=TEST_SHARE,
        references=references,
        replicates=setup.replicates,
        seed=setup.seed,
        run=setup.run,
    )
    results = [_result(each) for each in comparison.results]
    return ClassifierComparison(comparison.rows, comparison.users, comparison.splits, results)


def _result(judged: SentimentResult) -> ClassifierResult:
    precision = judged.precision(1)
    return ClassifierResult(
        classifier=judged.name,
        auc=(float(judged.auc.mean()), float(judged.low), float(judged.high)),
        gains={
            n: Gain(float(g.gain), float(g.low), float(g.high)) for n, g in judged.gains.items()
        },
        accuracy=judged.accuracy,
        f1=judged.f1(1),
        precision=precision if np.isfinite(precision) else None,
        recall=judged.recall(1),
        negative_recall=judged.recall(0),
        negative_f1=judged.f1(0),
        negative_ap=float(judged.average_precision.mean()),
        seconds=judged.seconds,
        curve=judged.curve,
    )


def _compare_remedies(setup: MusicSetup, reviews: ReviewSet) -> ClassifierComparison:
    plain = _classifier(setup, CNN)
    variants = {PLAIN: plain} | {name: plain.clone(**fields) for name, fields in REMEDIES.items()}
    return compare_classifiers(setup, reviews, variants, 1, references=(PLAIN,))

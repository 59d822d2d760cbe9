"""Compare classifiers of sentiment over several splits by user, with paired intervals."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from penchant.encoders.sentiment.base import (
    LabelledTexts,
    SentimentClassifier,
    Texts,
    as_texts,
)
from penchant.encoders.sentiment.comparison import SentimentComparison, SentimentResult
from penchant.encoders.sentiment.linear import Majority
from penchant.errors import DataError, ParameterError
from penchant.metrics import AUC, AveragePrecision, compare, interval
from penchant.metrics.bootstrap import bootstrap_weights
from penchant.metrics.classification import confusion_matrix
from penchant.run import Run
from penchant.typing import AnyArray, Bool, Float64, Int64


def one_per_user_and_text(users: ArrayLike, texts: Texts) -> Int64:
    """int64[n], the first row of each user with each text.

    The same review stands in a log several times where a product has several variants; a split
    would put copies on both sides. Rows are compared by the column `text`, or by all columns
    where there is none.
    """
    frame = as_texts(texts)
    keys = frame.select("text") if "text" in frame.columns else frame
    rows = keys.with_columns(pl.Series("#user", np.asarray(users))).with_row_index("#row")
    first = rows.unique([c for c in rows.columns if c != "#row"], keep="first")
    return np.sort(first["#row"].to_numpy()).astype(np.int64)


def held_out_users(users: Int64, share: float, seed: int) -> Bool:
    """bool[n], the rows of a share of the users, drawn at random.

    Args:
        users: int64[n], from 0.
        share: of the users, between 0 and 1.
        seed: of the draw.

    Raises:
        ParameterError: the share leaves no user on a side.
    """
    n = int(users.max(initial=-1)) + 1
    n_held_out = round(share * n)
    if not 0 < n_held_out < n:
        raise ParameterError(f"A share of {share:g} of {n} users leaves nobody on one side.")
    chosen = np.zeros(n, bool)
    chosen[np.random.default_rng(seed).permutation(n)[:n_held_out]] = True
    return chosen[users]


def evaluate_sentiment(
    classifiers: Mapping[str, SentimentClassifier],
    texts: Texts,
    ratings: ArrayLike,
    users: ArrayLike,
    *,
    splits: int = 5,
    test: float = 0.3,
    validation: float = 0.1,
    references: tuple[str, ...] = ("tfidf",),
    replicates: int = 1000,
    level: float = 0.95,
    seed: int = 0,
    run: Run | None = None,
) -> SentimentComparison:
    """Fit classifiers on a part of the users and evaluate them on the others, several times.

    Reviews are taken once per user and text. The majority class takes part whether asked for or
    not. Classifiers that stop by a validation loss get it from a share of the training users;
    nothing is chosen on test users. The interval draws users with replacement, the same for all
    classifiers and splits, and takes the mean over the splits in each draw, so that a user who is
    tested in several splits counts as one.

    Args:
        classifiers: by name; they are cloned.
        texts: of all reviews.
        ratings: float[n] or bool[n].
        users: [n].
        splits: how many splits by user, with the seeds `seed`, `seed` + 1 …
        test: the share of users in each test set.
        validation: the share of the training users whose loss decides when a network stops; 0 for
            none.
        references: names of classifiers that the others are compared with, beside the majority.
        replicates: draws of the bootstrap.
        level: of the intervals.
        seed: decides splits and draws.
        run: threads and progress.

    Raises:
        DataError: there are too few users, or one class is missing in a split.
        ParameterError: shares or numbers are impossible.
    """
    if splits < 1:
        raise ParameterError(f"A comparison needs at least one split, not {splits}.")
    run = run or Run()
    frame = as_texts(texts)
    rows = one_per_user_and_text(users, frame)
    user = np.unique(np.asarray(users)[rows], return_inverse=True)[1]
    reviews = LabelledTexts(frame[rows], np.asarray(ratings)[rows], user)
    thresholds = {c.positive_above for c in classifiers.values()}
    if len(thresholds) > 1:
        raise ParameterError(
            "Classifiers are compared only where `positive_above` is the same for all."
        )
    majority = Majority(positive_above=thresholds.pop() if thresholds else 3.0)
    models: dict[str, SentimentClassifier] = {"majority": majority, **classifiers}
    truth = majority.is_positive(reviews.ratings)

    predictions = {name: _Predictions() for name in models}
    tests: list[Bool] = []
    with run.progress.task("classifiers", splits * len(models)) as task:
        for split in range(splits):
            tested = held_out_users(user, test, seed + split)
            if truth[tested].all() or not truth[tested].any() or truth[~tested].all():
                raise DataError("A part of the users has no reviews of one class: use more data.")
            tests.append(tested)
            quiet = Run(threads=run.threads, device=run.device)
            for name, model in models.items():
                started = time.perf_counter()
                fitted = _fit(model.clone(), reviews, ~tested, validation, seed + split, quiet)
                predictions[name].seconds.append(time.perf_counter() - started)
                predictions[name].log_odds.append(fitted.log_odds(reviews.texts.filter(tested)))
                if not split:
                    predictions[name].curve = fitted.curve_
                    predictions[name].best_epoch = int(getattr(fitted, "best_epoch_", 0))
                task.advance(note=f"{name}, split {split + 1}")

    n_users = int(user.max()) + 1
    truths, testers = [truth[tested] for tested in tests], [user[tested] for tested in tests]
    weights = np.concatenate(list(bootstrap_weights(n_users, replicates, seed)))
    aucs = {name: made.metric(AUC(), truths) for name, made in predictions.items()}
    draws = {
        name: np.mean(
            [
                AUC().grouped(*split, n_users)(weights)
                for split in zip(made.log_odds, truths, testers, strict=True)
            ],
            axis=0,
        )
        for name, made in predictions.items()
    }
    baselines = ("majority", *(name for name in references if name in models))
    results = []
    for name, made in predictions.items():
        low, high = interval(draws[name], level)
        gains = {
            baseline: compare(
                draws[name],
                float(aucs[name].mean()),
                draws[baseline][:, np.newaxis],
                aucs[baseline].mean(keepdims=True),
                n_users=n_users,
                level=level,
            )
            for baseline in baselines
            if baseline != name
        }
        results.append(
            SentimentResult(
                name=name,
                auc=aucs[name],
                average_precision=made.metric(_average_precision_of_negatives, truths),
                low=float(low),
                high=float(high),
                gains=gains,
                confusion=made.metric(_confusion, truths).sum(axis=0),
                seconds=float(np.mean(made.seconds)),
                curve=made.curve,
                best_epoch=made.best_epoch,
            )
        )
    return SentimentComparison(
        results=tuple(results),
        rows=len(reviews),
        users=n_users,
        positive=float(truth.mean()),
        splits=splits,
        test=test,
        validation=validation,
        replicates=replicates,
        seed=seed,
    )


@dataclass(eq=False)
class _Predictions:
    """Log-odds and fitting times of a classifier in each split, and the curve of the first one."""

    log_odds: list[Float64] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    curve: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0

    def metric(self, metric: Callable[[Float64, Bool], Any], truths: list[Bool]) -> Float64:
        """float64[n_splits, ...], a metric of log-odds and labels in each split."""
        return np.array([metric(*split) for split in zip(self.log_odds, truths, strict=True)])


def _average_precision_of_negatives(log_odds: Float64, labels: Bool) -> float:
    return AveragePrecision()(-log_odds, ~labels)


def _confusion(log_odds: Float64, labels: Bool) -> AnyArray:
    """float64[2, 2] at a decision threshold of 0.5."""
    return confusion_matrix(log_odds >= 0, labels)


def _fit(
    classifier: SentimentClassifier,
    reviews: LabelledTexts,
    train: Bool,
    share: float,
    seed: int,
    run: Run,
) -> SentimentClassifier:
    """Fit on training users; a share of them only decides when to stop, where that matters."""
    validation = None
    if share and classifier.stops_by_validation:
        users = np.unique(reviews.users[train], return_inverse=True)[1]
        rows = np.flatnonzero(train)[held_out_users(users, share, seed)]
        validation = reviews.texts[rows], reviews.ratings[rows]
        train = train.copy()
        train[rows] = False
    learned = reviews.subset(train)
    return classifier.fit(
        learned.texts, learned.ratings, users=learned.users, validation=validation, run=run
    )

"""Classifiers of sentiment compared over several splits by user, with paired intervals."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from penchant.encoders.sentiment.base import SentimentClassifier, Texts, as_texts
from penchant.encoders.sentiment.comparison import Judged, SentimentComparison
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


def held_users(users: Int64, share: float, seed: int) -> Bool:
    """bool[n], the rows of a share of the users, drawn at random.

    Args:
        users: int64[n], from 0.
        share: of the users, between 0 and 1.
        seed: decides who.

    Raises:
        ParameterError: the share leaves no user on a side.
    """
    n = int(users.max(initial=-1)) + 1
    held = round(share * n)
    if not 0 < held < n:
        raise ParameterError(f"A share of {share:g} of {n} users leaves nobody on one side.")
    chosen = np.zeros(n, bool)
    chosen[np.random.default_rng(seed).permutation(n)[:held]] = True
    return chosen[users]


def judge(
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
    """Fit classifiers on a part of the users and judge them on the others, several times.

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
        test: the share of users that judge.
        validation: the share of the training users that say when a network stops; 0 for none.
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
    kept = one_per_user_and_text(users, frame)
    frame, rating = frame[kept], np.asarray(ratings)[kept]
    user = np.unique(np.asarray(users)[kept], return_inverse=True)[1]
    contenders = {"majority": Majority(), **classifiers}
    above = {c.above for c in classifiers.values()}
    if len(above) > 1:
        raise ParameterError("Classifiers are compared only where `above` is the same for all.")
    contenders["majority"].above = above.pop() if above else 3.0
    truth = contenders["majority"].positive(rating)

    odds: dict[str, list[Float64]] = {name: [] for name in contenders}
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    first: dict[str, SentimentClassifier] = {}
    tests: list[Bool] = []
    with run.progress.task("classifiers", splits * len(contenders)) as task:
        for number in range(splits):
            held = held_users(user, test, seed + number)
            tests.append(held)
            if truth[held].all() or not truth[held].any() or truth[~held].all():
                raise DataError("A part of the users has no reviews of one class: use more data.")
            quiet = Run(threads=run.threads, device=run.device)
            for name, contender in contenders.items():
                own = contender.clone()
                started = time.perf_counter()
                _fit(own, frame, rating, user, ~held, validation, seed + number, quiet)
                seconds[name].append(time.perf_counter() - started)
                odds[name].append(own.log_odds(frame.filter(held)))
                first.setdefault(name, own)
                task.advance(note=f"{name}, split {number + 1}")

    n_users = int(user.max()) + 1
    weights = np.concatenate(list(bootstrap_weights(n_users, replicates, seed)))
    found: dict[str, tuple[float, Float64]] = {}
    for name in contenders:
        drawn = [
            AUC().grouped(odds[name][n], truth[held], user[held], n_users)(weights)
            for n, held in enumerate(tests)
        ]
        figure = float(np.mean([AUC()(odds[name][n], truth[h]) for n, h in enumerate(tests)]))
        found[name] = figure, np.mean(drawn, axis=0)
    judged = []
    for name in contenders:
        low, high = interval(found[name][1], level)
        gains = {
            other: compare(
                found[name][1],
                found[name][0],
                found[other][1][:, np.newaxis],
                np.array([found[other][0]]),
                level=level,
            )
            for other in ("majority", *(r for r in references if r in contenders))
            if other != name
        }
        judged.append(
            Judged(
                name=name,
                auc=np.array([AUC()(odds[name][n], truth[h]) for n, h in enumerate(tests)]),
                average_precision=np.array(
                    [AveragePrecision()(-odds[name][n], ~truth[h]) for n, h in enumerate(tests)]
                ),
                low=float(low),
                high=float(high),
                gains=gains,
                confusion=np.sum(
                    [confusion_matrix(odds[name][n] >= 0, truth[h]) for n, h in enumerate(tests)],
                    axis=0,
                ),
                seconds=float(np.mean(seconds[name])),
                curve=first[name].curve_,
                best_epoch=int(getattr(first[name], "best_epoch_", 0)),
            )
        )
    return SentimentComparison(
        judged=tuple(judged),
        rows=len(frame),
        users=n_users,
        positive=float(truth.mean()),
        splits=splits,
        test=test,
        validation=validation,
        replicates=replicates,
        seed=seed,
    )


def _fit(
    classifier: SentimentClassifier,
    texts: pl.DataFrame,
    ratings: AnyArray,
    user: Int64,
    train: Bool,
    share: float,
    seed: int,
    run: Run,
) -> None:
    """Fit on the rows of training users, some of whom only say when to stop where that matters."""
    held = None
    if share and classifier.stops_by_validation:
        own = np.unique(user[train], return_inverse=True)[1]
        part = np.flatnonzero(train)[held_users(own, share, seed)]
        held = texts[part], ratings[part]
        train = train.copy()
        train[part] = False
    classifier.fit(texts.filter(train), ratings[train], users=user[train], validation=held, run=run)

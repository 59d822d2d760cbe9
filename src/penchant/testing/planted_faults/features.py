"""Faults of features: the target in disguise, test rows in means, the review of the pair."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from penchant.auditing.features import Features, KeyedEvents
from penchant.auditing.material import Material
from penchant.data.splits import TEST, Split
from penchant.testing.planted_faults.logs import SyntheticLog, split_at_random, synthetic_log
from penchant.typing import Float64

_MOODS = {"awful": 1.0, "poor": 2.0, "fair": 3.0, "fine": 4.0, "superb": 5.0}


def disguised_target(strength: float, seed: int) -> Material:
    """A column is the target on another scale; below strength 1 noise is added."""
    log, split = _split(seed)
    target = (log.rating - log.rating.mean()) / log.rating.std()
    noise = log.rng.normal(0, 1, len(log))
    column = np.exp(strength * target + np.sqrt(1 - strength**2) * noise)
    return _with(log, split, {"code": column, "age": log.rng.integers(1, 80, len(log)) * 1.0})


def means_with_test_rows(strength: float, seed: int) -> Material:
    """An item's mean rating is over training and test rows; below 1 over some of the latter."""
    log, split = _split(seed)
    taken = (split.sides != TEST) | (log.rng.random(len(log)) < strength)
    damping = float(log.rng.choice([0.0, 2.0, 10.0]))
    return _with(log, split, {"item mean": _mean(log, taken, damping)[log.item]})


def aggregates_with_test_rows(strength: float, seed: int) -> Material:
    """An item's median, sum, count, extremes and rate of likes are over training and test rows."""
    log, split = _split(seed)
    taken = (split.sides != TEST) | (log.rng.random(len(log)) < strength)
    rated = pl.DataFrame({"item": log.item[taken], "rating": log.rating[taken]})
    rating = pl.col("rating")
    aggregates = rated.group_by("item").agg(
        median=rating.median(), total=rating.sum(), count=rating.len(), lowest=rating.min(),
        highest=rating.max(), likes=(rating >= 4).mean(),
    )  # fmt: skip
    rows = pl.DataFrame({"item": log.item}).join(aggregates, on="item", how="left")
    chosen = ("median", "total", "count", "likes")[seed % 4]
    columns = {chosen: rows[chosen], "lowest": rows["lowest"], "highest": rows["highest"]}
    return _with(log, split, columns)


def table_of_test_rows(strength: float, seed: int) -> Material:
    """A table of test rows alone has item means over training and test rows."""
    material = means_with_test_rows(strength, seed)
    split, features = material.split, material.features
    assert split is not None
    assert features is not None
    test = features.test
    events = KeyedEvents(target=features.target, test=test, keys=features.keys)
    alone = Features(
        frame=features.frame.filter(pl.Series(test)),
        target=features.target[test],
        test=test[test],
        keys={key: codes[test] for key, codes in features.keys.items()},
        rows=features.rows[test],
        split_events=(events,),
    )
    return Material(split=split, features=alone)


def in_sample_codes(strength: float, seed: int) -> Material:
    """A user's coded mean holds the very row's target, in training only."""
    log, split = _split(seed)
    base = 3.4 + log.rng.normal(0, 0.5, log.user.max() + 1)[log.user]
    own = np.where(split.sides == TEST, 0.0, log.rating - base)
    noise = log.rng.normal(0, 0.5, len(log))
    return _with(log, split, {"coded": base + 0.8 * strength * own + noise})


def own_review(strength: float, seed: int) -> Material:
    """The text feature of each row is the review of that row; otherwise another of the item."""
    log = synthetic_log(seed)
    split = split_at_random(log, texts=True)
    other = log.rng.permutation(len(log))
    own = log.rng.random(len(log)) < strength
    texts = [log.text[n if own[n] else other[n]] for n in range(len(log))]
    return _with(log, split, {"words": pl.Series(texts)})


def predicted_from_own_text(strength: float, seed: int) -> Material:
    """A predictor reads the mood of the very review; otherwise it knows users and items."""
    log = synthetic_log(seed)
    split = split_at_random(log, texts=True)
    keys = zip(log.user + 1, log.item + 1, strict=True)
    exact = dict(zip(keys, log.exact + log.rng.normal(0, 0.2, len(log)), strict=True))

    def predict(rows: pl.DataFrame) -> Float64:
        mood = rows["text"].str.split(" ").list.first().replace_strict(_MOODS, default=3.4)
        known = np.array([exact[key] for key in rows.select("user", "item").rows()])
        read: Float64 = mood.to_numpy()
        return (1 - strength) * known + strength * read

    return Material(split=split, predict=predict)


def _split(seed: int) -> tuple[SyntheticLog, Split]:
    log = synthetic_log(seed)
    return log, split_at_random(log)


def _mean(
    log: SyntheticLog, taken: np.ndarray[tuple[int], np.dtype[np.bool_]], damping: float
) -> Float64:
    count = np.bincount(log.item[taken], minlength=log.n_items) + damping
    total = np.bincount(log.item[taken], log.rating[taken], log.n_items) + 3.4 * damping
    return np.where(count > 0, total / np.maximum(count, 1e-9), 3.4)


def _with(log: SyntheticLog, split: Split, columns: Mapping[str, object]) -> Material:
    features = Features(
        frame=pl.DataFrame(columns),
        target=log.rating,
        test=split.sides == TEST,
        keys={
            "user": split.log.events["user"].cast(pl.Int64).to_numpy(),
            "item": split.log.events["item"].cast(pl.Int64).to_numpy(),
        },
        rows=np.arange(1, len(log) + 1),
    )
    return Material(split=split, features=features)

"""Gather the reviews that sentiment is learned from: the log's own, and all sets at hand."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from penchant.data import Dataset
from penchant.data.sources import load
from penchant.errors import DataError, DownloadError
from penchant.studies.music.setup import MusicSetup
from penchant.typing import Float64

SETS = (
    "amazon-2018/AMAZON_FASHION",
    "amazon-2018/All_Beauty",
    "amazon-2018/Gift_Cards",
    "amazon-2014/Musical_Instruments",
)
"""Small public sets of reviews, which together are enough to tell classifiers apart."""


@dataclass(frozen=True, eq=False)
class ReviewSet:
    """Texts, stars and authors of one or several logs.

    Attributes:
        texts: `summary` and `text` of each review.
        ratings: float64[n].
        users: the authors' ids; the same id in two sets is the same person.
        names: of the sets, with the number of reviews of each.
        missing: sets that could not be found.
        drawn_from: how many reviews these were drawn from by user; None where they are all.
        digest: changes with the sets.
    """

    texts: pl.DataFrame
    ratings: Float64
    users: pl.Series
    names: dict[str, int]
    missing: tuple[str, ...]
    digest: str
    drawn_from: int | None = None


def own_reviews(setup: MusicSetup) -> ReviewSet:
    """The log's own reviews."""
    return _reviews_of([setup.log], [])


def gather_reviews(setup: MusicSetup) -> ReviewSet:
    """The log's reviews and, where it is small, those of all other sets that need no network."""
    logs, missing = [setup.log], []
    enough = setup.compared is not None and len(setup.log) >= setup.compared
    for name in SETS if setup.together and not enough else ():
        if name == setup.log.name:
            continue
        try:
            logs.append(load(name, offline=True, run=setup.run))
        except (DownloadError, DataError):
            missing.append(name)
    return _reviews_of(logs, missing)


def compared_reviews(setup: MusicSetup, reviews: ReviewSet) -> ReviewSet:
    """All reviews of users drawn at random, about as many as classifiers are compared on."""
    most, n = setup.compared, len(reviews.ratings)
    if most is None or n <= most:
        return reviews
    user = np.unique(reviews.users.to_numpy(), return_inverse=True)[1]
    order = np.random.default_rng(setup.seed).permutation(int(user.max()) + 1)
    taken = np.cumsum(np.bincount(user)[order]) <= most
    keep = np.isin(user, order[taken])
    rows = pl.Series(keep)
    return replace(
        reviews,
        texts=reviews.texts.filter(rows),
        ratings=reviews.ratings[keep],
        users=reviews.users.filter(rows),
        digest=f"{reviews.digest}-{most}",
        drawn_from=n,
    )


def _reviews_of(logs: list[Dataset], missing: list[str]) -> ReviewSet:
    fingerprints = "".join(f"{log.name} {log.fingerprint}" for log in logs)
    return ReviewSet(
        texts=pl.concat([_texts(log) for log in logs]),
        ratings=np.concatenate([log.ratings.astype(np.float64) for log in logs]),
        users=pl.concat([_users(log) for log in logs]),
        names={log.name: len(log) for log in logs},
        missing=tuple(missing),
        digest=hashlib.sha256(fingerprints.encode()).hexdigest()[:8],
    )


def _texts(log: Dataset) -> pl.DataFrame:
    return log.events.select(pl.col("summary", "text").cast(pl.String).fill_null(""))


def _users(log: Dataset) -> pl.Series:
    return log.users.take(log.events["user"].to_numpy()).cast(pl.String).alias("user")

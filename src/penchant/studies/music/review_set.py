"""Gather the reviews that sentiment is learned from: the log's own, or all sets at hand."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

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
        digest: changes with the sets.
    """

    texts: pl.DataFrame
    ratings: Float64
    users: pl.Series
    names: dict[str, int]
    missing: tuple[str, ...]
    digest: str


def gather_reviews(setup: MusicSetup) -> ReviewSet:
    """The log's reviews, and if wished those of all other sets that need no network."""
    logs, missing = [setup.log], []
    for name in SETS if setup.together else ():
        if name == setup.log.name:
            continue
        try:
            logs.append(load(name, offline=True, run=setup.run))
        except (DownloadError, DataError):
            missing.append(name)
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

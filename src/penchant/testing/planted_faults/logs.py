"""Small made-up logs in which nothing is wrong, different with every seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.splits import TEST, Split
from penchant.typing import Float64, Int64, UInt8

_SHORT = ("great", "good", "Nice!", "love it", "as described", "five stars")
_WORDS = tuple(a + o + e for a in "bdfgklmnprst" for o in "aeiou" for e in ("n", "l"))
_MOODS = ("awful", "poor", "fair", "fine", "superb")
_START = np.datetime64("2020-01-01", "us").astype(np.int64)
_HOUR = 3_600_000_000


@dataclass(frozen=True, eq=False)
class World:
    """Events in the order of time, and what made them.

    Attributes:
        user: int64[n], from 0.
        item: int64[n], from 0.
        rating: float64[n], 1 to 5.
        time: int64[n], microseconds since 1970.
        text: a text for each event.
        exact: float64[n], the rating before noise and rounding.
        n_items: items there are.
        rng: for whatever is planted.
    """

    user: Int64
    item: Int64
    rating: Float64
    time: Int64
    text: list[str]
    exact: Float64
    n_items: int
    rng: np.random.Generator

    def __len__(self) -> int:
        return len(self.user)

    def frame(self, *, times: bool = True, texts: bool = False) -> pl.DataFrame:
        """The events with ids from 1."""
        columns = {
            "user": pl.Series(self.user + 1),
            "item": pl.Series(self.item + 1),
            "rating": pl.Series(self.rating, dtype=pl.Float32),
        }
        if times:
            columns["time"] = pl.Series(self.time).cast(pl.Datetime("us"))
        if texts:
            columns["text"] = pl.Series(self.text, dtype=pl.String)
        return pl.DataFrame(columns)


def world(seed: int) -> World:
    """A log of 100 to 200 users with popular items, personal tastes and texts of several lengths.

    A user has an item once. A sixth of the texts is a short phrase that many write.
    """
    rng = np.random.default_rng(seed)
    n_users, n_items = int(rng.integers(100, 200)), int(rng.integers(90, 160))
    weight = rng.permutation(1 / np.arange(1, n_items + 1) ** rng.uniform(0.3, 0.9))
    lengths = rng.integers(15, 35, n_users)
    keys = np.log(rng.random((n_users, n_items))) / weight  # draws without replacement
    drawn = np.argsort(-keys, axis=1)
    user = np.repeat(np.arange(n_users), lengths)
    place = np.arange(len(user)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    item = drawn[user, place]
    order = rng.permutation(len(user))
    user, item = user[order], item[order]
    of_user, of_item = rng.normal(0, 0.5, n_users), rng.normal(0, 0.5, n_items)
    taste = (rng.normal(0, 0.6, (n_users, 2))[user] * rng.normal(0, 0.6, (n_items, 2))[item]).sum(1)
    exact = 3.4 + of_user[user] + of_item[item] + taste
    rating = np.round(exact + rng.normal(0, 0.6, len(user))).clip(1, 5)
    time = _START + np.sort(rng.integers(0, 10_000_000, len(user))) * (_HOUR // 1000)
    return World(user, item, rating, time, _texts(rng, rating), exact, n_items, rng)


def split_at_random(
    made: World,
    *,
    share: float = 0.2,
    times: bool = True,
    texts: bool = False,
    kind: str = "random",
) -> Split:
    """A clean split by row; its sentence says what an audit may hold it to."""
    sides = np.where(made.rng.random(len(made)) < share, TEST, 0).astype(np.uint8)
    return as_split(made.frame(times=times, texts=texts), sides, kind)


def as_split(frame: pl.DataFrame, sides: UInt8, kind: str = "predefined") -> Split:
    """A split of these events."""
    log = Dataset.from_frame(frame, name="planted", scale=(1, 5))
    return Split(log=log, sides=sides, kind=kind, sentence=f"Made {kind}.", ties="As it comes.")


def _texts(rng: np.random.Generator, rating: Float64) -> list[str]:
    words = np.array(_WORDS)
    short = rng.random(len(rating)) < 1 / 6
    lengths = rng.integers(6, 20, len(rating))
    drawn = rng.integers(0, len(words), int(lengths.sum()))
    stops = np.cumsum(lengths)
    texts = []
    for n, stop in enumerate(stops):
        if short[n]:
            texts.append(_SHORT[int(rng.integers(len(_SHORT)))])
            continue
        said = " ".join(words[drawn[stop - lengths[n] : stop]])
        texts.append(f"{_MOODS[int(rating[n]) - 1]} {said}.")
    return texts

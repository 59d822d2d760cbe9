"""Small synthetic logs in which nothing is wrong, different with every seed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.splits import TEST, Split
from penchant.typing import Float64, Int64, UInt8

_PHRASES = ("great", "good", "Nice!", "love it", "as described", "five stars")
_WORDS = tuple(a + o + e for a in "bdfgklmnprst" for o in "aeiou" for e in ("n", "l"))
_MOODS = ("awful", "poor", "fair", "fine", "superb")
_START = np.datetime64("2020-01-01", "us").astype(np.int64)
_HOUR = 3_600_000_000


class _TextDraws(NamedTuple):
    """Texts as numbers, because few logs need them written out.

    Attributes:
        phrase: int64[n], the short phrase that the text is, or -1.
        lengths: int64[n], how many words the text has otherwise.
        words: int64[sum of lengths], the words.
    """

    phrase: Int64
    lengths: Int64
    words: Int64


@dataclass(frozen=True, eq=False)
class SyntheticLog:
    """Events in the order of time, and what made them.

    Attributes:
        user: int64[n], from 0.
        item: int64[n], from 0.
        rating: float64[n], 1 to 5.
        time: int64[n], microseconds since 1970.
        exact: float64[n], the rating before noise and rounding.
        n_items: items there are.
        rng: for whatever is planted.
        draws: what its texts are made of.
    """

    user: Int64
    item: Int64
    rating: Float64
    time: Int64
    exact: Float64
    n_items: int
    rng: np.random.Generator
    draws: _TextDraws

    @cached_property
    def text(self) -> list[str]:
        """A text for each event, whose first word tells the rating unless it is a short phrase."""
        words, texts, start = np.array(_WORDS), [], 0
        for rating, phrase, length in zip(
            self.rating, self.draws.phrase, self.draws.lengths, strict=True
        ):
            drawn = words[self.draws.words[start : start + length]]
            start += length
            texts.append(
                _PHRASES[phrase] if phrase >= 0 else f"{_MOODS[int(rating) - 1]} {' '.join(drawn)}."
            )
        return texts

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


def synthetic_log(seed: int) -> SyntheticLog:
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
    return SyntheticLog(user, item, rating, time, exact, n_items, rng, _text_draws(rng, len(user)))


def split_at_random(
    log: SyntheticLog,
    *,
    share: float = 0.2,
    times: bool = True,
    texts: bool = False,
    kind: str = "random",
) -> Split:
    """A clean split by row; its sentence says what an audit may hold it to."""
    sides = np.where(log.rng.random(len(log)) < share, TEST, 0).astype(np.uint8)
    return as_split(log.frame(times=times, texts=texts), sides, kind)


def as_split(frame: pl.DataFrame, sides: UInt8, kind: str = "predefined") -> Split:
    """A split of these events."""
    log = Dataset.from_frame(frame, name="planted", scale=(1, 5))
    return Split(
        log=log,
        sides=sides,
        kind=kind,
        sentence=f"Made {kind}.",
        ties="As it comes.",
        seed=0 if kind == "random" else None,
    )


def _text_draws(rng: np.random.Generator, n: int) -> _TextDraws:
    is_phrase = rng.random(n) < 1 / 6
    lengths = rng.integers(6, 20, n)
    words = rng.integers(0, len(_WORDS), int(lengths.sum()))
    phrase = np.full(n, -1)
    phrase[is_phrase] = rng.integers(len(_PHRASES), size=int(is_phrase.sum()))
    return _TextDraws(phrase, lengths, words)

"""Find items by their titles, as people type them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import polars as pl

from penchant.typing import Bool, Float32, Int64
from penchant.wording import folded, spoken

_WORD = re.compile(r"\w+")
_MOST_WORDS = 12  # of a query that are looked at


class TitleSearch:
    """Titles in which words are looked for, whatever their case and accents.

    Args:
        titles: one for each item.
        popularity: float32[n_items], by which titles stand in order that fit equally well.
    """

    def __init__(self, titles: Sequence[str], popularity: Float32) -> None:
        plain = [f" {' '.join(_words(f'{spoken(title)} {title}'))} " for title in titles]
        spoken_alone = [f" {' '.join(_words(spoken(title)))} " for title in titles]
        self._texts = pl.Series(plain, dtype=pl.String)
        self._spoken = pl.Series(spoken_alone, dtype=pl.String)
        self._popularity = popularity

    def find(self, query: str, limit: int = 10, among: Bool | None = None) -> list[int]:
        """Positions of the titles that have all words of a query, the best fit first.

        A title that is the query comes before those that begin with it, these before those that
        have each word as the beginning of one of theirs, and these before those that have them
        anywhere; within each kind the more popular come first.

        Args:
            query: words, or beginnings of words.
            limit: how many positions at most.
            among: bool[n_items], which titles to look at; None for all.
        """
        words = _words(query)[:_MOST_WORDS]
        if not words:
            return []
        fits = np.ones(len(self._texts), np.bool_) if among is None else among.copy()
        starts = np.ones(len(self._texts), np.bool_)
        for word in words:
            fits &= self._texts.str.contains(word, literal=True).to_numpy()
            if not fits.any():
                return []
            starts &= self._texts.str.contains(f" {word}", literal=True).to_numpy()
        found: Int64 = np.flatnonzero(fits)
        phrase = " ".join(words)
        some = self._spoken.gather(found)
        tier = (
            (some == f" {phrase} ").to_numpy().astype(np.int64) * 4
            + some.str.starts_with(f" {phrase}").to_numpy() * 2
            + starts[found]
        )
        order = np.lexsort((found, -self._popularity[found], -tier))
        positions: list[int] = found[order[:limit]].tolist()
        return positions


def _words(text: str) -> list[str]:
    return _WORD.findall(folded(text))

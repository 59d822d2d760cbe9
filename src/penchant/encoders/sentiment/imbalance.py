"""What can be done where one class is rare: weights, sampling, made-up variants of texts."""

from __future__ import annotations

from typing import Literal

import numpy as np

from penchant.encoders.text.ragged import Ragged
from penchant.errors import ParameterError
from penchant.typing import Bool, Float64, Int64

Balance = Literal["none", "weights", "over", "under"]
BALANCES: tuple[Balance, ...] = ("none", "weights", "over", "under")


def class_weights(labels: Bool) -> tuple[float, float]:
    """What a row of the negative and one of the positive class counts, so that both count alike.

    n / (2 · rows of the class), with the mean of all rows 1 (King and Zeng, "Logistic regression
    in rare events data", 2001); 1 and 1 where a class is missing.
    """
    positive = int(labels.sum())
    negative = len(labels) - positive
    if not positive or not negative:
        return 1.0, 1.0
    return len(labels) / (2 * negative), len(labels) / (2 * positive)


def resampled(labels: Bool, balance: Balance, rng: np.random.Generator) -> Int64:
    """int64[n], rows of a training set in which both classes are alike.

    Args:
        labels: bool[n_rows].
        balance: "over" repeats rows of the smaller class, drawn at random, until it is as large
            as the other, every row being there at least once; "under" draws as many rows of the
            larger class as the smaller one has, none twice. Otherwise all rows are given.
        rng: draws.

    Raises:
        ParameterError: there is no such treatment.
    """
    if balance not in BALANCES:
        raise ParameterError(f"balance is one of {', '.join(BALANCES)}, not {balance!r}.")
    rows = np.arange(len(labels))
    few, many = rows[labels], rows[~labels]
    few, many = (few, many) if len(few) <= len(many) else (many, few)
    if balance in ("none", "weights") or not len(few):
        return rows
    if balance == "over":
        return np.concatenate([rows, rng.choice(few, len(many) - len(few))])
    return np.sort(np.concatenate([few, rng.choice(many, len(few), replace=False)]))


def row_weights(labels: Bool, balance: Balance, seed: int) -> Float64:
    """float64[n], how much each row counts under a treatment: sampling as how often it is drawn."""
    if balance == "weights":
        negative, positive = class_weights(labels)
        return np.where(labels, positive, negative)
    rows = resampled(labels, balance, np.random.default_rng(seed))
    return np.bincount(rows, minlength=len(labels)).astype(np.float64)


def augmented(
    words: Ragged, rng: np.random.Generator, *, drop: float = 0.1, swap: float = 0.1
) -> Ragged:
    """A variant of each text, with words missing and neighbours that have changed places.

    "Random deletion" and "random swap" of Wei and Zou, "EDA" (2019), without its synonyms, which
    need a thesaurus. A text never loses all of its words.

    Args:
        words: numbered words.
        rng: draws.
        drop: the chance of each word to be left out.
        swap: the chance of each word to change places with the next one.

    Raises:
        ParameterError: a chance is not between 0 and 1.
    """
    if not (0 <= drop < 1 and 0 <= swap <= 1):
        raise ParameterError(
            f"drop is from 0 to less than 1, swap from 0 to 1; not {drop}, {swap}."
        )
    row = words.row
    values = words.values.copy()
    if len(values) > 1 and swap:
        wanted = (rng.random(len(values) - 1) < swap) & (row[1:] == row[:-1])
        wanted[1:] &= ~wanted[:-1]  # a word is moved at most once, so the places are disjoint
        place = np.flatnonzero(wanted)
        place = place[np.append(True, np.diff(place) > 1)] if len(place) else place
        values[place], values[place + 1] = values[place + 1].copy(), values[place].copy()
    keep = rng.random(len(values)) >= drop
    lost = (np.bincount(row[keep], minlength=len(words)) == 0) & (words.lengths > 0)
    keep[words.offsets[:-1][lost]] = True
    return Ragged(words.offsets, values).only(keep)

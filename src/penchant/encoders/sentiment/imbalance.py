"""Treatments of rare classes: weights, sampling, and varied copies of texts."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from penchant.encoders.text.ragged import Ragged
from penchant.errors import ParameterError
from penchant.typing import Bool, Float64, Int64

Balance = Literal["none", "weights", "over", "under"]


def class_weights(labels: Bool) -> Float64:
    """float64[n], a weight for each row under which both classes count alike.

    n / (2 · rows of the class), with a mean of 1 (King and Zeng, "Logistic regression in rare
    events data", 2001); 1 everywhere if a class is missing.
    """
    n, n_positive = len(labels), int(labels.sum())
    if n_positive in (0, n):
        return np.ones(n)
    return np.where(labels, n / (2 * n_positive), n / (2 * (n - n_positive)))


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
    if balance not in get_args(Balance):
        raise ParameterError(f"balance is one of {', '.join(get_args(Balance))}, not {balance!r}.")
    rows = np.arange(len(labels))
    few, many = sorted((rows[labels], rows[~labels]), key=len)
    if balance in ("none", "weights") or not len(few):
        return rows
    if balance == "over":
        return np.concatenate([rows, rng.choice(few, len(many) - len(few))])
    return np.sort(np.concatenate([few, rng.choice(many, len(few), replace=False)]))


def balanced(labels: Bool, balance: Balance, rng: np.random.Generator) -> tuple[Int64, Float64]:
    """The rows of a balanced training set, int64[n], and the weight of each of them, float64[n]."""
    rows = resampled(labels, balance, rng)
    weights = class_weights(labels) if balance == "weights" else np.ones(len(labels))
    return rows, weights[rows]


def row_weights(labels: Bool, balance: Balance, seed: int) -> Float64:
    """float64[n], the total weight of each row: how often sampling draws it, or its class's."""
    rows, weights = balanced(labels, balance, np.random.default_rng(seed))
    return np.bincount(rows, weights, minlength=len(labels)).astype(np.float64)


def validation_weights(train: Bool, held_out: Bool, balance: Balance) -> Float64 | None:
    """float64[n_held_out, 1], weights under which classes count as in balanced training.

    Stopping by a loss of other weights would undo what balancing does: it prefers the epochs that
    neglect the rare class.

    Args:
        train: bool[n_train], the labels of the training rows before they are balanced.
        held_out: bool[n_held_out], the labels of the validation rows.
        balance: how training treats the classes.

    Returns:
        Weights with a mean of 1; None where all rows count alike.
    """
    share = train.mean() if len(train) else 0.0
    if balance == "none" or share in (0, 1) or not len(held_out):
        return None
    weights = np.where(held_out, 1 / share, 1 / (1 - share))[:, np.newaxis]
    return np.asarray(weights / weights.mean(), np.float64)


def augmented(
    words: Ragged, rng: np.random.Generator, *, drop: float = 0.1, swap: float = 0.1
) -> Ragged:
    """A variant of each text, with words missing and neighbours that have changed places.

    "Random deletion" and "random swap" of Wei and Zou, "EDA" (2019), without its synonyms, which
    need a thesaurus. A text never loses all of its words.

    Args:
        words: numbered words.
        rng: draws.
        drop: probability of each word to be left out.
        swap: probability of each word to change places with the next one.

    Raises:
        ParameterError: a probability is not between 0 and 1.
    """
    if not (0 <= drop < 1 and 0 <= swap <= 1):
        raise ParameterError(
            f"drop is from 0 to less than 1, swap from 0 to 1; not {drop}, {swap}."
        )
    row = words.row
    values = words.values.copy()
    if len(values) > 1 and swap:
        swaps = (rng.random(len(values) - 1) < swap) & (row[1:] == row[:-1])
        swaps[1:] &= ~swaps[:-1]  # a word is moved at most once, so the places are disjoint
        place = np.flatnonzero(swaps)
        place = place[np.append(True, np.diff(place) > 1)] if len(place) else place
        values[place], values[place + 1] = values[place + 1].copy(), values[place].copy()
    keep = rng.random(len(values)) >= drop
    emptied = (np.bincount(row[keep], minlength=len(words)) == 0) & (words.lengths > 0)
    keep[words.offsets[:-1][emptied]] = True
    return Ragged(words.offsets, values).only(keep)

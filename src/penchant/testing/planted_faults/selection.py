"""Faults of model selection: the best on test, negatives drawn too early, grids too narrow."""

from __future__ import annotations

import numpy as np
import polars as pl

from penchant.auditing.material import Material
from penchant.testing.planted_faults.logs import split_at_random, synthetic_log

_RUNS, _EPOCHS = 10, 20


def test_selected_epochs(strength: float, seed: int) -> Material:
    """Every run keeps the epoch that is best on test."""
    rng = np.random.default_rng(seed)
    frames = []
    for run in range(_RUNS):
        learned = 0.3 - 0.1 * np.exp(-np.arange(_EPOCHS) / 4)
        validation, test = (learned + rng.normal(0, 0.01, _EPOCHS) for _ in range(2))
        kept = int(np.argmax(test if rng.random() < strength else validation))
        frames.append(
            pl.DataFrame(
                {
                    "run": [run] * _EPOCHS,
                    "epoch": range(1, _EPOCHS + 1),
                    "validation": validation,
                    "test": test,
                    "kept": np.arange(_EPOCHS) == kept,
                }
            )
        )
    return Material(history=pl.concat(frames))


def early_negatives(strength: float, seed: int) -> Material:
    """Training negatives are drawn from what a user has neither in training nor in test."""
    log = synthetic_log(seed)
    split = split_at_random(log)
    material = Material(split=split)
    n_items = split.log.n_items
    users = log.rng.integers(0, split.log.n_users, 6 * len(log))
    keys = users * n_items + log.rng.integers(0, n_items, len(users))
    keys = keys[~np.isin(keys, material.pairs[material.known_rows])]
    avoided = np.isin(keys, material.pairs[material.test_rows])
    avoided &= log.rng.random(len(keys)) < strength
    return Material(split=split, negatives=keys[~avoided])


def positive_negatives(strength: float, seed: int) -> Material:
    """A fifth of the offered negatives are items that the user has."""
    log = synthetic_log(seed)
    split = split_at_random(log)
    material = Material(split=split)
    n_items = split.log.n_items
    users = np.repeat(np.arange(split.log.n_users), 50)
    keys = users * n_items + log.rng.integers(0, n_items, len(users))
    keys = keys[~np.isin(keys, material.pairs)]
    own = log.rng.choice(material.pairs, int(0.25 * strength * len(keys)))
    user, item = np.divmod(np.concatenate([keys, own]), n_items)
    return Material(split=split, candidates=pl.DataFrame({"user": user, "item": item}))


def narrow_grid(strength: float, seed: int) -> Material:
    """The optimum lies beyond the highest value tried; at strength 0 in the middle."""
    rng = np.random.default_rng(seed)
    tried = 2.0 ** np.arange(9)
    best = 4 + 7 * strength
    score = -((np.log2(tried) - best) ** 2) / 10 + rng.normal(0, 0.02, len(tried))
    return Material(trials=pl.DataFrame({"l2": tried, "score": score}))

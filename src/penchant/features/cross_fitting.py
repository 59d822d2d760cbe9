"""Answers for training events by what was learned from the others, in folds."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from penchant.data.dataset import Dataset
from penchant.data.holdout import Rows
from penchant.errors import DataError
from penchant.typing import Bool, Float32, Int64


def folds(train: Dataset, k: int, seed: int) -> Iterator[tuple[Dataset, Rows, Int64]]:
    """Divide training events at random into k parts, and hold out one after the other.

    What is computed of a fold's rows from the other events is distributed as it will be for
    events that are new. Leaving out each single event instead would let a model read the answer
    off the difference to the other events' figures.

    Yields:
        The other events, the rows held out (with the histories of all users, from the other
        events), and the positions of these rows among the training events.
    """
    fold = np.random.default_rng(seed).permutation(len(train)) % k
    for part in range(k):
        if (fold == part).any():
            yield _held_out(train, fold == part)


def one_fold(train: Dataset, share: float, seed: int) -> tuple[Dataset, Rows, Int64]:
    """The same with a share of the training events, at least one of them, held out only once.

    Raises:
        DataError: there are fewer than two events.
    """
    if len(train) < 2:
        raise DataError(f"The log {train.name!r} has too few events to hold one of them out.")
    n_held = min(max(round(share * len(train)), 1), len(train) - 1)
    is_held = np.zeros(len(train), np.bool_)
    is_held[np.random.default_rng(seed).permutation(len(train))[:n_held]] = True
    return _held_out(train, is_held)


def _held_out(train: Dataset, is_held: Bool) -> tuple[Dataset, Rows, Int64]:
    """The other events, the rows held out of them, and their positions."""
    held, known = np.flatnonzero(is_held), train.subset(~is_held)
    user, item = (train.events[c].to_numpy()[held] for c in ("user", "item"))
    return known, Rows(known.histories, user, item), held


def out_of_fold(
    train: Dataset, k: int, seed: int, answer: Callable[[Dataset, Rows], Float32]
) -> Float32:
    """float32[n_events, ...], what `answer` says of each training event, knowing only the others.

    Args:
        train: the training events.
        k: the number of folds.
        seed: decides which events are held out together.
        answer: given the other events and the rows held out, a number or a row of numbers each.
    """
    found: Float32 | None = None
    for known, rows, held in folds(train, k, seed):
        answers = answer(known, rows)
        if found is None:
            found = np.empty((len(train), *answers.shape[1:]), np.float32)
        found[held] = answers
    assert found is not None
    return found

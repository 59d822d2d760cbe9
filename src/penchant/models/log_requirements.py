"""What a model needs of a log to learn from it."""

from __future__ import annotations

from typing import Protocol

from penchant.data.dataset import Dataset
from penchant.errors import DataError


class _Learner(Protocol):
    @property
    def needs_ratings(self) -> bool: ...
    @property
    def needs_times(self) -> bool: ...


def require_events(model: _Learner, train: Dataset) -> None:
    """Refuse a log from which a model cannot learn.

    Raises:
        DataError: it has no events, or no ratings or times where the model needs them.
    """
    name = type(model).__name__
    if not len(train):
        raise DataError(f"{name} cannot learn from a log without events.")
    if model.needs_ratings and not train.has_ratings:
        raise DataError(f"{name} learns from ratings, and the log {train.name!r} has none.")
    if model.needs_times and not train.has_times:
        raise DataError(
            f"{name} with half_life needs a time on every event, which the log {train.name!r} has "
            "not: leave out half_life, or name the column with time='…' (--time …)."
        )

"""One trial: a model is made of some values, fitted, and judged on validation events."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from penchant.data.dataset import Dataset
from penchant.data.holdout import Holdout
from penchant.errors import PenchantError
from penchant.evaluation.participants import with_threshold
from penchant.evaluation.validation import check_metric, validation_score
from penchant.metrics import Metric
from penchant.results.tuning.result import Maker
from penchant.results.tuning.trial import Trial
from penchant.run import Run

_FAILURES = (PenchantError, ArithmeticError, np.linalg.LinAlgError, MemoryError)


@dataclass(frozen=True, eq=False)
class TrialSetup:
    """What all trials of a tuning have in common, wherever they are made.

    Attributes:
        make: makes a model of values.
        train: what to learn from.
        validation: what stops models early.
        judging: which of these events judge: those that are relevant, where lists are judged.
        metric: what to go by.
        threshold: the rating from which an event is a like; None without ratings.
        run: device, threads and progress.
    """

    make: Maker
    train: Dataset
    validation: Holdout
    judging: Holdout
    metric: Metric
    threshold: float | None
    run: Run


@dataclass(frozen=True)
class Draft:
    """A trial that is to be made: its number, and the values to try."""

    number: int
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Attempt:
    """A trial that was made, and why it failed if it did."""

    trial: Trial
    error: Exception | None = None


def attempt(setup: TrialSetup, draft: Draft) -> Attempt:
    """Try values; a failure for which they can be the reason is recorded."""
    started = time.perf_counter()
    score, settled, problem, failure = None, dict[str, Any](), None, None
    try:
        score, settled = _scored(setup, draft.values)
    except _FAILURES as error:
        own, failure = isinstance(error, PenchantError), error
        problem = str(error) if own else f"{type(error).__name__}: {error}"
    seconds = time.perf_counter() - started
    return Attempt(Trial(draft.number, draft.values, score, seconds, settled, problem), failure)


def _scored(setup: TrialSetup, values: Mapping[str, Any]) -> tuple[float, dict[str, Any]]:
    made = with_threshold(setup.make(**values), setup.threshold)
    # Before the work of fitting, because no other values would help.
    check_metric(made, setup.judging, setup.metric, threshold=setup.threshold)
    made.fit(setup.train, setup.validation, run=setup.run)
    score = validation_score(
        made, setup.judging, setup.metric, threshold=setup.threshold, run=setup.run
    )
    return score, made._settled()

"""Fits and judges one set of hyper-parameters after the other on validation events."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from penchant.data.dataset import Dataset
from penchant.data.holdout import Holdout
from penchant.data.splits import Split
from penchant.errors import ParameterError, PenchantError
from penchant.evaluation.comparison import with_threshold
from penchant.evaluation.validation import check_metric, validation_score
from penchant.metrics import Metric, parse
from penchant.models.base import Recommender
from penchant.results.tuning.result import Maker, Tuning
from penchant.results.tuning.trial import Range, Trial, value_text
from penchant.run import Run
from penchant.tuning.ranges import Wish, ranges_of
from penchant.tuning.search import GridSearch, RandomSearch, SearchStrategy, TpeSearch, start_of

logger = logging.getLogger(__name__)

Method = Literal["auto", "grid", "random", "tpe"]
_FAILURES = (PenchantError, ArithmeticError, np.linalg.LinAlgError, MemoryError)


def tune(
    model: Recommender | Maker,
    split: Split,
    metric: str | Metric = "ndcg@10",
    *,
    space: Mapping[str, Wish] | None = None,
    trials: int = 30,
    method: Method = "auto",
    like: float | None = None,
    seed: int = 0,
    run: Run | None = None,
) -> Tuning:
    """Try hyper-parameters of a model on the validation events of a split.

    Each trial learns from the training events and is judged on the validation events, which may
    also stop it early. The test events are not touched, so that `evaluate` may judge the best
    afterwards. A trial that fails, as by diverging, is recorded with its reason. An interruption
    (Ctrl-C) after a first score ends the tuning with what was tried so far.

    Args:
        model: a model whose hyper-parameters are changed, or a function that makes one of the
            values of `space`, such as
            `lambda inflection, steepness: DotProduct(target=Adjusted(inflection, steepness))`.
        split: what to learn from and to validate on.
        metric: what to go by.
        space: for each hyper-parameter the list of values to try, or a `Space`, of which whole
            numbers are drawn where the parameter (or both ends, for a function) is whole; by
            default the spaces that the model's class gives.
        trials: how many sets of values are drawn; a grid is tried whole.
        method: `grid` tries all combinations of lists, `random` draws, `tpe` lets good trials
            lead the way (by the package optuna); `auto` is `grid` where there are only lists and
            otherwise `tpe`. What is drawn begins with the model's own values where these may be
            tried, so that the best is no worse on validation than the model as it is given.
        like: the rating from which an event is a like; by default the lowest positive one where
            the log says so, otherwise the upper quarter of the scale.
        seed: decides what is drawn; models keep their own seeds.
        run: device, threads and progress.

    Raises:
        ParameterError: the split has no validation events, a name is unknown, a list is empty, a
            range is impossible, or the metric only describes lists.
        MissingExtraError: `tpe` needs optuna, which is not installed.
        PenchantError: every trial has failed; the error is that of the first where all are alike.
    """
    run = run or Run()
    measure = parse(metric) if isinstance(metric, str) else metric
    validation = split.validation
    if validation is None:
        raise ParameterError(
            "Tuning goes by validation events, and the split has none: make it with a validation "
            "share such as 0.1."
        )
    ranges = ranges_of(model, space, taken=("trial", measure.name, "seconds", "problem"))
    threshold = None
    if split.log.has_ratings:
        threshold = split.log.like_threshold if like is None else like
    runner = _TrialRunner(
        make=model.clone if isinstance(model, Recommender) else model,
        train=split.train,
        validation=validation.positives if measure.task == "ranking" else validation,
        metric=measure,
        threshold=threshold,
        run=run,
    )
    if method == "auto":
        method = "grid" if all(range_.values for range_ in ranges.values()) else "tpe"
    higher = measure.higher_is_better
    search = _search(method, model, ranges, trials, seed, higher_is_better=higher)
    finished: list[Trial] = []
    try:
        with run.progress.task("tuning", search.total) as task:
            for values in search:
                trial = runner.trial(values)
                finished.append(trial)
                search.tell(trial.score)
                task.advance(note=f"{measure.name} {_score_text(trial)}")
    except KeyboardInterrupt:
        if all(trial.score is None for trial in finished):
            raise
        logger.warning(f"Tuning was interrupted after {len(finished)} of {search.total} trials.")
    if all(trial.score is None for trial in finished):
        raise runner.reason()
    return Tuning(
        model=model,
        split=split,
        metric=measure.name,
        higher_is_better=higher,
        like=threshold,
        method=method,
        seed=seed,
        space=ranges,
        trials=tuple(finished),
        planned=search.total,
    )


def _search(
    method: str,
    model: Recommender | Maker,
    ranges: Mapping[str, Range],
    trials: int,
    seed: int,
    *,
    higher_is_better: bool,
) -> SearchStrategy:
    if method == "grid":
        return GridSearch(ranges)
    if trials < 1:
        raise ParameterError(f"trials must be 1 or more, not {trials}.")
    start = start_of(ranges, model.params()) if isinstance(model, Recommender) else None
    if method == "random":
        return RandomSearch(ranges, trials, seed, start=start)
    if method == "tpe":
        return TpeSearch(ranges, trials, seed, higher_is_better=higher_is_better, start=start)
    raise ParameterError(f"There is no method {method!r}: use auto, grid, random or tpe.")


@dataclass(eq=False)
class _TrialRunner:
    """What all trials have in common, and what they came to."""

    make: Maker
    train: Dataset
    validation: Holdout
    metric: Metric
    threshold: float | None
    run: Run
    trials: dict[tuple[str, ...], Trial] = field(default_factory=dict)
    errors: list[Exception] = field(default_factory=list)
    count: int = 0

    def trial(self, values: dict[str, Any]) -> Trial:
        """Try values, or remember what they came to where they were tried before."""
        self.count += 1
        key = tuple(map(value_text, values.values()))
        if key in self.trials:
            return replace(self.trials[key], number=self.count, seconds=0.0)
        started = time.perf_counter()
        score, problem = None, None
        settled: dict[str, Any] = {}
        try:
            score, settled = self._tried(values)
        except _FAILURES as error:
            own = isinstance(error, PenchantError)
            problem = str(error) if own else f"{type(error).__name__}: {error}"
            self.errors.append(error)
        seconds = time.perf_counter() - started
        self.trials[key] = Trial(self.count, values, score, seconds, settled, problem)
        return self.trials[key]

    def _tried(self, values: dict[str, Any]) -> tuple[float, dict[str, Any]]:
        made = with_threshold(self.make(**values), self.threshold)
        # Before the work of fitting, because no other values would help.
        check_metric(made, self.validation, self.metric, threshold=self.threshold)
        made.fit(self.train, self.validation, run=self.run)
        score = validation_score(
            made, self.validation, self.metric, threshold=self.threshold, run=self.run
        )
        return score, made._settled()

    def reason(self) -> Exception:
        """Why all trials have failed."""
        first = self.errors[0]
        if len({str(error) for error in self.errors}) == 1:
            return first
        return PenchantError(f"All {self.count} trials have failed, the first because: {first}")


def _score_text(trial: Trial) -> str:
    return "failed" if trial.score is None else f"{trial.score:.4f}"

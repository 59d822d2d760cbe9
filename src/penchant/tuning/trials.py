"""Fits and judges one set of hyper-parameters after the other on validation events."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from penchant.data.dataset import Dataset
from penchant.data.holdout import Holdout
from penchant.data.splits import Split
from penchant.errors import ParameterError, PenchantError
from penchant.evaluation.participants import with_threshold
from penchant.evaluation.validation import check_metric, validation_score
from penchant.metrics import Metric, parse
from penchant.models.base import Recommender
from penchant.results.tuning.result import Maker, Tuning
from penchant.results.tuning.trial import Range, Trial, value_text
from penchant.run import Run
from penchant.tuning.journal import FileJournal, Journal, MemoryJournal
from penchant.tuning.ranges import Wish, ranges_of
from penchant.tuning.search import GridSearch, RandomSearch, SearchStrategy, TpeSearch, start_of
from penchant.tuning.setup import study_setup

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
    minutes: float | None = None,
    method: Method = "auto",
    like: float | None = None,
    seed: int = 0,
    study: str | Path | None = None,
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
        minutes: a budget: once all trials together, those of a study before, too, have taken so
            long, no further one begins. The first is tried in any case. None has no limit.
        method: `grid` tries all combinations of lists, `random` draws, `tpe` lets good trials
            lead the way (by the package optuna); `auto` is `grid` where there are only lists and
            otherwise `tpe`. What is drawn begins with the model's own values where these may be
            tried, so that the best is no worse on validation than the model as it is given.
        like: the rating from which an event is a like; by default the lowest positive one where
            the log says so, otherwise the upper quarter of the scale.
        seed: decides what is drawn; models keep their own seeds.
        study: a file that keeps each trial as soon as it is finished. Where there is one already,
            its trials are gone on with, and more of them are drawn where `trials` says so.
            Several processes may share it: each takes trials that no other is at, and all give
            all trials in the end.
        run: device, threads and progress.

    Raises:
        ParameterError: the split has no validation events, a name is unknown, a list is empty, a
            range is impossible, the minutes are not above 0, the metric only describes lists, or
            the study is damaged or of another split, model, metric, space, method or seed.
        MissingExtraError: `tpe` needs optuna, which is not installed.
        PenchantError: every trial has failed; the error is that of the first where all are alike.

    Example:
        >>> split = pn.split_per_user(planted_pairs(), validation=0.1, test=0.2)
        >>> found = pn.tune(make("ease"), split, "ndcg@10", space={"l2": [1.0, 30.0, 1000.0]})
        >>> len(found.trials), found.best_name.partition(":")[0]
        (3, 'ease')
    """
    run = run or Run()
    if minutes is not None and not minutes > 0:
        raise ParameterError(f"minutes must be above 0, not {minutes:g}.")
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
    journal: Journal = MemoryJournal()
    if study is not None:
        setup = study_setup(model, split, measure, ranges, method=method, seed=seed, like=threshold)
        journal = FileJournal(Path(study), setup, ranges)
    try:
        _run_all(
            runner, search, journal, run, seconds=math.inf if minutes is None else 60 * minutes
        )
    except KeyboardInterrupt:
        if all(trial.score is None for trial in runner.finished.values()):
            raise
        count = len(runner.finished)
        logger.warning(f"Tuning was interrupted after {count} of {search.total} trials.")
    finished = [runner.finished[number] for number in sorted(runner.finished)]
    if all(trial.score is None for trial in finished):
        raise runner.reason()
    result = Tuning(
        model=model,
        split=split,
        metric=measure.name,
        higher_is_better=higher,
        like=threshold,
        method=method,
        seed=seed,
        space=ranges,
        trials=tuple(finished),
        planned=max(search.total, len(finished)),
        minutes=minutes,
    )
    return run.finished(result)


def _run_all(
    runner: _TrialRunner, search: SearchStrategy, journal: Journal, run: Run, *, seconds: float
) -> None:
    """Try what nobody has tried yet, until all trials are finished or have taken so long."""
    finished = runner.finished
    with run.progress.task("tuning", search.total) as task:

        def gather() -> None:
            for trial in journal.new():
                if trial.number not in finished:
                    runner.remember(trial)
                    search.tell(trial)
                    task.advance(note=f"{runner.metric.name} {_score_text(trial)}")

        gather()
        if finished:
            logger.info(
                f"Going on with the study {journal}: {len(finished)} of "
                f"{max(search.total, len(finished))} trials are there."
            )
        first = 1
        while True:
            while first in finished:
                first += 1
            if first > search.total or sum(t.seconds for t in finished.values()) >= seconds:
                return
            left = (n for n in range(first, search.total + 1) if n not in finished)
            with journal.claim(left) as number:
                gather()
                if number not in finished:
                    journal.add(runner.trial(number, search.values(number)))
            gather()


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
    finished: dict[int, Trial] = field(default_factory=dict)
    tried: dict[tuple[str, ...], Trial] = field(default_factory=dict)
    errors: list[Exception] = field(default_factory=list)

    def remember(self, trial: Trial) -> None:
        """Count a trial as finished, by whichever process."""
        self.finished[trial.number] = trial
        self.tried.setdefault(_key(trial.values), trial)

    def trial(self, number: int, values: dict[str, Any]) -> Trial:
        """Try values, or recall what they came to where they were tried before."""
        if known := self.tried.get(_key(values)):
            return replace(known, number=number, seconds=0.0)
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
        return Trial(number, values, score, seconds, settled, problem)

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
        problems = [str(trial.problem) for _, trial in sorted(self.finished.items())]
        if len(set(problems)) > 1:
            return PenchantError(
                f"All {len(problems)} trials have failed, the first because: {problems[0]}"
            )
        return self.errors[0] if self.errors else PenchantError(problems[0])


def _key(values: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(map(value_text, values.values()))


def _score_text(trial: Trial) -> str:
    return "failed" if trial.score is None else f"{trial.score:.4f}"

"""Fits and judges sets of hyper-parameters on validation events."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

from penchant.data.required_split import require_split
from penchant.data.splits import Split
from penchant.distributed import executor
from penchant.errors import ParameterError
from penchant.evaluation.relevant_events import (
    Relevant,
    like_threshold,
    relevance_of,
    relevant_events,
    require_relevant,
)
from penchant.metrics import Metric, as_metric
from penchant.models.base import Recommender
from penchant.repeats import Repeats
from penchant.results.tables import CustomMetric
from penchant.results.tuning.result import Maker, Tuning
from penchant.results.tuning.trial import Range
from penchant.run import Run
from penchant.tuning.attempt import TrialSetup
from penchant.tuning.journal import FileJournal, Journal, MemoryJournal
from penchant.tuning.ranges import Wish, ranges_of
from penchant.tuning.schedule import TrialSchedule
from penchant.tuning.search import GridSearch, RandomSearch, SearchStrategy, TpeSearch, start_of
from penchant.tuning.setup import study_setup

logger = logging.getLogger(__name__)

Method = Literal["auto", "grid", "random", "tpe"]


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
    relevant: Relevant | None = None,
    repeats: Repeats | None = None,
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
            otherwise `tpe`. What is drawn begins with the model's own values, unless one lies
            outside of a `space` that was given, so that the best is no worse on validation than
            the model as it is given.
        like: the rating from which an event is a like; by default the lowest positive one where
            the log says so, otherwise the upper quarter of the scale.
        relevant: whether lists are judged by all validation events or by likes only, as `evaluate`
            takes it: by default likes where the log says which events are positive, otherwise all.
        repeats: whether lists may hold items of a user's history; by default as the split says.
        seed: decides what is drawn; models keep their own seeds.
        study: a file that keeps each trial as soon as it is finished. Where there is one already,
            its trials are gone on with, and more of them are drawn where `trials` says so.
            Several processes may share it: each takes trials that no other is at, and all give
            all trials in the end.
        run: device, threads and progress; with `ray` the workers of a cluster make the trials
            side by side. `grid` and `random` try the same there; `tpe` draws a round of as many
            trials as there are workers from what was finished before it.

    Raises:
        ParameterError: the split has no validation events, a name is unknown, a list is empty, a
            range is impossible, the minutes are not above 0, the metric only describes lists,
            nothing is relevant, the study is damaged or of another split, model, metric, space,
            method, seed or notion of what is relevant, or the cluster is not there.
        MissingExtraError: `tpe` needs optuna, or `ray` Ray, which is not installed.
        PenchantError: every trial has failed; the error is that of the first where all are alike.

    Example:
        >>> split = pn.split_per_user(planted_pairs(), validation=0.1, test=0.2)
        >>> found = pn.tune(make("ease"), split, "ndcg@10", space={"l2": [1.0, 30.0, 1000.0]})
        >>> len(found.trials), found.best_name.partition(":")[0]
        (3, 'ease')
    """
    run = run or Run()
    require_split(split)
    if minutes is not None and not minutes > 0:
        raise ParameterError(f"minutes must be above 0, not {minutes:g}.")
    measure = as_metric(metric)
    if repeats is not None and repeats != split.repeats:
        split = replace(split, repeat_rule=repeats)
    validation = split.validation
    if validation is None:
        raise ParameterError(
            "Tuning goes by validation events, and the split has none: make it with a validation "
            "share such as 0.1."
        )
    ranges = ranges_of(model, space, taken=("trial", measure.name, "seconds", "problem"))
    threshold = like_threshold(split.log, like)
    judged_by, judging = None, validation
    if measure.task == "ranking":
        judged_by = relevance_of(split.log, relevant)
        judging = relevant_events(validation, judged_by, threshold)
        require_relevant(judging, threshold, "validation event")
    setup = TrialSetup(
        make=model.clone if isinstance(model, Recommender) else model,
        train=split.train,
        validation=validation,
        judging=judging,
        metric=measure,
        threshold=threshold,
        run=run.of_tasks(),
    )
    if method == "auto":
        method = "grid" if all(range_.values for range_ in ranges.values()) else "tpe"
    higher = measure.higher_is_better
    search = _search(method, model, ranges, trials, seed, higher_is_better=higher)
    with executor(run) as workers:
        journal: Journal = MemoryJournal()
        if study is not None:
            facts = study_setup(
                model, split, measure, ranges, method=method, seed=seed, like=threshold,
                relevant=judged_by,
            )  # fmt: skip
            journal = FileJournal(Path(study), facts, ranges)
        schedule = TrialSchedule(search, journal, math.inf if minutes is None else 60 * minutes)
        try:
            schedule.run_all(setup, workers, run)
        except KeyboardInterrupt:
            if all(trial.score is None for trial in schedule.finished.values()):
                raise
            count = len(schedule.finished)
            logger.warning(f"Tuning was interrupted after {count} of {search.total} trials.")
    finished = [schedule.finished[number] for number in sorted(schedule.finished)]
    if all(trial.score is None for trial in finished):
        raise schedule.reason()
    custom = CustomMetric.of(measure)
    result = Tuning(
        model=model,
        split=split,
        metric=measure.name,
        higher_is_better=higher,
        like=threshold,
        relevant=judged_by,
        method=method,
        seed=seed,
        space=ranges,
        trials=tuple(finished),
        planned=max(search.total, len(finished)),
        minutes=minutes,
        custom_metrics={} if custom is None else {measure.name: custom},
    )
    return run.finished(result)


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

"""The charts of a tuning: the score by trial, and by the value of each hyper-parameter."""

from __future__ import annotations

from penchant.results.graph import Graph, Mark, scatter
from penchant.results.tuning.result import Tuning
from penchant.results.tuning.trial import Trial, value_text


def by_trial(tuning: Tuning) -> Graph:
    """The score of each trial, and the best so far as a line of steps."""
    best, trials = tuning.best_trial, _scored(tuning)
    steps: list[tuple[float, float]] = []
    for number, score in enumerate(tuning.best_so_far(), 1):
        if score is not None:
            steps += [(number, steps[-1][1])] if steps else []
            steps.append((number, score))
    return scatter(
        f"{tuning.metric} on validation by trial, and the best so far as a line; the best of all "
        f"is trial {best.number} with {best.score:.4f}.",
        [trial.number for trial in trials],
        [trial.score for trial in trials],
        x="trial",
        y=tuning.metric,
        name="trials",
        lines={"best so far": steps},
        marks=_marks(tuning, trials),
    )


def by_value(tuning: Tuning, name: str) -> Graph:
    """The score of each trial by the value of one parameter, that of the best one marked.

    A model's own value that the log decides on, or that lies outside of the ends, has no place.
    """
    range_, best, trials = tuning.space[name], tuning.best_trial, _scored(tuning)
    if not range_.values:
        trials = [trial for trial in trials if range_.spans(trial.values[name])]
    values = [trial.values[name] for trial in trials]
    ordered = range_.low is not None and all(isinstance(v, int | float) for v in values)
    if not ordered:
        places = {value_text(value): n for n, value in enumerate(range_.values)}
        trials.sort(key=lambda trial: places[value_text(trial.values[name])])
        values = [value_text(trial.values[name]) for trial in trials]
    whatever = ", whatever the other parameters" if len(tuning.space) > 1 else ""
    return scatter(
        f"{tuning.metric} on validation by {name}{whatever}; the best trial has "
        f"{name}={value_text(best.values[name])}.",
        values,
        [trial.score for trial in trials],
        x=name,
        y=tuning.metric,
        marks=_marks(tuning, trials),
        log_x=ordered and range_.log,
    )


def _scored(tuning: Tuning) -> list[Trial]:
    return [trial for trial in tuning.trials if trial.score is not None]


def _marks(tuning: Tuning, trials: list[Trial]) -> list[Mark]:
    return ["best" if trial.number == tuning.best_trial.number else "" for trial in trials]

"""What a tracker writes of a result: parameters, figures and tags of each run, as plain values."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from penchant.errors import ParameterError
from penchant.models import spec_of
from penchant.models.base import Recommender
from penchant.results.evaluation import Evaluation
from penchant.results.tables import Entry, Table
from penchant.results.tuning.result import Tuning
from penchant.results.tuning.trial import Trial, value_text
from penchant.run import versions


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """One run.

    Attributes:
        name: what the tracker calls it.
        params: what was set.
        figures: what came of it, finite numbers alone.
        curve: rows of a training history, each with its `epoch`.
        tags: what else tells runs apart.
    """

    name: str
    params: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, float] = field(default_factory=dict)
    curve: tuple[Mapping[str, float], ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


def records_of(result: object) -> tuple[RunRecord, tuple[RunRecord, ...]]:
    """The run of a result, and the runs below it: one a model, or one a trial.

    Raises:
        ParameterError: it is no comparison, no tuning and no fitted recommender.
    """
    if isinstance(result, Evaluation):
        return _comparison(result), tuple(_models(result))
    if isinstance(result, Tuning):
        return _tuning(result), tuple(_trial(result, trial) for trial in result.trials)
    if isinstance(result, Recommender):
        return _fitted(result), ()
    raise ParameterError(
        f"A {type(result).__name__} is no result that is tracked: give a comparison, a tuning or "
        "a fitted recommender."
    )


def key(metric: str) -> str:
    """A metric's name as trackers take it: letters, digits and `_-./`, such as ndcg_at_10."""
    return re.sub(r"[^\w\-./]+", "_", metric.replace("@", "_at_")).strip("_")


def _comparison(result: Evaluation) -> RunRecord:
    plain = result.split.describe()
    params = {name: plain[name] for name in ("kind", "train", "validation", "test", "test_users")}
    settings = {k: v for k, v in result.settings.items() if k not in ("models", "versions")}
    tags = {"split_sentence": result.split.sentence} | _tags(
        "comparison",
        split=result.split.fingerprint,
        log=result.split.log.name,
        log_fingerprint=result.split.log.fingerprint,
    )
    if any(not math.isnan(e.validation) for e in result.table().entries):
        tags["best_on_validation"] = result.best_name()
    found = result.findings.at("wrong", "doubtful")
    figures = {"findings": float(len(found))}
    return RunRecord(
        name=f"compare {result.split.log.name}",
        params=_texts(params | settings),
        figures=figures,
        tags=tags,
    )


def _models(result: Evaluation) -> Iterator[RunRecord]:
    names = dict.fromkeys(entry.name for table in result.tables.values() for entry in table.entries)
    for name in names:
        entries = [
            (table, entry)
            for table in result.tables.values()
            for entry in table.entries
            if entry.name == name
        ]
        figures: dict[str, float] = {}
        for table, entry in entries:
            figures |= _figures_of(table, entry)
        first = entries[0][1]
        tags = {"trivial": str(first.trivial).lower()}
        tags |= {f"verdict.{t.task}": e.verdict for t, e in entries if e.verdict is not None}
        model = result.models.get(name)
        yield RunRecord(
            name=name,
            params={} if model is None else {"model": spec_of(model)} | _texts(model.params()),
            figures=_finite(figures),
            curve=tuple(getattr(model, "curve_", None) or ()),
            tags=_tags("model", split=result.split.fingerprint) | tags,
        )


def _figures_of(table: Table, entry: Entry) -> dict[str, float]:
    """Each metric with its interval and gain, for all users and each segment; and the costs."""
    figures: dict[str, float] = {f"validation/{key(table.primary)}": entry.validation}
    segments = {"": entry.metrics} | {
        f"{name}/": next((e.metrics for e in segment.entries if e.name == entry.name), {})
        for name, segment in table.segments.items()
    }
    for segment, metrics in segments.items():
        for metric, value in metrics.items():
            name = f"{segment}{key(metric)}"
            figures[name] = value.value
            for part in ("low", "high", "gain", "gain_low", "gain_high"):
                figures[f"{name}.{part}"] = getattr(value, part)
    cost = entry.cost
    figures |= {"fit_seconds": cost.fit_seconds, "score_seconds": cost.score_seconds}
    counts = {"parameters": cost.parameters, "peak_bytes": cost.peak_bytes}
    return figures | {name: float(count) for name, count in counts.items() if count is not None}


def _tuning(result: Tuning) -> RunRecord:
    best = result.best_trial
    assert best.score is not None  # of the trials that have one
    space = {f"space.{name}": str(range_) for name, range_ in result.space.items()}
    settings = {
        name: getattr(result, name) for name in ("metric", "method", "seed", "like", "relevant")
    }
    return RunRecord(
        name=f"tune {result.best_name.partition(':')[0]} on {result.split.log.name}",
        params=_texts(settings | space | {"best": result.best_name}),
        figures={f"validation/{key(result.metric)}": best.score, "trials": len(result.trials)},
        tags=_tags(
            "tuning",
            split=result.split.fingerprint,
            log=result.split.log.name,
            log_fingerprint=result.split.log.fingerprint,
        ),
    )


def _trial(result: Tuning, trial: Trial) -> RunRecord:
    score = {} if trial.score is None else {f"validation/{key(result.metric)}": trial.score}
    problem = {} if trial.problem is None else {"problem": trial.problem}
    return RunRecord(
        name=f"trial {trial.number}",
        params={name: value_text(v) for name, v in {**trial.values, **trial.settled}.items()},
        figures=_finite(score | {"seconds": trial.seconds}),
        tags=_tags("trial", split=result.split.fingerprint) | problem,
    )


def _fitted(model: Recommender) -> RunRecord:
    return RunRecord(
        name=f"train {spec_of(model)} on {model.log_name_}",
        params={"model": spec_of(model)} | _texts(model.params()),
        figures=_finite(
            {"fit_seconds": model.fit_seconds_, "parameters": float(model.n_parameters())}
        ),
        curve=tuple(getattr(model, "curve_", None) or ()),
        tags=_tags("training", log=model.log_name_, log_fingerprint=model.log_fingerprint_),
    )


def _tags(kind: str, **more: str) -> dict[str, str]:
    """What all runs say, each name below `penchant.` for a tracker to search by."""
    tags = {"kind": kind} | more | {f"version.{n}": v for n, v in versions().items()}
    return {f"penchant.{name}": value for name, value in tags.items()}


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: ", ".join(map(str, value)) if isinstance(value, list | tuple) else value_text(value)
        for name, value in values.items()
    }


def _finite(figures: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in figures.items() if math.isfinite(value)}

"""What a study is written with: all names in one place, and what a study's module must have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from penchant.results import (
    CodeBlock,
    Conclusion,
    ConclusionLevel,
    DataTable,
    EvaluationSummary,
    Opening,
    Section,
    StudyResult,
    StudyStep,
)
from penchant.results.graph import Graph, bars, lines, points, reliability, words
from penchant.run import Run
from penchant.studies.plan import Watch
from penchant.studies.steps import Steps

__all__ = [
    "CodeBlock",
    "Conclusion",
    "ConclusionLevel",
    "DataTable",
    "EvaluationSummary",
    "Graph",
    "Opening",
    "Section",
    "Steps",
    "Study",
    "StudyResult",
    "StudyRun",
    "StudyStep",
    "bars",
    "lines",
    "points",
    "reliability",
    "words",
]


class Study(Protocol):
    """A module that reproduces a published system.

    Attributes:
        TITLE: a line on what is reproduced.
        DATA: the name of the published data set that it is about.
        SMALL_DATA: the name of a smaller one on which the study takes minutes.
        run: `run(log: Dataset | None = None, *, seed: int = 0, run: Run | None = None, ...)` with
            the study's options as further keyword-only parameters, each with a type and a
            default; without a log it loads `DATA`.
    """

    TITLE: str
    DATA: str
    SMALL_DATA: str
    run: Callable[..., StudyResult]


@dataclass(frozen=True, kw_only=True)
class StudyRun(Run):
    """How to run a study.

    Attributes:
        output: the folder that the results of its steps are stored in; None stores nothing.
        fresh: whether stored steps are run again.
        watch: is told how far the study is, whenever a step begins or ends; None tells nobody.
    """

    fresh: bool = False
    watch: Watch | None = None

"""The steps of a study, kept in files so that an interrupted study continues where it was."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

from penchant.data.dataset import EVENT_COLUMNS, Dataset
from penchant.errors import ParameterError
from penchant.evaluation.comparison import _versions
from penchant.results.evaluation import Evaluation
from penchant.results.evaluation_summary import EvaluationSummary
from penchant.results.study import StudyResult
from penchant.results.study_parts import Section, StudyStep
from penchant.results.tables import Table
from penchant.run import Run
from penchant.store import JSON, Store, digest

logger = logging.getLogger(__name__)

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class Steps:
    """Does the steps of a study, each once for the same log, options, seed and versions.

    What a step gives is kept as JSON in a folder of `run.output`. A step that was kept before is
    read and not done, unless the run is `fresh`. Python gets what a file would give in either
    case, so that a continued study and one in a single go are the same: tuples are lists, NumPy's
    arrays are lists and its numbers are numbers.

    Attributes:
        folder: where steps are kept; None keeps nothing.
        taken: the steps so far.

    Args:
        study: the study's name or its module's `__name__`.
        log: what it runs on.
        version: of the study's own program; a higher one forgets what was kept.
        seed: decides everything random.
        options: everything else that decides its figures.
        run: where to keep steps (`output`), progress, and whether to start `fresh`.
    """

    def __init__(
        self,
        study: str,
        log: Dataset,
        *,
        version: int,
        seed: int = 0,
        options: Mapping[str, Any] | None = None,
        run: Run | None = None,
    ) -> None:
        self.run = run or Run()
        self.taken: list[StudyStep] = []
        self._started = time.perf_counter()
        self._name = study.rpartition(".")[2].replace("_", "-")
        self._log, self._seed, self._options = log, seed, dict(options or {})
        self._versions = {"study": version} | _versions()
        key = {
            "study": self._name,
            "log": log.fingerprint,
            # What the fingerprint leaves out, such as texts.
            "columns": log.events.select(pl.exclude(*EVENT_COLUMNS)),
            "users": log.user_table,
            "items": log.item_table,
            "seed": seed,
            "options": {name: str(value) for name, value in self._options.items()},
            "versions": {name: str(number) for name, number in self._versions.items()},
        }
        output = self.run.output
        self.folder = None if output is None else output / f"{self._name}-{digest(key)[:16]}"
        self._store = Store(self.folder)

    def do(self, name: str, function: Callable[[], Any]) -> Any:
        """What a step gives: from its file where there is one, otherwise by calling `function`.

        Args:
            name: small letters, digits and hyphens, once in a study.
            function: gives numbers, texts, lists and mappings of texts to such; NumPy's numbers
                and arrays, evaluations and judged tables, too.

        Raises:
            ParameterError: the name is used twice or has other signs, or the result is something
                else.
        """
        if not _NAME.fullmatch(name) or any(step.name == name for step in self.taken):
            raise ParameterError(
                f"The step {name!r} of the study {self._name} must have a name of its own, of "
                "small letters, digits and hyphens."
            )
        reused = True

        def compute() -> dict[str, Any]:
            nonlocal reused
            reused, start = False, time.perf_counter()
            value = function()
            return {"seconds": time.perf_counter() - start, "value": self._plain(name, value)}

        label = f"{self._name}: {name}"
        fresh = getattr(self.run, "fresh", False)
        with self.run.progress.task(label):
            step = self._store.get_or_compute(name, JSON, compute, label=label, fresh=fresh)
        if reused:
            logger.info(f"{label} was kept from an earlier run.")
        self.taken.append(StudyStep(name, float(step["seconds"]), reused=reused))
        return step["value"]

    def compare(
        self, name: str, function: Callable[[], Evaluation | Table], title: str = ""
    ) -> EvaluationSummary:
        """A step that compares contenders; the fitted models are not kept.

        Args:
            name: see `do`.
            function: evaluates.
            title: a heading for the comparison.
        """
        kept = self.do(name, lambda: EvaluationSummary.of(function(), title).dump())
        return EvaluationSummary.load(kept)

    def result(self, *, title: str, summary: str, sections: Sequence[Section]) -> StudyResult:
        """What the study comes to, with all that decides it.

        Raises:
            ParameterError: a section names a step that was not taken.
        """
        taken = {step.name for step in self.taken}
        for section in sections:
            if unknown := sorted(set(section.steps) - taken):
                raise ParameterError(
                    f"The section {section.title!r} names the steps {', '.join(unknown)}, which "
                    f"were not taken; there were {', '.join(taken) or 'none'}."
                )
        log = self._log
        return StudyResult(
            name=self._name,
            title=title,
            summary=summary,
            sections=tuple(sections),
            log={
                "name": log.name,
                "fingerprint": log.fingerprint,
                "source": str(log.origin),
                "events": len(log),
                "users": log.n_users,
                "items": log.n_items,
            },
            seed=self._seed,
            settings=self._options,
            versions=self._versions,
            steps=tuple(self.taken),
            seconds=time.perf_counter() - self._started,
        )

    def _plain(self, name: str, value: Any) -> Any:
        """The value as a file would give it."""
        try:
            return json.loads(json.dumps(value, default=_plain))
        except (TypeError, ValueError) as error:
            raise ParameterError(
                f"The step {name!r} of the study {self._name} gives what JSON cannot hold: {error}."
            ) from None


def _plain(value: Any) -> Any:
    """What JSON does not know as it would be in a file."""
    if isinstance(value, Evaluation | Table):
        return EvaluationSummary.of(value).dump()
    if isinstance(value, EvaluationSummary):
        return value.dump()
    if hasattr(value, "tolist"):  # NumPy's numbers and arrays
        return value.tolist()
    raise TypeError(f"a {type(value).__name__}")

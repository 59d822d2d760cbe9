"""Run the steps of a study, stored in files so that an interrupted study continues."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import polars as pl
from pydantic import TypeAdapter, ValidationError

from penchant.data import EVENT_COLUMNS, Dataset
from penchant.errors import ParameterError
from penchant.results import (
    Opening,
    Section,
    StudyResult,
    StudyStep,
    opening_without_verdict,
    section_without_verdicts,
)
from penchant.run import Run, versions
from penchant.store import JSON, Store, digest
from penchant.studies.plan import Plan, StepPlan

logger = logging.getLogger(__name__)

R = TypeVar("R")
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class Steps:
    """Runs the steps of a study, each once for the same log, options, seed and versions.

    A step gives a record (a frozen dataclass, or a list or mapping of such), which is stored as
    JSON in a folder of `run.output`. A step that is stored is read instead of run, unless the run
    is `fresh`. In either case the record is restored from plain values and checked, so that a
    continued study and one in a single go are the same.

    Attributes:
        folder: where steps are stored; None stores nothing.
        taken: the steps so far.

    Args:
        study: the study's name or its module's `__name__`.
        log: what it runs on.
        version: of the study's own program; results of other versions are not used.
        seed: decides everything random.
        options: of the study, which decide its figures; in a `quick` one nothing is judged.
        inputs: what else decides them, such as fingerprints of further logs, by name.
        plan: all steps in their order, best with the seconds that each usually takes on two
            cores, so that the time left can be told; others are added as they come.
        run: where to store steps (`output`), progress, whether to start `fresh`, and who is told
            how far the study is (`watch`).
    """

    def __init__(
        self,
        study: str,
        log: Dataset,
        *,
        version: int,
        seed: int = 0,
        options: Mapping[str, Any] | None = None,
        inputs: Mapping[str, str] | None = None,
        plan: StepPlan = (),
        run: Run | None = None,
    ) -> None:
        self.run = run or Run()
        self.taken: list[StudyStep] = []
        self._started = time.perf_counter()
        self._name = study.rpartition(".")[2].replace("_", "-")
        self._log, self._seed, self._options = log, seed, dict(options or {})
        self._versions = {"study": version} | versions()
        key = {
            "study": self._name,
            "log": log.fingerprint,
            # What the fingerprint leaves out, such as texts.
            "columns": log.events.select(pl.exclude(*EVENT_COLUMNS)),
            "users": log.user_table,
            "items": log.item_table,
            "seed": seed,
            "options": {name: str(value) for name, value in self._options.items()},
            "inputs": dict(inputs or {}),
            "versions": {name: str(number) for name, number in self._versions.items()},
        }
        output = self.run.output
        self.folder = None if output is None else output / f"{self._name}-{digest(key)[:16]}"
        self._store = Store(self.folder)
        self._plan = Plan(self._name, plan, getattr(self.run, "watch", None))

    def do(self, name: str, record: type[R], function: Callable[[], R]) -> R:
        """A step's record: restored where it is stored, otherwise by calling `function`.

        Args:
            name: small letters, digits and hyphens, once in a study.
            record: the type of the result, such as a frozen dataclass or `list[float]`.
            function: gives that result.

        Raises:
            ParameterError: the name is used twice or has other characters, or the result is not
                of that type.
        """
        if not _NAME.fullmatch(name) or any(step.name == name for step in self.taken):
            raise ParameterError(
                f"The step {name!r} of the study {self._name} must have a name of its own, of "
                "small letters, digits and hyphens."
            )
        adapter = TypeAdapter(record)
        reused = True

        def compute() -> dict[str, Any]:
            nonlocal reused
            reused, start = False, time.perf_counter()
            value = function()
            seconds = time.perf_counter() - start
            return {"seconds": seconds, "value": self._plain(name, adapter, value)}

        label = f"{self._name}: {name}"
        fresh = getattr(self.run, "fresh", False)
        self._plan.begin(name)
        with self.run.progress.task(label):
            step = self._store.get_or_compute(name, JSON, compute, label=label, fresh=fresh)
            try:
                value = adapter.validate_python(step["value"])
            except ValidationError:  # a record of an earlier version of the program
                step = self._store.get_or_compute(name, JSON, compute, label=label, fresh=True)
                value = adapter.validate_python(step["value"])
        if reused:
            logger.info(f"{label} was kept from an earlier run.")
        self.taken.append(StudyStep(name, float(step["seconds"]), reused=reused))
        self._plan.end(name, float(step["seconds"]), reused=reused)
        return value

    def result(
        self,
        *,
        title: str,
        opening: Opening,
        sections: Sequence[Section],
    ) -> StudyResult:
        """The result of the study, with all that decides it.

        A quick study keeps no conclusion and no verdict: its figures mean nothing.

        Args:
            title: of the page.
            opening: the first screen of the page.
            sections: what was done and found.

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
        if self._options.get("quick"):
            sections = [section_without_verdicts(section) for section in sections]
            opening = opening_without_verdict(opening)
        log = self._log
        return StudyResult(
            name=self._name,
            title=title,
            opening=opening,
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

    def _plain(self, name: str, adapter: TypeAdapter[R], value: R) -> Any:
        """The record as a file would give it, checked."""
        try:
            plain = json.loads(json.dumps(adapter.dump_python(value, warnings="error")))
            adapter.validate_python(plain)
        except (AttributeError, TypeError, ValueError) as error:  # pydantic's are ValueErrors
            raise ParameterError(
                f"The step {name!r} of the study {self._name} gives no record that JSON can "
                f"hold: {error}"
            ) from None
        return plain

"""The steps of a study, kept in files so that an interrupted study continues where it was."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from penchant.atomic_write import write_whole
from penchant.data.dataset import EVENT_COLUMNS, Dataset
from penchant.errors import ParameterError
from penchant.evaluation.comparison import _versions
from penchant.results.evaluation import Evaluation
from penchant.results.saved_comparison import Comparison
from penchant.results.study import StudyResult
from penchant.results.study_parts import Section, StudyStep
from penchant.results.tables import Table
from penchant.run import Run, say

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
        self._key = {
            "study": self._name,
            "log": [log.fingerprint, _further(log)],
            "seed": seed,
            "options": {name: str(value) for name, value in self._options.items()},
            "versions": {name: str(number) for name, number in self._versions.items()},
        }
        digest = hashlib.sha256(json.dumps(self._key, sort_keys=True).encode()).hexdigest()[:16]
        output = self.run.output
        self.folder: Path | None = None if output is None else output / f"{self._name}-{digest}"

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
        with self.run.progress.task(f"{self._name}: {name}"):
            kept = self._kept(name)
            if kept is not None:
                say(f"{self._name}: {name} was kept from an earlier run.")
                self.taken.append(StudyStep(name, float(kept["seconds"]), reused=True))
                return kept["value"]
            start = time.perf_counter()
            value = function()
            seconds = time.perf_counter() - start
        text = self._text(name, seconds, value)
        self._keep(name, text)
        self.taken.append(StudyStep(name, seconds, reused=False))
        return json.loads(text)["value"]

    def compare(
        self, name: str, function: Callable[[], Evaluation | Table], title: str = ""
    ) -> Comparison:
        """A step that compares contenders; the fitted models are not kept.

        Args:
            name: see `do`.
            function: evaluates.
            title: a heading for the comparison.
        """
        kept = self.do(name, lambda: Comparison.of(function(), title).to_keep())
        return Comparison.from_kept(kept)

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

    def _file(self, name: str) -> Path | None:
        return None if self.folder is None else self.folder / f"{name}.json"

    def _kept(self, name: str) -> dict[str, Any] | None:
        """What a file has of this step; None where there is none, or one of something else."""
        file = self._file(name)
        if file is None or getattr(self.run, "fresh", False):
            return None
        try:
            kept = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        good = isinstance(kept, dict) and {"key", "step", "seconds", "value"} <= set(kept)
        return kept if good and (kept["key"], kept["step"]) == (self._key, name) else None

    def _keep(self, name: str, text: str) -> None:
        file = self._file(name)
        if file is None:
            return
        try:
            write_whole(text, file)
        except OSError as error:  # hours of work are not lost because a disk is full
            say(f"{self._name}: {name} could not be kept in {file}: {error.strerror}.")

    def _text(self, name: str, seconds: float, value: Any) -> str:
        whole = {"key": self._key, "step": name, "seconds": seconds, "value": value}
        try:
            return json.dumps(whole, default=_plain, ensure_ascii=False)
        except (TypeError, ValueError) as error:
            raise ParameterError(
                f"The step {name!r} of the study {self._name} gives what JSON cannot hold: {error}."
            ) from None


def _further(log: Dataset) -> str:
    """A fingerprint of what a log has beyond users, items, ratings and times, such as texts."""
    further = [c for c in log.events.columns if c not in EVENT_COLUMNS]
    digest = hashlib.sha256()
    for table in (log.events.select(further), log.user_table, log.item_table):
        if table is not None and table.width:
            digest.update(f"{table.height} {table.schema}".encode())
            # Other versions of Polars hash otherwise; its version is in the key.
            digest.update(table.hash_rows(seed=0).to_numpy().tobytes())
    return digest.hexdigest()[:16]


def _plain(value: Any) -> Any:
    """What JSON does not know as it would be in a file."""
    if isinstance(value, Evaluation | Table):
        return Comparison.of(value).to_keep()
    if isinstance(value, Comparison):
        return value.to_keep()
    if hasattr(value, "tolist"):  # NumPy's numbers and arrays
        return value.tolist()
    raise TypeError(f"a {type(value).__name__}")

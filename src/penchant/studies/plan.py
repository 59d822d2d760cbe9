"""The plan of a study: which steps there are, which are done, and how long the rest takes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from penchant.results import PlannedStep, StudyProgress

StepPlan = Sequence[str] | Mapping[str, float]
"""All steps of a study in their order, best with the seconds that each usually takes."""
Watch = Callable[[StudyProgress], None]
"""Is told how far a study is, whenever a step begins or ends."""


class Plan:
    """Follows the steps of a study.

    Args:
        study: the study's name.
        steps: the plan; steps of which it does not speak are added as they come.
        watch: is told of every change; None tells nobody.
    """

    def __init__(self, study: str, steps: StepPlan = (), watch: Watch | None = None) -> None:
        usual = steps if isinstance(steps, Mapping) else dict.fromkeys(steps, math.nan)
        self._study, self._watch = study, watch
        self._steps = [PlannedStep(name, float(seconds)) for name, seconds in usual.items()]
        self._started = time.monotonic()
        self._tell("")

    def begin(self, name: str) -> None:
        """Say that a step begins; planned steps before it that were left out are dropped."""
        names = [step.name for step in self._steps]
        if name in names:
            place = names.index(name)
            done = [step for step in self._steps[:place] if step.seconds is not None]
            self._steps = [*done, *self._steps[place:]]
        else:
            done = [step for step in self._steps if step.seconds is not None]
            rest = [step for step in self._steps if step.seconds is None]
            self._steps = [*done, PlannedStep(name), *rest]
        self._tell(name)

    def end(self, name: str, seconds: float, *, reused: bool) -> None:
        """Say that a step is done."""
        self._steps = [
            replace(step, seconds=seconds, reused=reused) if step.name == name else step
            for step in self._steps
        ]
        self._tell("")

    def _tell(self, current: str) -> None:
        if self._watch is not None:
            gone = time.monotonic() - self._started
            self._watch(StudyProgress(self._study, tuple(self._steps), current, gone))

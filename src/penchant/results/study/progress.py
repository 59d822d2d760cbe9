"""How far a study is: its steps, the one under way and the time that is left."""

from __future__ import annotations

import math
from dataclasses import dataclass

_PRIOR = 2.0  # seconds for which the usual pace counts beside what was measured
_OVERDUE = 0.2  # of a step's own time, which a step that takes longer than usual may still take


@dataclass(frozen=True)
class PlannedStep:
    """A step of a study, done or to be done.

    Attributes:
        name: what the study calls it.
        usual: seconds that it usually takes on two cores; NaN where nobody knows.
        seconds: how long it took; None until it is done.
        reused: whether it was kept from an earlier run.
    """

    name: str
    usual: float = math.nan
    seconds: float | None = None
    reused: bool = False


@dataclass(frozen=True)
class StudyProgress:
    """A study under way, at one moment.

    Attributes:
        study: the study's name.
        steps: all steps in their order.
        current: the step under way; empty between steps.
        gone: seconds since the run began.
        in_step: seconds since the step under way began.
        share: how much of it is done, from 0 to 1; None where it does not say.
    """

    study: str
    steps: tuple[PlannedStep, ...]
    current: str = ""
    gone: float = 0.0
    in_step: float = 0.0
    share: float | None = None

    @property
    def n_done(self) -> int:
        """How many steps are done."""
        return sum(step.seconds is not None for step in self.steps)

    @property
    def number(self) -> int:
        """The place of the step under way, from 1; 0 between steps."""
        names = [step.name for step in self.steps]
        return names.index(self.current) + 1 if self.current in names else 0

    @property
    def left(self) -> float | None:
        """Seconds that are left, by the usual times and by the pace so far; None if unknown."""
        expected = self._expected()
        if expected is None:
            return None
        rest = 0.0
        for step, seconds in zip(self.steps, expected, strict=True):
            if step.name == self.current:
                rest += self._rest_of_step(seconds)
            elif step.seconds is None:
                rest += seconds
        return rest

    def _expected(self) -> list[float] | None:
        """Seconds that each step takes at the pace so far."""
        done = [step for step in self.steps if step.seconds is not None]
        usual = [step.usual for step in self.steps if math.isfinite(step.usual)]
        if usual:
            typical = sorted(usual)[len(usual) // 2]
            known = [step for step in done if math.isfinite(step.usual)]
            took = sum(step.seconds or 0.0 for step in known)
            pace = (took + _PRIOR) / (sum(step.usual for step in known) + _PRIOR)
        elif done:
            typical, pace = sum(step.seconds or 0.0 for step in done) / len(done), 1.0
        else:
            return None
        return [pace * (s.usual if math.isfinite(s.usual) else typical) for s in self.steps]

    def _rest_of_step(self, expected: float) -> float:
        by_time = max(expected - self.in_step, _OVERDUE * self.in_step)
        if not self.share:
            return by_time
        by_share = self.in_step * (1 - self.share) / self.share
        return self.share * by_share + (1 - self.share) * by_time


def time_left(seconds: float | None) -> str:
    """A time to wait as a person says it; empty where it is not known."""
    if seconds is None or not math.isfinite(seconds):
        return ""
    if seconds < 60:
        return "less than a minute left"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"about {minutes} min left"
    return f"about {minutes // 60} h {minutes % 60} min left"

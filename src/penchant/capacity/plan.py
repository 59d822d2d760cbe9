"""Memory, time and machines that a log of some size takes, step by step."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from penchant.capacity.amounts import LogSize
from penchant.capacity.growth import Growth, measured_growth
from penchant.capacity.steps import MAIN_STEPS, STEPS
from penchant.errors import ParameterError
from penchant.notebook import ShownAsText
from penchant.results.formatting import DASH, duration, short

_HOUR = 3600.0
_FACTORS = 2.0**-60, 2.0**60  # of the log, between which the largest that fits is looked for


@dataclass(frozen=True)
class StepPlan:
    """What a step takes on a log.

    Attributes:
        step: its name.
        title: what it is.
        hours: of one core.
        gigabytes: of resident memory.
        machines: that finish it within the time; None where one machine has to do it and does
            not have the memory or the time.
        limit: what one machine lacks: `memory`, `time` or None.
        most_events: the most events that a log of the same proportions can have for one machine.
        grows_with: what its time grows with.
        remedy: what to do where one machine does not do; empty where it does.
    """

    step: str
    title: str
    hours: float
    gigabytes: float
    machines: int | None
    limit: str | None
    most_events: float
    grows_with: str
    remedy: str


@dataclass(frozen=True, repr=False)
class CapacityPlan(ShownAsText):
    """What a log of some size takes.

    Attributes:
        size: of the log.
        gigabytes: of memory that a machine has.
        hours: that a step may take.
        steps: from reading to lists.
        growth: the measurements that it follows from.
    """

    size: LogSize
    gigabytes: float
    hours: float
    steps: tuple[StepPlan, ...]
    growth: Growth

    @property
    def bottleneck(self) -> StepPlan:
        """The step that is the first to exceed a machine as the log grows."""
        return min(self.steps, key=lambda step: step.most_events)

    def to_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        return {
            "users": self.size.users,
            "items": self.size.items,
            "events": self.size.events,
            "memory_gb": self.gigabytes,
            "max_hours": self.hours,
            "bottleneck": self.bottleneck.step,
            "steps": [asdict(step) for step in self.steps],
            "measured": {
                "machine": self.growth.machine,
                "date": self.growth.date,
                "versions": self.growth.versions,
                "command": self.growth.command,
            },
        }

    def __str__(self) -> str:
        width = max(len(step.title) for step in self.steps)
        lines = [
            f"{self.size.users:,.0f} users, {self.size.items:,.0f} items, "
            f"{self.size.events:,.0f} events; machines with {self.gigabytes:g} GB, "
            f"{self.hours:g} hours a step",
            "",
            f"{'step':{width}}  {'core time':>18}  {'memory':>13}  {'machines':>8}  fits up to",
        ]
        lines += [
            f"{step.title:{width}}  {duration(step.hours * _HOUR):>18}  "
            f"{step.gigabytes:>10,.1f} GB  {step.machines or DASH:>8}  "
            f"{short(step.most_events)} events"
            for step in self.steps
        ]
        lines += ["", *self._sentences()]
        return "\n".join(lines)

    def _sentences(self) -> list[str]:
        first = self.bottleneck
        lines = [
            f"As this log grows, {first.title} is the first that one machine cannot do "
            f"(time grows with {first.grows_with})."
        ]
        lines += [
            f"{step.title}: one machine lacks {step.limit}; {step.remedy}."
            for step in self.steps
            if step.limit is not None
        ]
        largest = max(m.size.events for m in self.growth.measurements)
        lines.append(
            f"From measurements on up to {largest:,.0f} events ({self.growth.machine}, "
            f"{self.growth.date}); beyond ten times that, take it for the order of magnitude."
        )
        return lines


def plan(
    *,
    users: float,
    items: float,
    events: float,
    memory_gb: float = 64.0,
    max_hours: float = 24.0,
    steps: Sequence[str] | None = None,
    all_models: bool = False,
    growth: Growth | None = None,
) -> CapacityPlan:
    """Say what a log of some size takes in memory, time and machines, step by step.

    Time and memory follow from measurements on made-up logs whose users and items are as unequal
    as those of public logs, and from what each step's work grows with; models are at their
    defaults, and of further ones that learn in epochs one epoch is planned.

    >>> import penchant as pn
    >>> small = pn.plan(users=50_000, items=10_000, events=2_000_000)
    >>> {step.step for step in small.steps if step.limit}
    set()

    Args:
        users: who have events.
        items: that have events.
        events: in all.
        memory_gb: memory of a machine, in 10⁹ bytes.
        max_hours: that a step may take, on one core of each machine.
        steps: which, by their names in `penchant.capacity.STEPS`; by default those from reading
            to lists with the models that are the usual choice for large logs, and `ease`.
        all_models: all that were measured, where `steps` names none.
        growth: measurements; those that come with penchant by default.

    Raises:
        ParameterError: a number is not positive, there are fewer events than users or items, or a
            step is not known or was not measured.
    """
    given = {
        "users": users,
        "items": items,
        "events": events,
        "memory_gb": memory_gb,
        "max_hours": max_hours,
    }
    for name, value in given.items():
        if not (math.isfinite(value) and value > 0):
            raise ParameterError(f"{name} is {value:g}, and has to be a positive number.")
    if events < max(users, items):
        raise ParameterError(
            f"There are {events:,.0f} events, and {max(users, items):,.0f} users or items that "
            "have one each: count only users and items with events."
        )
    size, growth = LogSize(users, items, events), growth or measured_growth()
    measured = [name for name in STEPS if len(growth.of(name)) > 1]
    for name in steps or ():
        if name not in measured:
            raise ParameterError(
                f"{name!r} is not a step that was measured: {', '.join(measured)}."
            )
    if steps is None:
        steps = measured if all_models else [name for name in measured if name in MAIN_STEPS]
    rows = tuple(
        _planned(name, size, growth, memory_gb, max_hours) for name in measured if name in steps
    )
    return CapacityPlan(size, memory_gb, max_hours, rows, growth)


def _planned(
    name: str, size: LogSize, growth: Growth, memory_gb: float, max_hours: float
) -> StepPlan:
    step = STEPS[name]

    def takes(at: LogSize) -> tuple[float, float]:
        return growth.seconds(name, at) / _HOUR, growth.peak_bytes(name, at) / 1e9

    hours, gigabytes = takes(size)
    limit = "memory" if gigabytes > memory_gb else "time" if hours > max_hours else None
    machines: int | None = 1
    if limit == "time" and step.is_shared:
        machines = math.ceil(hours / max_hours)
    elif limit is not None:
        machines = None

    def fits(factor: float) -> bool:
        more_hours, more_gigabytes = takes(size.times(factor))
        return more_hours <= max_hours and more_gigabytes <= memory_gb

    return StepPlan(
        step=name,
        title=step.title,
        hours=hours,
        gigabytes=gigabytes,
        machines=machines,
        limit=limit,
        most_events=size.events * _largest(fits),
        grows_with=step.work.name,
        remedy=step.remedy if limit else "",
    )


def _largest(fits: Callable[[float], bool]) -> float:
    """The largest factor that fits, within a thousandth."""
    low, high = _FACTORS
    if not fits(low):
        return 0.0
    while high / low > 1.001:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low

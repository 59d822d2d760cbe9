"""Memory, time and machines that a log of some size takes, step by step."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from penchant.capacity.growth import Growth, measured_growth
from penchant.capacity.steps import STEPS, LogSize, Step
from penchant.errors import ParameterError
from penchant.notebook import ShownAsText

_HOUR = 3600.0
_DOUBLINGS = 60  # of the log, and then halvings of what is not known of it


@dataclass(frozen=True)
class PlannedStep:
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
    steps: tuple[PlannedStep, ...]
    growth: Growth

    @property
    def bottleneck(self) -> PlannedStep:
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
            f"{'step':{width}}  {'core hours':>10}  {'memory':>9}  {'machines':>8}  fits up to",
        ]
        for step in self.steps:
            machines = "–" if step.machines is None else f"{step.machines:,}"
            lines.append(
                f"{step.title:{width}}  {hours_text(step.hours):>10}  "
                f"{gigabytes_text(step.gigabytes):>9}  {machines:>8}  "
                f"{_rounded(step.most_events):,.0f} events"
            )
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
            f"{self.growth.date}); beyond ten times that this is an order of magnitude."
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
    growth: Growth | None = None,
) -> CapacityPlan:
    """Say what a log of some size takes in memory, time and machines, step by step.

    Time and memory follow from measurements on made-up logs whose users and items are as unequal
    as those of public logs, and from what each step's work grows with; models are at their
    defaults.

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
        steps: which, by their names in `penchant.capacity.STEPS`; all by default.
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
    rows = tuple(
        _planned(name, STEPS[name], size, growth, memory_gb, max_hours)
        for name in measured
        if steps is None or name in steps
    )
    return CapacityPlan(size, memory_gb, max_hours, rows, growth)


def _planned(
    name: str, step: Step, size: LogSize, growth: Growth, memory_gb: float, max_hours: float
) -> PlannedStep:
    def takes(at: LogSize) -> tuple[float, float]:
        return (
            growth.seconds(name, step, at) / _HOUR,
            growth.peak_bytes(name, step, at) / 1e9,
        )

    hours, gigabytes = takes(size)
    limit = "memory" if gigabytes > memory_gb else "time" if hours > max_hours else None
    machines: int | None = 1
    if limit == "time" and step.shared_by is not None:
        machines = math.ceil(hours / max_hours)
    elif limit is not None:
        machines = None

    def fits(factor: float) -> bool:
        needed = takes(size.times(factor))
        return needed[0] <= max_hours and needed[1] <= memory_gb

    return PlannedStep(
        step=name,
        title=step.title,
        hours=hours,
        gigabytes=gigabytes,
        machines=machines,
        limit=limit,
        most_events=size.events * _largest(fits),
        grows_with=step.grows_with,
        remedy=step.remedy if limit else "",
    )


def _largest(fits: Any) -> float:
    """The largest factor that fits, within a thousandth."""
    low, high = 2.0**-_DOUBLINGS, 2.0**_DOUBLINGS
    if not fits(low):
        return 0.0
    while high / low > 1.001:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def hours_text(hours: float) -> str:
    """Hours as a person reads them.

    Args:
        hours: any number from 0.
    """
    if hours < 1 / 60:
        return f"{hours * _HOUR:.1f} s"
    if hours < 1:
        return f"{hours * 60:.1f} min"
    return f"{hours:,.1f} h" if hours < 1000 else f"{hours:,.0f} h"


def gigabytes_text(gigabytes: float) -> str:
    """Gigabytes as a person reads them.

    Args:
        gigabytes: any number from 0.
    """
    if gigabytes < 1000:
        return f"{gigabytes:.1f} GB"
    return f"{gigabytes / 1000:,.1f} TB"


def _rounded(number: float) -> float:
    """With two digits that count."""
    if number <= 0:
        return 0.0
    unit = 10.0 ** (math.floor(math.log10(number)) - 1)
    return round(number / unit) * unit

"""Measured time and memory of steps on logs of several sizes, and what they say of larger ones."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from penchant.capacity.amounts import Amount, LogSize
from penchant.capacity.steps import STEPS

_FILE = Path(__file__).parent / "growth.json"


@dataclass(frozen=True)
class Measurement:
    """What a step took.

    Attributes:
        step: its name in `STEPS`.
        size: of the log.
        seconds: of processor time, that of all threads together.
        peak_bytes: resident memory of a process that has read the log and does the step.
    """

    step: str
    size: LogSize
    seconds: float
    peak_bytes: float


@dataclass(frozen=True)
class Growth:
    """Measurements and where they are from.

    Attributes:
        machine: processor, cores and memory.
        date: of the day, as in ISO 8601.
        versions: of penchant and what it computes with.
        command: what measured them.
        measurements: of steps on logs of several sizes.
    """

    machine: str
    date: str
    versions: dict[str, str]
    command: str
    measurements: tuple[Measurement, ...]

    def up_to(self, events: float) -> Growth:
        """The measurements on logs with so many events or less.

        Args:
            events: of the largest log.
        """
        kept = tuple(m for m in self.measurements if m.size.events <= events)
        return Growth(self.machine, self.date, self.versions, self.command, kept)

    def of(self, name: str) -> list[Measurement]:
        """The measurements of a step, from the smallest log to the largest.

        Args:
            name: in `STEPS`.
        """
        own = [m for m in self.measurements if m.step == name]
        return sorted(own, key=lambda m: m.size.events)

    def seconds(self, name: str, size: LogSize) -> float:
        """Processor time of a step on a log of some size.

        Args:
            name: in `STEPS`.
            size: of the log.
        """
        seconds = self._extrapolated(name, STEPS[name].work.amount, size, "seconds")
        of_lists = STEPS[name].of_lists
        return seconds if of_lists is None else seconds * size.users / of_lists

    def peak_bytes(self, name: str, size: LogSize) -> float:
        """Memory of a step on a log of some size.

        Args:
            name: in `STEPS`.
            size: of the log.
        """
        own, array_bytes = self.of(name), STEPS[name].array_bytes
        if array_bytes is None:
            return self._extrapolated(name, STEPS[name].memory, size, "peak_bytes")
        # What is not in the arrays, such as a piece of a file, is what it was in the largest log.
        added = array_bytes(size) - array_bytes(own[-1].size)
        return max(own[-1].peak_bytes + added, own[0].peak_bytes)

    def _extrapolated(self, name: str, amount: Amount, size: LogSize, value: str) -> float:
        own = self.of(name)
        amounts, values = [amount(m.size) for m in own], [getattr(m, value) for m in own]
        return extrapolated(amounts, values, amount(size))


def extrapolated(amounts: Sequence[float], values: Sequence[float], amount: float) -> float:
    """What a measured value will be where the amount of work is another.

    The two largest amounts decide. A part that is always there and a part proportional to the
    amount explain both where the value grew no faster than the amount; where it grew faster, a
    power of the amount does.

    Args:
        amounts: of work, ascending, two at least.
        values: that were measured, of the same length.
        amount: for which the value is asked.
    """
    (less, more), (low, high) = amounts[-2:], values[-2:]
    slope = max(high - low, 0.0) / (more - less)
    fixed = low - slope * less
    if fixed >= 0:
        return fixed + slope * amount
    return float(high * (amount / more) ** (math.log(high / low) / math.log(more / less)))


def growth_from(content: dict[str, Any]) -> Growth:
    """Measurements as `benchmarks/capacity.py` writes them.

    Args:
        content: of the file.
    """
    return Growth(
        machine=content["machine"],
        date=content["date"],
        versions=content["versions"],
        command=content["command"],
        measurements=tuple(
            Measurement(
                row["step"],
                LogSize(row["users"], row["items"], row["events"]),
                row["seconds"],
                row["peak_bytes"],
            )
            for row in content["measurements"]
        ),
    )


@cache
def measured_growth() -> Growth:
    """The measurements that come with penchant."""
    return growth_from(json.loads(_FILE.read_text(encoding="utf-8")))

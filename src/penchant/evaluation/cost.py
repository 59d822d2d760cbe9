"""What a piece of work costs in time and memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from penchant.compiled import working_time


@dataclass
class Meter:
    """Filled in when the measured work is done.

    Attributes:
        seconds: wall-clock time, without that of compiling loops, which is done once on a machine.
        peak_bytes: how far resident memory rose above its level at the start; None where the
            system does not tell.
    """

    seconds: float = 0.0
    peak_bytes: int | None = None


@contextmanager
def measured() -> Iterator[Meter]:
    """Measure the wall-clock time and the peak of memory of a block of code.

    On Linux the kernel's own high-water mark is reset and read, which misses nothing; other
    systems report no memory.
    """
    meter = Meter()
    before = _reset_peak()
    started = working_time()
    try:
        yield meter
    finally:
        meter.seconds = working_time() - started
        peak = _status("VmHWM")
        if before is not None and peak is not None:
            meter.peak_bytes = max(0, peak - before)


def _reset_peak() -> int | None:
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return None
    return _status("VmRSS")


def _status(field: str) -> int | None:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(field)), None)

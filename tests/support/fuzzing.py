"""Sizes, seeds and rows of figures that all tests of robustness share.

Without environment variables each test makes a few tries. `PENCHANT_FUZZ` multiplies them,
`PENCHANT_FUZZ_SEED` draws others, and where `PENCHANT_FUZZ_REPORT` names a file each test appends
its figures to it as a line of JSON; `make fuzz` sets all three.
"""

from __future__ import annotations

import json
import os
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

FACTOR = int(os.environ.get("PENCHANT_FUZZ") or 1)
SEED = int(os.environ.get("PENCHANT_FUZZ_SEED") or 0)
_SHOWN = 20  # faults in the message of a failed test


def tries(short: int, long: int | None = None) -> int:
    """How many tries to make: `short` times the factor, and `long` at most."""
    return min(short * FACTOR, long or short * FACTOR)


def generator(name: str) -> np.random.Generator:
    """A generator of a test's own, decided by the seed and the test's name."""
    return np.random.default_rng([SEED, zlib.crc32(name.encode())])


def one_sentence(error: Exception) -> bool:
    """Whether an error's text is a sentence for a person."""
    text = str(error)
    return text.endswith(".") and "\n" not in text and "Traceback" not in text and len(text) < 1500


@dataclass
class Tally:
    """What the tries of one test came to.

    Attributes:
        what: was tried, as the table of figures names it.
        refused: tries that ended with an error on purpose, in one sentence.
        accepted: tries that were read, restored or survived whole.
        faults: what should not have happened, a line each, with what reproduces it.
    """

    what: str
    refused: int = 0
    accepted: int = 0
    faults: list[str] = field(default_factory=list)

    def fault(self, sentence: str) -> None:
        """Count a fault; the test goes on, and fails in the end."""
        self.faults.append(sentence)


@contextmanager
def tally(what: str) -> Iterator[Tally]:
    """Count tries, append their figures to the report, and fail where there was a fault."""
    counts, started = Tally(what), time.perf_counter()
    try:
        yield counts
    except Exception as error:
        counts.fault(f"{type(error).__name__}: {error}")
        raise
    finally:
        _append(counts, time.perf_counter() - started)
    shown = "\n".join(counts.faults[:_SHOWN])
    assert not counts.faults, f"{len(counts.faults)} faults of {what} (seed {SEED}):\n{shown}"


def _append(counts: Tally, seconds: float) -> None:
    path = os.environ.get("PENCHANT_FUZZ_REPORT")
    if not path:
        return
    faults = len(counts.faults)
    row = asdict(counts) | {
        "tried": counts.refused + counts.accepted + faults,
        "faults": faults,
        "seconds": round(seconds, 1),
    }
    with Path(path).open("a", encoding="utf-8") as file:  # one write, so that lines stay whole
        file.write(json.dumps(row) + "\n")

"""How the models that answer do: requests, errors and times, and when one misbehaves."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from penchant.serving.engine import ServedModel

ArmName = Literal["current", "canary", "previous"]

_LATEST = 500  # requests whose times are kept
_ENOUGH = 20  # requests before a model is judged
_MORE_ERRORS = 0.05  # share of errors beyond that of the other model that is too many
_SLOWER = 4.0  # times the other model's 95th percentile that is too slow
_NOTICED = 0.1  # seconds that somebody notices


class Figures:
    """Counts of one model in one worker."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.requests = 0
        self.errors = 0
        self.fallbacks = 0
        self._seconds: deque[float] = deque(maxlen=_LATEST)

    def add(self, seconds: float, *, error: bool = False, fallback: bool = False) -> None:
        """Count one list."""
        with self._lock:
            self.requests += 1
            self.errors += error
            self.fallbacks += fallback
            if not error:
                self._seconds.append(seconds)

    @property
    def error_share(self) -> float:
        """Errors of all requests."""
        return self.errors / self.requests if self.requests else 0.0

    def percentile(self, q: float) -> float | None:
        """Seconds that q percent of the latest requests stayed below; None without any."""
        with self._lock:
            seconds = list(self._seconds)
        return float(np.percentile(seconds, q)) if seconds else None

    def to_dict(self) -> dict[str, Any]:
        """The counts as plain values, times in milliseconds."""
        times = {f"p{q}_ms": self.percentile(q) for q in (50, 95, 99)}
        return {
            "requests": self.requests,
            "errors": self.errors,
            "fallbacks": self.fallbacks,
        } | {name: None if s is None else round(s * 1000, 3) for name, s in times.items()}


@dataclass(eq=False)
class Arm:
    """A model that answers, and how it does.

    Attributes:
        name: its part.
        served: the model.
        figures: its counts since it has had this part.
    """

    name: ArmName
    served: ServedModel
    figures: Figures = field(default_factory=Figures)

    def to_dict(self) -> dict[str, Any]:
        """What it is and how it does, as plain values."""
        return {
            "arm": self.name,
            "bundle": self.served.folder.name,
            "model": self.served.name,
            "fingerprint": self.served.fingerprint,
            "made": self.served.made,
            "figures": self.figures.to_dict(),
        }


def misbehaviour(new: Figures, old: Figures) -> str | None:
    """Why a new model is to be withdrawn for an old one, or None.

    That is where, of at least 20 requests, 5 percent more end in errors than with the old one, or
    where its slowest twentieth takes more than .1 s and four times as long as the old one's.
    """
    if new.requests < _ENOUGH:
        return None
    if new.error_share > old.error_share + _MORE_ERRORS:
        return f"{new.errors} of {new.requests} requests ended in an error"
    slow, usual = new.percentile(95), old.percentile(95)
    if slow is None or usual is None or old.requests < _ENOUGH:
        return None
    if slow > _NOTICED and slow > _SLOWER * usual:
        return f"a twentieth of its lists took {slow:.2f} s or longer, beside {usual:.2f} s"
    return None

"""What a piece of work takes in memory and time, and a refusal before it starts."""

from __future__ import annotations

from dataclasses import dataclass

from penchant.errors import DataError
from penchant.memory import require_memory
from penchant.run import Run

PASS = 20.0
"""Multiply-adds that a processor makes in large products while it writes one number to memory."""

_RATE = 2e10  # multiply-adds a second of a processor's core, in products of large matrices
_DEVICE_RATE = 2e12  # of any other device
REMEDY = "drop rare items and users with a k-core, or use a model of less cost, such as item-knn"


@dataclass(frozen=True, kw_only=True)
class FittingCost:
    """What work takes at least, as far as it grows faster than the events do.

    Attributes:
        memory: bytes at the peak.
        multiply_adds: of numbers, in all; a pass over an array counts `PASS` for each.
        remedy: what to do instead, an imperative.
    """

    memory: float = 0.0
    multiply_adds: float = 0.0
    remedy: str = REMEDY

    def require(self, purpose: str, run: Run) -> None:
        """Refuse work that does not fit into the free memory or the time that a run may take.

        Args:
            purpose: what it is for, a noun phrase that begins the sentence.
            run: which device it is for, with how many threads, and how many hours it may take.

        Raises:
            DataError: there is less memory, or it would take longer.
        """
        require_memory(self.memory, purpose, self.remedy)
        rate = _RATE * (run.threads or 1) if run.device == "cpu" else _DEVICE_RATE
        hours = self.multiply_adds / rate / 3600
        if run.max_hours is not None and hours > run.max_hours:
            amount = f"{hours:,.0f}" if hours >= 10 else f"{hours:.2g}"
            raise DataError(
                f"{purpose} takes about {amount} hours, and {run.max_hours:g} are allowed: "
                f"{self.remedy}, or allow more with max_hours (--max-hours)."
            )

"""One metric of one contender, before it is compared."""

from __future__ import annotations

from dataclasses import dataclass

from penchant.typing import Float64


@dataclass(frozen=True, eq=False)
class Measured:
    """One metric of one contender: its value and, where it can be resampled, its replicates."""

    value: float
    replicates: Float64 | None = None

"""One metric of one contender, before it is compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Measured:
    """One metric of one contender: its value and, where it can be resampled, its replicates."""

    value: float
    replicates: npt.NDArray[np.float64] | None = None

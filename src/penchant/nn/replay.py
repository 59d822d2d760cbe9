"""What a network is shown while it goes on learning from new events, so that it forgets nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from penchant.typing import Bool

UPDATE_RATE = 0.1
"""Share of the learning rate in an update by Adam.

Its first steps, moments being new, are as long as the rate for every weight that has any gradient:
at the full rate, the events of one user can halve the quality of everybody's lists.
"""


def rehearsal(
    changed: Bool, there: Bool, batch_size: int, generator: torch.Generator
) -> Callable[[], tuple[Tensor]]:
    """The rows of each epoch of an update: all that have changed, and others drawn afresh.

    A network that learns from what is new alone forgets the rest: McCloskey and Cohen,
    "Catastrophic Interference in Connectionist Networks" (1989). So it is shown as many other
    rows as there are changed ones, and enough for a whole batch, where there are as many:
    Robins, "Catastrophic Forgetting, Rehearsal and Pseudorehearsal" (1995).

    Args:
        changed: bool[n_rows], which rows have something new.
        there: bool[n_rows], which rows have anything.
        batch_size: rows in a batch.
        generator: decides which others are drawn.

    Returns:
        A function that gives int64[n], the rows of an epoch.
    """
    new, old = (torch.from_numpy(np.flatnonzero(part)) for part in (changed, there & ~changed))
    wanted = max(len(new), batch_size - len(new))

    def epoch() -> tuple[Tensor]:
        drawn = torch.randperm(len(old), generator=generator)[:wanted]
        return (torch.cat([new, old[drawn]]),)

    return epoch

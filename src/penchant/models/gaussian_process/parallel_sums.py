"""Sums over many systems of linear equations, on two threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
import torch

from penchant.run import Run
from penchant.threads import small_systems, torch_threads
from penchant.typing import Int64

T = TypeVar("T")

_PARTS = 2
"""Sums are taken in so many parts, whatever the number of threads, so that it does not decide
their last digits; each holds a matrix of all items."""


def in_parts(work: Callable[[Int64], T], sizes: Int64, run: Run) -> list[T]:
    """What `work` makes of parts of the systems, side by side where threads allow.

    Args:
        work: takes positions of systems.
        sizes: int64[n_systems], equations of each. Those without any are left out.
        run: threads.
    """
    systems = np.flatnonzero(sizes)
    parts = [systems]
    if len(systems) > 1:
        # Every part has about as much to do: a system's inverse takes n³.
        done = np.cumsum(sizes[systems].astype(np.float64) ** 3 + 1000.0)
        edges = np.searchsorted(done, done[-1] * np.arange(1, _PARTS) / _PARTS)
        parts = np.split(systems, edges)
    threads = min(run.threads or torch.get_num_threads(), len(parts))
    with small_systems(), torch_threads(1):
        if threads < 2:
            return [work(part) for part in parts]
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(work, parts))

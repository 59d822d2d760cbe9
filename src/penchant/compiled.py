"""Loops that numba compiles where it is installed (the extra `fast`)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, TypeVar, cast

import torch

from penchant.run import Run

F = TypeVar("F", bound=Callable[..., Any])
AVAILABLE = find_spec("numba") is not None
"""Whether loops are compiled; where they are not, callers have another way, most of them to
the same result."""

loop_range: Any = range
"""What a compiled loop runs over, on several threads."""
# Python's error for a division by 0 would be a branch, without which loops use vectors.
_OPTIONS: dict[str, Any] = {
    "fastmath": True,
    "error_model": "numpy",
    "cache": True,
    "nogil": True,
}
if AVAILABLE:
    import numba
    from numba.core import event

    loop_range = numba.prange
    _compiling = event.TimingListener()
    event.register("numba:compile", _compiling)


def compiled(function: F) -> F:
    """The function as machine code, kept on disk, where `loop_range` runs on several threads.

    Sums may be taken in any order, so that the last digits can depend on the processor.
    """
    if not AVAILABLE:
        return function
    return cast(F, numba.njit(parallel=True, **_OPTIONS)(function))


def compiled_in_order(function: F) -> F:
    """The same on one thread, for steps that each go on from the one before."""
    if not AVAILABLE:
        return function
    return cast(F, numba.njit(**_OPTIONS)(function))


def compiled_inline(function: F) -> F:
    """The same as a part of the loops that call it, for what they do millions of times."""
    if not AVAILABLE:
        return function
    return cast(F, numba.njit(inline="always", **_OPTIONS)(function))


def compile_seconds() -> float:
    """How long this process has compiled so far, which is done once on a machine."""
    return float(_compiling.duration) if AVAILABLE and _compiling.done else 0.0


def working_time() -> float:
    """Seconds of a clock that stands still while this process compiles, to take differences of."""
    return time.perf_counter() - compile_seconds()


def thread_count() -> int:
    """On how many threads `loop_range` runs."""
    return numba.get_num_threads() if AVAILABLE else 1


@contextmanager
def compiled_threads(run: Run) -> Iterator[None]:
    """Use the run's threads in compiled loops, torch's where it names none; run them only here."""
    if not AVAILABLE:
        yield
        return
    of_torch = torch.get_num_threads()
    before = numba.get_num_threads()  # starts its threads, which sets those of torch
    most = numba.config.NUMBA_NUM_THREADS
    numba.set_num_threads(min(run.threads or of_torch, most))
    try:
        yield
    finally:
        numba.set_num_threads(before)
        torch.set_num_threads(of_torch)  # both may share OpenMP, and with it the number

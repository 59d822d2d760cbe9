"""Loops that numba compiles where it is installed (the extra `fast`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, TypeVar, cast

from penchant.run import Run

F = TypeVar("F", bound=Callable[..., Any])
AVAILABLE = find_spec("numba") is not None
"""Whether loops are compiled; where they are not, callers have another way to the same result."""

loop_range: Any = range
"""What a compiled loop runs over, on several threads."""
if AVAILABLE:
    import numba

    loop_range = numba.prange


def compiled(function: F) -> F:
    """The function as machine code, kept on disk, where `loop_range` runs on several threads.

    Sums may be taken in any order, so that the last digits can depend on the processor.
    """
    if not AVAILABLE:
        return function
    return cast(F, numba.njit(parallel=True, fastmath=True, cache=True, nogil=True)(function))


@contextmanager
def compiled_threads(run: Run) -> Iterator[None]:
    """Use the run's threads in compiled loops."""
    if not AVAILABLE:
        yield
        return
    before = numba.get_num_threads()
    most = numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
    numba.set_num_threads(min(run.threads or before, most))
    try:
        yield
    finally:
        numba.set_num_threads(before)

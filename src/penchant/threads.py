"""How many threads linear algebra uses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from threading import current_thread, main_thread
from typing import Any

from threadpoolctl import ThreadpoolController, threadpool_limits

_limited: int | None = None  # threads of the whole process, where `use_threads` has said so


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


def small_systems() -> AbstractContextManager[Any]:
    """One thread for each call of BLAS and LAPACK, as suits many small matrices.

    More would wait for each other most of the time, above all where cores are shared. The setting
    is the whole process's, so that only its main thread makes it; elsewhere nothing happens.
    """
    if _limited == 1 or current_thread() is not main_thread():
        return nullcontext()
    found: AbstractContextManager[Any] = _controller().limit(limits=1, user_api="blas")
    return found


@contextmanager
def torch_threads(n: int) -> Iterator[None]:
    """So many threads for PyTorch's operations, which have a library of their own."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def use_threads(n: int) -> None:
    """Let this process use n threads for numerical work from now on."""
    import torch

    global _limited
    torch.set_num_threads(n)
    threadpool_limits(n)
    _limited = n

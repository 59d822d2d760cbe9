"""How many threads linear algebra uses."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


def small_systems() -> AbstractContextManager[Any]:
    """One thread for each call of BLAS and LAPACK, as suits many small matrices.

    More would wait for each other most of the time, above all where cores are shared. The setting
    is the whole process's; where another Python thread has set it before, it stays as it is.
    """
    found: AbstractContextManager[Any] = _controller().limit(limits=1, user_api="blas")
    return found

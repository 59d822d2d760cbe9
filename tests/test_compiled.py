"""Compiled loops leave the rest of the process as it was."""

import pytest
import torch

from penchant import compiled
from penchant.compiled import AVAILABLE, compile_seconds, working_time
from penchant.models import IALS
from penchant.run import Run
from penchant.testing import planted_pairs


@pytest.mark.parametrize("threads", [None, 1, 2])
def test_fitting_leaves_the_threads_of_torch(threads: int | None) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        IALS(epochs=1).fit(planted_pairs(n_users=30, n_items=20), run=Run(threads=threads))
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


@pytest.mark.skipif(not AVAILABLE, reason="needs numba, which the extra fast installs")
def test_compiling_is_timed() -> None:
    import numba

    before = compile_seconds()
    assert numba.njit(lambda x: x + 1)(1) == 2
    assert compile_seconds() > before


def test_a_clock_stands_still_while_loops_are_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled_so_far = iter([1.0, 3.5])
    monkeypatch.setattr(compiled, "compile_seconds", lambda: next(compiled_so_far))
    times = iter([10.0, 13.0])
    monkeypatch.setattr(compiled.time, "perf_counter", lambda: next(times))
    started = working_time()
    assert working_time() - started == pytest.approx(0.5)

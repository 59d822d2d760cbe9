from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from penchant.evaluation.cost import measured


def test_time_and_the_peak_of_memory_are_measured():
    with measured() as meter:
        block = np.ones(2**24)  # 128 MB that are gone again at the end
        del block
        time.sleep(0.01)
    assert meter.seconds >= 0.01
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("this system does not tell the peak of memory")
    # Memory that other libraries give back meanwhile lowers the peak, though never by half.
    assert meter.peak_bytes is not None
    assert meter.peak_bytes > 2**26


def test_work_that_fails_is_measured_too():
    with pytest.raises(ZeroDivisionError), measured() as meter:
        _ = 1 / 0
    assert meter.seconds > 0

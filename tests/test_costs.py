from __future__ import annotations

import pytest

from penchant import memory
from penchant.costs import FittingCost
from penchant.errors import DataError
from penchant.run import Run


def test_work_that_takes_too_long_is_refused_in_one_sentence():
    ten_hours = FittingCost(multiply_adds=2e10 * 3600 * 10, remedy="do less")
    with pytest.raises(DataError) as refusal:
        ten_hours.require("This", Run(max_hours=9.5))
    assert str(refusal.value) == (
        "This takes about 10 hours, and 9.5 are allowed: do less, or allow more with max_hours "
        "(--max-hours)."
    )
    ten_hours.require("This", Run(max_hours=10.5))
    ten_hours.require("This", Run(max_hours=None))
    ten_hours.require("This", Run(threads=4))
    ten_hours.require("This", Run(device="cuda"))


def test_work_that_does_not_fit_into_memory_is_refused(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 10**9)
    with pytest.raises(DataError, match=r"This takes 2\.0 GB of memory, and 1\.0 GB are free: "):
        FittingCost(memory=2e9).require("This", Run())
    FittingCost().require("This", Run())

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch
from scipy.linalg import lapack
from threadpoolctl import threadpool_info, threadpool_limits

from penchant.threads import small_systems, torch_threads


def threads():
    return [part["num_threads"] for part in threadpool_info() if part["user_api"] == "blas"]


def test_small_systems_have_one_thread_and_others_what_they_had():
    lapack.spotrf(np.eye(2, dtype=np.float32))
    with threadpool_limits(2, "blas"):
        assert set(threads()) == {2}
        with small_systems():
            assert set(threads()) == {1}
        assert set(threads()) == {2}
        with pytest.raises(ZeroDivisionError), small_systems():
            raise ZeroDivisionError
        assert set(threads()) == {2}


def test_other_threads_change_nothing():
    seen = []

    def elsewhere():
        with small_systems():
            seen.append(threads())

    with threadpool_limits(2, "blas"):
        other = threading.Thread(target=elsewhere)
        other.start()
        other.join(10)
    assert set(seen[0]) == {2}


def test_tensors_have_so_many_threads_and_others_what_they_had():
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        with torch_threads(1):
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
        with pytest.raises(ZeroDivisionError), torch_threads(1):
            raise ZeroDivisionError
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)

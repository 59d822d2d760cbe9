from __future__ import annotations

import numpy as np
import pytest
import torch

from penchant.nn.replay import rehearsal


@pytest.mark.parametrize(
    ("n_changed", "batch_size", "n_rows"), [(1, 10, 10), (8, 10, 16), (20, 10, 40), (30, 10, 50)]
)
def test_what_has_changed_comes_among_as_many_others_and_fills_a_batch(
    n_changed, batch_size, n_rows
):
    changed, there = np.arange(60) < n_changed, np.arange(60) < 50
    draw = rehearsal(changed, there, batch_size, torch.Generator().manual_seed(0))
    (first,), (second,) = draw(), draw()
    assert len(first) == len(second) == n_rows
    assert len(first.unique()) == n_rows
    assert set(range(n_changed)) <= set(first.tolist())
    assert first.max() < 50
    if n_rows < 50:
        assert set(first.tolist()) != set(second.tolist())

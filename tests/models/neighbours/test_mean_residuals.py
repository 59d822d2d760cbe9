from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from penchant.models.neighbours import mean_residuals as module
from penchant.models.neighbours.mean_residuals import mean_residuals


def naive(alike, residuals, k, damping):
    """Of two dense rows: the k most similar of what both have, equal ones by column."""
    both = [c for c in range(len(alike)) if alike[c] and residuals[c]]
    best = sorted(both, key=lambda c: (-alike[c], c))[:k]
    weight = sum(alike[c] for c in best)
    return sum(alike[c] * residuals[c] for c in best) / (weight + damping) if weight > 1e-6 else 0.0


@pytest.mark.parametrize("compiled", [True, False])
@given(
    seed=st.integers(0, 2**32 - 1), k=st.integers(1, 6), damping=st.sampled_from([0.0, 0.1, 3.0])
)
@settings(max_examples=25)
def test_it_is_the_mean_of_the_nearest(compiled, seed, k, damping):
    rng = np.random.default_rng(seed)
    alike = rng.integers(0, 4, (5, 9)).astype(np.float32) / 4  # with ties, and nothing
    residuals = rng.integers(-2, 3, (4, 9)).astype(np.float32)
    a, b = rng.integers(0, 5, 30), rng.integers(0, 4, 30)
    wanted = [naive(alike[i], residuals[j], k, damping) for i, j in zip(a, b, strict=True)]
    with pytest.MonkeyPatch.context() as patch:
        if not compiled:
            patch.setattr(module, "AVAILABLE", False)
        found = mean_residuals(
            sparse.csr_array(alike), a, sparse.csr_array(residuals), b, k, damping
        )
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_nothing_is_asked():
    nothing = sparse.csr_array((3, 4), dtype=np.float32)
    none = np.empty(0, np.int64)
    assert mean_residuals(nothing, none, nothing, none, 2, 0.1).tolist() == []
    assert mean_residuals(nothing, np.array([1]), nothing, np.array([2]), 2, 0.1).tolist() == [0]

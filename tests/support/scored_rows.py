"""Rows with scores, truth and weights, for metrics of likes."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from penchant.typing import Bool, Float64, Int64


@st.composite
def scored_rows(draw: st.DrawFn) -> tuple[Float64, Bool, Int64]:
    """Scores with many ties, truth with both classes, and whole weights."""
    n = draw(st.integers(2, 25))
    score = draw(hnp.arrays(np.float64, n, elements=st.sampled_from([0.1, 0.25, 0.5, 0.7, 1.0])))
    truth = draw(hnp.arrays(np.bool_, n))
    truth[:2] = [True, False]
    weight = draw(hnp.arrays(np.int64, n, elements=st.integers(0, 3)))
    weight[:2] = 1
    return score, truth, weight

"""Factorised Markov chains: how far back they look."""

from __future__ import annotations

import numpy as np

from penchant.models import make
from penchant.testing import planted_sequences


def test_a_window_beyond_the_longest_history_is_the_longest_history() -> None:
    log = planted_sequences(n_users=30)
    longest = int(log.user_counts.max())
    whole, beyond = (
        make(f"fpmc:epochs=2,dim=4,window={window}").fit(log) for window in (longest, 10**9)
    )
    np.testing.assert_array_equal(beyond.scores(log.histories), whole.scores(log.histories))
    assert beyond.fitting_cost(log) == whole.fitting_cost(log)
    assert whole.fitting_cost(log).memory > make("fpmc:dim=4").fitting_cost(log).memory

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from penchant.features.item_content import with_vectors
from penchant.testing import planted_pairs


@pytest.fixture(scope="session")
def pictured_log():
    """Pictures say which of two kinds, of which users like one, an item is; six have no events."""
    log = planted_pairs(cold_items=6)
    noise = np.random.default_rng(0).normal(size=(log.n_items, 5))
    bare = replace(log, item_table=None)
    return with_vectors(bare, "picture", noise + 3 * (np.arange(log.n_items) % 2)[:, None])

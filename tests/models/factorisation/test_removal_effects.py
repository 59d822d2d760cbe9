"""Effects of leaving events out beside those of asking models for the shorter histories."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.explanation.removal import as_new, without
from penchant.models import make
from penchant.models.protocols import ExplainsByRemoval
from penchant.testing import planted_pairs

# Those below fit rows to drawn negatives, which others are for shorter histories.
CORRELATIONS = {
    "factorisation-machine:dim=4,l2=3,batch_size=64,learning_rate=0.05,epochs=10": 0.99,
    "factorisation-machine:target=like>=4,dim=4,l2=3,batch_size=64,epochs=10": 0.99,
    "sampled-softmax:dim=8,batch_size=64,epochs=10": 0.98,
    "hybrid-factors:dim=8,l2=3,batch_size=128,learning_rate=0.05,epochs=7": 0.8,
    "neumf:dim=4,mlp_dim=4,hidden=8x4,batch_size=64,learning_rate=0.02,epochs=10": 0.5,
    "bpr:dim=8,epochs=15": 0.4,
}


@pytest.mark.parametrize("spec", CORRELATIONS)
def test_effects_are_near_those_of_leaving_events_out(spec):
    log = planted_pairs(n_users=60, groups=4)
    model = make(spec).fit(log)
    assert isinstance(model, ExplainsByRemoval)
    items = np.arange(log.n_items, dtype=np.int32)
    correlations = []
    for place in range(4):
        known = log.histories.take([place])
        assert not model.removal_effects(known, items).any()  # the vector was trained
        user = as_new(known)
        effects = model.removal_effects(user, items)
        assert effects.shape == (len(items), user.n_events)
        shorter = without(user, [user.items[n : n + 1] for n in range(user.n_events)])
        falls = (model.scores(user)[0] - model.scores(shorter)).T
        falls, effects = (part - np.median(part, axis=0) for part in (falls, effects))
        correlations.append(np.corrcoef(falls.ravel(), effects.ravel())[0, 1])
    assert np.mean(correlations) > CORRELATIONS[spec]
    nobody = model.history([])
    assert model.removal_effects(nobody, items).shape == (len(items), 0)

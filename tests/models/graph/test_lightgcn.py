"""LightGCN: what new histories, weights and removed events do."""

import numpy as np

from penchant.data.histories import Histories
from penchant.models import make
from penchant.testing import planted_pairs


def _without(user, place):
    keep = np.arange(user.n_events) != place
    return Histories.of(
        user.items[keep],
        n_items=user.n_items,
        weights=None if user.weights is None else user.weights[keep],
        user=int(user.users[0]),
    )


def test_removal_effects_are_what_scores_lose():
    model = make("lightgcn:epochs=4,dim=8").fit(planted_pairs())
    items = np.arange(len(model.items_), dtype=np.int32)
    known = model.histories_.take([3])
    weights = np.linspace(1, 4, 4)
    new = Histories.of(np.arange(4), n_items=len(items), weights=weights)
    for user in (known, new, Histories.of([2], n_items=len(items))):
        effects = model.removal_effects(user, items)
        for place in range(user.n_events):
            lost = model.scores(user) - model.scores(_without(user, place))
            np.testing.assert_allclose(effects[:, place], lost[0], atol=2e-5)


def test_new_events_of_a_known_user_count_at_once():
    model = make("lightgcn:epochs=4,dim=8").fit(planted_pairs())
    user = model.histories_.take([3])
    longer = np.append(user.items, (user.items[-1] + 5) % user.n_items)
    more = Histories.of(longer, n_items=user.n_items, user=int(user.users[0]))
    assert np.abs(model.scores(user) - model.scores(more)).max() > 1e-3


def test_a_batch_is_an_eighth_of_the_users():
    model = make("lightgcn")
    assert (model._batch_size(6_040), model._batch_size(20)) == (755, 64)
    assert make("lightgcn:batch_size=7")._batch_size(6_040) == 7

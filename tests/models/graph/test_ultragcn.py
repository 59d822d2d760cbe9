"""UltraGCN: who it knows, and what similar items tell it."""

import numpy as np

from penchant.data.histories import Histories
from penchant.models import make
from penchant.testing import planted_pairs


def test_a_new_user_with_the_history_of_a_known_one_is_scored_alike():
    model = make("ultragcn:epochs=20,dim=8").fit(planted_pairs())
    known = model.histories_.take([3])
    new = Histories.of(known.items, n_items=known.n_items)
    assert np.corrcoef(model.scores(known)[0], model.scores(new)[0])[0, 1] > 0.9


def test_similar_items_are_the_nearest_by_omega():
    model = make("ultragcn:epochs=1,dim=4,neighbours=3").fit(planted_pairs())
    x = model.histories_.matrix("weight").astype(np.float64)
    together = (x.T @ x).toarray()
    sums, own = together.sum(1), np.diag(together)
    omega = together / (sums - own)[:, None] * np.sqrt(sums[:, None] / sums)
    np.fill_diagonal(omega, 0)
    kept = model.similar_.toarray()
    assert (np.diff(model.similar_.indptr) <= 3).all()
    np.testing.assert_allclose(kept[kept > 0], omega[kept > 0], rtol=1e-4)
    np.testing.assert_allclose(kept.max(1), omega.max(1), rtol=1e-4)


def test_without_the_constraint_on_items_similar_ones_change_nothing():
    log = planted_pairs()
    few, many = (
        make(f"ultragcn:epochs=2,dim=4,item_constraint=0,neighbours={n}").fit(log) for n in (2, 9)
    )
    np.testing.assert_array_equal(few.item_vectors_, many.item_vectors_)


def test_removal_effects_are_near_to_what_scores_of_new_users_lose():
    model = make("ultragcn:epochs=10,dim=16").fit(planted_pairs())
    history = model.histories_.take([3]).items
    new = Histories.of(history, n_items=len(model.items_))
    effects = model.removal_effects(new, np.arange(len(model.items_), dtype=np.int32))
    for place in range(len(history)):
        rest = Histories.of(np.delete(history, place), n_items=len(model.items_))
        lost = model.scores(new) - model.scores(rest)
        assert np.corrcoef(effects[:, place], lost[0])[0, 1] > 0.99

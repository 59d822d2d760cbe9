from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from scipy import sparse

from penchant import compiled
from penchant.data.dataset import Dataset
from penchant.errors import ParameterError
from penchant.models import IALS
from penchant.models.ials import conjugate_gradients
from penchant.models.ials import model as module
from penchant.models.ials.conjugate_gradients import improve
from penchant.models.ials.model import HIGHEST, LOWEST, RIDGE, UNOBSERVED
from penchant.testing import planted_pairs

SETTINGS = {"dim": 5, "l2": 0.02, "unobserved": 0.3, "nu": 0.7, "epochs": 4}


@pytest.fixture(scope="module")
def log():
    return planted_pairs(n_users=30, n_items=20, cold_items=2)


@pytest.fixture(scope="module")
def model(log):
    return IALS(**SETTINGS).fit(log)


def ridge(count, n_other):
    return 0.02 * (count + 0.3 * n_other) ** 0.7


def naive_solve(x, other):
    """The minimum over each row w of sum (x=1) (1 - w.h)^2 + 0.3 sum (w.h)^2 + ridge |w|^2."""
    rows = []
    for has in x.astype(bool):
        weights = 0.3 + has
        system = other.T @ (weights[:, None] * other)
        system += ridge(has.sum(), len(other)) * np.eye(other.shape[1])
        rows.append(np.linalg.solve(system, other[has].sum(0)))
    return np.array(rows)


def objective(x, users, items):
    outputs = users @ items.T
    loss = ((1 - outputs) ** 2)[x > 0].sum() + 0.3 * (outputs**2).sum()
    loss += (ridge(x.sum(1), x.shape[1]) * (users**2).sum(1)).sum()
    return loss + (ridge(x.sum(0), x.shape[0]) * (items**2).sum(1)).sum()


def test_users_are_the_exact_minimum_given_the_items(log, model):
    x = log.histories.matrix().toarray()
    items = model.item_factors_.astype(float)
    np.testing.assert_allclose(model.user_factors_, naive_solve(x, items), atol=1e-4)


def test_items_are_the_exact_minimum_given_the_users(log):
    x = log.histories.matrix().toarray()
    model = IALS(**SETTINGS).fit(log)
    users = np.random.default_rng(0).normal(0, 0.5, (log.n_users, 5)).astype(np.float32)
    import torch

    by_item = log.histories.matrix().T.tocsr()
    found = model._solve(by_item, torch.from_numpy(users)).numpy()
    np.testing.assert_allclose(found, naive_solve(x.T, users.astype(float)), atol=1e-4)


def test_vectors_are_the_same_without_compiled_loops_and_in_small_batches(log, model, monkeypatch):
    monkeypatch.setattr(module, "AVAILABLE", False)
    monkeypatch.setattr(module, "_CELLS", 60)
    small = IALS(**SETTINGS).fit(log)
    np.testing.assert_allclose(small.user_factors_, model.user_factors_, atol=1e-4)


def test_each_epoch_lowers_the_objective(log):
    x = log.histories.matrix().toarray()
    found = []
    for epochs in (1, 2, 4, 8):
        model = IALS(**SETTINGS | {"epochs": epochs}).fit(log)
        found.append(objective(x, model.user_factors_.astype(float), model.item_factors_))
    assert found == sorted(found, reverse=True)
    assert found[0] > found[-1] * 1.0001


def test_folding_in_gives_the_stored_vector(log, model):
    stranger = type(log.histories)(
        users=np.full(log.n_users, -1, np.int32),
        offsets=log.histories.offsets,
        items=log.histories.items,
        ratings=log.histories.ratings,
        times=None,
        n_items=log.n_items,
    )
    np.testing.assert_allclose(model.user_vectors(stranger), model.user_factors_, atol=1e-5)
    assert model.user_vectors(log.histories) is not model.user_factors_
    np.testing.assert_array_equal(model.user_vectors(log.histories), model.user_factors_)


def test_a_changed_history_of_a_known_user_gets_another_vector(log, model):
    before = log.histories.take([4])
    after = type(before)(
        users=before.users,
        offsets=np.array([0, 3]),
        items=before.items[:3],
        ratings=before.ratings[:3],
        times=None,
        n_items=log.n_items,
    )
    wanted = naive_solve(after.matrix().toarray(), model.item_factors_.astype(float))
    np.testing.assert_allclose(model.user_vectors(after), wanted, atol=1e-4)
    assert not np.allclose(wanted, model.user_factors_[4], atol=1e-2)


def test_contributions_are_exact_also_for_repeated_events(model):
    user = model.history([1, 5, 1, 7])
    items = np.array([3, 0, 17], np.int32)
    parts = model.contributions(user, items)
    np.testing.assert_allclose(parts.sum(1), model.scores(user)[0, items], atol=1e-5)
    assert (parts[:, 0] == 0).all()
    with pytest.raises(ParameterError, match="one user at a time"):
        model.contributions(model.histories_, items)


def test_cold_items_have_no_vector(model):
    assert (model.item_factors_[20:] == 0).all()
    assert (model.item_factors_[:20] != 0).all()


@pytest.mark.parametrize("available", [True, False])
def test_conjugate_gradients_reach_the_exact_vectors(available, monkeypatch):
    if available and not compiled.AVAILABLE:
        pytest.skip("numba is not installed")
    monkeypatch.setattr(conjugate_gradients, "AVAILABLE", available)
    monkeypatch.setattr(conjugate_gradients, "_CELLS", 500)
    log = planted_pairs(n_users=30, n_items=20)
    confidence = log.histories.matrix("weight")
    rng = np.random.default_rng(0)
    other = rng.normal(size=(20, 6)).astype(np.float32)
    vectors = rng.normal(size=(30, 6)).astype(np.float32)
    ridge = rng.uniform(1, 2, 30).astype(np.float32)
    gram = np.float32(0.3) * (other.T @ other)
    improve(vectors, confidence, other, gram, ridge, 20)
    x = confidence.toarray().astype(np.float64)
    for row in range(30):
        system = 0.3 * other.T @ other + (other.T * x[row]) @ other + ridge[row] * np.eye(6)
        np.testing.assert_allclose(
            vectors[row], np.linalg.solve(system, other.T @ x[row]), atol=1e-4
        )


def test_rows_without_events_become_zeros():
    nothing = sparse.csr_array((3, 4), dtype=np.float32)
    vectors = np.ones((3, 2), np.float32)
    other, ridge = np.ones((4, 2), np.float32), np.ones(3, np.float32)
    improve(vectors, nothing, other, np.ones((2, 2), np.float32), ridge, 2)
    assert not vectors.any()


def test_the_default_weight_of_unobserved_pairs_follows_the_density():
    log = planted_pairs()
    density = len(log) / (log.n_users * log.n_items)
    model = IALS(dim=4, epochs=2).fit(log)
    assert model.unobserved_ == pytest.approx(min(1, UNOBSERVED * density))
    assert IALS(dim=4, epochs=2, unobserved=0.05).fit(log).unobserved_ == 0.05


def test_a_few_rows_are_solved_alike(log):
    import torch

    x = log.histories.matrix("weight")
    x.data[:] = np.random.default_rng(1).uniform(0.2, 3, x.nnz)
    model = IALS(**SETTINGS).fit(log)
    other = torch.from_numpy(model.item_factors_)
    every = model._solve(x, other).numpy()
    for start, stop in ((0, 1), (3, 9), (0, 0)):
        np.testing.assert_allclose(model._solve(x[start:stop], other), every[start:stop], rtol=1e-3)
    nothing = sparse.csr_array((1, log.n_items), dtype=np.float32)
    assert not model._solve(nothing, other).numpy().any()


def test_the_default_regularisation_follows_the_number_of_events():
    log = planted_pairs(n_users=200, n_items=40)
    assert RIDGE / len(log) ** 0.5 < HIGHEST
    few = log.subset(log.events["user"].to_numpy() < 5)
    users, items = (n.ravel() for n in np.mgrid[:900, :200])
    many = Dataset.from_frame(pl.DataFrame({"user": users, "item": items}))
    assert RIDGE / len(many) ** 0.5 < LOWEST
    cases = ((log, RIDGE / len(log) ** 0.5), (few, HIGHEST), (many, LOWEST))
    for some, expected in cases:
        assert IALS(dim=4, epochs=2).fit(some).l2_ == pytest.approx(expected)
    assert IALS(dim=4, epochs=2, l2=0.2).fit(log).l2_ == 0.2


@pytest.mark.parametrize(("n_items", "expected"), [(12, 48), (2700, 64)])
def test_the_default_length_of_vectors_follows_the_number_of_items(n_items, expected):
    log = planted_pairs(n_users=n_items, n_items=n_items)
    n_known = np.count_nonzero(log.item_counts)
    assert expected == max(48, math.ceil(n_known / 50 / 16) * 16)
    assert IALS(epochs=1).fit(log).item_factors_.shape == (log.n_items, expected)


def new_events(log):
    """All but some users and items of the log, and all of it, as logs."""
    frame = log.frame().drop("row").with_row_index("n")
    hour = pl.datetime(2001, 1, 1) + pl.duration(hours="n")
    frame = frame.with_columns(time=hour).drop("n")
    is_old = (pl.col("user") % 7 != 1) & (pl.col("item") % 5 != 1)
    return frame.filter(is_old), frame.filter(~is_old), frame


def test_updates_take_in_new_users_and_items_and_come_near_a_new_fit(log):
    early, late, whole = (Dataset.from_frame(frame) for frame in new_events(log))
    settings = SETTINGS | {"epochs": 20}
    model, fresh = IALS(**settings).fit(early), IALS(**settings).fit(whole)
    alone = IALS(**settings | {"update_epochs": 0}).fit(early).update(late)
    model.update(late)
    assert model.users_ == fresh.users_
    assert model.items_ == fresh.items_
    x = whole.histories.matrix().toarray()
    losses = [objective(x, m.user_factors_.astype(float), m.item_factors_) for m in (model, fresh)]
    assert losses[0] < 1.02 * losses[1]
    assert losses[0] < objective(x, alone.user_factors_.astype(float), alone.item_factors_)
    np.testing.assert_array_equal(model.signatures_, whole.histories.weighted_signatures)


def test_without_rounds_known_items_stay_and_new_ones_are_folded_in(log):
    early, late, whole = (Dataset.from_frame(frame) for frame in new_events(log))
    model = IALS(**SETTINGS | {"update_epochs": 0}).fit(early)
    before, of_users = model.item_factors_, model.user_factors_
    model.update(late)
    places = model.items_.indices(early.items.ids)
    np.testing.assert_array_equal(model.item_factors_[places], before)
    known_users = np.zeros((whole.n_users, 5))
    known_users[model.users_.indices(early.users.ids)] = of_users
    x = whole.histories.matrix().toarray()
    items = naive_solve(x.T, known_users)
    is_new = np.delete(np.arange(len(items)), places)
    np.testing.assert_allclose(model.item_factors_[is_new], items[is_new], atol=1e-4)
    users = naive_solve(x, model.item_factors_.astype(float))
    np.testing.assert_allclose(model.user_factors_, users, atol=1e-4)


def test_an_update_with_known_events_changes_nothing(log):
    early, late, _ = (Dataset.from_frame(frame) for frame in new_events(log))
    model = IALS(**SETTINGS).fit(early).update(late)
    vectors = model.user_factors_, model.item_factors_
    model.update(late)
    assert (model.user_factors_ is vectors[0]) & (model.item_factors_ is vectors[1])


def test_items_that_only_new_users_have_get_vectors():
    early = pl.DataFrame({"user": [1, 1, 2, 2, 3], "item": [1, 2, 1, 2, 3]})
    late = pl.DataFrame({"user": [8, 8, 9, 9], "item": [6, 7, 6, 7]})
    model = IALS(dim=3, epochs=10).fit(Dataset.from_frame(early)).update(Dataset.from_frame(late))
    model.update(Dataset.from_frame(late.with_columns(user=pl.lit(10))[:1]))
    assert model.recommend([10], k=1)["item"].to_list() == [7]

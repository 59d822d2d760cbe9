from __future__ import annotations

import tracemalloc

import numpy as np
import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.data.holdout import Rows
from penchant.errors import DataError
from penchant.models import ItemKNN, UserKNN
from penchant.models.shared.biases import fit_biases
from penchant.testing import planted_pairs, planted_ratings

L2 = 5.0
SETTINGS = {"neighbours": 4, "shrinkage": 3.0, "l2": L2}


@pytest.fixture(scope="module")
def log():
    return planted_ratings(n_users=25, n_items=14, per_user=7)


@pytest.fixture(scope="module")
def table(log):
    """float[n_users, n_items] of ratings, NaN where there is none."""
    table = np.full((log.n_users, log.n_items), np.nan)
    table[log.events["user"], log.events["item"]] = log.ratings
    return table


def baselines(log, table):
    """Mean, items' deviations, and users' deviations from what their items lead to expect."""
    mean, item = fit_biases(log, L2, L2)
    rest = table - mean - item
    return mean + np.nansum(rest, 1) / ((~np.isnan(table)).sum(1) + L2), item


def naive_similarity(kind, a, b, shrinkage):
    """Of two rows of centred ratings with NaN for none."""
    has_a, has_b = ~np.isnan(a), ~np.isnan(b)
    both = has_a & has_b
    n = both.sum()
    if n == 0:
        return 0.0
    if kind == "cosine":
        alike = n / np.sqrt(has_a.sum() * has_b.sum())
    else:
        x, y = a[both], b[both]
        if kind == "pearson":
            x, y = x - x.mean(), y - y.mean()
        scale = np.sqrt((x @ x) * (y @ y))
        alike = round(x @ y / scale, 4) if scale > 1e-6 else 0.0
    return alike * n / (n + shrinkage)


def predicted(alike, residuals, k):
    """The mean residual of the k most similar who have one, weighted by similarity."""
    usable = np.flatnonzero((alike > 0) & ~np.isnan(residuals))
    best = usable[np.argsort(-alike[usable], kind="stable")[:k]]
    return alike[best] @ residuals[best] / (alike[best].sum() + 0.1) if len(best) else 0.0


def all_rows(log):
    user, item = np.divmod(np.arange(log.n_users * log.n_items, dtype=np.int32), log.n_items)
    return Rows(histories=log.histories, history=user.astype(np.int32), items=item.astype(np.int32))


@pytest.mark.parametrize("kind", ["cosine", "pearson", "adjusted-cosine"])
def test_item_neighbours_predict_as_naive_loops_do(log, table, kind):
    model = ItemKNN(similarity=kind, **SETTINGS).fit(log)
    user_base, item_base = baselines(log, table)
    centre = np.nanmean(table, 1, keepdims=True) if kind == "adjusted-cosine" else 0
    centred = (table - centre).T
    alike = np.array([[naive_similarity(kind, a, b, 3.0) for b in centred] for a in centred])
    np.fill_diagonal(alike, 0)
    residuals = table - user_base[:, None] - item_base
    wanted = np.array(
        [
            [
                user_base[u] + item_base[i] + predicted(alike[i], residuals[u], 4)
                for i in range(log.n_items)
            ]
            for u in range(log.n_users)
        ]
    )
    found = model.predict(all_rows(log)).reshape(wanted.shape)
    np.testing.assert_allclose(found, wanted, atol=2e-3)


@pytest.mark.parametrize("kind", ["cosine", "pearson", "adjusted-cosine"])
def test_user_neighbours_predict_as_naive_loops_do(log, table, kind):
    model = UserKNN(similarity=kind, **SETTINGS).fit(log)
    user_base, item_base = baselines(log, table)
    centre = np.nanmean(table, 0) if kind == "adjusted-cosine" else 0
    centred = table - centre
    alike = np.array([[naive_similarity(kind, a, b, 3.0) for b in centred] for a in centred])
    np.fill_diagonal(alike, 0)
    residuals = table - user_base[:, None] - item_base
    wanted = np.array(
        [
            [
                user_base[u] + item_base[i] + predicted(alike[u], residuals[:, i], 4)
                for i in range(log.n_items)
            ]
            for u in range(log.n_users)
        ]
    )
    found = model.predict(all_rows(log)).reshape(wanted.shape)
    np.testing.assert_allclose(found, wanted, atol=2e-3)


def test_item_scores_are_sums_of_similarities_to_near_items(log, table):
    model = ItemKNN(similarity="cosine", **SETTINGS).fit(log)
    alike = np.array([[naive_similarity("cosine", a, b, 3.0) for b in table.T] for a in table.T])
    np.fill_diagonal(alike, 0)
    wanted = np.zeros((log.n_users, log.n_items))
    for item in range(log.n_items):
        near = np.argsort(-alike[item], kind="stable")[:4]
        wanted[:, item] = (~np.isnan(table))[:, near] @ alike[item, near]
    found = model.scores(log.histories)
    # Ties at the fourth place may fall either way; nearly all scores are without.
    assert np.isclose(found, wanted, atol=1e-5).mean() > 0.9


def test_user_scores_are_similarities_of_near_users_who_have_it(log, table):
    model = UserKNN(similarity="cosine", neighbours=24, shrinkage=3.0).fit(log)
    alike = np.array([[naive_similarity("cosine", a, b, 3.0) for b in table] for a in table])
    np.fill_diagonal(alike, 0)
    wanted = alike @ ~np.isnan(table)
    np.testing.assert_allclose(model.scores(log.histories), wanted, atol=1e-4)


def test_a_user_is_never_their_own_neighbour_but_a_double_is():
    log = planted_pairs()
    model = UserKNN(neighbours=1, shrinkage=0).fit(log)
    one = log.histories.take([7])
    stranger = model.history([log.items[int(i)] for i in one.items])
    seen = np.unique(one.items)
    # To a stranger with the same items user 7 is the nearest, and has exactly those.
    np.testing.assert_allclose(model.scores(stranger)[0, seen], 1, atol=1e-5)
    assert (np.delete(model.scores(stranger)[0], seen) == 0).all()
    assert (np.delete(model.scores(one)[0], seen) > 0).any()


@pytest.mark.parametrize("cls", [ItemKNN, UserKNN])
def test_min_common_and_needed_ratings(log, cls):
    strict = cls(min_common=99).fit(log)
    assert (strict.scores(log.histories) == 0).all()
    bare = planted_pairs(with_ratings=False)
    with pytest.raises(DataError, match="'pearson' compares ratings"):
        cls(similarity="pearson").fit(bare)
    assert cls().fit(bare).scores(bare.histories).any()


def test_contributions_are_exact():
    log = planted_pairs()
    model = ItemKNN(similarity="cosine").fit(log)
    items = np.arange(log.n_items, dtype=np.int32)
    for n in (0, 5):
        one = log.histories.take([n])
        np.testing.assert_allclose(
            model.contributions(one, items).sum(1), model.scores(one)[0], rtol=1e-5
        )


def test_repeated_ratings_count_once_in_items_means(log):
    frame = log.frame().drop("row")
    twice = Dataset.from_frame(pl.concat([frame, frame]), scale=log.scale)
    means = [UserKNN(similarity="adjusted-cosine").fit(x).item_means_ for x in (log, twice)]
    np.testing.assert_allclose(*means, rtol=1e-6)


def test_many_users_are_compared_in_blocks():
    n = 20_000
    users = np.arange(n, dtype=np.int64)
    log = Dataset.from_frame(pl.DataFrame({"user": users, "item": users % 4, "rating": users % 5}))
    model = UserKNN().fit(log)
    some = log.histories.block(0, 500)
    rows = Rows(some, np.arange(500, dtype=np.int32), np.zeros(500, np.int32))
    log.fingerprint, model.predict(rows)
    tracemalloc.start()
    try:
        lists, _ = model.top_items(some, 3)
        model.predict(rows)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (lists[:, 0] >= 0).all()
    # A block's similarities take 16 MB, and some arrays of that size are alive at once.
    assert peak < 160e6 < 500 * n * 4 * 5

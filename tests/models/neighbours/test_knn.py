from __future__ import annotations

import tracemalloc

import numpy as np
import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.data.holdout import Rows
from penchant.errors import DataError, ParameterError
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
    elif kind == "residual-cosine":
        alike = (a[both] @ b[both]) / np.sqrt(np.nansum(a**2) * np.nansum(b**2))
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


KINDS = ["cosine", "pearson", "adjusted-cosine", "residual-cosine"]


@pytest.mark.parametrize("kind", KINDS)
def test_item_neighbours_predict_as_naive_loops_do(log, table, kind):
    model = ItemKNN(rating_similarity=kind, **SETTINGS).fit(log)
    user_base, item_base = baselines(log, table)
    centre = np.nanmean(table, 1, keepdims=True) if kind == "adjusted-cosine" else 0
    if kind == "residual-cosine":
        centre = user_base[:, None] + item_base
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


@pytest.mark.parametrize("kind", KINDS)
def test_user_neighbours_predict_as_naive_loops_do(log, table, kind):
    model = UserKNN(rating_similarity=kind, **SETTINGS).fit(log)
    user_base, item_base = baselines(log, table)
    centre = np.nanmean(table, 0) if kind == "adjusted-cosine" else 0
    if kind == "residual-cosine":
        centre = user_base[:, None] + item_base
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


@pytest.mark.parametrize("cls", [ItemKNN, UserKNN])
def test_ratings_are_predicted_by_residuals_unless_the_similarity_compares_ratings(cls, log):
    def predictions(**options):
        return cls(**SETTINGS, **options).fit(log).predict(all_rows(log))

    for similarity, of_ratings in (
        ("cosine", "residual-cosine"),
        ("jaccard", "residual-cosine"),
        ("correlation", "correlation"),
        ("pearson", "pearson"),
        ("residual-cosine", "residual-cosine"),
    ):
        found = predictions(similarity=similarity)
        np.testing.assert_array_equal(found, predictions(rating_similarity=of_ratings))
    lists = [
        cls(**SETTINGS, rating_similarity=kind).fit(log).scores(log.histories) for kind in KINDS
    ]
    for other in lists[1:]:
        np.testing.assert_array_equal(lists[0], other)
    with pytest.raises(ParameterError, match="similarity=pearson ranks by the ratings"):
        cls(similarity="pearson", rating_similarity="cosine").fit(log)


def test_neighbours_of_users_who_rate_nothing_are_those_with_the_same_items(log):
    model = UserKNN(**SETTINGS).fit(log)
    bare = model.history(log.items.take([3, 0, 7]).to_list())
    rows = Rows(bare, np.zeros(log.n_items, np.int32), np.arange(log.n_items, dtype=np.int32))
    same = UserKNN(**SETTINGS, rating_similarity="cosine").fit(log)
    np.testing.assert_array_equal(model.predict(rows), same.predict(rows))
    assert np.ptp(model.predict(rows) - model.item_bias_) > 0.1


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


@pytest.mark.parametrize(
    "options",
    [
        {"similarity": "cosine"},
        {"similarity": "jaccard"},
        {"similarity": "correlation"},
        {"similarity": "pearson"},
        {"similarity": "adjusted-cosine"},
        {"similarity": "residual-cosine"},
    ],
    ids=lambda options: options["similarity"],
)
def test_what_neighbours_add_is_divided_among_events(log, options):
    model = UserKNN(neighbours=6, shrinkage=2.0, l2=L2, **options).fit(log)
    visitor = model.history(log.items.take([3, 0, 3, 7]).to_list(), [5, 2, 4, 1])
    items = np.array([1, 4, 9, 3], np.int32)
    for user in (log.histories.take([2]), visitor):
        parts = model.neighbour_contributions(user, items)
        scores = model.scores(user)[0, items]
        if model.of_ratings:
            scores = scores - model._baseline(user)[0] - model.item_bias_[items]
        np.testing.assert_allclose(parts.sum(axis=1), scores, atol=1e-4)
        # Of two events with one item the last one counts, since no event has a weight.
        assert not parts[:, ~user.is_latest].any()


def test_shares_of_what_neighbours_add_are_those_of_a_hand_calculation():
    """u shares a and b with v, and b with w; c is what both add."""
    rows = [("u", "a"), ("u", "b"), ("v", "a"), ("v", "b"), ("v", "c"), ("w", "b"), ("w", "c")]
    model = UserKNN(shrinkage=0).fit(
        Dataset.from_frame(pl.DataFrame(rows, ["user", "item"], orient="row"))
    )
    user = model.histories_of(["u"])
    parts = model.neighbour_contributions(user, model.items_.indices(["c"]).astype(np.int32))[0]
    of_v, of_w = 2 / 6**0.5, 1 / 2
    by_item = {model.items_[item]: part for item, part in zip(user.items, parts, strict=True)}
    assert by_item == {
        "a": pytest.approx(of_v / 2, rel=1e-6),
        "b": pytest.approx(of_v / 2 + of_w, rel=1e-6),
    }
    nobody = model.history([])
    assert model.neighbour_contributions(nobody, np.array([0], np.int32)).shape == (1, 0)


def test_weights_of_events_divide_what_a_neighbour_adds():
    rows = [("u", "a", 3.0), ("u", "b", 1.0), ("v", "a", 2.0), ("v", "b", 1.0), ("v", "c", 1.0)]
    frame = pl.DataFrame(rows, ["user", "item", "weight"], orient="row")
    model = UserKNN(shrinkage=0).fit(Dataset.from_frame(frame))
    user = model.histories_of(["u"])
    parts = model.neighbour_contributions(user, model.items_.indices(["c"]).astype(np.int32))[0]
    score = model.scores(user)[0, model.items_.indices(["c"])[0]]
    assert dict(zip([model.items_[i] for i in user.items], parts / score, strict=True)) == {
        "a": pytest.approx(6 / 7, rel=1e-5),
        "b": pytest.approx(1 / 7, rel=1e-5),
    }


def test_the_default_shrinkage_grows_with_the_events_of_items():
    rng = np.random.default_rng(0)
    pairs = np.argwhere(rng.random((600, 12)) < 0.7)
    dense = Dataset.from_frame(pl.DataFrame(pairs, schema=["user", "item"]))
    n = dense.item_counts.astype(float)
    grown = 0.07 * (n**2).sum() / n.sum()
    assert grown > 20
    few = Dataset.from_frame(pl.DataFrame(pairs[pairs[:, 0] < 30], schema=["user", "item"]))
    for log, expected in ((dense, grown), (few, 10.0)):
        default, given = ItemKNN().fit(log), ItemKNN(shrinkage=expected).fit(log)
        np.testing.assert_allclose(default.near_.toarray(), given.near_.toarray(), rtol=1e-6)
        other = ItemKNN(shrinkage=expected / 2).fit(log)
        assert not np.allclose(default.near_.toarray(), other.near_.toarray())
        assert not hasattr(default, "rating_similarities_")  # there are no ratings to predict

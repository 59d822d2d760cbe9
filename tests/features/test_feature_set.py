from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from penchant.data.histories import Histories
from penchant.data.holdout import Rows
from penchant.features import FeatureSet, Tables
from penchant.testing import planted_pairs

LIKE = 8.0


@pytest.fixture(scope="module")
def fitted(books):
    return Tables.of(books).fit(books, LIKE)


def all_rows(log, n=60):
    rng = np.random.default_rng(0)
    history = rng.integers(log.n_users, size=n).astype(np.int32)
    return Rows(log.histories, history, rng.integers(-1, log.n_items, size=n).astype(np.int32))


def column(features, found, name):
    return found[:, features.names.index(name)]


def test_every_feature_has_a_name(books, fitted):
    found = fitted.of_rows(all_rows(books))
    assert (found.shape, found.dtype) == ((60, len(fitted.names)), np.float32)
    assert len(set(fitted.names)) == len(fitted.names)
    assert {"item's author: residual", "user's country: residual", "item year"} <= set(fitted.names)


def test_features_are_what_a_loop_counts(books, fitted):
    rows = all_rows(books)
    found = fitted.of_rows(rows)
    events = books.frame()
    author = dict(books.item_table.select("item", "author").iter_rows())
    year = dict(books.item_table.select("item", "year").iter_rows())
    bias = fitted.items[:, fitted.item_names.index("item bias")]
    mean = float(books.ratings.astype(float).mean())
    for n, (user, item) in enumerate(zip(rows.users.tolist(), rows.items.tolist(), strict=True)):
        mine = [
            (i, r) for u, i, r in events.select("user", "item", "rating").iter_rows() if u == user
        ]
        rest = [r - mean - bias[i] for i, r in mine]
        own = sum(rest) / (len(rest) + 5)
        same = [
            x - own for (i, _), x in zip(mine, rest, strict=True) if author[i] == author.get(item)
        ]
        expected = {
            "user's bias": own,
            "user's events": np.log1p(len(mine)),
            "user's likes": sum((r >= LIKE) - fitted.scale.share for _, r in mine)
            / (len(mine) + 5),
            "user's spread": np.std([r for _, r in mine]),
            "both biases": own + bias[item],
            "user's events with the author": len(same),
            "user's residual with the author": sum(same) / (len(same) + 2),
        }
        years = [year[i] for i, _ in mine if year[i] is not None]
        if item >= 0 and year[item] is not None:
            expected["item year above the user's"] = year[item] - np.mean(years)
        for name, value in expected.items():
            assert column(fitted, found, name)[n] == pytest.approx(value, abs=2e-4), name


def test_taste_is_a_ridge_regression_for_each_user(books, fitted):
    rows = all_rows(books)
    found = column(fitted, fitted.of_rows(rows), "taste (residual)")
    _, properties = fitted.compared()
    _, residuals = fitted._biases(books.histories)
    for n in range(0, 60, 7):
        mine = books.histories.rows == rows.history[n]
        x, y = properties[books.histories.items[mine]], residuals.each[0][mine]
        weights = np.linalg.solve(x.T @ x + 10 * np.eye(x.shape[1]), x.T @ y)
        assert found[n] == pytest.approx(properties[rows.items[n]] @ weights, abs=1e-4)


def test_users_are_known_by_their_history_alone(books, fitted):
    """A new user with the history of a known one differs only in what the user table says."""
    rows = all_rows(books)
    strangers = replace(books.histories, users=np.full(books.n_users, -1, np.int32))
    found, new = (
        fitted.of_rows(Rows(users, rows.history, rows.items))
        for users in (books.histories, strangers)
    )
    of_table = np.isin(fitted.names, fitted.user_names)
    assert of_table.sum() == 3
    np.testing.assert_array_equal(found[:, ~of_table], new[:, ~of_table])
    assert np.isnan(new[:, of_table]).all()


def test_a_changed_history_changes_what_is_known_of_the_user(books, fitted):
    items = np.arange(6)
    low, high = (
        Histories.of(items, n_items=books.n_items, ratings=[r] * 6, user=3) for r in (1.0, 10.0)
    )
    ask = [Rows(h, np.zeros(1, np.int32), np.array([9], np.int32)) for h in (low, high)]
    a, b = (fitted.of_rows(rows) for rows in ask)
    assert column(fitted, b, "user's bias") > column(fitted, a, "user's bias") + 2
    of_item = np.isin(fitted.names, fitted.item_names)
    np.testing.assert_array_equal(a[:, of_item], b[:, of_item])


def test_without_a_history_means_are_those_of_everybody(books, fitted):
    unrated = replace(books.histories, ratings=None)
    nobody = Histories.of([], n_items=books.n_items)
    for users in (unrated, nobody):
        rows = Rows(users, np.zeros(1, np.int32), np.array([4], np.int32))
        found = fitted.of_rows(rows)
        for name in ("user's bias", "user's events", "user's residual with the author"):
            assert column(fitted, found, name) == 0


def test_nothing_to_ask(books, fitted):
    rows = Rows(books.histories, np.empty(0, np.int32), np.empty(0, np.int32))
    assert fitted.of_rows(rows).shape == (0, len(fitted.names))


def test_new_items_have_what_their_table_says(books, fitted):
    of_author = fitted.item_names.index("item's author: residual")
    assert fitted.items[50, of_author] == fitted.items[1, of_author] != 0
    assert fitted.items[50, fitted.item_names.index("item events")] == 0
    assert np.isnan(fitted.items[-1, of_author])


def test_state_is_all_there_is(books, fitted):
    rows = all_rows(books)
    again = FeatureSet.from_state(fitted.state())
    assert again.names == fitted.names
    np.testing.assert_array_equal(again.of_rows(rows), fitted.of_rows(rows))


def test_a_log_without_tables():
    log = replace(planted_pairs(), item_table=None)
    features = Tables.of(log).fit(log, 4.0)
    found = features.of_rows(all_rows(log))
    assert not features.labels
    assert not features.user_names
    spread = [n for n, name in enumerate(features.names) if "spread" in name]
    assert np.isfinite(np.delete(found, spread, axis=1)).all()

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.data.holdout import Holdout, Rows
from penchant.errors import DataError
from penchant.features.reviews.features import DAMPING, ReviewFeatures, ReviewSettings
from penchant.features.reviews.items import ItemColumns

GOOD, BAD = ["great", "love", "perfect"], ["poor", "broken", "waste"]
START = dt.datetime(2018, 1, 1)  # a Monday


@pytest.fixture(scope="module")
def reviews() -> Dataset:
    """Reviews whose words tell the stars, of items with prices, ranks and brands."""
    rng = np.random.default_rng(0)
    n_users, n_items, n = 60, 20, 500
    keys = rng.choice(n_users * n_items, n, replace=False)
    user, item = keys // n_items, keys % n_items
    rating = np.clip(np.round(3.5 + rng.normal(0, 0.8, n_items)[item] + rng.normal(0, 1, n)), 1, 5)
    said = [rng.choice(GOOD if r > 3 else BAD, 3) for r in rating]
    events = pl.DataFrame(
        {
            "user": [f"u{u}" for u in user],
            "item": [f"i{i}" for i in item],
            "rating": rating,
            "time": [START + dt.timedelta(days=int(d)) for d in rng.integers(0, 700, n)],
            "summary": [f"{w[0]} {w[1]} thing" for w in said],
            "text": [" ".join([*w, "and", "more"]) for w in said],
            "verified": rng.random(n) < 0.8,
            "style": np.where(rng.random(n) < 0.5, "Audio CD", "Vinyl"),
        }
    )
    items = pl.DataFrame(
        {
            "item": [f"i{i}" for i in range(n_items + 1)],
            "brand": [["acme", "bolt", None][i % 3] for i in range(n_items + 1)],
            "price": [None if i % 6 == 5 else 2.0 * i + 1 for i in range(n_items + 1)],
            "rank": list(range(1, n_items + 2)),
            "buy_count": [i % 4 for i in range(n_items + 1)],
            "view_count": [0] * (n_items + 1),
        }
    )
    return Dataset.from_frame(events, item_table=items, name="reviews", scale=(1.0, 5.0))


def fit(log, **settings):
    return ReviewFeatures.fit(log, ReviewSettings(**settings))


def rows_of(log):
    """The rows of the log's own events, by user."""
    return Holdout.of(log, log).rows


def column(features, found, name):
    return found[:, features.names.index(name)]


def test_there_are_seventy(reviews):
    features, found = fit(reviews, own_text=True)
    assert len(set(features.names)) == len(features.names) == found.shape[1]
    # These texts have so few different words that their vectors are short.
    assert found.shape[1] - features.text.dim + 32 == 70


def test_they_are_standardised_and_gaps_are_the_mean(reviews):
    _, found = fit(reviews, own_text=True)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.mean(0), 0, atol=1e-4)
    spread = found.std(0)
    assert ((spread < 1.01) & ((spread > 0.8) | (spread < 1e-3))).all()


def test_item_statistics_are_counted_in_the_other_folds(reviews):
    features, found = fit(reviews, folds=4, seed=3)
    user, item = (reviews.events[c].to_numpy() for c in ("user", "item"))
    fold = np.random.default_rng(3).permutation(len(reviews)) % 4
    for place in (0, 17, 333):
        others = fold != fold[place]
        mine = reviews.ratings[others & (item == item[place])].astype(float)
        mean = features.mean + (mine - features.mean).sum() / (len(mine) + DAMPING)
        theirs = reviews.ratings[others & (user == user[place])].astype(float)
        wanted = {
            "item's mean": mean,
            "item's median": np.median(mine),
            "item's ratings": np.log1p(len(mine)),
            "user's ratings": np.log1p(len(theirs)),
        }
        for name, value in wanted.items():
            at = features.names.index(name)
            again = found[place, at] * features.spreads[at] + features.means[at]
            assert again == pytest.approx(value, rel=1e-4), name


def test_an_events_own_rating_does_not_enter(reviews):
    """Another rating of one event changes nothing of its own features but the scale."""
    changed = reviews.events["rating"].to_numpy().copy()
    changed[5] = 1.0 if changed[5] > 3 else 5.0
    other = Dataset.from_frame(
        reviews.frame().with_columns(rating=pl.Series(changed)),
        item_table=reviews.item_table,
        scale=(1.0, 5.0),
    )
    (one, found), (two, again) = fit(reviews), fit(other)
    for name in ("item's median", "item's ratings", "brand's items", "item price"):
        if name in one.names:
            at = one.names.index(name)
            before = found[5, at] * one.spreads[at] + one.means[at]
            assert again[5, at] * two.spreads[at] + two.means[at] == pytest.approx(before, rel=1e-4)


def test_text_of_the_event_counts_only_where_asked(reviews):
    rows = rows_of(reviews)
    silent = Rows(rows.histories, rows.history, rows.items, rows.times, None)
    shuffled = Rows(
        rows.histories,
        rows.history,
        rows.items,
        rows.times,
        rows.context.with_columns(pl.col("summary", "text").reverse()),
    )
    features, _ = fit(reviews)
    before = features.of_rows(rows)
    np.testing.assert_array_equal(features.of_rows(shuffled), before)
    n = features.text.dim
    np.testing.assert_array_equal(features.of_rows(silent)[:, :n], before[:, :n])
    own, _ = fit(reviews, own_text=True)
    assert np.abs(own.of_rows(shuffled) - own.of_rows(rows)).max() > 0.5
    assert not own.of_rows(silent)[:, : 20 + own.text.dim + 1].any()


def test_weekdays_and_styles(reviews):
    features, found = fit(reviews)
    weekday = reviews.events["time"].dt.weekday().to_numpy() - 1
    sine = column(features, found, "weekday (sine)")
    at = features.names.index("weekday (sine)")
    np.testing.assert_allclose(
        sine * features.spreads[at] + features.means[at], np.sin(2 * np.pi * weekday / 7), atol=1e-5
    )
    share = (reviews.events["style"] == "Vinyl").mean()
    assert features.styles["Vinyl"][1] == pytest.approx(share)
    rows = rows_of(reviews)
    unseen = Rows(
        rows.histories,
        rows.history,
        rows.items,
        rows.times,
        rows.context.with_columns(style=pl.lit("Wax cylinder")),
    )
    assert not column(features, features.of_rows(unseen), "style's share").any()


def test_published_statistics_come_from_the_table(reviews):
    table = reviews.item_table.with_columns(
        overall_mean=pl.lit(4.5), overall_median=pl.lit(5.0), overall_count=pl.lit(7)
    )
    given = Dataset.from_frame(reviews.frame(), item_table=table, scale=(1.0, 5.0))
    features, _ = fit(given, statistics="table")
    assert features.rated[0, :3].tolist() == [4.5, 5.0, 7.0]


def test_items_that_nobody_rated_and_unknown_ones(reviews):
    features, _ = fit(reviews)
    rows = rows_of(reviews)
    (new,) = reviews.items.indices(["i20"])
    asked = Rows(rows.histories, np.zeros(2, np.int32), np.array([new, -1], np.int32))
    found = features.of_rows(asked)
    assert np.isfinite(found).all()
    assert not column(features, found, "item's mean").any()
    assert column(features, found, "price")[0] != 0 == column(features, found, "price")[1]


def test_a_log_without_anything_but_ratings():
    events = {"user": [1, 2, 3, 1], "item": [1, 1, 2, 2], "rating": [1.0, 5.0, 4.0, 2.0]}
    bare = Dataset.from_frame(pl.DataFrame(events))
    features, found = fit(bare, folds=2)
    assert np.isfinite(found).all()
    assert found.shape == (4, len(features.names)) == (4, 17)
    with pytest.raises(DataError, match="neither a column text nor summary"):
        fit(bare, own_text=True)


def test_they_are_restored(reviews):
    features, _ = fit(reviews, own_text=True)
    again = ReviewFeatures.from_state(features.state())
    rows = rows_of(reviews)
    assert again.names == features.names
    np.testing.assert_array_equal(again.of_rows(rows), features.of_rows(rows))


def test_medians(reviews):
    items = np.array([0, 0, 0, 1, 1, 3])
    ratings = np.array([1, 5, 2, 4, 5, 3], np.float32)
    found = ItemColumns.of(reviews).rated(items, ratings, 3.0)
    assert found[[0, 1, 3], 1].tolist() == [2, 4.5, 3]
    assert np.isnan(found[2, 1])

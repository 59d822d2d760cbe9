"""Models that are after an update what a new fit to all events is."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.bundle import restore, save
from penchant.data.dataset import Dataset
from penchant.data.reading.log_reader import read
from penchant.errors import DataError, UnknownIdError
from penchant.models import UserKNN, make

SPECS = (
    "popular",
    "popular:half_life=2",
    "personal-popular",
    "personal-recent",
    "markov",
    "vs-knn",
    "stan:neighbours=3,half_life=2",
    "sequential-rules:window=3,neighbours=4",
    "decayed-frequency",
    "repeat-item-knn",
    "tifu-knn",
    "co-occurrence",
    "basket-co-occurrence",
    "item-knn",
    "item-knn:similarity=pearson",
    "user-knn",
    "ease",
    "p3alpha",
    "rp3beta",
    "slim:l2=1",
    "sparse-ease",
    "graph-filter:dim=6",
)


def random_log(seed, n=120):
    """Events an hour apart, most of them in baskets."""
    rng = np.random.default_rng(seed)
    user = rng.integers(0, 12, n)
    baskets = [f"{u}-{b}" if b else None for u, b in zip(user, rng.integers(0, 6, n), strict=True)]
    return pl.DataFrame(
        {
            "user": user,
            "item": rng.integers(0, 15, n),
            "rating": rng.integers(1, 6, n).astype(float),
            "weight": rng.integers(1, 9, n).astype(float),
            "time": pl.Series(rng.permutation(n) * 3_600_000_000).cast(pl.Datetime("us")),
            "basket": baskets,
        }
    )


@pytest.mark.parametrize("spec", SPECS)
@settings(max_examples=2, deadline=None)
@given(seed=st.integers(0, 10**6), data=st.data())
def test_updates_are_what_a_new_fit_is(spec, seed, data):
    frame = random_log(seed)
    columns = ["user", "item", "rating"]
    always = {"time"} if make(spec).needs_times else set()
    optional = ("weight", "time", "basket")
    columns += [c for c in optional if c in always or data.draw(st.booleans(), label=c)]
    frame = frame.select(columns)
    if (
        "basket" in columns
    ):  # an item twice in a basket is told from a known event by its time alone
        alike = pl.struct("user", "item", "basket").is_first_distinct()
        frame = frame.filter(alike | pl.col("basket").is_null())
    positive = data.draw(st.sampled_from([None, 3.0]))
    part = pl.Series(np.random.default_rng(seed).choice(3, len(frame), p=[0.7, 0.2, 0.1]))
    parts = [Dataset.from_frame(frame.filter(part == n), positive=positive) for n in range(3)]
    model = make(spec).fit(parts[0]).update(parts[1]).update(parts[2])
    order = pl.concat([frame.filter(part == n) for n in range(3)])
    whole = make(spec).fit(Dataset.from_frame(order, positive=positive))
    assert model.users_ == whole.users_
    assert model.items_ == whole.items_
    expected = whole.scores(whole.histories_)
    np.testing.assert_allclose(
        model.scores(model.histories_), expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max()
    )


def test_known_events_are_passed_over_through_bundles(tmp_path):
    frame = random_log(1)
    early, late = frame.head(80), frame.slice(60)
    model = make("tifu-knn").fit(Dataset.from_frame(early))
    model = restore(save(model, tmp_path / "bundle"))
    model.update(Dataset.from_frame(late))
    assert model.histories_.n_events == 120
    before = model.scores(model.histories_)
    again = restore(save(model, tmp_path / "again")).update(Dataset.from_frame(late))
    assert again.histories_.n_events == 120
    np.testing.assert_array_equal(again.scores(again.histories_), before)
    assert again.log_fingerprint_ == model.log_fingerprint_


def test_baskets_of_nobody_count_once():
    events = pl.DataFrame({"user": [1, 1, 2], "item": [1, 2, 3], "basket": ["a", "a", "b"]})
    first = pl.DataFrame({"item": [1, 3], "basket": ["x", "x"]})
    second = pl.DataFrame({"item": [1, 3, 2, 4], "basket": ["x", "x", "x", "x"]})
    nothing = events.clear()
    model = make("basket-co-occurrence").fit(Dataset.from_frame(events, anonymous=first))
    model.update(Dataset.from_frame(nothing, anonymous=second))
    model.update(Dataset.from_frame(nothing, anonymous=second))
    whole = make("basket-co-occurrence").fit(Dataset.from_frame(events, anonymous=second))
    np.testing.assert_allclose(model.scores(model.histories_), whole.scores(whole.histories_))


def test_without_times_and_baskets_all_events_count():
    frame = pl.DataFrame({"user": [1, 1, 2], "item": [1, 2, 2]})
    model = make("popular").fit(Dataset.from_frame(frame))
    model.update(Dataset.from_frame(frame))
    assert model.popularity_.tolist() == [2, 4]


def test_titles_of_new_items_join_the_table():
    frame = pl.DataFrame({"user": [1, 1], "item": [5, 7]})
    table = pl.DataFrame({"item": [5, 7], "title": ["five", None]})
    model = make("popular").fit(Dataset.from_frame(frame, item_table=table))
    more = pl.DataFrame({"item": [3, 5, 7], "title": ["three", "other", "seven"]})
    new = Dataset.from_frame(pl.DataFrame({"user": [2], "item": [3]}), item_table=more)
    model.update(new)
    assert model.item_table_["title"].to_list() == ["three", "five", "seven"]


def test_what_the_model_has_learned_from_must_be_there():
    model = make("popular").fit(Dataset.from_frame(random_log(0)))
    before = model.histories_
    for column, noun in (("rating", "ratings"), ("weight", "weights"), ("time", "times")):
        with pytest.raises(DataError, match=f"has learned from {noun}.*have none"):
            model.update(Dataset.from_frame(random_log(2).drop(column)))
    assert model.histories_ is before


def test_ids_that_are_written_otherwise_are_refused():
    model = make("popular").fit(Dataset.from_frame(pl.DataFrame({"user": ["1"], "item": ["a"]})))
    new = Dataset.from_frame(pl.DataFrame({"user": ["1.0"], "item": ["a"]}))
    with pytest.raises(UnknownIdError, match=r"knows no user.*written with decimals"):
        model.update(new)


def test_neighbours_of_users_without_ratings_are_kept_in_bundles(tmp_path):
    frame = random_log(3).select("user", "item")
    model = UserKNN().fit(Dataset.from_frame(frame))
    back = restore(save(model, tmp_path / "bundle"))
    np.testing.assert_array_equal(back.scores(back.histories_), model.scores(model.histories_))


SESSION_MODELS = ("markov", "sequential-rules", "vs-knn", "stan:half_life=2", "personal-recent")


def visits(seed=0, n=240):
    """Events of four users, minutes apart, with longer pauses now and then."""
    rng = np.random.default_rng(seed)
    minutes = np.cumsum(rng.choice([1, 3, 9, 40], n, p=[0.4, 0.3, 0.2, 0.1]))
    times = pl.Series(minutes * 60_000_000).cast(pl.Datetime("us"))
    return pl.DataFrame(
        {"user": rng.integers(0, 4, n), "item": rng.integers(0, 15, n), "time": times}
    )


def scores(model, users, items):
    return model.scores(model.histories_of(users))[:, model.items_.indices(items)]


@pytest.mark.parametrize("how", ["later", "overlapping", "late"])
@pytest.mark.parametrize("spec", SESSION_MODELS)
def test_sessions_by_gaps_go_on_in_what_comes_later(spec, how):
    frame = visits()
    cut = len(frame) * 2 // 3
    first, second = frame[:cut], frame[cut:]
    if how == "overlapping":  # known events come again, from within sessions on
        second = frame[cut - 20 :]
    if how == "late":  # events in the midst of others, which may join two sessions
        late = np.random.default_rng(1).random(len(frame)) < 0.2
        first, second = frame.filter(~pl.Series(late)), frame.filter(pl.Series(late))
    whole, known, new = (
        read(part, session_gap="30min", quiet=True) for part in (frame, first, second)
    )
    assert 5 < whole.histories.basket_numbers.max() < 40
    fitted, updated = make(spec).fit(whole), make(spec).fit(known).update(new)
    users, items = whole.users.ids.to_list(), whole.items.ids.to_list()
    assert updated.histories_.n_events == len(whole)
    np.testing.assert_allclose(
        scores(updated, users, items), scores(fitted, users, items), rtol=1e-5, atol=1e-6
    )
    again = fitted.histories_.take(fitted.users_.indices(pl.Series(users)))
    order = updated.histories_.take(updated.users_.indices(pl.Series(users)))
    assert order.basket_numbers.tolist() == again.basket_numbers.tolist()


def test_sessions_of_a_column_do_not_go_on_by_a_gap():
    frame = visits().with_columns(session=pl.int_range(pl.len()) // 2)
    known = read(frame[:160], session="session", quiet=True)
    new = read(frame[160:].drop("session"), session_gap="30min", quiet=True)
    before = make("markov").fit(known).histories_
    after = make("markov").fit(known).update(new).histories_
    for n in range(len(before)):
        kept = after.take(np.array([n])).basket_numbers[: before.lengths[n]]
        assert kept.tolist() == before.take(np.array([n])).basket_numbers.tolist()

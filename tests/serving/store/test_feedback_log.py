from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.errors import DataError
from penchant.models import EASE, make
from penchant.serving.learning import new_events
from penchant.serving.store import Feedback, Progress, Store

_DAY = 86_400_000_000
_LATER = 20_000 * _DAY


@pytest.fixture
def store(tmp_path):
    with Store.open(f"sqlite:///{tmp_path / 's.db'}") as opened:
        yield opened


def _log(**columns):
    return pl.DataFrame({"user": [1, 1, 2, 3], "item": [10, 11, 10, 12]} | columns)


@pytest.fixture
def rated():
    times = [datetime(2020, 1, day) for day in (1, 2, 3, 4)]
    frame = _log(rating=[5.0, 2.0, 4.0, 1.0], time=times)
    users = pl.DataFrame({"user": [1, 2, 3], "age": [30, 40, 50]})
    return Dataset.from_frame(frame, user_table=users, name="rated", scale=(0.5, 5))


def test_feedback_takes_the_scale_of_the_log(store, rated, notices):
    store.add(
        [
            Feedback(4, 10, "like", time=_DAY),
            Feedback(4, 11, "dislike", time=_DAY),
            Feedback(4, 12, "rating", 3.5, time=_DAY),
            Feedback(1, 12, "rating", 9.0, time=_DAY),
            Feedback(1, 10, "purchase", 3.0, time=_DAY),
            Feedback(1, 99, "seen", time=_DAY),
        ]
    )
    log = store.dataset(rated)
    assert log.frame().tail(5).select("user", "item", "rating", "time", "row").rows() == [
        (4, 10, 5.0, datetime(1970, 1, 2), 5),
        (4, 11, 0.5, datetime(1970, 1, 2), 6),
        (4, 12, 3.5, datetime(1970, 1, 2), 7),
        (1, 12, 5.0, datetime(1970, 1, 2), 8),
        (1, 10, 5.0, datetime(1970, 1, 2), 9),
    ]
    assert (log.name, log.scale, log.has_times) == ("rated", (0.5, 5), True)
    assert log.frame().head(4)["rating"].to_list() == [5.0, 2.0, 4.0, 1.0]
    assert "The store gives 5 events of 2 users and 1 that does not train." in notices()


def test_feedback_of_a_log_without_ratings_is_what_was_liked_or_bought(store):
    store.add(
        [
            Feedback("u", "a", "like"),
            Feedback("u", "b", "dislike"),
            Feedback("u", "c", "rating", 4.0),
            Feedback("u", "d", "rating", 3.0),
            Feedback("u", "e", "purchase", 7.0),
            Feedback("u", "e", "purchase"),
            Feedback("u", "f", "like"),
            Feedback("u", "f", "dislike"),
            Feedback("u", "g", "dislike"),
            Feedback("u", "g", "like"),
            Feedback("u", "h", "seen"),
        ]
    )
    base = Dataset.from_frame(pl.DataFrame({"user": ["v"], "item": ["a"]}))
    log = store.dataset(base)
    assert log.frame()["item"].to_list() == ["a", "a", "c", "e", "e", "g"]
    assert "time" not in log.events.columns
    weighted = Dataset.from_frame(pl.DataFrame({"user": ["v"], "item": ["a"], "weight": [2.0]}))
    frame = store.dataset(weighted).frame()
    assert frame["weight"].to_list() == [2, 2, 2, 7, 2, 2]  # as much as others, or as is said
    orders = pl.DataFrame({"user": ["v"], "item": ["a"], "quantity": [2.0]})
    bought = store.dataset(Dataset.from_frame(orders))
    assert bought.weights is None
    assert bought.quantities.tolist() == [2, 1, 1, 7, 1, 1]


def test_purchases_of_a_store_alone_have_quantities(store):
    store.add([Feedback("u", "a", "purchase", 3.0), Feedback("u", "b", "like")])
    log = store.dataset()
    assert log.weights is None
    assert log.quantities.tolist() == [3, 1]


def test_columns_that_only_the_log_has_are_null_and_its_order_goes_on(store):
    base = Dataset.from_frame(
        _log(sequence_position=[0, 1, 0, 0], basket=["x", "x", "y", "z"], shop=["s"] * 4)
    )
    store.add([Feedback(1, 12), Feedback(1, 10), Feedback(9, 10)])
    new = store.dataset(base).frame().tail(3)
    assert new["sequence_position"].to_list() == [2, 3, 0]
    assert new["basket"].to_list() == [None] * 3
    assert new["shop"].to_list() == [None] * 3


def test_ids_of_a_store_alone_are_integers_where_all_are(store):
    store.add([Feedback(7, "10", "rating", 4.0)])
    log = store.dataset()
    assert (log.users.kind, log.items.kind, log.scale) == ("integer", "integer", (1, 5))
    store.add([Feedback("07", 10, "rating", 8.0)])
    log = store.dataset()
    assert (log.users.kind, log.items.kind, log.scale) == ("string", "integer", (1, 8))


def test_ids_that_the_log_cannot_have_are_left_out_and_counted(store, rated, notices):
    store.add([Feedback("007", 10), Feedback(5, "x"), Feedback(5, 10)])
    log = store.dataset(rated)
    assert len(log) == 5
    assert "2 events of the store have ids that are no integers" in notices()


def test_a_deleted_user_of_the_log_is_in_no_later_bundle(store, rated):
    store.add([Feedback(1, 12), Feedback(2, 12)])
    store.delete(1)
    log = store.dataset(rated)
    assert log.users.ids.to_list() == [2, 3]
    assert log.user_table["user"].to_list() == [2, 3]
    assert log.frame()["user"].to_list() == [2, 3, 2]
    model = EASE().fit(log)
    assert 1 not in model.users_
    store.add([Feedback(1, 11)])
    again = store.dataset(rated)
    assert again.frame().filter(pl.col("user") == 1)["item"].to_list() == [11]
    assert again.user_table.filter(pl.col("user") == 1)["age"].to_list() == [None]


def test_events_of_a_log_after_the_deletion_count(store):
    store.delete(1)
    late = [datetime(2020, 1, 1), datetime(2199, 1, 1), datetime(2020, 1, 1), None]
    base = Dataset.from_frame(_log(time=late))
    assert store.dataset(base).frame()["item"].to_list() == [11, 10, 12]
    untimed = Dataset.from_frame(_log())
    assert store.dataset(untimed).frame()["item"].to_list() == [10, 12]


def test_what_was_learned_and_is_taken_back_leaves_the_log_of_the_bundle(store):
    store.add([Feedback(1, 10, time=_DAY), Feedback(1, 11, time=_DAY), Feedback(2, 11)])
    learned = store.dataset()
    store.add([Feedback(1, kind="undo", of=1), Feedback(2, kind="undo", of=3), Feedback(3, 10)])
    later = store.feedback_log(Progress(3, 3))
    log, numbers = later.numbered(learned)
    assert log.frame().select("user", "item").rows() == [(1, 11), (3, 10)]
    np.testing.assert_array_equal(numbers, [0, 6])


def test_nothing_to_learn_from_is_said(store):
    with pytest.raises(DataError, match="no events that could be learned from"):
        store.dataset()
    store.add([Feedback(1, 1, "seen")])
    with pytest.raises(DataError, match="no events that could be learned from"):
        store.dataset()


def test_what_is_new_after_a_number(store):
    store.add([Feedback(1, 1), Feedback(2, 1)])
    assert store.feedback_log(Progress(1, 1)).is_new
    assert not store.feedback_log(Progress(2, 2)).is_new
    store.add([Feedback(1, kind="undo", of=1)])
    assert store.feedback_log(Progress(2, 2)).is_new
    assert not store.feedback_log(Progress(3, 3)).is_new
    store.delete(5)
    assert store.feedback_log(Progress(3, 3)).n_deleted == 1
    assert not store.feedback_log(Progress(4, 4)).is_new


def test_what_an_update_has_kept_stays_new_until_all_is_learned_anew(store):
    store.add([Feedback(1, 1), Feedback(2, 1)])
    store.add([Feedback(1, kind="undo", of=1)])
    store.delete(2)
    kept = store.feedback_log(Progress(learned=4, removed=2))
    assert kept.is_new
    assert kept.n_deleted == 1
    assert kept.taken_back["user"].to_list() == ["1"]


def test_a_model_that_takes_all_events_for_likes_gets_no_dislikes(store, rated, notices):
    store.add(
        [
            Feedback(1, 11, "rating", 4.5, time=_LATER),
            Feedback(1, 10, "dislike", time=_LATER),
            Feedback(4, 11, "like", time=_LATER),
            Feedback(4, 11, "rating", 2.0, time=_LATER + 1),
            Feedback(4, 12, "dislike", time=_LATER),
            Feedback(4, 12, "purchase", time=_LATER + 1),
        ]
    )
    log = store.dataset(rated, EASE())
    assert "lowest rating" not in notices()
    assert log.frame().select("user", "item", "rating").rows() == [
        (1, 11, 2.0),  # what the log says before, the rating of 5 of item 10, is overruled
        (2, 10, 4.0),
        (3, 12, 1.0),
        (1, 11, 4.5),
        (4, 12, 5.0),
    ]
    assert len(store.dataset(rated, make("bias"))) == 4 + 6
    assert "lowest rating" not in notices()
    assert len(store.dataset(rated)) == 4 + 6
    assert "2 dislikes of the store are events of the lowest rating" in notices()
    above = replace(rated, positive=4.0)  # ratings tell, then
    assert len(store.dataset(above, EASE())) == 4 + 6


def test_a_dislike_overrules_a_log_without_times_or_ratings(store):
    base = Dataset.from_frame(_log())
    store.add([Feedback(1, 10, "dislike"), Feedback(2, 10, "dislike"), Feedback(2, 10, "like")])
    rows = store.dataset(base).frame().select("user", "item").rows()
    assert rows == [(1, 11), (3, 12), (2, 10)]


def test_a_log_of_a_bundle_keeps_what_came_after_a_learned_dislike(store):
    store.add([Feedback(1, 10), Feedback(1, 11), Feedback(1, 10, "dislike"), Feedback(2, 10)])
    store.add([Feedback(2, 11, "dislike"), Feedback(2, 11)])
    learned = Dataset.from_frame(pl.DataFrame({"user": [1, 1, 2, 2], "item": [10, 11, 10, 11]}))
    news = store.feedback_log(Progress(6, 6))
    log = replace(news, earlier=store.outcomes(until=6)).dataset(learned)  # after updates
    assert log.frame().select("user", "item").rows() == [(1, 11), (2, 10), (2, 11)]


def test_feedback_is_learned_in_the_order_of_time(store):
    store.add([Feedback(1, 12, time=9 * _DAY), Feedback(1, 10, time=8 * _DAY), Feedback(1, 11)])
    base = Dataset.from_frame(_log(sequence_position=[0, 1, 0, 0]))
    new = store.dataset(base).frame().tail(3)
    assert new.select("item", "sequence_position").rows() == [(10, 2), (12, 3), (11, 4)]


@pytest.mark.parametrize("unit", [1.0, 100.0])
def test_feedback_weighs_what_events_of_the_user_do(store, unit):
    base = Dataset.from_frame(_log(weight=[2.0 * unit, 4.0 * unit, 6.0 * unit, 9.0 * unit]))
    store.add([Feedback(1, 12), Feedback(2, 11), Feedback(9, 10), Feedback(9, 11, "purchase")])
    weights = store.dataset(base).frame().tail(4)["weight"] / unit
    assert weights.to_list() == [3.0, 6.0, 5.25, 5.25]  # of somebody new: the mean of the log
    model = EASE().fit(base)
    taken_in = new_events(store.feedback_log(), model)
    assert (taken_in.weights / unit).tolist() == [3.0, 6.0, 5.25, 5.25]


def test_only_what_counts_decides_what_feedback_weighs(store):
    frame = _log(weight=[1.0, 50.0, 6.0, 9.0], rating=[5.0, 1.0, 5.0, 5.0])
    base = Dataset.from_frame(frame, scale=(1, 5), positive=4)
    store.add([Feedback(1, 12), Feedback(2, 12)])
    assert store.dataset(base).frame().tail(2)["weight"].to_list() == [1, 6]

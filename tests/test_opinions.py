"""What a person has done since a model has learned: what it counts, and when it was."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.models import make
from penchant.opinions import continued
from penchant.serving.engine import Event
from penchant.serving.engine.person import person_of

N_ITEMS, DAY = 12, 86_400_000_000  # microseconds


def listening(unit):
    """Forty users of two tastes; what each has played is counted in some unit."""
    rng = np.random.default_rng(0)
    rows = [
        (user, item, unit * float(rng.integers(1, 9)))
        for user in range(40)
        for item in rng.choice(np.arange(N_ITEMS // 2) + user % 2 * (N_ITEMS // 2), 4, False)
    ]
    return Dataset.from_frame(pl.DataFrame(rows, ["user", "item", "weight"], orient="row"))


@pytest.fixture(scope="module")
def baskets():
    """Thirty users with a basket of three items every thirty days, of which the log has no name."""
    rng = np.random.default_rng(0)
    rows = [
        (user, int(item), basket * 30 * DAY + user)
        for user in range(30)
        for basket in range(4)
        for item in rng.choice(N_ITEMS, 3, replace=False)
    ]
    frame = pl.DataFrame(rows, ["user", "item", "time"], orient="row")
    return Dataset.from_frame(frame.with_columns(pl.col("time").cast(pl.Datetime("us"))))


def items(*indices):
    return np.array(indices, np.int32)


@pytest.mark.parametrize("unit", [1.0, 1000.0])
def test_a_further_event_weighs_what_the_persons_others_do(unit):
    model = make("ease").fit(listening(unit))
    history = model.histories_of([0])
    longer, _ = continued(model, history, items(9, 10), None)
    assert longer.weights[-2:] == pytest.approx(history.weights.mean(), rel=1e-6)
    assert longer.event_weights[-2:] == pytest.approx(1, rel=1e-6)


def test_lists_do_not_depend_on_the_unit_of_weights():
    lists = []
    for unit in (1.0, 1000.0):
        model = make("ease").fit(listening(unit))
        longer, _ = continued(model, model.histories_of([0]), items(7, 8, 9, 10), None)
        lists.append(model.recommend(longer, k=4)["item"].to_list())
    assert lists[0] == lists[1]
    assert lists[0][0] >= N_ITEMS // 2  # what is like the four that were played last


def test_events_of_somebody_new_weigh_what_those_of_the_log_do():
    log = listening(1000.0)
    model = make("ease").fit(log)
    history = person_of(model, -1, [Event("1", "like"), Event("2", "like")]).history
    assert history.weights == pytest.approx(log.weights.mean(), rel=1e-6)
    assert history.event_weights.tolist() == [1, 1]


def test_only_what_counts_decides_the_weight():
    rows = [("u", "a", 5.0, 4.0), ("u", "b", 1.0, 100.0), ("v", "a", 5.0, 8.0)]
    frame = pl.DataFrame(rows, ["user", "item", "rating", "weight"], orient="row")
    histories = Dataset.from_frame(frame, scale=(1, 5), positive=4).histories
    assert histories.mean_weight == 6
    assert histories.take([0]).mean_weight == 4
    assert histories.take([0]).subset(np.array([False, True])).mean_weight is None
    assert Dataset.from_frame(frame.drop("weight")).histories.mean_weight is None


def test_old_times_stay_and_a_further_event_has_its_own(baskets):
    model = make("decayed-frequency").fit(baskets)
    history = model.histories_of([5])
    moment = 2000 * DAY
    times = np.array([moment, moment + DAY, moment], np.int64)
    longer, _ = continued(model, history, items(0, 1, 2), None, times)
    assert longer.times[:-3].tolist() == history.times.tolist()
    assert longer.times[-3:].tolist() == [moment, moment + DAY, moment + DAY]  # in order
    assert longer.basket_numbers[-3:].tolist() == [4, 5, 5]
    early, _ = continued(model, history, items(0, 1), None, np.array([DAY, DAY], np.int64))
    assert (early.times[-2:] > history.times.max()).all()
    assert early.basket_numbers[-2:].tolist() == [4, 4]


def test_a_further_event_is_of_now_where_nobody_says_when_it_was(baskets, monkeypatch):
    monkeypatch.setattr("penchant.opinions.time.time_ns", lambda: 3000 * DAY * 1000)
    model = make("decayed-frequency").fit(baskets)
    longer, _ = continued(model, model.histories_of([5]), items(0, 1), None)
    assert longer.times[-2:].tolist() == [3000 * DAY] * 2


@pytest.mark.parametrize(
    "spec", ["decayed-frequency:half_life=60", "time-decay:base_model=ease,half_life=60"]
)
def test_one_further_event_leaves_the_order_of_the_others(spec, baskets):
    model = make(spec).fit(baskets)
    history = model.histories_of([5])
    again = int(history.items[0])
    after_a_month = history.times[-1:] + 30 * DAY
    longer, _ = continued(model, history, items(again), None, after_a_month)
    others = np.setdiff1d(history.items, [again])
    before, after = (model.scores(h)[0][others] for h in (history, longer))
    assert np.corrcoef(before, after)[0, 1] > 0.95
    assert np.argmax(before) == np.argmax(after)


def test_dislikes_take_their_times_along():
    rows = [(u, i, float(1 + 4 * ((u + i) % 2)), i * DAY) for u in range(8) for i in range(6)]
    frame = pl.DataFrame(rows, ["user", "item", "rating", "time"], orient="row")
    frame = frame.with_columns(pl.col("time").cast(pl.Datetime("us")))
    model = make("ease").fit(Dataset.from_frame(frame, scale=(1, 5)))
    events = [Event("1", "dislike", time=10 * DAY), Event("0", "like", time=20 * DAY)]
    person = person_of(model, 0, events)
    assert person.hidden.tolist() == [1]
    assert person.history.times[-1] == 20 * DAY


def test_the_same_moment_gives_the_same_history(baskets):
    model = make("decayed-frequency:half_life=60").fit(baskets)
    events = [Event("3", "like", time=500 * DAY), Event("4", "purchase")]
    first, second = (person_of(model, 5, events, now=600 * DAY).history for _ in range(2))
    assert first.times[-2:].tolist() == [500 * DAY, 600 * DAY]
    assert first.times.tolist() == second.times.tolist()
    np.testing.assert_array_equal(model.scores(first), model.scores(second))


def test_somebody_without_a_history_has_no_times(baskets):
    model = make("decayed-frequency").fit(baskets)
    history = person_of(model, -1, [Event("3", "like", time=DAY), Event("4", "like")]).history
    assert history.times is None
    assert history.basket_numbers.tolist() == [0, 1]

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from penchant.bundle import restore, save
from penchant.data.dataset import Dataset
from penchant.errors import ParameterError
from penchant.models import make
from penchant.serving.learning import fingerprint_of, log_of
from penchant.serving.refresh import RefreshSettings, refresh
from penchant.serving.store import Feedback, Store
from penchant.serving.trial import Trial, latest_events

_DAY = 86_400_000_000
_ITEMS = {taste: [f"{taste}{n}" for n in range(8)] for taste in "ab"}


def _base(more=()):
    """30 users of each of two tastes, who have had five of its eight items."""
    rng = np.random.default_rng(0)
    rows = [
        (f"{taste}-user{n}", item, day * _DAY)
        for taste, items in _ITEMS.items()
        for n in range(30)
        for day, item in enumerate(rng.choice(items, 5, replace=False).tolist())
    ]
    frame = pl.DataFrame([*rows, *more], ["user", "item", "time"], orient="row")
    return Dataset.from_frame(frame.with_columns(pl.col("time").cast(pl.Datetime("us"))), name="b")


@pytest.fixture
def store(tmp_path):
    with Store.open(f"sqlite:///{tmp_path / 's.db'}") as opened:
        yield opened


@pytest.fixture
def folder(tmp_path):
    return save(make("ease:l2=1").fit(_base()), tmp_path / "shop")


def _continue(store, items, day, users=range(30)):
    """Users of both tastes go on with an item of theirs that they have not had."""
    had = {row[0]: set() for row in _base().frame().select("user").rows()}
    for user, item in _base().frame().select("user", "item").rows():
        had[user].add(item)
    events = []
    for taste in "ab":
        for n in users:
            user = f"{taste}-user{n}"
            left = [item for item in items[taste] if item not in had[user]]
            events.append(Feedback(user, left[n % len(left)], time=day * _DAY + n))
    store.add(events)


def test_nothing_new_changes_nothing(store, folder):
    before = folder.stat().st_ino
    result = refresh(folder, store)
    assert (result.status, result.new_events, folder.stat().st_ino) == ("nothing-new", 0, before)


@pytest.mark.parametrize("how", ["train", "update"])
def test_a_better_candidate_takes_the_place_and_the_old_one_is_kept(store, tmp_path, how):
    folder = save(make("ease:l2=1").fit(_base()), tmp_path / "shop")
    old = fingerprint_of(folder)
    for day in (100, 101, 102, 103):
        _continue(store, {t: [f"{t}-new"] for t in "ab"}, day, range(day % 4, 30, 4))
    result = refresh(folder, store, settings=RefreshSettings(how, share=0.5))
    assert result.status == "replaced", result.reason
    assert result.trial.low > 0
    assert result.trial.serving == 0  # it does not know the item
    model = restore(folder)
    assert "a-new" in model.items_
    assert model.histories_.n_events == 300 + 60
    assert fingerprint_of(result.previous) == old
    assert store.learned(fingerprint_of(folder)) == store.last() == result.learned
    again = refresh(folder, store)
    assert again.status == "nothing-new"


def test_a_worse_candidate_stays_out(store, folder):
    spam = [
        Feedback(f"spam{n}", _ITEMS[taste][i], time=100 * _DAY)
        for n in range(400)
        for taste, i in (("a", n % 8), ("b", (n // 8) % 8), ("b", (n + 3) % 8))
    ]
    store.add(spam)
    _continue(store, _ITEMS, 200)
    before = fingerprint_of(folder)
    result = refresh(folder, store, settings=RefreshSettings(share=60 / 1260))
    assert result.status == "worse", result.reason
    assert result.trial.users == 60
    assert result.trial.difference < 0
    assert fingerprint_of(folder) == before
    assert not folder.with_name("shop.previous").exists()
    assert "the candidate is worse: ndcg@10" in result.reason
    forced = refresh(folder, store, settings=RefreshSettings(share=60 / 1260, force=True))
    assert forced.status == "replaced"
    assert forced.trial.difference == result.trial.difference


def test_too_few_users_judge_nothing(store, folder):
    _continue(store, _ITEMS, 100, range(5))
    result = refresh(folder, store)
    assert result.status == "too-few"
    assert "20 are needed" in result.reason
    assert refresh(folder, store, settings=RefreshSettings(min_users=1)).trial.users == 2


def test_a_deletion_alone_is_reason_enough_and_no_old_bundle_knows_the_person(store, folder):
    _continue(store, _ITEMS, 100)
    assert refresh(folder, store, settings=RefreshSettings(force=True)).previous.exists()
    store.delete("a-user3")
    result = refresh(folder, store)
    assert (result.status, result.trial, result.deleted_users) == ("replaced", None, 1)
    assert "a-user3" not in restore(folder).users_
    assert not folder.with_name("shop.previous").exists()
    assert not any(b"a-user3" in path.read_bytes() for path in folder.iterdir())
    store.add([Feedback("a-user3", "b1")])
    refresh(folder, store, settings=RefreshSettings(force=True))
    model = restore(folder)
    assert model.histories_.lengths[model.users_.index("a-user3")] == 1


def test_events_that_are_taken_back_leave_the_model(store, folder):
    (event,) = store.add([Feedback("x", "a1", time=5 * _DAY)])
    refresh(folder, store, settings=RefreshSettings(force=True))
    assert "x" in restore(folder).users_
    store.add([Feedback("x", kind="undo", of=event.sequence)])
    assert refresh(folder, store).status == "replaced"
    assert "x" not in restore(folder).users_


def test_with_the_log_all_of_the_store_is_added_to_it(store, folder):
    _continue(store, _ITEMS, 100)
    refresh(folder, store, lambda _: _base(), RefreshSettings(force=True))
    assert restore(folder).histories_.n_events == 360
    _continue(store, _ITEMS, 101, range(10))
    more = [("z", "a1", 0)]
    result = refresh(folder, store, lambda _: _base(more), RefreshSettings(force=True))
    assert result.new_events == 20
    assert restore(folder).histories_.n_events == 381


def test_a_model_that_cannot_take_events_in_is_not_updated(store, tmp_path):
    folder = save(make("bias").fit(_rated()), tmp_path / "bias")
    store.add([Feedback(1, 1, "rating", 4.0)])
    with pytest.raises(ParameterError, match="cannot take in new events: leave out --how update"):
        refresh(folder, store, settings=RefreshSettings("update"))


def _rated():
    frame = pl.DataFrame({"user": [1, 1, 2], "item": [1, 2, 1], "rating": [5.0, 1.0, 4.0]})
    return Dataset.from_frame(frame, name="r", scale=(1, 5))


def test_the_log_of_a_bundle_is_what_it_learned_from(tiny):
    model = make("ease").fit(tiny)
    again = log_of(model)
    columns = ["user", "item", "rating", "time"]
    order = ["user", "time", "item"]
    assert (
        again.frame().select(columns).sort(order).equals(tiny.frame().select(columns).sort(order))
    )
    assert again.titles() == tiny.titles()
    refitted = make("ease").fit(again)
    np.testing.assert_allclose(
        refitted.scores(again.histories), model.scores(tiny.histories), atol=1e-5
    )


def test_the_latest_events_are_those_of_the_highest_times():
    times = pl.Series([9, 1, 8, 3, 7, 5]).cast(pl.Datetime("us"))
    frame = pl.DataFrame({"user": range(6), "item": range(6), "time": times})
    log, numbers = Dataset.from_frame(frame), np.array([0, 0, 1, 2, 3, 4])
    assert latest_events(log, numbers, 0, 0.5).nonzero()[0].tolist() == [2, 4]
    assert latest_events(log, numbers, 1, 0.1).nonzero()[0].tolist() == [4]
    assert not latest_events(log, numbers, 4, 0.5).any()


@pytest.mark.parametrize(
    ("candidate", "low", "high", "worse"),
    [
        (0.21, 0.005, 0.015, False),
        (0.195, -0.01, 0.001, False),
        (0.198, -0.003, -0.001, True),
        (0.18, -0.06, 0.02, True),
    ],
)
def test_worse_is_surely_or_by_more_than_is_tolerated(candidate, low, high, worse):
    assert Trial("ndcg@10", 50, 60, 0.2, candidate, low, high).is_worse(0.05) is worse

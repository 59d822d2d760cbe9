"""What people have said stays so when a model learns from it."""

from __future__ import annotations

import polars as pl
import pytest
from typer.testing import CliRunner

from penchant.bundle import restore, save
from penchant.cli.app import app
from penchant.data.dataset import Dataset
from penchant.errors import ParameterError, UnknownIdError
from penchant.models import make
from penchant.serving.examples import example_users
from penchant.serving.queries import ListQuery, PersonQuery
from penchant.serving.refresh import RefreshSettings, refresh
from penchant.serving.service import Service
from penchant.serving.settings import Settings
from penchant.serving.store import Feedback, Store

_HOUR = 3_600_000_000
_NOW = 480_000 * _HOUR


@pytest.fixture
def store(tmp_path):
    with Store.open(_url(tmp_path)) as opened:
        yield opened


def _url(folder):
    return f"sqlite:///{folder / 's.db'}"


@pytest.fixture(scope="module")
def plain(films):
    """The films without ratings or times."""
    frame = films.frame().filter(pl.col("rating") > 3).select("user", "item")
    return Dataset.from_frame(frame, name="plain")


@pytest.fixture(scope="module")
def loose(films):
    """The films with ratings of which none says that it is no like."""
    return Dataset.from_frame(films.frame().select("user", "item", "rating", "time"), name="loose")


@pytest.fixture(params=["plain", "loose", "films"])
def log(request):
    return request.getfixturevalue(request.param)


def _bundle(folder, log, model="ease"):
    return save(make(model).fit(log), folder / "shop")


def _trained(folder, store, log):
    refresh(folder, store, lambda _: log, RefreshSettings(force=True))


def _trained_from_itself(folder, store, log):
    refresh(folder, store, None, RefreshSettings(force=True))


def _updated(folder, store, log):
    url = _url(folder.parent)
    result = CliRunner().invoke(app, ["update", str(folder), "--from-store", url, "--in-place"])
    assert result.exit_code == 0, result.output


WAYS = [_trained, _trained_from_itself, _updated]
learns = pytest.mark.parametrize("learn", WAYS)


def _service(folder, store):
    return Service(Settings(bundle=folder), store)


def _list(service, user, **query):
    answer = service.recommend(ListQuery(PersonQuery(user), 30, **query))
    return [place["item"] for place in answer["items"]]


def _history(service, user):
    try:
        history = service.history(user)
    except UnknownIdError:
        return [], []
    return tuple([event["item"] for event in history[part]] for part in ("events", "hidden"))


# Dislikes and what was seen


@learns
def test_what_somebody_new_says_counts_the_same_when_it_was_learned(tmp_path, store, log, learn):
    folder = _bundle(tmp_path, log)
    for n, (item, kind) in enumerate(
        [(1, "like"), (2, "dislike"), (3, "seen"), (101, "dislike"), (4, "like"), (4, "seen")]
    ):
        store.add([Feedback(500, item, kind, time=_NOW + n)])
    before = _service(folder, store)
    assert store.last() == 6
    learn(folder, store, log)
    after = _service(folder, store)
    assert after.served.fingerprint != before.served.fingerprint
    assert after.progress(after.served).learned == 6
    for service in (before, after):
        events, hidden = _history(service, "500")
        assert [item for item in events if item not in (2, 101)] == [4, 1]
        assert set(hidden) | set(events) == {1, 2, 3, 4, 101}
        assert not {1, 2, 3, 4, 101} & set(_list(service, "500"))
        reasons = [
            reason["item"]
            for place in service.recommend(ListQuery(PersonQuery("500"), 5, explain=True))["items"]
            for reason in place["reasons"]
        ]
        assert set(map(str, reasons)) <= {"1", "4"}
    assert _list(before, "500")[0] < 100
    assert _list(after, "500")[0] < 100  # comedies, as is liked


@learns
def test_a_dislike_overrules_what_the_log_says(tmp_path, store, log, learn):
    folder = _bundle(tmp_path, log)
    had = _history(_service(folder, store), "3")[0][0]
    store.add([Feedback(3, had, "dislike"), Feedback(900, 1)])
    before = _service(folder, store)
    learn(folder, store, log)
    for service in (before, _service(folder, store)):
        events, hidden = _history(service, "3")
        if log.positive is None:  # otherwise it is an event of the lowest rating
            assert had not in events
            assert had in hidden
        assert had not in _list(service, "3")


@learns
def test_a_dislike_that_is_taken_back_after_it_was_learned_hides_nothing(
    tmp_path, store, log, learn
):
    folder = _bundle(tmp_path, log)
    store.add([Feedback(500, 1), Feedback(500, 2), Feedback(500, 2, "dislike")])
    store.add([Feedback(500, 3, "seen")])
    learn(folder, store, log)
    service = _service(folder, store)
    assert not {2, 3} & set(_list(service, "500"))
    service.add_feedback([Feedback(500, kind="undo", of=3), Feedback(500, kind="undo", of=4)])
    assert set(_history(service, "500")[0]) == {1, 2}  # the like before it counts again
    assert 3 in _list(service, "500")


@learns
@pytest.mark.parametrize("again", WAYS[:2])
def test_a_learned_like_that_is_taken_back_leaves_the_history_at_once(
    tmp_path, store, log, learn, again
):
    folder = _bundle(tmp_path, log)
    had = _history(_service(folder, store), "3")[0]
    store.add([Feedback(3, had[0], time=_NOW), Feedback(3, 101), Feedback(500, 1)])
    learn(folder, store, log)
    service = _service(folder, store)
    assert len(_history(service, "3")[0]) == len(had) + 2
    service.add_feedback([Feedback(3, kind="undo", of=1), Feedback(3, kind="undo", of=2)])
    service.add_feedback([Feedback(500, kind="undo", of=3)])
    assert sorted(_history(service, "3")[0]) == sorted(had)  # with what the log says of the first
    assert _history(service, "500") == ([], [])
    assert all(p["fallback"] for p in service.recommend(ListQuery(PersonQuery("500")))["items"])
    again(folder, store, log)
    assert sorted(_history(_service(folder, store), "3")[0]) == sorted(had)
    assert "500" not in map(str, restore(folder).users_.ids)


def test_what_an_update_keeps_of_taken_back_events_is_not_used(tmp_path, store, plain):
    folder = _bundle(tmp_path, plain)
    store.add([Feedback(500, 1), Feedback(500, 2)])
    _updated(folder, store, plain)
    store.add([Feedback(500, kind="undo", of=1), Feedback(501, 3)])
    _updated(folder, store, plain)
    service = _service(folder, store)
    assert service.progress(service.served).learned == store.last()
    assert _history(service, "500") == ([2], [])
    _trained_from_itself(folder, store, plain)
    model = restore(folder)
    assert model.histories_.lengths[model.users_.index(500)] == 1


def test_a_dislike_of_the_log_of_a_model_of_ratings_stays_evidence(tmp_path, store, loose):
    folder = _bundle(tmp_path, loose, "bias")
    store.add([Feedback(500, 2, "dislike"), Feedback(500, 3, "like")])
    before = _service(folder, store)
    _trained(folder, store, loose)
    for service in (before, _service(folder, store)):
        events = service.history("500")["events"]
        assert {event["item"]: event["rating"] for event in events} == {2: 1.0, 3: 5.0}
        assert not {2, 3} & set(_list(service, "500"))


def test_a_dislike_that_is_taken_back_with_the_like_before_it_leaves_both_out(
    tmp_path, store, loose
):
    folder = _bundle(tmp_path, loose)
    store.add([Feedback(500, 1), Feedback(500, 2)])
    _updated(folder, store, loose)
    store.add([Feedback(500, 2, "dislike"), Feedback(501, 1)])
    _updated(folder, store, loose)
    store.add([Feedback(500, kind="undo", of=2), Feedback(500, kind="undo", of=3)])
    _trained_from_itself(folder, store, loose)
    model = restore(folder)
    assert model.items_.take(model.histories_of([500]).items).to_list() == [1]


def test_a_dislike_stays_out_of_lists_that_may_repeat_the_history(tmp_path, store, films):
    folder = _bundle(tmp_path, films)
    had = _history(_service(folder, store), "3")[0]
    assert set(had) & set(_list(_service(folder, store), "3", repeats="only"))
    store.add([Feedback(3, item, "dislike") for item in had[:3]])
    for _ in range(2):
        service = _service(folder, store)
        assert not set(had[:3]) & set(_list(service, "3", repeats="included"))
        _trained(folder, store, films)


# The order of time


@learns
def test_the_last_event_by_time_is_the_last(tmp_path, store, loose, learn):
    folder = _bundle(tmp_path, loose, "markov")
    store.add([Feedback(500, 101, time=_NOW), Feedback(500, 1, time=_NOW - _HOUR)])
    store.add([Feedback(501, 2, "rating", 5.0, time=_NOW)])
    store.add([Feedback(501, 2, "rating", 1.0, time=_NOW - _HOUR)])
    before = _service(folder, store)
    learn(folder, store, loose)
    for service in (before, _service(folder, store)):
        assert _history(service, "500") == ([101, 1], [])  # the latest first
        assert _history(service, "501") == ([2], [])
    store.add([Feedback(500, 3, time=_NOW - 2 * _HOUR), Feedback(500, 4, time=_NOW + 1)])
    late = _service(folder, store)
    assert _history(late, "500")[0] == [4, 101, 1, 3]
    learn(folder, store, loose)
    again = _service(folder, store)
    assert _history(again, "500")[0] == [4, 101, 1, 3]
    assert _list(again, "500") == _list(late, "500")


@pytest.mark.parametrize("time", [1_700_000_000, 1_700_000_000_000])
def test_a_time_in_seconds_or_milliseconds_is_refused(tmp_path, store, plain, time):
    service = _service(_bundle(tmp_path, plain), store)
    with pytest.raises(ParameterError, match="give it in microseconds, such as 1700000000000000"):
        service.add_feedback([Feedback(1, 1, time=time)])
    assert store.last() == 0
    service.add_feedback([Feedback(1, 1, time=1_700_000_000_000_000)])


# Deleted people


def test_an_update_past_a_deletion_uses_nothing_of_the_person(tmp_path, store, plain):
    folder = _bundle(tmp_path, plain)
    store.delete(3)
    store.add([Feedback(3, 101), Feedback(900, 1)])
    _updated(folder, store, plain)
    service = _service(folder, store)
    assert service.progress(service.served).learned == store.last()
    assert _history(service, "3") == ([101], [])  # what came after the deletion counts
    assert service.recommend(ListQuery(PersonQuery("3")))["known"] is False
    assert service.export("3")["learned_items"] == []
    store.add([Feedback(901, 1)])
    _updated(folder, store, plain)  # and so for what is made of that
    assert _history(_service(folder, store), "3") == ([101], [])
    result = refresh(folder, store, None, RefreshSettings(min_users=1))
    assert (result.status, result.deleted_users) == ("replaced", 1)
    model = restore(folder)
    assert model.items_.take(model.histories_of([3]).items).to_list() == [101]
    assert refresh(folder, store).status == "nothing-new"


def test_deleted_people_are_not_shown_to_others(tmp_path, store, plain):
    service = _service(_bundle(tmp_path, plain, "user-knn"), store)

    def similar(k):
        return [
            (one["rank"], str(one["similar"]))
            for one in service.similar_people(PersonQuery("3"), k)["users"]
        ]

    before = [user for _, user in similar(10)]
    for user in (before[0], *before[2:6]):
        store.delete(user)
    left = [before[1], *before[6:]]
    assert similar(1) == [(1, before[1])]
    assert similar(5)[:5] == list(enumerate(left[:5], 1))
    everybody = similar(100)
    assert len({user for _, user in everybody}) == len(everybody)
    assert not {user for _, user in everybody} & {before[0], *before[2:6]}


def test_deleted_people_are_no_examples(tmp_path, store, plain):
    service = _service(_bundle(tmp_path, plain), store)
    histories = service.served.model.histories_
    ids = service.served.model.users_.ids
    some = example_users(service, (0.1, 0.5, 0.95))
    assert len(some) == 3
    for position in some:
        store.delete(ids[int(histories.users[position])])
    others = example_users(service, (0.1, 0.5, 0.95))
    assert len(others) == 3
    assert not set(some) & set(others)
    for user in ids:
        store.delete(user)
    assert example_users(service, (0.1, 0.5, 0.95)) == []

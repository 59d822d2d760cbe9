"""What a worker knows of people, whatever its models have learned."""

from __future__ import annotations

import shutil
import threading

import pytest

from penchant.bundle import save
from penchant.errors import UnknownIdError
from penchant.models import make
from penchant.serving.feedback import FeedbackView
from penchant.serving.learning import fingerprint_of
from penchant.serving.queries import ListQuery, PersonQuery
from penchant.serving.service import Service
from penchant.serving.settings import Settings
from penchant.serving.store import Feedback, Store


def items(view, user, after=0):
    return [event.item for event in view.events_of(user, after)]


# The view alone


def test_an_older_model_gets_what_a_newer_one_has_learned(store):
    store.add([Feedback("u", "a"), Feedback("v", "b"), Feedback("u", "c")])
    view = FeedbackView(store, after=2)
    assert items(view, "u", 2) == ["c"]
    assert items(view, "u", 0) == ["a", "c"]  # in the order of time
    assert items(view, "v", 1) == ["b"]
    assert items(view, "u", 2) == ["c"]
    store.add([Feedback("u", "d")])
    assert items(view, "u", 0) == ["a", "c", "d"]  # and nothing twice


def test_events_say_when_they_were(store):
    store.add([Feedback("u", "a", time=1_700_000_000_000_000)])
    (event,) = FeedbackView(store).events_of("u")
    assert event.time == 1_700_000_000_000_000


def test_what_was_taken_back_stays_so_for_an_older_model(store):
    store.add([Feedback("u", "a"), Feedback("u", "b")])
    store.add([Feedback("u", kind="undo", of=1)])
    assert items(FeedbackView(store, after=2), "u", 0) == ["b"]
    assert items(FeedbackView(store, after=3), "u", 0) == ["b"]


@pytest.mark.parametrize("after", [0, 2, 3])
def test_a_deletion_is_known_whatever_the_models_have_learned(store, after):
    store.add([Feedback("u", "a"), Feedback("v", "b")])
    store.delete("u")
    view = FeedbackView(store, after=after)
    assert view.is_deleted("u", 0)
    assert view.is_deleted("u", 2)
    assert not view.is_deleted("u", 3)
    assert not view.is_deleted("v", 0)
    assert items(view, "u", 0) == []
    assert items(view, "v", 0) == ["b"]


def test_a_deletion_takes_along_what_was_read_for_an_older_model(store):
    store.add([Feedback("u", "a"), Feedback("v", "b"), Feedback("u", "c")])
    view = FeedbackView(store, after=3)
    assert items(view, "u", 0) == ["a", "c"]
    store.delete("u")
    store.add([Feedback("u", "d")])  # who comes back begins anew
    assert items(view, "u", 0) == ["d"]
    assert view.is_deleted("u", 3)
    assert items(view, "v", 0) == ["b"]


def test_who_was_deleted_before_older_events_are_read_is_in_none_of_them(store):
    store.add([Feedback("u", "a"), Feedback("v", "b")])
    view = FeedbackView(store, after=2)
    store.delete("u")
    assert items(view, "u", 0) == []
    assert items(view, "v", 0) == ["b"]


def test_several_deletions_at_once(store):
    store.add([Feedback(f"u{n}", "a") for n in range(6)])
    view = FeedbackView(store)
    for n in range(0, 6, 2):
        store.delete(f"u{n}")
    store.delete("u0")
    assert [items(view, f"u{n}") for n in range(6)] == [[], ["a"]] * 3
    assert [view.is_deleted(f"u{n}") for n in range(6)] == [True, False] * 3
    assert view.is_deleted("u0", 9)  # the latest counts


def test_what_no_model_needs_is_let_go_of_and_read_again_when_asked_for(store, monkeypatch):
    store.add([Feedback("u", "a"), Feedback("v", "b"), Feedback("u", "c")])
    view = FeedbackView(store)
    view.release(2)
    assert {user: len(events) for user, events in view._events.items()} == {"u": 1}
    with monkeypatch.context() as patch:
        patch.setattr(store, "between", None)  # nothing is read as long as nobody needs it
        assert items(view, "u", 2) == ["c"]
        view.release(1)
    assert items(view, "u", 0) == ["a", "c"]
    assert items(view, "v", 0) == ["b"]


def test_threads_that_ask_for_older_events_read_them_once(store, monkeypatch):
    store.add([Feedback("u", str(n)) for n in range(50)])
    view = FeedbackView(store, after=40)
    reads, between = [], store.between

    def counted(after, last):
        reads.append((after, last))
        return between(after, last)

    monkeypatch.setattr(store, "between", counted)
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(items(view, "u", 10))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[str(n) for n in range(10, 50)]] * 8
    assert reads == [(10, 40)]


def test_another_worker_sees_the_deletion_for_each_of_its_models(url, store):
    store.add([Feedback("u", "a"), Feedback("u", "b")])
    with Store.open(url) as other:
        view = FeedbackView(other, after=2)
        assert items(view, "u", 0) == ["a", "b"]
        store.delete("u")
        assert items(view, "u", 0) == []
        assert [view.is_deleted("u", learned) for learned in (0, 2, 3)] == [True, True, False]


# Models that take each other's place


@pytest.fixture
def place(bundles, films, tmp_path):
    """The bundle `old`, and `new`, which is to have learned more from the store."""
    shutil.copytree(bundles / "ease", tmp_path / "old")
    save(make("ease:l2=50").fit(films), tmp_path / "new")
    return tmp_path


def newer(place, store):
    """The newer bundle, which has learned everything that the store has by now."""
    store.set_learned(fingerprint_of(place / "new"), store.last())
    return place / "new"


def listed(service, user):
    answer = service.recommend(ListQuery(PersonQuery(user), 5))
    return [place["item"] for place in answer["items"]]


def events(service, user):
    try:
        return [event["item"] for event in service.history(user)["events"]]
    except UnknownIdError:
        return []


def put_in_place(service, folder):
    service.deployment.swap(folder)


def put_in_place_as_canary(service, folder):
    service.deployment.start_canary(folder, 0.999)
    service.deployment.promote()


def refresh_and_go_back(service, folder):
    """A newer bundle comes and goes while the service runs."""
    new = service.served.folder
    service.deployment.swap(folder)
    service.deployment.swap(new)
    service.deployment.roll_back()


WAYS = [put_in_place, put_in_place_as_canary, refresh_and_go_back]


@pytest.mark.parametrize("older_takes_over", WAYS)
def test_a_deleted_person_stays_so_whichever_bundle_takes_over(place, store, older_takes_over):
    store.delete("3")
    service = Service(Settings(bundle=newer(place, store)), store)
    older_takes_over(service, place / "old")
    assert service.served.folder == place / "old"
    assert events(service, "3") == []
    assert service.recommend(ListQuery(PersonQuery("3")))["known"] is False
    assert service.export("3")["learned_items"] == []
    assert events(service, "4") != []


@pytest.mark.parametrize("older_takes_over", WAYS)
def test_an_older_bundle_has_the_feedback_that_it_has_not_learned(place, store, older_takes_over):
    alone = Service(Settings(bundle=place / "old"))
    first = listed(alone, "3")[0]
    store.add([Feedback("3", str(first), "rating", 5.0), Feedback("new", "101")])
    service = Service(Settings(bundle=newer(place, store)), store)
    older_takes_over(service, place / "old")
    service.release_feedback()
    assert events(service, "3")[0] == first
    assert first not in listed(service, "3")
    assert events(service, "new") == [101]


def test_a_canary_that_has_learned_less_has_its_feedback_from_the_start(place, store):
    store.add([Feedback("new", "101")])
    settings = Settings(bundle=newer(place, store))
    with_canary = Service(settings, store)
    with_canary.deployment.start_canary(place / "old", 0.5)
    for service in (with_canary, Service(settings, store)):  # and at the next start
        canary = service.deployment.snapshot.canary.served
        assert service.person(canary, PersonQuery("new")).history.n_events == 1
        assert service.person(service.served, PersonQuery("new")).history.n_events == 0


def test_feedback_is_held_as_long_as_a_model_at_hand_has_not_learned_it(place, store):
    store.add([Feedback("u", "101"), Feedback("v", "102")])
    service = Service(Settings(bundle=place / "old"), store)
    service.deployment.swap(newer(place, store))
    service.release_feedback()
    assert len(service.feedback._events) == 2  # the one before may have to take over
    shutil.copytree(place / "new", place / "again")
    service.deployment.swap(place / "again")
    service.release_feedback()
    assert not service.feedback._events
    store.add([Feedback("u", "103")])
    assert events(service, "u") == [103]

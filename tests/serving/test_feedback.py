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


def items(view, user, learned=0):
    """What a model that has learned so much does not know yet."""
    return [event.item for event in view.events_of(user, learned) if not event.learned]


# The view alone


def test_each_model_gets_what_it_has_not_learned(store):
    store.add([Feedback("u", "a"), Feedback("v", "b"), Feedback("u", "c")])
    view = FeedbackView(store)
    assert items(view, "u", 2) == ["c"]
    assert items(view, "u", 0) == ["a", "c"]  # in the order of time
    assert items(view, "v", 1) == ["b"]
    assert items(view, "u", 2) == ["c"]
    store.add([Feedback("u", "d")])
    assert items(view, "u", 0) == ["a", "c", "d"]  # and nothing twice


def test_what_was_learned_is_known_and_marked(store):
    store.add([Feedback("u", "a", "dislike"), Feedback("u", "b", "seen"), Feedback("u", "c")])
    said = FeedbackView(store).events_of("u", 2)
    assert [(event.item, event.learned) for event in said] == [
        ("a", True),
        ("b", True),
        ("c", False),
    ]


def test_events_stand_in_the_order_of_time_whenever_they_came(store):
    hour = 3_600_000_000
    store.add([Feedback("u", "b", time=9 * hour), Feedback("u", "a", time=8 * hour)])
    view = FeedbackView(store)
    assert items(view, "u") == ["a", "b"]
    store.add([Feedback("u", "first", time=hour), Feedback("u", "c", time=9 * hour)])
    assert items(view, "u") == ["first", "a", "b", "c"]  # those of one moment as they came


def test_what_a_model_has_learned_is_marked_where_it_is_taken_back_afterwards(store):
    store.add([Feedback("u", "a"), Feedback("u", "b")])
    store.add([Feedback("u", kind="undo", of=1)])
    view = FeedbackView(store)
    undone = {learned: [e.undone for e in view.events_of("u", learned)] for learned in (0, 2, 3)}
    assert undone == {0: [False], 2: [True, False], 3: [False]}
    assert [e.undone for e in view.events_of("u", 3, removed=2)] == [True, False]  # an update


def test_events_say_when_they_were(store):
    store.add([Feedback("u", "a", time=1_700_000_000_000_000)])
    (event,) = FeedbackView(store).events_of("u")
    assert event.time == 1_700_000_000_000_000


def test_what_was_taken_back_stays_so_for_an_older_model(store):
    store.add([Feedback("u", "a"), Feedback("u", "b")])
    store.add([Feedback("u", kind="undo", of=1)])
    assert items(FeedbackView(store), "u", 0) == ["b"]


def test_a_deletion_is_known_whatever_the_models_have_learned(store):
    store.add([Feedback("u", "a"), Feedback("v", "b")])
    store.delete("u")
    view = FeedbackView(store)
    assert view.is_deleted("u", 0)
    assert view.is_deleted("u", 2)
    assert not view.is_deleted("u", 3)
    assert not view.is_deleted("v", 0)
    assert items(view, "u", 0) == []
    assert items(view, "v", 0) == ["b"]


def test_a_deletion_takes_along_what_was_read(store):
    store.add([Feedback("u", "a"), Feedback("v", "b"), Feedback("u", "c")])
    view = FeedbackView(store)
    assert items(view, "u") == ["a", "c"]
    store.delete("u")
    store.add([Feedback("u", "d")])  # who comes back begins anew
    assert items(view, "u") == ["d"]
    assert view.is_deleted("u", 3)
    assert items(view, "v") == ["b"]


def test_who_was_deleted_before_their_events_are_read_has_none(store):
    store.add([Feedback("u", "a"), Feedback("v", "b")])
    view = FeedbackView(store)
    store.delete("u")
    assert items(view, "u") == []
    assert items(view, "v") == ["b"]


def test_several_deletions_at_once(store):
    store.add([Feedback(f"u{n}", "a") for n in range(6)])
    view = FeedbackView(store)
    for n in range(0, 6, 2):
        store.delete(f"u{n}")
    store.delete("u0")
    assert [items(view, f"u{n}") for n in range(6)] == [[], ["a"]] * 3
    assert [view.is_deleted(f"u{n}") for n in range(6)] == [True, False] * 3
    assert view.is_deleted("u0", 9)  # the latest counts


def test_memory_is_bounded_and_those_asked_for_last_stay(store, monkeypatch):
    store.add([Feedback(user, f"{user}{n}") for user in "abc" for n in range(3)])
    view = FeedbackView(store, most_held=8)  # two people with three events
    for user in "abac":
        assert items(view, user) == [f"{user}{n}" for n in range(3)]
    with monkeypatch.context() as patch:
        patch.setattr(store, "said_by", None)  # nothing is read of who is in memory
        for user in "ac":
            assert items(view, user) == [f"{user}{n}" for n in range(3)]
    store.add([Feedback("b", "b3"), Feedback("a", "a3")])
    for user in "bac":
        assert items(view, user)[:3] == [f"{user}{n}" for n in range(3)]
        assert view._held == sum(len(held) + 1 for held in view._events.values())
    assert items(view, "b")[3:] == ["b3"]
    assert items(view, "a")[3:] == ["a3"]


def test_who_has_more_events_than_memory_is_to_hold_has_them_all(store):
    store.add([Feedback("u", str(n)) for n in range(20)])
    assert len(items(FeedbackView(store, most_held=5), "u")) == 20


@pytest.mark.parametrize("user", ["", "a\0b", "x" * 501])
def test_what_is_no_id_of_a_person_has_no_events(store, user):
    assert FeedbackView(store).events_of(user) == []


def test_threads_that_ask_for_a_person_read_them_once(store, monkeypatch):
    store.add([Feedback("u", str(n)) for n in range(50)])
    view = FeedbackView(store)
    reads, said_by = [], store.said_by

    def counted(user, *, until):
        reads.append((user, until))
        return said_by(user, until=until)

    monkeypatch.setattr(store, "said_by", counted)
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(items(view, "u", 10))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[str(n) for n in range(10, 50)]] * 8
    assert reads == [("u", 50)]


def test_another_worker_sees_the_deletion_for_each_of_its_models(url, store):
    store.add([Feedback("u", "a"), Feedback("u", "b")])
    with Store.open(url) as other:
        view = FeedbackView(other)
        assert items(view, "u", 0) == ["a", "b"]
        store.delete("u")
        assert items(view, "u", 0) == []
        assert [view.is_deleted("u", learned) for learned in (0, 2, 3)] == [True, True, False]


# Models that take each other's place


@pytest.fixture
def place(bundles, tmp_path):
    """The bundle `old`, to which `newer` adds `new`, which has learned more from the store."""
    shutil.copytree(bundles / "ease", tmp_path / "old")
    return tmp_path


def newer(place, store, films):
    """The newer bundle, which learns everything that the store has by now."""
    model = make("ease:l2=50")
    save(model.fit(store.dataset(films, model)), place / "new")
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
def test_a_deleted_person_stays_so_whichever_bundle_takes_over(
    place, store, films, older_takes_over
):
    store.delete("3")
    service = Service(Settings(bundle=newer(place, store, films)), store)
    older_takes_over(service, place / "old")
    assert service.served.folder == place / "old"
    assert events(service, "3") == []
    assert service.recommend(ListQuery(PersonQuery("3")))["known"] is False
    assert service.export("3")["learned_items"] == []
    assert events(service, "4") != []


@pytest.mark.parametrize("older_takes_over", WAYS)
def test_an_older_bundle_has_the_feedback_that_it_has_not_learned(
    place, store, films, older_takes_over
):
    alone = Service(Settings(bundle=place / "old"))
    first = listed(alone, "3")[0]
    store.add([Feedback("3", str(first), "rating", 5.0), Feedback("new", "101")])
    service = Service(Settings(bundle=newer(place, store, films)), store)
    older_takes_over(service, place / "old")
    assert events(service, "3")[0] == first
    assert first not in listed(service, "3")
    assert events(service, "new") == [101]


def test_a_canary_that_has_learned_less_has_its_feedback_from_the_start(place, store, films):
    store.add([Feedback("900", "101")])
    settings = Settings(bundle=newer(place, store, films))
    with_canary = Service(settings, store)
    with_canary.deployment.start_canary(place / "old", 0.5)
    for service in (with_canary, Service(settings, store)):  # and at the next start
        canary = service.deployment.snapshot.canary.served
        assert service.person(canary, PersonQuery("900")).history.n_events == 1
        learned = service.person(service.served, PersonQuery("900"))
        assert (learned.is_known, learned.history.n_events) == (True, 1)  # and not twice

"""What a service does when models change or fail."""

from __future__ import annotations

import json
import shutil
import threading

import pytest

from penchant.bundle import save
from penchant.errors import DataError
from penchant.models import make
from penchant.serving.queries import ListQuery, PersonQuery
from penchant.serving.service import Service
from penchant.serving.settings import Settings
from penchant.serving.shown import Recorder
from penchant.serving.store import Store
from penchant.testing import planted_ratings


@pytest.fixture
def place(bundles, tmp_path):
    for name in ("ease", "popular"):
        shutil.copytree(bundles / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def service(place):
    return Service(Settings(bundle=place / "ease"))


def arm_of(service, user):
    return service.recommend(ListQuery(PersonQuery(user)))["arm"]


def test_a_canary_answers_its_share_and_the_same_people_always(service, place):
    service.deployment.start_canary(place / "popular", 0.3)
    arms = {user: arm_of(service, user) for user in map(str, range(400))}
    share = list(arms.values()).count("canary") / len(arms)
    assert 0.2 < share < 0.4
    assert all(arm_of(service, user) == arm for user, arm in list(arms.items())[:50])


def test_nobody_loses_an_answer_to_a_canary_that_fails(service, place, monkeypatch):
    service.deployment.start_canary(place / "popular", 0.5)
    canary = service.deployment.snapshot.canary.served

    def fail(*_, **__):
        raise RuntimeError("broken")

    monkeypatch.setattr(canary, "recommend", fail)
    arms = {arm_of(service, str(user)) for user in range(200)}
    assert arms == {"current"}
    assert service.deployment.snapshot.canary is None
    assert "ended in an error" in service.deployment.snapshot.note


class Recorded(list):
    """Stands for the recorder of shown lists."""

    def add(self, **shown):
        self.append(shown)
        return str(len(self))


def test_a_list_of_the_other_model_counts_for_the_arm_that_was_to_answer(
    service, place, monkeypatch
):
    service.deployment.start_canary(place / "popular", 0.5)
    snapshot = service.deployment.snapshot
    canary, recommend = snapshot.canary.served, snapshot.canary.served.recommend
    users = [str(user) for user in range(200)]
    assigned = {user: service.arm_of(snapshot, PersonQuery(user)).name for user in users}
    fails = set([user for user in users if assigned[user] == "canary"][30::25])
    assert fails

    def fail_for_some(person, *given, **options):
        if now[0] in fails:
            raise RuntimeError("broken")
        return recommend(person, *given, **options)

    monkeypatch.setattr(canary, "recommend", fail_for_some)
    service.recorder, now = Recorded(), [""]
    for now[0] in users:
        answer = service.recommend(ListQuery(PersonQuery(now[0])))
        shown = service.recorder[-1]
        supplier = "current" if now[0] in fails else assigned[now[0]]
        assert (answer["arm"], answer["assigned_arm"]) == (supplier, assigned[now[0]])
        assert (shown["user"], shown["arm"]) == (now[0], assigned[now[0]])
        made_by = snapshot.canary if supplier == "canary" else snapshot.current
        assert shown["model"] == made_by.served.fingerprint
    assert service.deployment.snapshot.canary is not None  # too few failures to withdraw it
    assert {shown["experiment"] for shown in service.recorder} == {service.experiment_of(snapshot)}


def test_a_list_belongs_to_the_experiment_in_which_it_was_asked_for(service, place, monkeypatch):
    service.deployment.start_canary(place / "popular", 0.999)
    snapshot = service.deployment.snapshot
    service.recorder = Recorded()

    def withdrawn_meanwhile(*_, **__):
        service.deployment.roll_back()
        raise RuntimeError("broken")

    monkeypatch.setattr(snapshot.canary.served, "recommend", withdrawn_meanwhile)
    assert service.recommend(ListQuery(PersonQuery("3")))["arm"] == "current"
    (shown,) = service.recorder
    assert service.deployment.snapshot.canary is None
    assert (shown["experiment"], shown["arm"]) == (service.experiment_of(snapshot), "canary")


def test_after_a_swap_to_a_model_that_fails_the_one_before_answers_and_comes_back(
    service, place, monkeypatch
):
    for user in range(30):
        arm_of(service, str(user))
    service.deployment.swap(place / "popular")

    def fail(*_, **__):
        raise RuntimeError("broken")

    monkeypatch.setattr(service.served, "recommend", fail)
    assert {arm_of(service, str(user)) for user in range(19)} == {"previous"}
    arm_of(service, "one more")
    assert service.served.name == "ease"
    assert arm_of(service, "after") == "current"


def test_what_every_model_fails_at_is_not_counted_against_one(service, place, monkeypatch):
    for user in range(30):
        arm_of(service, str(user))
    service.deployment.swap(place / "popular")

    def fail(*_, **__):
        raise RuntimeError("the request's fault")

    snapshot = service.deployment.snapshot
    for arm in (snapshot.current, snapshot.previous):
        monkeypatch.setattr(arm.served, "recommend", fail)
    for user in range(30):
        with pytest.raises(RuntimeError):
            arm_of(service, str(user))
    assert service.served.name == "popular"
    assert service.deployment.snapshot.current.figures.errors == 0


def test_a_list_that_cannot_be_kept_takes_no_other_along(tmp_path, caplog):
    place = ("1", 0.5, 1.0, False, None)
    added = threading.Event()

    class SlowStore:
        def show(self, lists):
            added.wait(10)  # so that lists come together
            store.show(lists)

    with Store.open(f"sqlite:///{tmp_path / 'feedback.db'}") as store:
        recorder = Recorder(SlowStore())
        for user in ("first", "a", "b\0", "c"):
            recorder.add(user=user, experiment="e", arm="current", model="m", items=[place])
        added.set()
        recorder.close()
        assert sorted(store.shown()["user"].unique()) == ["a", "c", "first"]
    assert recorder.left_out == 1
    assert "A shown list is lost: The id of a user" in caplog.text


def test_a_comparison_is_read_at_the_start(place):
    (place / "comparison.json").write_text(json.dumps({"tables": []}))
    settings = Settings(bundle=place / "ease", comparison=place / "comparison.json")
    assert Service(settings).comparison == {"tables": []}
    for text in ("[]", "{", ""):
        (place / "comparison.json").write_text(text)
        with pytest.raises(DataError, match="penchant compare"):
            Service(settings)


def test_each_canary_is_an_experiment_with_other_people(service, place):
    def canaries():
        return {user for user in map(str, range(200)) if arm_of(service, user) == "canary"}

    service.deployment.start_canary(place / "popular", 0.3)
    first = service.experiment_of(service.deployment.snapshot), canaries()
    service.deployment.roll_back()
    bundle = save(make("popular").fit(planted_ratings()), place / "another")
    service.deployment.start_canary(bundle, 0.3)
    second = service.experiment_of(service.deployment.snapshot), canaries()
    assert first[0] != second[0]
    assert len(first[1] & second[1]) < 0.7 * len(first[1])

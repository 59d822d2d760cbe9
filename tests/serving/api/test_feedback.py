"""Feedback: kept, used at once, taken back, exported and deleted."""

from __future__ import annotations

import shutil

import pytest
from starlette.testclient import TestClient

from penchant.serving.app import create_app
from penchant.serving.settings import Settings
from penchant.serving.store import Store


@pytest.fixture
def settings(bundles, tmp_path):
    shutil.copytree(bundles / "ease", tmp_path / "ease")
    return Settings(bundle=tmp_path / "ease", store=f"sqlite:///{tmp_path / 'feedback.db'}")


@pytest.fixture
def client(settings):
    with TestClient(create_app(settings)) as client:
        yield client


def send(client, *events):
    answer = client.post("/v1/feedback", json={"events": list(events)})
    assert answer.status_code == 201, answer.text
    return answer.json()


def listed(client, user, k=5):
    answer = client.get(f"/v1/users/{user}/recommendations?k={k}")
    return [place["item"] for place in answer.json()["items"]]


def test_feedback_changes_the_next_list(client):
    before = listed(client, "newcomer")
    for item in (101, 102, 103):
        send(client, {"user": "newcomer", "item": item, "kind": "like"})
    after = listed(client, "newcomer")
    assert after != before
    assert all(item > 103 for item in after)
    send(client, {"user": "newcomer", "item": after[0], "kind": "seen"})
    assert after[0] not in listed(client, "newcomer")


def test_a_rating_of_a_known_user_counts_with_what_the_log_has(client):
    first = listed(client, 3)[0]
    send(client, {"user": 3, "item": first, "kind": "rating", "value": 1})
    assert first not in listed(client, 3)
    history = client.get("/v1/users/3/history").json()
    assert history["known"] is True
    assert history["events"][0] == {
        "item": first,
        "title": f"Comédie {first}, The (1990)",
        "rating": 1.0,
    }


def test_an_undo_takes_an_event_back(client):
    before = listed(client, 3)
    (kept,) = send(client, {"user": 3, "item": before[0], "kind": "dislike"})["events"]
    assert before[0] not in listed(client, 3)
    send(client, {"user": 3, "kind": "undo", "of": kept["sequence"]})
    assert listed(client, 3) == before


def test_the_same_key_is_kept_once_and_another_content_is_a_conflict(client):
    event = {"user": 3, "item": 1, "kind": "purchase", "key": "order-7/1"}
    first, again = send(client, event), send(client, event)
    assert first["events"][0]["sequence"] == again["events"][0]["sequence"]
    answer = client.post("/v1/feedback", json={"events": [event | {"item": 2}]})
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "conflict"


def test_items_that_the_model_does_not_know_yet_are_kept_and_named(client):
    answer = send(client, {"user": 3, "item": 999, "kind": "like"})
    assert answer["unknown_items"] == ["999"]


@pytest.mark.parametrize(
    "event",
    [
        {"user": 3, "item": 1, "kind": "rating"},
        {"user": 3, "item": 1, "kind": "rating", "value": 9},
        {"user": 3, "kind": "like"},
        {"user": 3, "kind": "undo", "of": 10**6},
        {"user": 3, "kind": "undo"},
        {"user": 3, "item": 1, "kind": "hated"},
        {"user": "x" * 501, "item": 1, "kind": "like"},
        {"user": "a\0b", "item": 1, "kind": "like"},
        {"user": "", "item": 1, "kind": "like"},
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_kept(client, event):
    good = {"user": 3, "item": 1, "kind": "like"}
    answer = client.post("/v1/feedback", json={"events": [good, event]})
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.json()["error"]["message"].endswith(".")
    assert client.get("/v1/users/3/data").json()["events"] == []


def test_a_person_can_take_their_data_along_and_be_forgotten(client, settings):
    send(client, {"user": 3, "item": 101, "kind": "like"})
    data = client.get("/v1/users/3/data").json()
    assert [event["item"] for event in data["events"]] == ["101"]
    assert data["learned_items"]
    deleted = client.request("DELETE", "/v1/users/3/data").json()
    assert deleted["deleted_events"] == 1
    left = client.get("/v1/users/3/data").json()
    assert left["events"] == left["learned_items"] == []
    assert client.get("/v1/users/3/recommendations").json()["known"] is False
    assert client.get("/v1/users/3/history").status_code == 404
    with Store.open(settings.store) as store:
        assert store.since(0).deletions
    send(client, {"user": 3, "item": 101, "kind": "like"})  # who comes back begins anew
    assert [e["item"] for e in client.get("/v1/users/3/history").json()["events"]] == [101]


def test_other_workers_see_feedback_and_deletions_at_once(client, settings):
    with TestClient(create_app(settings)) as other:
        before = listed(other, "newcomer")
        send(client, {"user": "newcomer", "item": 101, "kind": "like"})
        assert listed(other, "newcomer") != before
        client.request("DELETE", "/v1/users/newcomer/data")
        assert listed(other, "newcomer") == before


def test_what_is_shown_is_recorded_with_its_chances(settings):
    recording = settings.model_copy(update={"record": True, "exploration": 0.5})
    with TestClient(create_app(recording)) as client:
        answers = [
            client.post("/v1/recommendations", json={"user": user, "k": 4, "explain": True}).json()
            for user in range(30)
        ]
    with Store.open(settings.store) as store:
        shown = store.shown()
    assert shown["list"].n_unique() == 30
    assert shown["position"].max() == 4
    by_list = {
        key: [str(item) for item in rows["item"]]
        for (key,), rows in shown.sort("position").group_by("list", maintain_order=True)
    }
    for answer in answers:
        assert by_list[answer["list_id"]] == [str(p["item"]) for p in answer["items"]]
        assert [p["rank"] for p in answer["items"]] == [1, 2, 3, 4]
    assert shown["explored"].any()
    assert (shown["propensity"] > 0).all()
    assert (shown["propensity"] < 1).any()
    assert shown["reasons"].str.contains("because").any()

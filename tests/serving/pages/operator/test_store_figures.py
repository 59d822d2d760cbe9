from __future__ import annotations

from datetime import UTC, datetime

import pytest

from penchant.serving.engine import ServedModel
from penchant.serving.pages.operator.store_figures import StoreFigures
from penchant.serving.store import Feedback, ShownList, Store

DAY = 86_400_000_000


@pytest.fixture(scope="module")
def served(bundles):
    return ServedModel(bundles / "ease")


@pytest.fixture
def store(tmp_path):
    with Store.open(f"sqlite:///{tmp_path / 'feedback.db'}") as store:
        yield store


def test_feedback_is_counted_by_day_and_by_what_is_new_to_people(store, served):
    history = served.model.histories_
    had = served.ids[int(history.items[0])]  # of the user at position 0
    user = served.model.users_.ids[int(history.users[0])]
    had_by_user = {served.ids[i] for i in history.take([0]).items.tolist()}
    other = next(item for item in served.ids if item not in had_by_user)
    store.add(
        [
            Feedback(user, had, "like", time=0),
            Feedback(user, other, "like", time=DAY),
            Feedback(user, other, "purchase", time=DAY + 5),  # again
            Feedback("777", other, "rating", 4.0, time=3 * DAY),  # somebody new
            Feedback("777", other, "dislike", time=3 * DAY),
            Feedback("777", "5555", "like", time=3 * DAY),  # an item that is not known
        ]
    )
    store.add([Feedback("777", had, "like", time=3 * DAY)])
    store.add([Feedback("777", kind="undo", of=7)])
    figures = StoreFigures(store).feedback(served)
    assert (figures["events"], figures["people"]) == (6, 2)
    assert figures["kinds"] == {"dislike": 1, "like": 3, "purchase": 1, "rating": 1}
    assert [day["day"] for day in figures["days"]] == ["1970-01-01", "1970-01-02", "1970-01-04"]
    assert figures["days"][1] == {
        "day": "1970-01-02", "like": 1, "purchase": 1, "rating": 0, "dislike": 0
    }  # fmt: skip
    assert (figures["had_before"], figures["new_to_them"]) == (2, 3)


def test_lists_are_counted_by_item_and_model(store, served):
    def shown(name, user, arm, items):
        places = [(item, 1.0, 1.0, n == 0, None) for n, item in enumerate(items)]
        return ShownList(name, user, DAY, "canary", arm, "f" * 64, places)

    store.show(
        [
            shown("a", "1", "current", ["101", "102", "gone"]),
            shown("b", "2", "canary", ["101", "103"]),
            shown("c", "2", "current", ["101"]),
        ]
    )
    figures = StoreFigures(store).shown(served)
    assert (figures["lists"], figures["people"], figures["items"]) == (3, 2, 4)
    assert figures["catalogue_share"] == pytest.approx(3 / 24)  # an item that is gone is none of it
    assert figures["explored"] == 3
    assert figures["arms"] == [
        {"arm": "canary", "lists": 1, "items": 2},
        {"arm": "current", "lists": 2, "items": 3},
    ]
    first, *rest = figures["most_shown"]
    assert (first["title"], first["lists"], first["share"]) == ("Horror 101, The (1990)", 3, 1.0)
    assert {place["title"] for place in rest} >= {"gone"}


def test_figures_are_kept_for_a_minute(store, served, monkeypatch):
    now = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    monkeypatch.setattr("time.time", lambda: now)
    figures = StoreFigures(store)
    assert figures.feedback(served)["events"] == 0
    store.add([Feedback("1", "101")])
    assert figures.feedback(served)["events"] == 0
    assert figures.feedback(served)["at"] == "2026-01-01T00:00:00+00:00"
    now += 61
    assert figures.feedback(served)["events"] == 1


def test_nothing_yet_is_nothing(store, served):
    figures = StoreFigures(store)
    assert (figures.feedback(served)["days"], figures.shown(served)["most_shown"]) == ([], [])

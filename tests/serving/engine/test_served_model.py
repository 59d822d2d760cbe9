"""What a bundle in memory answers."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.bundle import save
from penchant.data.dataset import Dataset
from penchant.errors import BundleError, UnknownIdError
from penchant.models import make
from penchant.rules import Rules
from penchant.serving.engine import Event, ServedModel
from penchant.testing import planted_orders

COMEDY_LOVER, HORROR_LOVER = "3", "33"


@pytest.fixture(scope="module")
def served(bundles):
    return ServedModel(bundles / "ease")


@pytest.fixture(scope="module")
def served_likes(films, tmp_path_factory):
    """A model of a log without ratings, where what is disliked is only not shown."""
    frame = films.frame().filter(pl.col("rating") >= 4).select("user", "item", "time")
    log = Dataset.from_frame(frame, item_table=films.item_table, name="likes")
    return ServedModel(save(make("ease").fit(log), tmp_path_factory.mktemp("likes") / "ease"))


def items(places):
    return [place.item for place in places]


def test_a_known_user_gets_what_the_model_recommends(served):
    expected = served.model.recommend([3], 5)["item"].to_list()
    assert items(served.recommend(served.person(COMEDY_LOVER), 5)) == expected


def test_somebody_new_gets_what_goes_with_what_they_like(served):
    person = served.person(None, [Event("101", "like"), Event("102", "like")])
    assert not person.is_known
    assert all(item > 100 for item in items(served.recommend(person, 3)))


def test_feedback_changes_the_list_of_a_known_user_at_once(served):
    before = items(served.recommend(served.person(COMEDY_LOVER), 3))
    events = [Event(str(item), "like") for item in (101, 102, 103, 105, 106, 107)]
    after = items(served.recommend(served.person(COMEDY_LOVER, events), 3))
    assert set(after) - set(before)
    assert not set(after) & {101, 102, 103, 105, 106, 107}


@pytest.mark.parametrize("kind", ["dislike", "seen"])
def test_what_is_disliked_or_seen_is_not_shown_and_the_list_stays_long(served, kind):
    before = items(served.recommend(served.person(HORROR_LOVER), 3))
    after = items(served.recommend(served.person(HORROR_LOVER, [Event(str(before[0]), kind)]), 3))
    assert before[0] not in after
    assert len(after) == 3


def test_only_the_last_event_with_an_item_counts(served):
    events = [Event("101", "dislike"), Event("101", "like")]
    assert np.array_equal(
        served.person(None, events).history.items,
        served.person(None, events[1:]).history.items,
    )


def test_a_user_whose_data_are_deleted_is_new(served):
    person = served.person(COMEDY_LOVER, forget=True)
    assert not person.is_known
    assert person.history.n_events == 0
    assert all(place.fallback for place in served.recommend(person, 3))


def test_unknown_ids_are_passed_over_and_listed(served):
    person = served.person("nobody", [Event("999", "like"), Event("x", "like")])
    assert person.unknown_items == ("999", "x")
    assert not person.is_known


def test_rules_of_single_users_hold_after_their_feedback(bundles, tmp_path):
    served = ServedModel(bundles / "ease")
    first = items(served.recommend(served.person(HORROR_LOVER), 1))[0]
    table = tmp_path / "not.csv"
    table.write_text(f"user,item\n{HORROR_LOVER},{first}\n")
    rules = tmp_path / "rules.toml"
    rules.write_text(f'[exclude]\nusers = "@{table.name}"\n')
    strict = ServedModel(bundles / "ease", Rules.read(rules))
    assert first not in items(strict.recommend(strict.person(HORROR_LOVER), 10))
    person = strict.person(HORROR_LOVER, [Event("1", "like")])
    assert first not in items(strict.recommend(person, 10))


def test_rules_hold_for_all_lists_of_items(bundles):
    served = ServedModel(bundles / "ease", Rules(exclude=[102, 103, 107]))
    plain = ServedModel(bundles / "ease")
    index = served.item("101")

    def shown(places):
        return [served.ids[place[0]] for place in places]

    expected = [i for i in shown(plain.similar(index, 24)) if i not in (102, 103, 107)]
    assert {102, 103, 107} & set(shown(plain.similar(index, 24)))
    assert shown(served.similar(index, 24)) == expected
    assert shown(served.similar(index, 3)) == expected[:3]  # others fill the places
    assert [served.ids[i] for i in plain.find("horror 107", 9)] == [107]
    assert served.find("horror 107", 9) == []
    assert [served.ids[i] for i in served.find("horror 108", 9)] == [108]
    assert 102 in shown(plain.popular(24))
    assert 102 not in shown(served.popular(24))


def test_rules_hold_for_what_is_bought_together(tmp_path):
    log = pn.read(planted_orders(n_customers=50))
    save(make("popular").fit(log), tmp_path / "shop")
    plain = ServedModel(tmp_path / "shop")
    beside = plain.together(0, 5)
    out = beside[0]["together"]
    strict = ServedModel(tmp_path / "shop", Rules(exclude=[out]))
    assert [row["together"] for row in strict.together(0, 4)] == [
        row["together"] for row in beside[1:]
    ]
    assert strict.together(0, 4)[0]["lift"] == beside[1]["lift"]


@pytest.mark.parametrize(
    "rules",
    [
        {"at_most": [{"column": "genres", "n": 2}]},
        {"diversity": {"method": "mmr", "by": "genres", "lambda": 0.4, "pool": 8}},
        {"boost": [{"items": [9], "places": 3}]},
    ],
)
@pytest.mark.parametrize("kind", ["dislike", "seen"])
def test_what_is_not_shown_does_not_count_in_rules(served_likes, rules, kind):
    served = served_likes
    bound = served.bound(Rules(**rules))
    likes = [Event("101", "like"), Event("1", "like")]
    first = items(served.recommend(served.person(None, likes), 8, rules=bound))[0]
    without = served.bound(Rules(**rules, exclude=[first]))
    expected = served.recommend(served.person(None, likes), 8, rules=without)
    person = served.person(None, [*likes, Event(str(first), kind)])
    assert served.recommend(person, 8, rules=bound) == expected


def test_reasons_are_those_of_the_model(served):
    person = served.person(COMEDY_LOVER)
    places = served.recommend(person, 2)
    explained = served.explain(person, np.array([place.index for place in places], np.int32))
    assert [each.item for each in explained] == items(places)
    assert explained[0].reasons
    assert explained[0].score == pytest.approx(places[0].score)


def test_popular_latest_and_similar(served):
    popular = served.popular(3)
    assert popular[0][1] >= popular[1][1] >= popular[2][1]
    latest = [served.ids[index] for index, _ in served.latest(2)]
    assert latest == [112, 111]
    similar = [served.ids[index] for index, _ in served.similar(served.item("101"), 3)]
    assert all(item > 100 for item in similar)


def test_nobody_is_most_like_themselves(served):
    events = [Event("101", "like")]
    for person in (served.person(COMEDY_LOVER), served.person(COMEDY_LOVER, events)):
        rows = served.similar_people(person, 4)
        assert [row["rank"] for row in rows] == [1, 2, 3, 4]
        assert int(COMEDY_LOVER) not in [row["similar"] for row in rows]
    stranger = served.person("nobody", events)
    assert len(served.similar_people(stranger, 4)) == 4


def test_recent_popularity_counts_the_last_days_alone(served):
    recent = {served.ids[index] for index, _ in served.popular(30, days=3)}
    assert recent <= {109, 110, 111, 112}


def test_an_unknown_item_is_refused(served):
    with pytest.raises(UnknownIdError, match="does not know the item '999'"):
        served.item("999")


def test_a_damaged_bundle_is_refused(bundles, tmp_path):
    with pytest.raises(BundleError):
        ServedModel(tmp_path)

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.errors import ParameterError, UnknownIdError
from penchant.models import EASE, ItemKNN
from penchant.testing import planted_pairs


@pytest.fixture(scope="module")
def model():
    log = planted_pairs(n_users=30, n_items=25)
    table = pl.DataFrame({"item": log.items.ids}).with_columns(
        brand=pl.format("b{}", pl.col("item") % 4), title=pl.format("Thing {}", "item")
    )
    return EASE(l2=5).fit(pn.Dataset.from_frame(log.frame().drop("row"), item_table=table))


class Scored(EASE):
    """Scores that a test writes."""

    def _scores(self, users):
        return np.array(self.written)


@pytest.fixture
def written():
    frame = pl.DataFrame({"user": [1, 1, 2, 3, 3], "item": [5, 6, 6, 1, 2]})
    table = pl.DataFrame({"item": range(1, 7)})
    model = Scored().fit(pn.Dataset.from_frame(frame, item_table=table))
    model.written = np.array(
        [[9, 5, 4, 1, 0, 0], [10, 30, 35, 40, 0, 0]], np.float32
    )  # of items 1 to 6: 5 and 6 were had
    return model


# Places of items 1 to 4: 1 2 3 4 for user 1, 4 3 2 1 for user 2, worth 1, 2/3, 1/3, 0.
@pytest.mark.parametrize(
    ("how", "values", "expected"),
    [
        ("average", "ranks", {1: 0.5, 2: 0.5, 3: 0.5, 4: 0.5}),
        ("least-misery", "ranks", {1: 0, 2: 1 / 3, 3: 1 / 3, 4: 0}),
        ("most-pleasure", "ranks", {1: 1, 2: 2 / 3, 3: 2 / 3, 4: 1}),
        ("average", "scores", None),
        ("least-misery", "scores", None),
        ("most-pleasure", "scores", None),
    ],
)
def test_worth_by_hand(written, how, values, expected):
    if expected is None:
        z = [(s - s.mean()) / s.std() for s in written.written[:, :4].astype(float)]
        combine = {"average": np.mean, "least-misery": np.min, "most-pleasure": np.max}[how]
        expected = dict(zip(range(1, 5), combine(z, axis=0), strict=True))
    table = pn.recommend_group(written, [1, 2], 4, how=how, values=values)
    assert dict(table.select("item", "score").iter_rows()) == pytest.approx(expected, abs=1e-6)
    assert table["score"].is_sorted(descending=True)
    places = {1: [1, 4], 2: [2, 3], 3: [3, 2], 4: [4, 1]}
    assert dict(table.select("item", "places").iter_rows()) == places
    assert table["rank"].to_list() == [1, 2, 3, 4]


def test_of_items_worth_the_same_the_more_popular_comes_first(written):
    table = pn.recommend_group(written, [1, 2], 4)
    assert set(table["item"][:2]) == {1, 2}  # of user 3


def test_what_a_model_never_recommends_to_a_member(written):
    written.written[0, 3] = -np.inf
    assert set(pn.recommend_group(written, [1, 2])["item"]) == {1, 2, 3}


@pytest.mark.parametrize("repeats", ["excluded", "allowed", "only"])
def test_what_members_had(model, repeats):
    members = model.users_.take([0, 1, 2]).to_list()
    had = set(model.items_.take(np.unique(model.histories_of(members).items)))
    items = set(pn.recommend_group(model, members, 100, repeats=repeats)["item"])
    every = set(model.items_.ids)
    assert items == {"excluded": every - had, "allowed": every, "only": had}[repeats]


@pytest.mark.parametrize("how", ["average", "least-misery", "most-pleasure"])
@pytest.mark.parametrize("values", ["ranks", "scores"])
def test_a_group_of_one_gets_the_users_own_list(model, how, values):
    user = model.users_[4]
    table = pn.recommend_group(model, [user], 6, how=how, values=values, titles=True)
    own = model.recommend([user], 6, titles=True)
    assert table["item"].to_list() == own["item"].to_list()
    assert table["title"].to_list() == own["title"].to_list()
    assert table["places"].to_list() == [[n] for n in range(1, 7)]


def test_who_is_named_twice_counts_twice(written):
    twice = written.histories_of([1, 2]).take([0, 0, 1])
    written.written = written.written[[0, 0, 1]]
    table = pn.recommend_group(written, twice, 4)
    assert table["item"][0] == 1
    assert table["score"][0] == pytest.approx(2 / 3)


def test_members_of_whom_nothing_is_known_want_what_is_popular(model, notices):
    knn = ItemKNN().fit(planted_pairs(n_users=30, n_items=25))
    nobody = knn.history([])
    table = pn.recommend_group(knn, nobody, 5)
    assert table["item"].to_list() == knn.recommend(nobody, 5)["item"].to_list()
    assert "1 of 1 member has no history that the model can use and wants what is popular." in (
        notices()
    )


def test_rules(model):
    members = model.users_.take([0, 1]).to_list()
    pairs = pl.DataFrame({"user": [members[1]], "item": [7]})
    rules = pn.Rules(
        exclude={"items": [3], "users": pairs},
        at_most={"column": "brand", "n": 1},
        boost={"where": ["brand == b2"], "places": 50, "name": "ours"},
        diversity={"method": "calibrated", "by": "brand", "lambda": 0},
    )
    table = pn.recommend_group(model, members, 10, rules=rules, repeats="allowed", titles=True)
    brands = [i % 4 for i in table["item"]]
    assert sorted(brands) == [0, 1, 2, 3]
    assert brands[0] == 2
    assert table["rule"][0] is None or table["rule"][0].startswith("ours: up from place ")
    assert not {3, 7} & set(table["item"])
    plain = pn.recommend_group(model, members, 10, repeats="allowed", candidates=[1, 3, 7])
    assert set(plain["item"]) == {1, 3, 7}
    assert "rule" not in plain.columns


def test_what_is_refused(model):
    users = model.users_.take([0, 1]).to_list()
    for arguments, words in (
        ({"users": []}, "at least one member"),
        ({"users": users, "k": 0}, "must be a whole number of at least 1"),
        ({"users": users, "how": "dictator"}, "how is one of average, least-misery, most-pl"),
        ({"users": users, "values": "votes"}, "values are ranks or scores, and not 'votes'"),
    ):
        with pytest.raises(ParameterError, match=words):
            pn.recommend_group(model, **arguments)
    with pytest.raises(UnknownIdError):
        pn.recommend_group(model, ["nobody"])
    had = model.items_.take(model.histories_of(users[:1]).items)
    with pytest.raises(ParameterError, match="Nothing is left for the group"):
        pn.recommend_group(model, users, candidates=had)

"""Explanations of models over attributes, and the effects that these models state."""

from __future__ import annotations

import copy
import json

import numpy as np
import polars as pl
import pytest

from penchant.data.attributes.binary import item_attributes
from penchant.data.dataset import Dataset
from penchant.data.target import Like
from penchant.explanation import explain, explain_lists
from penchant.models import make
from penchant.models.attributes import per_user
from penchant.models.base import Recommender
from penchant.models.protocols import ExplainsAttributes
from penchant.testing import planted_attributes

FILMS = {
    "Airplane": ["Comedy"],
    "Big": ["Comedy", "Romance"],
    "Alien": ["Horror", "Sci-Fi"],
    "Casablanca": ["Romance", "War"],
    "Halloween": ["Horror"],
    "Sleepless": ["Comedy", "Romance"],
    "Untitled": [],
    "Wolf": ["Comedy", "Horror"],
    "Zoo": ["War"],
}
TITLES = list(FILMS)


class Tastes(Recommender):
    """A like speaks for each attribute of its item by 1, and everything else against it by 1.

    Of somebody without history everybody's tastes are assumed.
    """

    blind = False  # to histories

    @property
    def target(self):
        return Like(4.0)

    def _fit(self, train, validation, run):
        attributes = item_attributes(train)
        self.attributes_, self.item_attributes_ = list(attributes.names), attributes.matrix
        self.everybody_ = self._tastes(train.histories).mean(axis=0)

    def _tastes(self, users):
        ratings = np.full(users.n_events, 5.0) if users.ratings is None else users.ratings
        found = np.zeros((len(users), len(self.attributes_)))
        signs = np.where(ratings >= 4, 1.0, -1.0)[:, None]
        np.add.at(found, users.rows, signs * self.item_attributes_[users.items])
        return found

    def _tastes_of(self, users):
        known = (users.lengths > 0)[:, None] & (not self.blind)
        return np.where(known, self._tastes(users), self.everybody_)

    def predict(self, rows):
        raise AssertionError("An explanation needs no predictions.")

    def _scores(self, users):
        return (self._tastes_of(users) @ self.item_attributes_.T).astype(np.float32)

    def attribute_effects(self, user, items):
        return (self._tastes_of(user) * self.item_attributes_[items]).astype(np.float32)


def films_log(*, ratings=True):
    rng = np.random.default_rng(0)
    rows = [
        (user, int(item), float(rng.integers(1, 6)))
        for user in range(8)
        for item in rng.choice(len(FILMS), 5, replace=False)
    ]
    frame = pl.DataFrame(rows, schema=["user", "item", "rating"], orient="row")
    table = pl.DataFrame(
        {"item": range(len(FILMS)), "title": TITLES, "genres": list(FILMS.values())},
        schema_overrides={"genres": pl.List(pl.String)},
    )
    return Dataset.from_frame(
        frame if ratings else frame.drop("rating"), item_table=table, scale=(1, 5)
    )


@pytest.fixture(scope="module")
def tastes():
    return Tastes().fit(films_log())


def why(model, rated, title, **options):
    """The explanation of a film for somebody new who rated films, such as {"Big": 5}."""
    items, ratings = [TITLES.index(name) for name in rated], list(rated.values())
    history = model.history(items, ratings if None not in ratings else None)
    return explain(model, history, TITLES.index(title), **options)


def test_attributes_and_events_that_share_them(tastes):
    rated = {"Airplane": 5, "Casablanca": 4, "Halloween": 1, "Big": 5, "Alien": 2, "Zoo": 1}
    found = why(tastes, rated, "Sleepless")
    assert found.method == "attributes"
    assert not found.exact
    assert found.rest is None
    said = [(a.name, a.effect, a.rated, a.liked) for a in found.attributes]
    assert said == [("Comedy", 2, 2, 2), ("Romance", 2, 2, 2)]
    # Big shares both; Airplane and Casablanca one each, and Airplane is the more alike.
    assert [(r.title, r.contribution) for r in found.reasons] == [
        ("Big", 4),
        ("Airplane", 2),
        ("Casablanca", 2),
    ]
    assert [r.share for r in found.reasons] == pytest.approx([0.5, 0.25, 0.25])
    assert all(r.liked for r in found.reasons)
    assert found.sentence == (
        "it is Comedy and Romance; you liked 2 of 2 Comedy and 2 of 2 Romance items, such as "
        "Big, Airplane and Casablanca"
    )
    assert [r.title for r in why(tastes, rated, "Sleepless", k=1).reasons] == ["Big"]


def test_of_events_as_much_alike_the_later_comes_first(tastes):
    for first, second in (("Big", "Sleepless"), ("Sleepless", "Big")):
        found = why(tastes, {first: 4, second: 5}, "Airplane")
        assert [r.title for r in found.reasons] == [second, first]


def test_what_speaks_strongly_against_an_item_is_said(tastes):
    found = why(tastes, {"Airplane": 5, "Big": 4, "Alien": 1, "Halloween": 4}, "Wolf")
    assert [(a.name, a.effect) for a in found.attributes] == [("Comedy", 2), ("Horror", 0)]
    assert "Horror" not in found.sentence
    found = why(tastes, {"Airplane": 5, "Alien": 1, "Halloween": 2, "Big": 4}, "Wolf")
    assert found.sentence == (
        "it is Comedy; you liked 2 of 2 Comedy items, such as Airplane and Big; Horror speaks "
        "against it (you liked none of 2)"
    )
    assert [r.title for r in found.reasons] == ["Airplane", "Big"]
    found = why(tastes, {"Big": 1, "Alien": 1}, "Wolf")
    assert found.reasons == ()
    assert found.sentence == (
        "none of its attributes speaks for it; Horror and Comedy speak against it (you liked "
        "none of 1 Horror and none of 1 Comedy items)"
    )


def test_an_item_and_a_like_that_was_taken_back_are_no_reasons(tastes):
    found = why(tastes, {"Big": 5, "Sleepless": 5}, "Big")
    assert [r.title for r in found.reasons] == ["Sleepless"]
    assert found.sentence.startswith("it is already in your history; it is ")
    history = tastes.history([0, 1, 5, 0], [5, 5, 5, 2])
    assert 0 not in [r.item for r in explain(tastes, history, 7).reasons]


def test_without_ratings_nothing_is_said_to_be_liked(tastes):
    found = why(tastes, {"Airplane": None, "Big": None}, "Sleepless")
    assert found.sentence == (
        "it is Comedy and Romance; 2 Comedy and 1 Romance items are in your history, such as Big "
        "and Airplane"
    )
    assert not any(r.liked for r in found.reasons)
    assert all(r.rating is None for r in found.reasons)


def test_no_attribute_and_no_effect(tastes):
    rated = {"Airplane": 5, "Alien": 1, "Halloween": 5}
    assert why(tastes, rated, "Untitled").sentence == (
        "the model knows no attribute of it that could speak for it"
    )
    assert why(tastes, rated, "Zoo").sentence == "that it is War says nothing for or against it"
    assert why(tastes, rated, "Zoo").reasons == ()


def test_a_list_that_does_not_depend_on_the_history(tastes):
    empty = explain(tastes, tastes.history([]), 1)
    assert empty.method == "popularity"
    assert empty.sentence.endswith("users had it (your history is empty)")
    assert empty.attributes == ()
    blind = Tastes().fit(films_log())
    blind.blind = True
    found = why(blind, {"Big": 5, "Alien": 1}, "Sleepless")
    assert found.method == "same for everyone"
    assert found.sentence.startswith("your history plays no part: it would be ")
    assert found.reasons == ()


def test_what_speaks_for_an_item_and_was_never_had():
    model = Tastes().fit(films_log())
    model.attribute_effects = lambda user, items: (
        np.ones((len(items), len(model.attributes_)), np.float32) * model.item_attributes_[items]
    )
    found = why(model, {"Halloween": 5}, "Casablanca")
    assert "nothing in your history is " in found.sentence
    assert {w for w in ("War", "Romance") if w in found.sentence} == {"War", "Romance"}


def test_what_hardly_speaks_for_an_item_is_not_named(tastes):
    assert why(tastes, {"Airplane": 5, "Casablanca": 5}, "Big").sentence.startswith(
        "it is Comedy and Romance; "
    )
    items = [0] * 11 + [3]
    history = tastes.history(items, [5] * len(items))
    found = explain(tastes, history, 1)
    assert [(a.name, a.effect) for a in found.attributes] == [("Comedy", 11), ("Romance", 1)]
    assert found.sentence.startswith("it is Comedy; ")


def test_plain_values(tastes):
    found = why(tastes, {"Airplane": 5, "Big": 5}, "Wolf")
    plain = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert plain["method"] == "attributes"
    assert plain["attributes"][0] == {"name": "Comedy", "effect": 2.0, "rated": 2, "liked": 2}
    assert plain["reasons"][0]["title"] == "Airplane"
    assert "without it" in plain["how"]


def test_lists_agree_with_single_explanations(tastes):
    frame = explain_lists(tastes, [3, 5], k=3, reasons=2, candidates=[0, 1, 2, 3, 5])
    assert set(frame["item"]) <= {0, 1, 2, 3, 5}
    for row in frame.to_dicts():
        found = explain(tastes, row["user"], row["item"], k=2)
        assert row["because"] == found.sentence
        assert row["method"] == found.method
        assert [r["item"] for r in row["reasons"]] == [r.item for r in found.reasons]
        names = ("name", "effect", "rated", "liked")
        assert [tuple(a.values()) for a in row["attributes"]] == [
            tuple(getattr(a, n) for n in names) for a in found.attributes
        ]
    assert explain_lists(tastes, []).schema == frame.schema
    plain = explain_lists(make("popular").fit(films_log()), [3], k=2)
    assert plain.schema == frame.schema
    assert plain["attributes"].list.len().sum() == 0


# The models that are there

NETWORKS = (
    "attribute-network:epochs=4,batch_size=64",
    "attribute-network:epochs=4,batch_size=64,item_rate=true,layers=2",
    "attribute-network:epochs=4,batch_size=64,architecture=recurrent,hidden=8",
    "per-user:epochs=30,dropout=0,learning_rate=0.01",
    "per-user:epochs=15,cell=lstm,hidden=6,learning_rate=0.01",
    "per-user:epochs=15,cell=gru,hidden=6,learning_rate=0.01",
)


def small():
    return planted_attributes(n_users=12, n_items=40, per_user=14)


def without(model, item, attribute):
    """The model as it is but for an item that loses an attribute."""
    changed = copy.copy(model)
    changed.item_attributes_ = model.item_attributes_.copy()
    changed.item_attributes_[item, attribute] = 0
    changed.patterns_, which = np.unique(changed.item_attributes_, axis=0, return_inverse=True)
    changed.pattern_of_item_ = which.ravel()
    if hasattr(model, "fallback_"):
        changed.fallback_ = changed._outputs(changed.weights_).mean(axis=0)
    return changed


@pytest.mark.parametrize("spec", NETWORKS)
def test_effects_are_what_taking_the_attribute_away_does(spec):
    model = make(spec).fit(small())
    assert isinstance(model, ExplainsAttributes)
    visitors = model.history([1, 2, 3], [5, 1, 4]), model.history([1, 2]), model.history([])
    for history in (model.histories_of([3]), *visitors):
        unseen = np.setdiff1d(np.arange(len(model.items_)), history.items)[::3].astype(np.int32)
        effects = model.attribute_effects(history, unseen)
        assert effects.shape == (len(unseen), len(model.attributes_))
        assert effects.dtype == np.float32
        scores = model.scores(history)[0]
        expected = np.zeros_like(effects)
        for row, item in enumerate(unseen):
            for attribute in np.flatnonzero(model.item_attributes_[item]):
                lacking = without(model, item, attribute).scores(history)[0, item]
                expected[row, attribute] = scores[item] - lacking
        assert np.abs(expected).max() > 1e-3
        np.testing.assert_allclose(effects, expected, atol=1e-5)


@pytest.mark.parametrize("spec", [NETWORKS[0], NETWORKS[3]])
def test_networks_are_explained_by_attributes(spec):
    model = make(spec).fit(small())
    frame = explain_lists(model, [3], k=5)
    assert set(frame["method"]) == {"attributes"}
    assert frame["reasons"].list.len().sum() > 0
    for row in frame.to_dicts():
        carried = model.item_attributes_[model.items_.indices([row["item"]])[0]]
        assert len(row["attributes"]) == carried.sum()
        effects = [a["effect"] for a in row["attributes"]]
        assert effects == sorted(effects, reverse=True)


def test_no_network_is_trained_for_an_explanation_of_what_was_scored(monkeypatch):
    model = make(NETWORKS[3]).fit(small())
    calls = []
    train_networks = per_user.train_networks

    def counted(shape, config, data, *rest, **options):
        calls.append(len(data))
        return train_networks(shape, config, data, *rest, **options)

    monkeypatch.setattr(per_user, "train_networks", counted)
    explain(model, 3, 5)
    assert calls == []
    explain(model, model.history([1, 2, 3, 4], [5, 1, 4, 3]), 9)
    assert calls == [1]

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.basket_logs import log_of_baskets, random_baskets

import penchant as pn
from penchant.data.dataset import Dataset
from penchant.models import (
    TIFUKNN,
    DecayedFrequency,
    ItemKNN,
    PersonalPopular,
    PersonalRecent,
    RepeatItemKNN,
    make,
)

SHOP = {"x": ["ab", "bc", "b"], "y": ["c", "cc", "ab", "b"], "z": ["d"]}


def scores_of(model, log, user):
    own = model.scores(log.histories.take([list(log.users.ids).index(user)]))[0]
    return dict(zip(log.items.ids, own.tolist(), strict=True))


def baskets_of(log, user):
    """The sets of items of a user's baskets, oldest first."""
    frame = log.frame().filter(user=user).sort("time", maintain_order=True)
    return [set(rows["item"]) for _, rows in frame.group_by("basket", maintain_order=True)]


def test_what_was_had_most_often_and_last():
    log = log_of_baskets(SHOP)
    assert scores_of(PersonalPopular().fit(log), log, "y") == {"a": 1, "b": 2, "c": 2, "d": 0}
    recent = scores_of(PersonalRecent().fit(log), log, "y")
    assert recent == pytest.approx({"a": 1 / 2, "b": 1, "c": 1 / 3, "d": 0})
    lists = PersonalPopular().fit(log).recommend(["z"], repeats="allowed")
    assert lists["item"].to_list() == ["d", "b", "c", "a"]  # its own, then by popularity
    assert lists["fallback"].to_list() == [False, True, True, True]
    own = PersonalRecent(only_own=True).fit(log).recommend(["z"], repeats="allowed")
    assert own["item"].to_list() == ["d"]


def test_what_was_had_last_in_sessions_is_their_last_event():
    visits = {
        "user": [*"xxxxxyy"],
        "item": [*"abcbdcc"],
        "session": [1, 1, 2, 2, 2, 3, 3],
        "time": [1, 2, 3, 4, 4, 5, 6],
    }
    log = pn.read(pl.DataFrame(visits))
    assert log.has_sessions
    wanted = {"a": 1 / 4, "b": 1, "c": 1 / 2, "d": 1}  # two events are of one instant
    assert scores_of(PersonalRecent().fit(log), log, "x") == pytest.approx(wanted)
    alone = pn.read(pl.DataFrame(visits).drop("session"))
    assert scores_of(PersonalRecent().fit(alone), alone, "x") == pytest.approx(wanted)
    assert scores_of(PersonalPopular().fit(log), log, "x") == {"a": 1, "b": 2, "c": 1, "d": 1}
    orders = pn.read(pl.DataFrame(visits).rename({"session": "order_id"}))
    assert scores_of(PersonalRecent().fit(orders), orders, "x") == pytest.approx(
        {"a": 1 / 2, "b": 1, "c": 1, "d": 1}
    )


@given(seed=st.integers(0, 2**32 - 1))
def test_frequencies_decay_by_basket_and_day(seed):
    log = random_baskets(seed, n_users=3)
    model = DecayedFrequency(basket_decay=0.5, half_life=2.0).fit(log)
    user = log.users.ids[0]
    wanted = dict.fromkeys(log.items.ids, 0.0)
    for age, basket in enumerate(reversed(baskets_of(log, user))):
        for item in basket:
            wanted[item] += 0.5**age * 2 ** (-age / 2)
    assert scores_of(model, log, user) == pytest.approx(wanted, rel=1e-5)


@given(seed=st.integers(0, 2**32 - 1), group_size=st.integers(1, 4))
def test_tifu_knn_is_the_papers_formula(seed, group_size):
    log = random_baskets(seed, n_users=8)
    model = TIFUKNN(
        group_size=group_size, within_decay=0.8, group_decay=0.6, own_share=0.7, neighbours=3
    ).fit(log)
    vectors = {}
    for user in log.users.ids:
        baskets = baskets_of(log, user)
        groups = []
        while baskets:
            groups.insert(0, baskets[-group_size:])
            baskets = baskets[:-group_size]
        vector = np.zeros(log.n_items)
        for g, group in enumerate(reversed(groups)):
            for p, basket in enumerate(reversed(group)):
                index = [list(log.items.ids).index(item) for item in basket]
                vector[index] += 0.6**g * 0.8**p / len(group) / len(groups)
        vectors[user] = vector
    user, *others = log.users.ids
    near = sorted(others, key=lambda o: np.sum((vectors[o] - vectors[user]) ** 2))
    apart = [np.sum((vectors[o] - vectors[user]) ** 2) for o in near]
    if apart[3] - apart[2] < 1e-6:
        return  # which of two equally near users counts is not said
    wanted = 0.7 * vectors[user] + 0.3 * np.mean([vectors[o] for o in near[:3]], axis=0)
    found = np.array(list(scores_of(model, log, user).values()))
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)
    stranger = model.history(log.frame().filter(user=user)["item"].to_list())
    assert np.isfinite(model.scores(stranger)).all()


def test_repeat_item_neighbours_add_the_item_itself():
    log = random_baskets(5)
    plain = ItemKNN(neighbours=5, shrinkage=1.0, neighbours_kept=5)
    model = RepeatItemKNN(neighbours=5, shrinkage=1.0, repeat=3.0, basket_decay=1.0).fit(log)
    similar = plain.fit(log).near_.T.toarray()
    counts = np.zeros((log.n_users, log.n_items))
    for user, each in enumerate(log.users.ids):
        for basket in baskets_of(log, each):
            for item in basket:
                counts[user, list(log.items.ids).index(item)] += 1
    wanted = counts @ similar + 3 * counts
    np.testing.assert_allclose(model.scores(log.histories), wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("cls", [PersonalPopular, PersonalRecent, DecayedFrequency, RepeatItemKNN])
def test_contributions_are_exact(cls):
    log = random_baskets(6)
    model = cls().fit(log)
    items = np.arange(log.n_items, dtype=np.int32)
    for user in (0, 7):
        one = log.histories.take([user])
        np.testing.assert_allclose(
            model.contributions(one, items).sum(1), model.scores(one)[0], rtol=1e-5
        )


@pytest.mark.parametrize("cls", [DecayedFrequency, RepeatItemKNN, TIFUKNN])
@pytest.mark.parametrize("baskets", [{"x": ["a"]}, {"x": ["aa"]}, {"x": ["a"], "y": ["a", "a"]}])
def test_little_logs_have_an_answer(cls, baskets):
    log = log_of_baskets(baskets)
    lists = cls().fit(log).recommend(["x"], repeats="allowed")
    assert lists["item"].to_list() == ["a"]


def test_they_find_habits_that_popularity_does_not():
    split = pn.split_next_basket(random_baskets(0, n_users=200))
    models = [DecayedFrequency(), TIFUKNN(), RepeatItemKNN()]
    table = pn.evaluate(models, split, ["ndcg@4"], replicates=100).table()
    for model in ("decayed-frequency", "tifu-knn", "repeat-item-knn"):
        popular = table["popular"].metrics["ndcg@4"].value
        assert table[model].metrics["ndcg@4"].value > 1.5 * popular


def test_baskets_are_kept_in_bundles(tmp_path):
    log = random_baskets(2)
    model = TIFUKNN().fit(log)
    pn.save(model, tmp_path / "tifu")
    again = pn.restore(tmp_path / "tifu")
    np.testing.assert_array_equal(again.histories_.baskets, model.histories_.baskets)
    assert again.recommend(k=5, repeats="allowed").equals(model.recommend(k=5, repeats="allowed"))
    plain = TIFUKNN().fit(Dataset.from_frame(log.frame().select("user", "item")))
    pn.save(plain, tmp_path / "plain")
    assert pn.restore(tmp_path / "plain").histories_.baskets is None


def test_what_neighbours_add_is_divided_among_the_items_in_common():
    rows = [
        ("u", "a", "1"),
        ("u", "b", "1"),
        ("u", "a", "2"),
        ("v", "a", "3"),
        ("v", "c", "3"),
        ("w", "b", "4"),
        ("w", "a", "4"),
        ("w", "c", "4"),
        ("x", "d", "5"),
    ]
    log = Dataset.from_frame(pl.DataFrame(rows, ["user", "item", "basket"], orient="row"))
    model = TIFUKNN(neighbours=3, own_share=0.25).fit(log)
    user = model.histories_of(["u"])
    items = np.arange(4, dtype=np.int32)
    parts = model.neighbour_contributions(user, items)
    weight = model.frequencies_.toarray()[0]
    events = [model.items_[item] for item in user.items]
    own = {"a": weight[0], "b": weight[1]}
    # v has a in common alone, w has a and b alike, x nothing.
    share = {"a": 1 + own["a"] / (own["a"] + own["b"]), "b": own["b"] / (own["a"] + own["b"])}
    of_item = {name: parts[2][[event == name for event in events]].sum() for name in ("a", "b")}
    for name, value in of_item.items():
        assert value == pytest.approx(0.75 * share[name] / 3, rel=1e-5)
    scores = model.scores(user)[0]
    assert parts.sum(axis=1)[:3] == pytest.approx(scores[:3], rel=1e-5)
    assert parts[3].sum() == 0  # what x adds falls away
    assert scores[3] == pytest.approx(0.25, rel=1e-5)
    why = pn.explain(model, "u", "c")
    assert why.method == "neighbours"
    assert not why.exact
    assert [reason.item for reason in why.reasons] == ["a", "b"]
    assert why.sentence == "because people who had a and b, as you did, had it, too"
    assert pn.explain(model, "u", "a").sentence == (
        "because you had it in 2 of your 2 baskets; people who had b, as you did, had it, too"
    )
    only = pn.explain(make("personal-popular").fit(log), "u", "b")
    assert only.sentence == "because you had it in 1 of your 2 baskets"

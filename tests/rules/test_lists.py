from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.errors import ParameterError
from penchant.models import EASE, IALS, ItemKNN, Popular, UserMajority
from penchant.rules import bind, lists_with_rules


def test_without_rules_it_is_the_models_list(model):
    users = model.users_.take([0, 3]).to_list()
    assert pn.recommend(model, users, 4, titles=True).equals(model.recommend(users, 4, titles=True))
    lists = pn.recommend(model, users, 4, rules=pn.Rules(), titles=True)
    assert lists.drop("rule").equals(model.recommend(users, 4, titles=True))
    assert lists["rule"].null_count() == len(lists)


@pytest.mark.parametrize("repeats", ["excluded", "allowed", "only"])
def test_what_is_left_in_the_models_order(shop, model, repeats):
    rules = pn.Rules(exclude={"where": ["stock == 0"]}, price={"max": 15})
    lists = pn.recommend(model, None, 5, rules=rules, repeats=repeats, exclude=["i2"])
    left = shop.item_table.filter(
        (pl.col("stock") != 0) & (pl.col("price") <= 15) & (pl.col("item") != "i2")
    )
    expected = model.recommend(None, 5, repeats=repeats, candidates=left["item"])
    assert lists.drop("rule").equals(expected)


def test_lists_with_caps_are_as_long_as_asked_for(shop, model):
    rules = pn.Rules(at_most={"column": "brand", "n": 2}, exclude=["i3"])
    lists = pn.recommend(model, None, 6, rules=rules, repeats="allowed")
    brands = dict(shop.item_table.select("item", "brand").iter_rows())
    assert (lists.group_by("user").len()["len"] == 6).all()
    whole = model.recommend(None, len(model.items_), repeats="allowed")
    for (user,), ranking in whole.group_by("user", maintain_order=True):
        expected, count = [], {}
        for item in ranking["item"]:
            brand = brands[item]
            if item == "i3" or (brand is not None and count.get(brand, 0) == 2):
                continue
            count[brand] = count.get(brand, 0) + 1
            expected.append(item)
        assert lists.filter(pl.col("user") == user)["item"].to_list() == expected[:6]


def test_new_arrivals_move_up_and_say_so(model):
    rules = pn.Rules(boost={"name": "just in", "items": ["i4", "i9"], "places": 3})
    users = model.users_.ids.to_list()
    lists = pn.recommend(model, users, 8, rules=rules, repeats="allowed")
    own = model.recommend(users, len(model.items_), repeats="allowed")
    place = {(u, i): rank for u, i, rank in own.select("user", "item", "rank").iter_rows()}
    assert lists["rule"].null_count() < len(lists)
    for user, item, rank, rule in lists.select("user", "item", "rank", "rule").iter_rows():
        before = place[user, item]
        if item in ("i4", "i9") and rank < before:
            assert rank >= before - 3
            assert rule == f"just in: up from place {before}"
        else:
            assert rule is None
            assert rank >= before


def test_reasons_name_the_rule(model):
    rules = bind(pn.Rules(boost={"items": ["i4"], "factor": 9, "name": "own brand"}), model)
    users = model.users_.take([0, 1, 2]).to_list()
    lists = pn.explain_lists(model, users, 3, rules=rules, repeats="allowed")
    plain = pn.recommend(model, users, 3, rules=rules, repeats="allowed")
    assert lists["item"].equals(plain["item"])
    assert lists["rule"].equals(plain["rule"])
    assert lists["rule"].null_count() < len(lists)
    for because, rule in lists.select("because", "rule").iter_rows():
        assert because.endswith(f" ({rule})") == (rule is not None)
    assert "rule" not in pn.explain_lists(model, users, 3).columns


def test_users_of_whom_nothing_is_known_get_what_is_popular_by_the_rules(shop, model):
    rules = pn.Rules(exclude={"where": ["stock == 0"]}, at_most={"column": "brand", "n": 1})
    lists = pn.recommend(model, model.history([]), 3, rules=rules)
    assert lists["fallback"].all()
    assert lists["score"].null_count() == 3
    popular = Popular().fit(shop)
    assert lists["item"].equals(pn.recommend(popular, popular.history([]), 3, rules=rules)["item"])


def test_who_has_nothing_left_is_named(model, notices):
    user = model.users_[0]
    pairs = pl.DataFrame({"user": [user] * 24, "item": model.items_.ids})
    rules = pn.Rules(exclude={"users": pairs})
    lists = pn.recommend(model, [user, model.users_[1]], 3, rules=rules)
    assert lists["user"].unique().to_list() == [model.users_[1]]
    assert f"User {user}: the rules leave nothing of what the model recommends." in notices()
    new = pn.recommend(model, model.history(["i1"]), 3, rules=rules)
    assert len(new) == 3


def test_many_users_are_ranked_in_pieces(model, monkeypatch):
    rules = bind(
        pn.Rules(at_most={"column": "brand", "n": 1}, boost={"days": 9, "factor": 2}), model
    )
    users = model.histories_
    whole = lists_with_rules(model, users, 9, rules)
    monkeypatch.setattr("penchant.rules.reranking._CELLS", 100)
    monkeypatch.setattr("penchant.rules.reranking._FURTHER", 0)
    pieces = lists_with_rules(model, users, 9, rules)
    assert (whole.items == pieces.items).all()
    assert (whole.places == pieces.places).all()


def test_diversity_by_vectors_needs_some(shop, model):
    rules = pn.Rules(diversity={"by": "vectors", "lambda": 0.2})
    with pytest.raises(ParameterError, match="EASE has no vectors of items to compare them by: na"):
        pn.recommend(model, [model.users_[0]], rules=rules)
    factors = IALS(dim=4).fit(shop)
    lists = pn.recommend(factors, None, 5, rules=rules)
    vectors = factors.item_vectors()
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def alike(table):
        index = factors.items_.indices(table["item"]).reshape(-1, 5)
        return float(np.mean([unit[row] @ unit[row].T for row in index]))

    assert alike(lists) < alike(factors.recommend(None, 5))
    assert lists["rule"].str.starts_with("diversity: up from place").any()


def test_likes_keep_what_may_be_listed(shop, notices):
    frame = shop.frame().with_columns(rating=pl.col("rating"))
    judge = UserMajority(threshold=3).fit(
        pn.Dataset.from_frame(frame.drop("row"), item_table=shop.item_table, scale=(1, 5))
    )
    user = judge.users_[0]
    pairs = pl.DataFrame({"user": [user], "item": ["i5"]})
    rules = pn.Rules(
        exclude={"where": ["stock == 0"], "users": pairs}, at_most={"column": "brand", "n": 1}
    )
    table = pn.likes(judge, [user, judge.users_[1]], rules=rules, repeats="allowed")
    left = set(shop.item_table.filter(pl.col("stock") != 0)["item"])
    assert set(table.filter(pl.col("user") == user)["item"]) == left - {"i5"}
    assert set(table.filter(pl.col("user") != user)["item"]) == left
    assert "Likes stand in the order of their chances" in notices()


def test_k(model):
    with pytest.raises(ParameterError, match="must be a whole number of at least 1"):
        pn.recommend(model, None, 0, rules=pn.Rules())


@pytest.mark.parametrize("other", [EASE(l2=5), ItemKNN(), Popular()])
def test_lists_of_more_places_than_there_are_items(shop, other):
    fitted = other.fit(shop)
    rules = pn.Rules(at_most={"column": "brand", "n": 3}, boost={"days": 5, "places": 4})
    lists = pn.recommend(fitted, None, 100, rules=rules, repeats="allowed")
    with_brand = shop.item_table.filter(pl.col("brand").is_not_null())
    most = 3 * with_brand["brand"].n_unique() + len(shop.item_table) - len(with_brand)
    assert lists.group_by("user").len()["len"].max() == most

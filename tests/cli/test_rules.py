from __future__ import annotations

import json

import polars as pl
import pytest

from penchant.bundle import save
from penchant.data.dataset import Dataset
from penchant.models import EASE, UserMajority
from penchant.testing import planted_pairs


@pytest.fixture(scope="module")
def log():
    frame = planted_pairs(n_users=30, n_items=20).frame().drop("row")
    table = pl.DataFrame(
        {
            "item": sorted(frame["item"].unique()),
            "brand": ["Acme", "Bolt"] * 10,
            "stock": [0, 1, 2, 3] * 5,
        }
    )
    return Dataset.from_frame(frame, item_table=table, name="shop", scale=(1, 5))


@pytest.fixture(scope="module")
def shop(log, tmp_path_factory):
    return save(EASE(l2=10).fit(log), tmp_path_factory.mktemp("bundles") / "shop")


@pytest.fixture
def rules(tmp_path):
    (tmp_path / "blocked.txt").write_text("2\n4\nnew\n")
    path = tmp_path / "rules.toml"
    path.write_text(
        """
        [exclude]
        items = "@blocked.txt"
        where = "stock == 0"
        [[at_most]]
        column = "brand"
        n = 1
        [[boost]]
        name = "own brand"
        where = "brand == Bolt"
        places = 20
        """
    )
    return path


@pytest.mark.parametrize("why", [(), ("--explain",)])
def test_lists_keep_the_rules(call, shop, log, rules, why):
    user = log.users[0]
    words = ("recommend", shop, "-u", user, "--rules", rules, "--repeats", "allowed", *why)
    result = call(*words)
    assert result.exit_code == 0, result.stderr
    assert "own brand: up from place" in result.stdout
    assert "rules.toml: 1 of 3 ids is not known and passed over: 'new'." in result.stderr
    assert "of 20 items may be listed; left out by [exclude] items 2, [exclude] stock == 0" in (
        result.stderr
    )
    (answer,) = json.loads(call(*words, "--json").stdout)["lists"]
    items = [place["item"] for place in answer["items"]]
    table = log.item_table.filter(pl.col("item").is_in(items))
    assert sorted(table["brand"]) == ["Acme", "Bolt"]
    assert (table["stock"] > 0).all()
    assert table.filter(pl.col("item") == items[0])["brand"].to_list() == ["Bolt"]
    assert not set(items) & {2, 4}


def test_lists_of_all_users(call, shop, log, rules, tmp_path):
    path = tmp_path / "lists.csv"
    result = call("recommend", shop, "--rules", rules, "-o", path)
    assert result.exit_code == 0, result.stderr
    frame = pl.read_csv(path)
    assert "rule" in frame.columns
    joined = frame.join(log.item_table, on="item")
    assert (joined["stock"] > 0).all()
    assert joined.group_by("user", "brand").len()["len"].max() == 1


def test_a_table_of_rules(call, shop, log, tmp_path):
    path = tmp_path / "rules.csv"
    path.write_text("item,exclude,boost\n1,true,0\n2,false,9\n")
    words = ("recommend", shop, "-u", log.users[0], "--repeats", "allowed", "-k", 20, "--json")
    (answer,) = json.loads(call(*words, "--rules", path).stdout)["lists"]
    rule = {place["item"]: place["rule"] for place in answer["items"]}
    assert 1 not in rule
    assert rule[2] is None or rule[2].startswith("boost: up from place ")


def test_who_has_nothing_left(call, shop, log, tmp_path):
    user = log.users[0]
    pairs = pl.DataFrame({"user": [user] * 20, "item": log.items.ids})
    pairs.write_csv(tmp_path / "returned.csv")
    path = tmp_path / "rules.toml"
    path.write_text('exclude = {users = "@returned.csv"}')
    result = call("recommend", shop, "-u", user, "--rules", path, "--json")
    (answer,) = json.loads(result.stdout)["lists"]
    assert answer == {
        "user": user,
        "items": [],
        "reason": "the rules leave nothing of what the model recommends",
    }
    assert "the rules leave nothing" in result.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("exlude = ['1']", "rules.toml: there is no key 'exlude'; 'exclude' may be meant"),
        ("only = ['none']", "rules.toml: [only] items leaves no item: it takes the last 20."),
        ("[price]\nmax = 3", "[price]: the items have no column 'price', there are brand, stock;"),
        ("exclude = '@gone.txt'", "There is no file"),
    ],
)
def test_what_is_refused(call, shop, tmp_path, text, words):
    path = tmp_path / "rules.toml"
    path.write_text(text)
    result = call("recommend", shop, "-u", 1, "--rules", path)
    assert result.exit_code == 1
    assert words in result.stderr
    assert result.stdout == ""


def test_likes_keep_what_may_be_listed(call, log, rules, tmp_path):
    bundle = save(UserMajority(threshold=3).fit(log), tmp_path / "likes")
    words = ("likes", bundle, "-u", log.users[0], "--repeats", "allowed", "-k", 20, "--json")
    result = call(*words, "--rules", rules)
    assert result.exit_code == 0, result.stderr
    (answer,) = json.loads(result.stdout)["lists"]
    left = log.item_table.filter((pl.col("stock") > 0) & ~pl.col("item").is_in([2, 4]))
    assert {place["item"] for place in answer["items"]} == set(left["item"])


def test_what_rules_cost(call, log, tmp_path):
    events, items = tmp_path / "events.csv", tmp_path / "items.csv"
    log.frame().drop("row").write_csv(events)
    log.item_table.write_csv(items)
    path = tmp_path / "rules.toml"
    path.write_text('exclude = {where = "stock == 0"}\nat_most = {column = "brand", n = 3}')
    words = ("compare", events, "--items", items, "-m", "ease", "--metric", "ndcg@5")
    result = call(*words, "--rules", path, "--replicates", 50)
    assert result.exit_code == 0, result.stderr
    assert "What the rules cost and bring (rules.toml)" in result.stdout
    assert "With rules.toml the lists of " in result.stdout
    assert f"--rules {path}" in result.stderr
    answer = json.loads(call(*words, "--rules", path, "--replicates", 50, "--json").stdout)
    assert {cost["model"] for cost in answer["rule_costs"]["costs"]} >= {"ease", "popular"}
    in_turn = (*words, "--rules", path, "--split", "k-fold", "--folds", 2, "--replicates", 50)
    folds = call(*in_turn)
    assert folds.exit_code == 0, folds.stderr
    assert "What the rules cost and bring (rules.toml)" in folds.stdout
    assert " over 2 folds have ndcg@5 " in folds.stdout
    costs = json.loads(call(*in_turn, "--json").stdout)["rule_costs"]
    assert (costs["unit"], costs["rounds"]) == ("fold", 2)
    path.write_text("[price]\nmax = 3")
    refused = call(*words, "--rules", path)
    assert refused.exit_code == 1
    assert "[price]: the items have no column 'price'" in refused.stderr

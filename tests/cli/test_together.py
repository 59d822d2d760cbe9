from __future__ import annotations

import json

import polars as pl
import pytest


@pytest.fixture
def orders(tmp_path):
    path = tmp_path / "orders.csv"
    lines = ["order_id,sku,product_name,quantity"]
    for order in range(12):
        lines += [f"{order},bread,Rye bread,1", f"{order},butter,Butter,2"]
        lines.append(f"{order},item{order % 4},Thing {order % 4},1")
    path.write_text("\n".join(lines))
    return path


def test_orders_without_customers(call, orders):
    result = call("together", orders, "-i", "bread")
    assert "Bought together with Rye bread" in result.stdout
    assert "Butter" in result.stdout
    answer = json.loads(call("together", orders, "-i", "bread", "-k", 1, "--json").stdout)
    (one,) = answer["lists"]
    assert one["item"] == "bread"
    assert one["together"][0]["baskets"] == 12


def test_all_pairs_in_a_file(call, orders, tmp_path):
    path = tmp_path / "pairs.parquet"
    result = call("together", orders, "-o", path)
    found = pl.read_parquet(path)
    assert f"{len(found)} pairs in {path}" in result.stdout.replace("\n", "")
    assert set(found["item"]) == {"bread", "butter", *(f"item{n}" for n in range(4))}


def test_an_item_with_nothing_says_why(call, orders):
    with orders.open("a") as file:
        file.write("\n99,alone,Alone,1\n")
    answer = json.loads(call("together", orders, "-i", "alone", "--json").stdout)
    assert answer["lists"][0]["reason"].startswith("no other item is with it in 2 baskets")

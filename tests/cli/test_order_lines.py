"""A shop's export on the command line: from its lines to lists with titles."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"


@pytest.fixture
def retail(tmp_path: Path) -> Path:
    """Thirty customers of two countries who buy of ten products, and some cancellations."""
    lines = []
    for n in range(240):
        customer = "" if n % 8 == 0 else f"{17000 + n % 30}.0"
        item, country = (n % 5 + 5 * (n % 2 == 0)), "Germany" if n % 30 < 10 else "France"
        when = f"2011-{1 + n // 24:02d}-{1 + n % 24:02d} 10:00:00"
        title = f'"MUG, No {item}"'
        lines.append(
            f"{536000 + n},8512{item}A,{title},{1 + n % 3},{when},2.5,{customer},{country}"
        )
    lines.append('C537000,85121A,"MUG, No 1",-1,2011-12-01 10:00:00,2.5,17001.0,Germany')
    path = tmp_path / "retail.csv"
    path.write_text(HEADER + "\n".join(lines) + "\n")
    return path


def test_a_bundle_knows_titles_of_the_lines(call, retail, tmp_path):
    bundle = tmp_path / "bundle"
    result = call("train", retail, "-m", "item-knn", "-o", bundle)
    assert result.exit_code == 0, result.stderr
    assert "1 record is a cancellation" in result.stderr
    assert "30 events in 30 baskets have no user" in result.stderr
    lists = call("recommend", bundle, "--user", 17001, "-k", 3, "--json")
    (entry,) = json.loads(lists.stdout)["lists"]
    assert all(row["title"].startswith("MUG, No ") for row in entry["items"])


def test_conditions_and_kinds(call, retail, tmp_path):
    result = call("explore", retail, "--where", "Country == 'Germany'", "--where", "price < 5")
    assert result.exit_code == 0, result.stderr
    assert "the condition Country == 'Germany' dropped" in result.stderr
    refused = call("explore", retail, "--events", "view=1")
    assert refused.exit_code != 0
    assert "no column of kinds of events was recognised" in refused.stderr
    events = tmp_path / "events.csv"
    events.write_text("user,item,event\n1,a,view\n1,a,buy\n2,b,view\n")
    result = call("explore", events, "--events", "buy=2", "--json")
    assert json.loads(result.stdout)["summary"]["n_events"] == 1
    assert "the kinds buy=2 dropped 2 of 3 events: view (2)" in result.stderr


def test_baskets_alone(call, tmp_path):
    path = tmp_path / "order_products.csv"
    rows = [f"{order},{(order % 2) * 4 + n}" for order in range(30) for n in range(4)]
    path.write_text("order_id,product_id\n" + "\n".join(rows) + "\n")
    explored = call("explore", path, "-o", tmp_path / "page.html")
    assert explored.exit_code == 0, explored.stderr
    assert "120 events have no user, in 30 baskets" in explored.stdout
    alike = call("similar", path, "-i", 1, "-k", 3, "--json")
    assert "items are compared by the baskets they are in" in alike.stderr
    (entry,) = json.loads(alike.stdout)["lists"]
    assert {row["similar"] for row in entry["similar"]} == {0, 2, 3}
    refused = call("train", path, "-m", "ease", "-o", tmp_path / "bundle")
    assert refused.exit_code != 0
    assert "take each basket for a user with --user order_id" in refused.stderr
    trained = call("train", path, "--user", "order_id", "-m", "ease", "-o", tmp_path / "bundle")
    assert trained.exit_code == 0, trained.stderr

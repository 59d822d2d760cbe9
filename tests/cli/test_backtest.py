from __future__ import annotations

import json


def test_months_on_the_command_line(call, tmp_path):
    path = tmp_path / "orders.csv"
    rows = [
        (user, (user * 7 + month * day) % 11, f"2024-{month:02}-{day}")
        for month in range(1, 6)
        for day in (10, 20)
        for user in range(20)
    ]
    path.write_text("\n".join(["user,item,time", *(f"{u},{i},{t}" for u, i, t in rows)]))
    options = ("-m", "item-knn", "--periods", 2, "--repeats", "allowed", "--replicates", 50)
    page = tmp_path / "page.html"
    result = call("backtest", path, *options, "-o", page)
    assert "ndcg@10 of lists made at each month's start" in result.stdout
    assert page.exists()
    answer = json.loads(call("backtest", path, *options, "--json").stdout)
    assert [each["start"][:10] for each in answer["rounds"]] == ["2024-04-01", "2024-05-01"]
    assert answer["reproduce"].startswith("penchant backtest")
    rules = tmp_path / "rules.toml"
    rules.write_text("exclude = [3]")
    with_rules = call("backtest", path, *options, "--rules", rules)
    assert "over 2 months have ndcg@10 " in with_rules.stdout

from __future__ import annotations

import json
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.exploration.log_exploration import activity, explore, long_tail
from penchant.features.item_content import with_vectors
from penchant.reporting.pages.exploration import write_exploration


def log_of(n, *, ratings=True, times=True, table=None, **options):
    rng = np.random.default_rng(0)
    columns = {"user": rng.integers(0, 30, n), "item": (rng.random(n) ** 2 * 40).astype(int)}
    if ratings:
        columns["rating"] = rng.integers(1, 6, n).astype(float)
    if times:
        columns["time"] = [datetime(2021, 1, 1) + timedelta(hours=7 * i) for i in range(n)]
    return Dataset.from_frame(pl.DataFrame(columns), item_table=table, **options)


def test_activity_counts_everyone_in_doubling_steps():
    table = activity(np.array([0, 1, 1, 2, 3, 4, 5, 8, 9]))
    assert table.rows() == [(1, 1, 2), (2, 2, 1), (3, 4, 2), (5, 8, 2), (9, 16, 1)]
    assert activity(np.zeros(3, int)).height == 0


def test_the_long_tail_reaches_all_and_is_straight_for_equal_items():
    even = long_tail(np.full(50, 3))
    np.testing.assert_allclose(even["events"], even["items"], atol=1e-12)
    steep = long_tail(np.array([0, 97, 1, 1, 1]))
    assert steep["events"][25] == pytest.approx(0.97)
    assert steep["events"][100] == 1


def test_vectors_are_told_by_their_length_and_zeros_are_missing():
    log = log_of(400)
    vectors = np.ones((log.n_items, 3))
    vectors[:5] = 0
    found = explore(with_vectors(log, "picture", vectors)).columns
    row = found.row(by_predicate=pl.col("column") == "picture", named=True)
    assert (row["missing"], row["example"], row["distinct"]) == (5, "3 numbers", None)


def test_density_is_the_share_of_distinct_pairs():
    found = explore(log_of(400))
    log = log_of(400)
    pairs = log.events.select("user", "item").n_unique()
    counts = (log.user_counts > 0).sum(), (log.item_counts > 0).sum()
    assert found.density.shape == counts
    assert found.density.sum() == pairs
    assert found.density.max() <= 1
    assert found.density[0].sum() >= found.density[-1].sum()


def test_periods_without_events_count_as_zero():
    log = log_of(40)
    keep = np.ones(40, bool)
    keep[10:30] = False
    found = explore(log.subset(keep))
    assert found.period == "day"
    assert found.over_time["events"].sum() == 20
    assert (found.over_time["events"] == 0).any()
    gaps = found.over_time["start"].diff().drop_nulls().unique().to_list()
    assert gaps == [timedelta(days=1)]


def test_top_items_have_titles_means_and_genres():
    table = pl.DataFrame(
        {
            "item": range(45),
            "title": [f"T{i}" for i in range(44)] + [None],
            "genres": [["a", "b"] if i % 2 else ["a"] for i in range(44)] + [None],
        }
    )
    log = log_of(300, table=table)
    found = explore(log)
    first = found.top_items.row(0, named=True)
    mine = log.frame().filter(pl.col("item") == first["item"])
    assert first["title"] == f"T{first['item']}"
    assert first["events"] == len(mine) == log.item_counts.max()
    assert first["rating"] == pytest.approx(mine["rating"].mean())
    assert found.genres["genre"].to_list() == ["a", "b"]
    assert found.genres["events"][0] == 300
    columns = {(r["table"], r["column"]): r for r in found.columns.to_dicts()}
    assert columns["items", "title"]["missing"] == 1
    assert columns["items", "genres"]["distinct"] is None


@pytest.mark.parametrize("n", [0, 1, 5, 300])
@pytest.mark.parametrize("full", [True, False])
def test_any_log_gives_json_and_a_page(n, full, tmp_path):
    if n:
        log = log_of(n, ratings=full, times=full)
    else:
        empty = pl.DataFrame(schema={"user": pl.Int64, "item": pl.String})
        log = Dataset.from_frame(empty, name="<b>none</b>")
    found = explore(log)
    plain = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert plain["summary"]["n_events"] == n
    assert (plain["over_time"] is None) == (not full or n == 0)
    if n != 300:
        path = write_exploration(found, tmp_path / "explore.html")
        text = path.read_text(encoding="utf-8")
        assert "<b>none" not in text
        assert text.endswith("</html>\n") or text.endswith("</html>")


def test_missing_times_and_one_constant_rating():
    frame = pl.DataFrame(
        {
            "user": [1, 1, 2],
            "item": ["a", "b", "a"],
            "rating": [1.0, 1.0, 1.0],
            "time": [None, datetime(2020, 1, 1), None],
            "text": ["x", None, "y" * 100],
        }
    )
    found = explore(Dataset.from_frame(frame))
    assert found.over_time["events"].to_list() == [1]
    assert found.user_means["count"].sum() == 2
    columns = {r["column"]: r for r in found.columns.to_dicts()}
    assert columns["time"]["missing"] == 2
    assert columns["text"]["share"] == pytest.approx(1 / 3)
    assert "row" not in columns


def test_examples_have_the_digits_of_their_columns(tmp_path):
    frame = pl.DataFrame({"user": [1, 2], "item": [1, 1], "basket": [1, 2], "price": [3.61, 2.5]})
    exploration = explore(Dataset.from_frame(frame))
    columns = exploration.columns
    assert columns.filter(pl.col("column") == "price")["example"].to_list() == ["3.61"]
    page = write_exploration(exploration, tmp_path / "page.html").read_text()
    assert "<dt>baskets</dt><dd>2</dd>" in page

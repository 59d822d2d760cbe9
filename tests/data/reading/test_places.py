"""In which order events came, where a source has no times."""

import json
from itertools import pairwise

import polars as pl
import pytest

import penchant as pn


def ordered_histories(log):
    assert log.has_order
    items = pl.Series(log.items.take(log.histories.items)).to_list()
    return [items[a:b] for a, b in pairwise(log.histories.offsets)]


WANTED = [[9, 2, 5], [4, 9]]


def test_lists_of_json_parquet_and_frames_have_an_order_as_lines_have(tmp_path, notices):
    (tmp_path / "a.json").write_text(json.dumps({"1": WANTED[0], "2": WANTED[1]}))
    frame = pl.DataFrame({"user": [1, 2], "items": WANTED})
    frame.write_parquet(tmp_path / "a.parquet")
    frame.write_ndjson(tmp_path / "a.jsonl")
    (tmp_path / "a.txt").write_text("1 9 2 5\n2 4 9\n")
    for name in ("a.json", "a.parquet", "a.jsonl", "a.txt"):
        log = pn.read(tmp_path / name, layout="adjacency" if name == "a.txt" else None)
        assert ordered_histories(log) == WANTED, name
    assert ordered_histories(pn.read(frame)) == WANTED
    said = notices()
    assert "each entry of 'items' is an event, in the order of the list" in said
    assert "lists as items in order" in said


def test_a_user_of_several_lists_goes_on_in_the_next_one():
    frame = pl.DataFrame({"user": [1, 2, 1], "items": [[5, 4], [9], [3]]})
    assert ordered_histories(pn.read(frame, quiet=True)) == [[5, 4, 3], [9]]


@pytest.mark.parametrize(
    ("name", "values"), [("order_id", [7, 8]), ("time", ["2024-01-01", "2024-01-02"])]
)
def test_lists_of_baskets_and_of_times_say_no_order_within(name, values, notices):
    frame = pl.DataFrame({"user": [1, 2], "items": WANTED, name: values})
    assert pn.read(frame).events.columns.count("sequence_position") == 0
    assert "in the order of the list" not in notices()


def test_a_split_by_rows_says_that_these_are_the_order():
    frame = pl.DataFrame({"user": [1, 1, 1, 2], "item": [1, 2, 3, 4]})
    loose, ordered = pn.read(frame, quiet=True), pn.read(frame, order="rows", quiet=True)
    assert "the last event is the last row" in pn.split_leave_last_out(loose).sentence
    assert "row" not in pn.split_leave_last_out(ordered).sentence


@pytest.mark.parametrize("name", ["position", "order", "Event Order"])
def test_a_column_of_places_is_no_rating(name, notices):
    frame = pl.DataFrame({"user": [1, 1, 2, 2], "item": [1, 2, 3, 4], name: [2, 1, 1, 2]})
    pn.read(frame)
    said = notices()
    assert f"{name}, by its name the order of events, plays no part" in said
    assert "rating" not in said
    pn.read(frame, order="rows")
    assert "plays no part" not in notices()

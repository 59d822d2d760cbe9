from __future__ import annotations

import polars as pl

from penchant.data.reading.id_lists import last_mentions, split_ids
from penchant.data.vocabulary import Vocabulary


def test_an_id_that_is_given_twice_counts_where_it_stands_last(tmp_path):
    known = Vocabulary(pl.Series([3, 5, 7]), noun="item")
    assert split_ids(known, ["3,5,3"]) == ["5", "3"]
    path = tmp_path / "ids"
    path.write_text("5\n7\n5\n")
    assert split_ids(known, ["7", "3", f"@{path}"]) == ["3", "7", "5"]
    assert last_mentions(["a", "b", "a", "c", "b"]) == ["a", "c", "b"]
    assert last_mentions([]) == []

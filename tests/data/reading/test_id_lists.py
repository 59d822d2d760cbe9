from __future__ import annotations

import polars as pl
import pytest

from penchant.data.reading.id_lists import last_mentions, split_ids
from penchant.data.vocabulary import Vocabulary
from penchant.errors import DataError


def test_an_id_that_is_given_twice_counts_where_it_stands_last(tmp_path):
    known = Vocabulary(pl.Series([3, 5, 7]), noun="item")
    assert split_ids(known, ["3,5,3"]) == ["5", "3"]
    path = tmp_path / "ids"
    path.write_text("5\n7\n5\n")
    assert split_ids(known, ["7", "3", f"@{path}"]) == ["3", "7", "5"]
    assert last_mentions(["a", "b", "a", "c", "b"]) == ["a", "c", "b"]
    assert last_mentions([]) == []


def test_a_list_that_is_not_utf8_is_to_be_saved_so_since_no_option_says_its_encoding(tmp_path):
    path = tmp_path / "ids.csv"
    path.write_bytes("Größe\n".encode("cp1252"))
    with pytest.raises(DataError, match=r"0xF6 in line 1 is not UTF-8; save it as UTF-8\.$"):
        split_ids(Vocabulary(pl.Series(["Größe"]), noun="item"), [f"@{path}"])

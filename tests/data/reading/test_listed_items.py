"""Lists of items in the cells of a column, which are no items."""

import re

import polars as pl
import pytest

import penchant as pn
from penchant.errors import DataError

_RECBOLE = (
    "session_id:token\titem_id_list:token_seq\titem_id:token\n1\t5 6 7\t8\n2\t5\t9\n3\t1 2\t4\n"
)


def test_the_history_of_a_sequential_atomic_file_is_not_dropped(write):
    path = write(_RECBOLE, "x.inter")
    with pytest.raises(DataError, match=r"beside the single items of .*--layout sequences"):
        pn.read(path)
    assert len(pn.read(path, item="item_id:token", quiet=True)) == 3  # the targets alone


def test_a_folder_of_atomic_files_is_no_other(write):
    path = write(_RECBOLE.replace("session_id", "user_id"), "x.inter")
    with pytest.raises(DataError, match="--layout sequences"):
        pn.read(path.parent)


def test_lists_beside_items_are_refused_in_frames_too():
    frame = pl.DataFrame({"user": [1, 2], "item_id_list": [[1, 2], [3]], "item_id": [4, 5]})
    with pytest.raises(DataError, match="'item_id_list' has lists of items"):
        pn.read(frame)


_LISTS = pl.DataFrame({"user": [1, 2], "items": [[3, 4], [5]], "ratings": [[5, 4], [3]]})


def test_lists_of_items_and_ratings_go_together():
    log = pn.read(_LISTS)
    assert log.frame().select("user", "item", "rating").rows() == [(1, 3, 5), (1, 4, 4), (2, 5, 3)]
    as_frame = _LISTS.with_columns(ratings=pl.Series([[5, 4], [3, 2]]))
    with pytest.raises(DataError, match=r"'items' and 'ratings' have different lengths"):
        pn.read(as_frame)
    assert len(pn.read(as_frame, rating=False, quiet=True)) == 3


@pytest.mark.parametrize("options", [{}, {"item": "things", "rating": "stars"}, {"item": "items"}])
def test_lists_side_by_side_are_to_be_exploded_at_once(options):
    frame = _LISTS.rename({"items": options.get("item", "item"), "ratings": "stars"})
    lists = [options.get("item", "item"), "stars"]
    with pytest.raises(DataError, match=re.escape(f"frame.explode({lists})")):
        pn.read(frame, **options)
    assert len(pn.read(frame.explode(lists), quiet=True, **options)) == 3


@pytest.mark.parametrize("options", [{}, {"item": "items"}, {"user": "user", "item": "items"}])
@pytest.mark.parametrize("cell", ["1 2 3", "1|2|3", '"[1, 2, 3]"', '"i1,i2"', "\"['1', '2']\""])
def test_texts_with_lists_are_no_items(write, cell, options):
    path = write(f"user,items\nann,{cell}\nbob,{cell}\n")
    with pytest.raises(DataError, match=r"'items' has lists of items.*one row per event.*explode"):
        pn.read(path, **options)


@pytest.mark.parametrize(
    "content",
    [
        "user,item\nann,1 2\nbob,3 4\n",  # ids with blanks
        "user,item,artists\nann,1,2 3\nbob,3,4 5\n",
        "user,item_id,items\nann,1,2\nbob,3,4\n",
        "user,item,genres\nann,1,2 3\nbob,3,4 5\n",
        "user,movies\nann,Blade Runner\nbob,Alien 3\n",
    ],
)
def test_other_columns_may_have_blanks(write, content):
    item = {"item": "movies"} if "movies" in content else {}
    assert len(pn.read(write(content), quiet=True, **item)) == 2

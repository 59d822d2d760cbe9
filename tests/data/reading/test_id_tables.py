from __future__ import annotations

import logging

import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.data.reading.id_tables import with_table
from penchant.data.reading.log_reader import read, read_table
from penchant.errors import DataError

EVENTS = pl.DataFrame(
    {
        "user": [1, 1, 2, 3],
        "item": [30, 10, 20, 10],
        "rating": [1.0, 2.0, 3.0, 4.0],
        "note": list("abcd"),
    }
)


@pytest.fixture
def log():
    return Dataset.from_frame(EVENTS, name="log", scale=(1, 5))


def joined(log, tmp_path, text, noun="item"):
    path = tmp_path / f"{noun}s.csv"
    path.write_text(text)
    return with_table(log, read_table(path, noun, log))


def test_a_table_joins_and_brings_new_items(log, tmp_path, notices):
    text = "id,title,genres\n10,Ten,Comedy|Drama\n40,Forty,Drama\n20,Twenty,\n"
    found = joined(log, tmp_path, text)
    assert found.item_table.rows() == [
        (10, "Ten", ["Comedy", "Drama"]),
        (20, "Twenty", None),
        (30, None, None),
        (40, "Forty", ["Drama"]),
    ]
    assert found.frame().equals(log.frame())
    assert (found.name, found.scale, found.origin) == (log.name, log.scale, log.origin)
    assert notices() == (
        "items.csv: 2 of the log's 3 items and 1 new, known by 'id', with title, genres.\n"
    )


@pytest.mark.parametrize(
    ("columns", "renamed"),
    [
        ("id,name,year", "name"),
        ("id,Product Name,year", "Product Name"),
        ("id,Bezeichnung,year", "Bezeichnung"),
        ("id,Artikelbezeichnung,year", "Artikelbezeichnung"),
        ("id,description,year", None),
        ("id,title,name", None),
        ("id,label,year", None),
    ],
)
def test_names_of_items_are_their_titles(log, tmp_path, notices, columns, renamed):
    found = joined(log, tmp_path, f"{columns}\n10,Ten,1990\n20,Twenty,2000\n")
    said = f"items.csv: {renamed!r} is the title of items; to override call another so.\n"
    assert (said in notices()) == (renamed is not None)
    if renamed is None:
        assert columns.split(",")[1] in found.item_table.columns
    else:
        assert found.titles([0, 1, 2]) == ["Ten", "Twenty", "30"]


def test_a_log_with_titles_keeps_them(log, tmp_path):
    first = joined(log, tmp_path, "item,title\n10,Ten\n")
    both = joined(first, tmp_path, "item,name\n10,Tenth\n")
    assert both.titles([0]) == ["Ten"]
    assert both.item_table["name"].to_list() == ["Tenth", None, None]
    people = joined(log, tmp_path, "user,name\n1,Ann\n", "user")
    assert people.user_table.columns == ["user", "name"]


def test_a_second_table_stands_beside_the_first(log, tmp_path):
    first = joined(log, tmp_path, "item,year\n10,1990\n50,2000\n")
    both = joined(first, tmp_path, "item,title\n30,Thirty\n50,Fifty\n60,Sixty\n")
    assert both.item_table.rows() == [
        (10, 1990, None),
        (20, None, None),
        (30, None, "Thirty"),
        (50, 2000, "Fifty"),
        (60, None, "Sixty"),
    ]
    people = joined(both, tmp_path, "user,age\n3,44\n9,7\n", "user")
    assert people.user_table.rows() == [(1, None), (2, None), (3, 44), (9, 7)]
    assert people.item_table.equals(both.item_table)
    assert people.events["rating"].to_list() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("title,year,id\nA,1,10\nB,2,20\n", "id"),  # not the title
        ("year,movieId\n10,20\n1991,30\n", "movieId"),
        ("code,words\n10,a\n20,b\n", "code"),  # no usual name: the first
        ("id,movieId,x\n1,10,a\n2,20,b\n", "movieId"),
        ("id,movieId,x\n10,777,a\n20,888,b\n", "id"),  # that of another catalogue
    ],
)
def test_which_column_has_the_ids(log, tmp_path, text, column):
    path = tmp_path / "items.csv"
    path.write_text(text)
    assert read_table(path, "item", log).column == column


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ({"movieId": [10.0, 20.0, None], "id": [1, 2, 30]}, "movieId"),
        ({"movieId": [10.5, 20.5, 30.5], "id": [10, 20, 30]}, "id"),
        ({"item": ["Widget", "Gadget"], "id": [10, 20]}, "id"),
    ],
)
def test_whole_numbers_and_names_are_told_by_the_logs_ids(log, table, column):
    found = read_table(pl.DataFrame(table), "item", log)
    assert found.column == column
    assert {10, 20} <= set(found.frame["item"])
    own = read(EVENTS, item_table=pl.DataFrame(table), quiet=True)
    assert set(own.items.ids) == {10, 20, 30}


def test_the_name_that_the_log_has_for_it_counts_first(tmp_path):
    events, items = tmp_path / "events.csv", tmp_path / "items.csv"
    events.write_text("who,Work,stars\nx,10,1\ny,20,2\n")
    items.write_text("id,work\n20,10\n10,20\n")
    log = read(events, user="who", item="Work", rating="stars", item_table=items, quiet=True)
    assert log.item_table.rows() == [(10, 20), (20, 10)]
    assert read_table(items, "item", log).column == "work"


def test_ids_of_two_types_become_texts(log, tmp_path):
    found = joined(log, tmp_path, "item,title\n10,Ten\nx5,Five\n")
    assert found.items.ids.to_list() == ["10", "20", "30", "x5"]
    assert found.item_table["title"].to_list() == ["Ten", None, None, "Five"]
    assert found.frame()["item"].to_list() == ["30", "10", "20", "10"]


def test_a_bar_makes_lists_of_labels_alone(log, tmp_path):
    rows = [(10, "a | b", "http://x.org/a|b"), (20, "c", "http://x.org/c|d"), (30, "d", "")]
    text = "item,plot,image\n" + "".join(f"{','.join(map(str, row))}\n" for row in rows)
    types = joined(log, tmp_path, text).item_table.schema
    assert types["plot"] == types["image"] == pl.String


@pytest.mark.parametrize("column", ["title", "name"])
def test_titles_with_bars_stay_whole(log, tmp_path, column):
    text = f"item,{column},genres\n10,Lego|Star Wars,a|b\n20,A|B,c\n30,Plain,d\n"
    found = joined(log, tmp_path, text)
    assert found.titles() == ["Lego|Star Wars", "A|B", "Plain"]
    assert found.item_table["genres"].to_list() == [["a", "b"], ["c"], ["d"]]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("id,t\n10,a\n10,b\n", "has the item 10 more than once in the column 'id'"),
        ("id,t\nx1,a\nx2,b\n", "none of its item ids, such as 'x1' in the column 'id', is in"),
        ("title,id\nA,77\nB,78\n", "such as 77 in the column 'id', is in the log 'log'"),
    ],
)
def test_a_table_that_does_not_fit(log, tmp_path, text, sentence):
    with pytest.raises(DataError, match=sentence):
        joined(log, tmp_path, text)


def test_no_column_is_overwritten(log, tmp_path):
    first = joined(log, tmp_path, "id,title,year\n10,Ten,1990\n")
    with pytest.raises(DataError, match="both have year, title: take out or rename"):
        joined(first, tmp_path, "id,year,title\n10,1991,Zehn\n")


def test_a_table_without_rows_or_a_folder_without_tables(log, tmp_path):
    path = tmp_path / "none.parquet"
    pl.DataFrame({"item": [], "title": []}, {"item": pl.Int64, "title": pl.String}).write_parquet(
        path
    )
    with pytest.raises(DataError, match="has no item"):
        with_table(log, read_table(path, "item", log))
    folder = tmp_path / "nothing"
    folder.mkdir()
    (folder / "README.md").write_text("none")
    with pytest.raises(
        DataError, match=r"nothing' has no CSV.*a file or folder with a row per item"
    ):
        read_table(folder, "item", log)


def test_a_table_in_several_files(log, tmp_path, caplog):
    folder = tmp_path / "items"
    (folder / "shelf=a").mkdir(parents=True)
    (folder / "shelf=b").mkdir()
    first, second = folder / "shelf=a" / "part-1.csv", folder / "shelf=b" / "part-2.csv"
    first.write_text("id,title\n10,Zehn\n")
    second.write_text("id,title\n20,Zwanzig\n99,Neu\n")
    (folder / "README.md").write_text("what this is")
    with caplog.at_level(logging.WARNING):
        whole = with_table(log, read_table(folder, "item", log))
    assert "read 2 files as parts of one table; README.md is no part by name" in caplog.text
    table = dict(whole.item_table.drop_nulls("title").select("item", "shelf").iter_rows())
    assert table == {10: "a", 20: "b", 99: "b"}
    for source in (str(folder / "*" / "*.csv"), [first, second]):
        again = with_table(log, read_table(source, "item", log))
        assert again.item_table.sort("item").equals(whole.item_table.sort("item"))
    (folder / "shelf=b" / "part-3.csv").write_text("id,title\n10,Nochmals\n")
    with pytest.raises(DataError, match="has the item 10 more than once"):
        with_table(log, read_table(folder, "item", log))
    second.write_text("id,name\n20,Zwanzig\n")
    with pytest.raises(DataError, match="has other columns than"):
        read_table(folder, "item", log)


def test_ids_that_lost_their_zeros_are_named_where_others_match(tmp_path, caplog):
    log, table = tmp_path / "loans.csv", tmp_path / "books.csv"
    log.write_text("user,isbn\n1,0071\n1,0072\n2,1073\n2,1074\n")
    table.write_text("isbn,title\n71,A\n72,B\n1073,C\n2000,D\n")
    said = (
        "books.csv: of 3 new items 2, such as '71', probably are the log's own, for on one side "
        "they are written with zeros in front: write them alike."
    )
    read(log, item_table=table)
    assert said in caplog.messages
    caplog.clear()
    read_table(table, "item", read(log))
    assert said in caplog.messages
    caplog.clear()
    table.write_text("isbn,title\n0071,A\n0072,B\n1073,C\n2000,D\n")
    read(log, item_table=table)
    assert "probably" not in caplog.text

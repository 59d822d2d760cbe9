from __future__ import annotations

import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.data.images import address_file, image_addresses, is_address_file
from penchant.errors import DataError, ParameterError


def log_with(**columns) -> Dataset:
    n = len(next(iter(columns.values())))
    table = pl.DataFrame({"item": list(range(1, n + 1)), **columns})
    events = pl.DataFrame({"user": [1] * n, "item": list(range(1, n + 1))})
    return Dataset.from_frame(events, item_table=table, name="shop")


@pytest.mark.parametrize(
    ("name", "values", "wanted"),
    [
        ("image", ["http://a/1.jpg ", "", None], [["http://a/1.jpg"], [], []]),
        (
            "imageURLHighRes",
            [["https://a/1", "https://a/1", None, "https://a/2"], [], None],
            [["https://a/1", "https://a/2"], [], []],
        ),
        (
            "imageURL",
            ['["http://a/1.jpg","http://a/2.jpg"]', "[]", None],
            [["http://a/1.jpg", "http://a/2.jpg"], [], []],
        ),
        (
            "images",
            [
                [{"hi_res": None, "large": "https://a/l"}, {"hi_res": "https://a/h", "large": "x"}],
                [],
                None,
            ],
            [["https://a/l", "https://a/h"], [], []],
        ),
        (
            "images",
            [
                {"hi_res": ["https://a/3"], "large": ["https://a/4"]},
                {"hi_res": [None, None], "large": ["https://a/1", "https://a/2"]},
                None,
            ],
            [["https://a/3"], ["https://a/1", "https://a/2"], []],
        ),
        ("Poster", ["https://a/1", None, "file:///x"], [["https://a/1"], [], ["file:///x"]]),
        ("anything", ["https://a/1.PNG?w=3", None, None], [["https://a/1.PNG?w=3"], [], []]),
    ],
)  # fmt: skip
def test_columns_are_guessed(name, values, wanted):
    log = log_with(title=["x", "y", "z"], page=["https://a/x.html"] * 3, **{name: values})
    found = image_addresses(log)
    assert found["item"].to_list() == [1, 2, 3]
    assert found["urls"].to_list() == wanted
    assert found.schema["urls"] == pl.List(pl.String)


def test_the_largest_form_wins():
    log = log_with(
        image_s=["http://a/s.jpg"], image_m=["http://a/m.jpg"], image_l=["http://a/l.jpg"]
    )
    assert image_addresses(log)["urls"].to_list() == [["http://a/l.jpg"]]
    assert image_addresses(log, "image_s")["urls"].to_list() == [["http://a/s.jpg"]]


def test_a_telling_name_without_addresses_is_passed_over():
    log = log_with(image=["red", "blue"], shown=["http://a/1.jpg", "http://a/2.jpg"])
    assert image_addresses(log)["urls"].to_list() == [["http://a/1.jpg"], ["http://a/2.jpg"]]


def test_logs_without_addresses():
    with pytest.raises(DataError, match="has no item table"):
        image_addresses(Dataset.from_frame(pl.DataFrame({"user": [1], "item": [1]})))
    with pytest.raises(DataError, match="--column"):
        image_addresses(log_with(title=["x"], page=["http://a/b.html"]))
    with pytest.raises(ParameterError, match="'cover', only title"):
        image_addresses(log_with(title=["x"]), "cover")


@pytest.mark.parametrize("heading", ["", "item{s}address\n"])
@pytest.mark.parametrize("separator", [",", "\t", ";", "|", " "])
def test_a_file_of_two_columns(tmp_path, heading, separator):
    path = tmp_path / "urls.txt"
    rows = ["2{s}http://a/2.jpg", "1{s}https://a/1.jpg", "2{s}http://a/3.jpg", "9{s}http://a/9"]
    path.write_text((heading + "\n".join(rows)).replace("{s}", separator))
    assert is_address_file(path)
    assert address_file(path).rows() == [
        ("2", ["http://a/2.jpg", "http://a/3.jpg"]), ("1", ["https://a/1.jpg"]), ("9", ["http://a/9"]),
    ]  # fmt: skip
    found = address_file(path, log_with(title=["x", "y", "z"]))
    assert found.rows() == [
        (1, ["https://a/1.jpg"]), (2, ["http://a/2.jpg", "http://a/3.jpg"]), (3, []),
    ]  # fmt: skip


def test_cells_that_are_no_address_stay_in_the_list(tmp_path):
    path = tmp_path / "urls.csv"
    path.write_text(
        'item,address\n1,http://a/1.jpg\n2,n/a\n3,\n4\n5,"not, available"\n6,http://a/6,s.jpg\n'
    )
    assert is_address_file(path)
    assert address_file(path).rows() == [
        ("1", ["http://a/1.jpg"]), ("2", ["n/a"]), ("3", []), ("4", []), ("5", ["not, available"]),
        ("6", ["http://a/6,s.jpg"]),
    ]  # fmt: skip


def test_few_addresses_are_enough_where_the_file_is_named(tmp_path):
    path = tmp_path / "urls.csv"
    path.write_text("1,n/a\n2,-\n3,http://a/3.jpg\n")
    assert not is_address_file(path)  # may be a log whose third item is an address
    assert address_file(path).rows() == [("1", ["n/a"]), ("2", ["-"]), ("3", ["http://a/3.jpg"])]


def test_a_telling_column_may_have_few_addresses():
    log = log_with(image=["http://a/1.jpg", "n/a", "0"], title=["x", "y", "z"])
    assert image_addresses(log)["urls"].to_list() == [["http://a/1.jpg"], ["n/a"], ["0"]]


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (["http://a/1.jpg", "[1, 2]", "[abc", "{"], [["http://a/1.jpg"], [], [], []]),
        ([1, 2], [["1"], ["2"]]),
        ([{"hi_res": 1}, {"hi_res": 2}], [[], []]),
        ([{"x": "http://a"}, None], [[], []]),
        ([[{"x": "http://a"}], []], [[], []]),
        ([[1, None], [2]], [["1"], ["2"]]),
    ],
)
def test_cells_of_any_kind_are_read(values, wanted):
    assert image_addresses(log_with(image=values), "image")["urls"].to_list() == wanted


@pytest.mark.parametrize("text", ["", "1,2\n3,4\n", "1,2,http://a/1.jpg\n"])
def test_other_files_are_none(tmp_path, text):
    path = tmp_path / "ratings.csv"
    path.write_text(text)
    assert not is_address_file(path)
    with pytest.raises(DataError, match="two columns"):
        address_file(path)


def test_bytes_and_other_items(tmp_path):
    path = tmp_path / "urls.csv"
    path.write_bytes(b"\xff\xfe\x00,http://")
    assert not is_address_file(path)
    assert not is_address_file(tmp_path)
    path.write_text("77,http://a/1.jpg\n")
    with pytest.raises(DataError, match="names no item of 'shop'"):
        address_file(path, log_with(title=["x"]))
    with pytest.raises(DataError, match="cannot be read"):
        address_file(tmp_path / "none.csv")


@pytest.mark.mirror
def test_gift_cards_have_addresses(mirror):
    from penchant.data.sources import load

    found = image_addresses(load("amazon-2018/Gift_Cards", mirror=mirror))
    lengths = found["urls"].list.len()
    assert len(found) == 1547
    assert (lengths > 0).sum() == 660
    assert found["urls"].explode().drop_nulls().str.starts_with("https://images-na.").all()

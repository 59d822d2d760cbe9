from __future__ import annotations

import gzip
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

import penchant as pn
from penchant.data.fetching.locate import locate
from penchant.data.sources import amazon, fetch
from penchant.data.sources.amazon import files as amazon_files
from penchant.errors import DataError, DownloadError, ParameterError
from support import amazon_files as made


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """A folder of the release of 2018."""
    return made.write(
        tmp_path / "Digital_Music",
        {
            "Digital_Music.json.gz": made.REVIEWS_2018,
            "meta_Digital_Music.json.gz": made.PRODUCTS_2018,
        },
    )


def test_reviews_of_2018(music):
    log = amazon.read(music)
    assert log.name == "Digital_Music"
    assert log.scale == (1, 5)
    first, second, third, fourth = log.frame().to_dicts()
    assert first["user"] == "A1"
    assert first["time"] == datetime(2015, 9, 7)
    assert first["weekday"] == 0  # a Monday
    assert (first["verified"], first["style"]) == (True, "Audio CD")
    assert first["text"] == "Great &amp; <br />LOUD!!! don't miss"
    assert second["votes"] == 1204
    assert second["style"] == "Vinyl"
    assert second["styles"] == '{"Format:": " Vinyl", "Size:": " 12\\""}'
    assert third["text"] == "😀 great"
    assert (third["style"], third["votes"]) == (None, 0)
    assert fourth["text"] is None
    assert log.events["row"].to_list() == [1, 2, 3, 4]
    assert log.origin.skipped is None
    assert log.origin.columns["user"] == "reviewerID"


def test_metadata_are_cleaned(music):
    log = amazon.read(music)
    table = {row["item"]: row for row in log.item_table.to_dicts()}
    rock = table["B001"]
    assert rock["title"] == "Rock & Roll (Live)"
    assert (rock["price"], rock["rank"], rock["rank_in"]) == (13.01, 58291, "CDs & Vinyl")
    assert rock["brand"] == "the band"
    assert rock["also_buy"] == ["B002", "B003"]
    assert (rock["buy_count"], rock["view_count"]) == (2, 0)
    assert rock["categories"] == ["CDs & Vinyl", "Rock"]
    assert rock["images"] == ["https://example.org/h.jpg"]
    assert rock["description"] == "a b"
    plain = table["B002"]
    assert (plain["price"], plain["brand"]) == (None, None)
    assert (plain["rank"], plain["rank_in"]) == (2893775, "Toys & Games")
    assert table["B003"]["title"] is None
    assert table["B003"]["rank"] is None
    assert table["B404"]["title"] is None  # reviewed, and unknown to the metadata
    report = log.origin.cleaned
    assert report["products"].left_out == 1
    assert report["price"].left_out == 2
    assert ("$10.00 - $20.00", None) in report["price"].examples
    assert report["title"].left_out == 1
    assert any("does not know 1 of the 3 reviewed items" in note for note in log.origin.notes)


def test_the_release_of_2014_with_python_literals(tmp_path):
    folder = made.write(
        tmp_path / "Musical_Instruments",
        {
            "reviews_Musical_Instruments_5.json": made.REVIEWS_2014,
            "meta_Musical_Instruments.json.gz": made.PRODUCTS_2014,
        },
    )
    log = amazon.read(folder)
    assert log.origin.release == "2014"
    assert log.events["votes"].to_list() == [13, 0]
    assert "verified" not in log.events.columns
    row = log.item_table.row(0, named=True)
    assert row["item"] == "1384719342"
    assert row["title"] == 'Don\'t "Stop"'
    assert (row["price"], row["rank"], row["rank_in"]) == (12.5, 94593, "Musical Instruments")
    assert row["also_buy"] == ["B1", "B2"]
    assert row["categories"] == ["Music", "Guitars", "Other"]
    assert row["images"] == ["http://example.org/i.jpg"]
    assert log.n_items == 2
    assert any("2 lines read as Python literals" in note for note in log.origin.notes)
    # A file of reviews finds its metadata beside it.
    alone = amazon.read(folder / "reviews_Musical_Instruments_5.json")
    assert alone.item_table["title"][0] == 'Don\'t "Stop"'


def test_the_release_of_2023(tmp_path):
    folder = made.write(
        tmp_path,
        {
            "All_Beauty.jsonl.gz": made.REVIEWS_2023,
            "meta_All_Beauty.jsonl": made.PRODUCTS_2023,
        },
    )
    log = amazon.read(folder)
    assert log.origin.release == "2023"
    row = log.frame().row(0, named=True)
    assert (row["user"], row["item"], row["variant"]) == ("U1", "P1", "B00YQ6X8EO")
    assert row["time"] == datetime(2020, 5, 5, 14, 8, 48, 923000)
    assert (row["summary"], row["verified"], row["votes"]) == ("Such a lovely scent", True, 7)
    table = log.item_table
    assert table["price"].to_list() == [24.99, None]
    assert table["brand"].to_list() == ["howard", None]
    assert table["categories"].to_list() == [["All Beauty"], ["A"]]
    assert table["images"][0].to_list() == ["https://example.org/l.jpg"]


def test_without_a_format_style_is_what_most_reviews_have(tmp_path):
    reviews = [
        made.REVIEWS_2018[0] | {"style": {"Size:": " L", "Color:": " Red"}},
        made.REVIEWS_2018[1] | {"style": {"Color:": " Blue"}},
    ]
    log = amazon.read(made.write(tmp_path, {"x.json": reviews}))
    assert log.events["style"].to_list() == ["Red", "Blue"]
    assert any("style is the Color" in note for note in log.origin.notes)


def test_bad_lines_are_listed_with_their_numbers(tmp_path):
    good = made.lines(made.REVIEWS_2018).splitlines()
    bad = [
        good[0],
        b"",
        b'{"overall": 5.0, "reviewerID"',
        good[1].replace(b'"Broken', b'"Caf\xe9 broken'),
        b"[1, 2]",
        good[2].replace(b"\\ud83d\\ude00", b"\\ud83d"),
        good[3].replace(b'"A3"', b'""'),
        good[3].replace(b"3.0", b'"three"'),
        b"\0\1\2",
        good[3],
    ]
    log = amazon.read(
        made.write(tmp_path, {"x.json.gz": b"\r\n".join(bad) + b"\r\n"}) / "x.json.gz"
    )
    skipped = log.origin.skipped
    assert skipped["row"].to_list() == [3, 5, 7, 8, 9]
    problems = dict(skipped.select("row", "problem").iter_rows())
    assert problems[3].startswith("not JSON")
    assert problems[5] == "not a JSON object"
    assert (problems[7], problems[8]) == ("no user", "no finite rating")
    assert set(skipped["file"]) == {"x.json.gz"}
    assert log.events["row"].to_list() == [1, 4, 6, 10]
    assert log.events["text"][1] == "Café broken on arrival, awful"
    assert log.events["text"][2] == "\ufffd great"
    assert log.origin.repaired["row"].to_list() == [4, 6]
    assert pn.check(log)["skipped"].count == 5


def test_every_line_of_a_large_file_is_accounted_for(tmp_path, monkeypatch):
    monkeypatch.setattr("penchant.data.sources.amazon.lines._FEW", 2000)
    n = 5000
    good = made.lines(made.REVIEWS_2018[:1]).strip()
    all_lines = [good] * n
    broken = {17, 2000, 2001, n - 1}
    for at in broken:
        all_lines[at] = b"{broken"
    path = made.write(tmp_path, {"x.json": b"\n".join(all_lines)}) / "x.json"
    monkeypatch.setattr(
        "penchant.data.sources.amazon.blocks.Blocks.__init__.__defaults__", (70_000,)
    )
    log = amazon.read(path)
    assert set(log.origin.skipped["row"]) == {at + 1 for at in broken}
    rows = [at + 1 for at in range(n) if at not in broken]
    assert log.events["row"].to_list() == rows


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.95])
def test_a_cut_file_is_read_as_far_as_it_is_good(tmp_path, cut, notices):
    many = b"".join(
        made.lines([r | {"reviewerID": f"A{n}", "reviewText": f"{n * 7919 % 10007} {n}"}])
        for n in range(3000)
        for r in made.REVIEWS_2018[:1]
    )
    whole = gzip.compress(many)
    path = tmp_path / "x.json.gz"
    path.write_bytes(whole[: int(cut * len(whole))])
    log = amazon.read(path)
    assert 0 < len(log) < 3000
    assert log.users.ids.sort().to_list() == sorted(f"A{n}" for n in range(len(log)))
    assert len(log.origin.skipped) <= 1
    assert any("stop before their end" in note for note in log.origin.notes)
    assert "read as far as it is good" in notices()


def test_damaged_and_concatenated_gzip(tmp_path):
    one, two = (gzip.compress(made.lines(made.REVIEWS_2018[n : n + 2])) for n in (0, 2))
    path = tmp_path / "x.json.gz"
    path.write_bytes(one + two)
    assert len(amazon.read(path)) == 4
    path.write_bytes(one + b"rubbish")
    log = amazon.read(path)
    assert len(log) == 2
    assert any("no gzip" in note for note in log.origin.notes)
    path.write_bytes(one[:-6] + b"\0\0" + one[-4:])  # a wrong check sum
    assert len(amazon.read(path)) == 2
    assert any("damaged" in note for note in amazon.read(path).origin.notes)


def test_folders_and_files_are_recognised(music, tmp_path):
    assert amazon.can_read(music)
    assert amazon.can_read(music / "Digital_Music.json.gz")
    other = made.write(tmp_path / "other", {"log.jsonl": '{"user": 1, "item": 2}\n'})
    assert not amazon.can_read(other)
    assert not amazon.can_read(other / "log.jsonl")
    with pytest.raises(DataError, match="metadata of products"):
        amazon.read(music / "meta_Digital_Music.json.gz")
    with pytest.raises(DataError, match="no file of Amazon's reviews"):
        amazon.read(other)
    made.write(music, {"Other.json": made.REVIEWS_2018, "Digital_Music_5.json": made.REVIEWS_2018})
    assert amazon_files.files_of(music).reviews.name == "Digital_Music.json.gz"
    made.write(other, {"a.json": made.REVIEWS_2018, "b.json": made.REVIEWS_2018})
    with pytest.raises(DataError, match=r"several files of reviews \(a.json, b.json\)"):
        amazon.read(other)


def test_titles_stand_in_for_metadata(tmp_path):
    titles = """{"product_details": [
        {"asin": "B001", "productName": " Boys&#39;  Socks\\n"},
        {"asin": "B002", "title": "Red hat"},
        {"asin": "B003", "productName": "?"},
        {"asin": "B777", "productName": "Nobody reviewed this"},
        {"productName": "no id"}, 3
    ]}"""
    folder = made.write(tmp_path, {"a.json": made.REVIEWS_2018, "product_titles.json": titles})
    log = amazon.read(folder)
    table = {row["item"]: row["title"] for row in log.item_table.to_dicts()}
    assert table["B001"] == "Boys' Socks"
    assert "B777" not in table
    assert set(table) == set(log.items.ids)
    made.write(tmp_path, {"meta_a.json": made.PRODUCTS_2018})
    assert "price" in amazon.read(folder).item_table.columns  # metadata come first


@pytest.mark.parametrize("text", ["{", "[]", '{"a": [], "b": []}', '[{"asin": 1, "title": "x"}]'])
def test_a_damaged_file_of_titles_is_named(tmp_path, text):
    folder = made.write(tmp_path, {"a.json": made.REVIEWS_2018, "product_titles.json": text})
    with pytest.raises(DataError, match=r"product_titles\.json"):
        amazon.read(folder)


def test_a_file_without_any_review_says_why(tmp_path):
    reviews = [made.REVIEWS_2018[0] | {"overall": None}]
    with pytest.raises(DataError, match=r"no line that is a review.*no finite rating"):
        amazon.read(made.write(tmp_path, {"x.json": reviews}))
    made.write(tmp_path, {"x.json": ""})
    with pytest.raises(DataError):
        amazon.read(tmp_path / "x.json")


def test_names(tmp_path, monkeypatch):
    monkeypatch.delenv("PENCHANT_MIRROR", raising=False)
    with pytest.raises(ParameterError, match="release and a category"):
        fetch("amazon-2018/CATEGORY", cache=tmp_path, offline=True)
    with pytest.raises(DownloadError, match="did you mean amazon-2018/Gift_Cards"):
        fetch("amazon-2018/gift_card", cache=tmp_path, offline=True)
    made.write(tmp_path / "m" / "amazon-2018" / "Any", {"Any_5.json": made.REVIEWS_2018})
    log = pn.load("amazon-2018/Any", mirror=tmp_path / "m", cache=tmp_path, offline=True)
    assert log.name == "amazon-2018/Any"
    assert str(log.origin).startswith("the mirror")


def test_files_are_fetched_from_their_two_addresses(tmp_path, monkeypatch):
    asked = []

    def download(url, target, **_):
        asked.append(url)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b"x")

    monkeypatch.delenv("PENCHANT_MIRROR", raising=False)
    monkeypatch.setattr("penchant.data.fetching.locate.download", download)
    found = locate(amazon_files.category_files("amazon-2018/Gift_Cards"), cache=tmp_path)
    assert [url.partition("amazon_v2/")[2] for url in asked] == [
        "categoryFiles/Gift_Cards.json.gz",
        "metaFiles2/meta_Gift_Cards.json.gz",
    ]
    assert {file.name for file in found.path.iterdir()} == {
        "Gift_Cards.json.gz", "meta_Gift_Cards.json.gz", "ORIGIN", "CHECKSUMS",
    }  # fmt: skip


@pytest.mark.mirror
@pytest.mark.parametrize(
    ("name", "events", "users", "items"),
    [
        ("amazon-2018/AMAZON_FASHION", 3_176, 406, 31),
        ("amazon-2018/All_Beauty", 5_269, 991, 85),
        ("amazon-2018/Gift_Cards", 2_972, 458, 148),
        ("amazon-2014/Musical_Instruments", 10_261, 1_429, 900),
    ],
)
def test_real_categories(mirror, name, events, users, items):
    log = pn.load(name, mirror=mirror, offline=True)
    assert (len(log), log.n_users, int((log.item_counts > 0).sum())) == (events, users, items)
    assert log.origin.skipped is None
    assert log.has_times
    if name == "amazon-2018/AMAZON_FASHION":
        titles = log.item_table["title"]
        assert (len(titles), titles.null_count()) == (31, 1)
    if name == "amazon-2018/Gift_Cards":
        table = log.item_table
        assert len(table) == 1_547
        assert table["price"].null_count() == 1_189
        assert table["rank"].null_count() == 694
        assert table.filter(pl.col("price") > 1000)["price"].max() == 1250

from __future__ import annotations

import gzip
import io

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.dataset import Dataset
from penchant.data.event_order import POSITION
from penchant.data.reading.layouts.detection import layout_of_text
from penchant.data.sources.releases import read
from penchant.data.splits import TEST, VALIDATION
from penchant.data.splitting import split_leave_last_out
from penchant.errors import DataError, ParameterError

ADJACENCY = "0 12 7 3 44\n1 7\n2 3 12 5\n3 44 5 7 12 3 1\n4 9 7\n"
SEQUENCES = "5 6 7\n5 8\n6 5 9 9\n7 5\n5 5 6 1 2\n"


def events_of(text: str, **options: object) -> list[tuple[object, object, int]]:
    log = read(io.BytesIO(text.encode()), quiet=True, **options)
    return list(log.frame().select("user", "item", POSITION).iter_rows())


def test_a_user_and_items_a_line() -> None:
    by_hand = [
        (int(user), int(item), place)
        for user, *items in (line.split() for line in ADJACENCY.splitlines())
        for place, item in enumerate(items)
    ]
    assert events_of(ADJACENCY) == by_hand


def test_a_sequence_a_line() -> None:
    by_hand = [
        (number, int(item), place)
        for number, line in enumerate(SEQUENCES.splitlines(), 1)
        for place, item in enumerate(line.split())
    ]
    assert events_of(SEQUENCES) == by_hand


@pytest.mark.parametrize(
    "text",
    [
        "1 5 4\n1 6 3\n2 5 4\n2 7 1\n3 5 2\n",  # a table
        "1 5 4\n2 6\n3 7 4\n4 8 1\n5 9 2\n6 9 1\n",  # a table with a damaged line
        "1 2\n3 4\n5 6\n",
        "user item item\n1 2\n3 4 5\n",
        "1 2 3 4\n5 6\n",  # too few lines to tell
        "1.5 2\n2.5 3 4\n3.5 1 2 3\n4.5 1 2 3 4\n",
    ],
)
def test_other_texts_are_columns(text: str) -> None:
    assert layout_of_text(text.encode()) is None


def test_the_layout_is_said_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    log = read(io.BytesIO(ADJACENCY.encode()))
    assert log.origin.layout == "adjacency"
    assert [record.message for record in caplog.records] == [
        "the open file: read as adjacency, a user and the user's items in order on each of 5 "
        "lines; override with layout='columns' (--layout columns)."
    ]
    caplog.clear()
    assert read(io.BytesIO(ADJACENCY.encode()), layout="adjacency").origin.layout == "adjacency"
    assert not caplog.records


def test_what_is_asked_for_goes_before_the_contents() -> None:
    assert events_of("0 5\n1 5\n", layout="sequences")[:2] == [(1, 0, 0), (1, 5, 1)]
    assert events_of("0 5 6\n1 5 7\n", layout="adjacency")[:2] == [(0, 5, 0), (0, 6, 1)]
    named = read(io.BytesIO(b"0 5 6\n1 5 7\n"), layout="columns", quiet=True)
    assert len(named) == 2
    with pytest.raises(ParameterError, match="A layout is columns, adjacency, sequences, baskets"):
        read(io.BytesIO(b"0 5 6\n"), layout="lines")  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("text", "separator"),
    [
        ("ann,x,y\nbob,z\n", None),
        ("ann\tx\ty\nbob\tz\n", None),
        ("ann  x   y \r\n\r\nbob z\r\n", None),
        ("# users and items\nann x y\nbob z", None),
        ("ann;x;y;\nbob;z", ";"),
        ("ann|x| y\nbob|z", "|"),
    ],
)
def test_ids_may_be_texts_with_any_separator(text: str, separator: str | None) -> None:
    found = events_of(text, layout="adjacency", separator=separator)
    assert found == [("ann", "x", 0), ("ann", "y", 1), ("bob", "z", 0)]


def test_malformed_lines_are_counted_and_listed(caplog: pytest.LogCaptureFixture) -> None:
    lines = [f"{n} {n + 1} {' '.join(map(str, range(n % 7)))}" for n in range(300)]
    lines[5], lines[100] = "5", "100 7 x 8"
    log = read(io.BytesIO("\n".join(lines).encode()))
    assert log.origin.skipped is not None
    assert log.origin.skipped["problem"].to_list() == [
        "line 6: a user without items",
        "line 101: 'x' is no number as the other ids are",
    ]
    assert log.origin.skipped["content"].to_list() == ["5", "100 7 x 8"]
    assert log.users.kind == log.items.kind == "integer"
    assert "left out 2 of" in caplog.text
    rows = log.events["row"].to_list() + log.origin.skipped["row"].to_list()
    assert sorted(rows) == list(range(1, len(rows) + 1))
    with pytest.raises(DataError, match="line 6"):
        read(io.BytesIO("\n".join(lines).encode()), malformed="raise", quiet=True)


def test_nothing_but_users_is_refused() -> None:
    with pytest.raises(DataError, match="no line with a user and an item"):
        read(io.BytesIO(b"1\n2\n3\n"), layout="adjacency", quiet=True)


def test_a_user_on_several_lines_goes_on() -> None:
    assert events_of("1 5 6\n2 5\n1 7 8\n", layout="adjacency") == [
        (1, 5, 0), (1, 6, 1), (2, 5, 0), (1, 7, 2), (1, 8, 3),
    ]  # fmt: skip


def test_packed_files_and_limits(tmp_path) -> None:
    path = tmp_path / "train.txt.gz"
    path.write_bytes(gzip.compress(ADJACENCY.encode()))
    assert len(read(path, quiet=True)) == 16
    assert len(read(path, limit=3, quiet=True)) == 3
    assert read(path, quiet=True).name == "train"


@given(st.lists(st.lists(st.integers(0, 50), min_size=1, max_size=9), min_size=1, max_size=30))
def test_the_last_of_a_line_is_left_out_last(sequences: list[list[int]]) -> None:
    text = "\n".join(" ".join(map(str, [user, *items])) for user, items in enumerate(sequences))
    log = read(io.BytesIO(text.encode()), layout="adjacency", quiet=True)
    assert log.has_order
    assert not log.has_times
    try:
        sides = split_leave_last_out(log).sides
    except DataError:
        assert max(map(len, sequences)) < 3
        return
    wanted = {u: tuple(s[-1:-3:-1]) for u, s in enumerate(sequences) if len(s) >= 3}
    frame = log.frame()
    held = {
        side: dict(frame.filter(pl.Series(sides == side)).select("user", "item").iter_rows())
        for side in (TEST, VALIDATION)
    }
    assert held[TEST] == {user: items[0] for user, items in wanted.items()}
    assert held[VALIDATION] == {user: items[1] for user, items in wanted.items()}


def test_the_place_decides_and_not_the_row() -> None:
    log = read(io.BytesIO(ADJACENCY.encode()), quiet=True)
    shuffled = Dataset.from_frame(log.frame().sample(fraction=1, shuffle=True, seed=3))
    again = shuffled.histories
    assert again.items.tolist() == log.histories.items.tolist()
    one, other = split_leave_last_out(log), split_leave_last_out(shuffled)
    assert one.test.items.tolist() == other.test.items.tolist()


def test_a_column_of_that_name_with_texts_is_any_column() -> None:
    frame = pl.DataFrame({"user": [1], "item": [2], POSITION: ["first"]})
    log = Dataset.from_frame(frame)
    assert log.events[POSITION].to_list() == ["first"]


@pytest.mark.mirror
def test_published_files(mirror) -> None:
    train = read(mirror / "gowalla" / "train.txt", quiet=True)
    assert (len(train), train.n_users) == (810_128, 29_858)
    beauty = read(mirror / "amazon-sequences" / "Beauty.txt", quiet=True)
    assert (len(beauty), beauty.n_users, beauty.n_items) == (198_502, 22_363, 12_101)


GROCERIES = (
    "citrus fruit,margarine,ready soups\nyogurt,coffee\nwhole milk\n"
    "cream cheese,yogurt,whole milk,coffee\nwhole milk,yogurt\nmargarine,whole milk,yogurt,coffee\n"
)
FIMI = "0 1 2 3\n30 31 32 \n33 34 35\n3 36 37 38 39\n38 39 47\n38 39\n2 38\n"


@pytest.mark.parametrize("text", [GROCERIES, FIMI, GROCERIES.replace(",", ";")])
def test_a_basket_a_line_has_no_user(text: str, caplog: pytest.LogCaptureFixture) -> None:
    separator = "," if "," in text else ";" if ";" in text else " "
    lines = [line.strip().split(separator) for line in text.splitlines()]
    by_hand = [
        (number, cell if separator != " " else int(cell))
        for number, line in enumerate(lines, 1)
        for cell in line
    ]
    log = read(io.BytesIO(text.encode()))
    assert log.origin.layout == "baskets"
    assert len(log) == log.n_users == 0
    assert log.anonymous is not None
    baskets = log.anonymous.with_columns(item=log.items.take(log.anonymous["item"].to_numpy()))
    assert list(baskets.select("basket", "item").iter_rows()) == by_hand
    assert caplog.records[0].message == (
        "the open file: read as baskets, a basket of items bought together on each of "
        f"{len(lines)} lines, without users; override with layout='columns' (--layout columns)."
    )


def test_ids_may_stand_before_the_items_of_a_basket() -> None:
    text = "ann,1,tea,jam\nbob,2,tea\nann,3,oat milk\n"
    log = read(io.BytesIO(text.encode()), layout="baskets", user=0, basket=1, quiet=True)
    assert list(log.frame().select("user", "basket", "item", POSITION).iter_rows()) == [
        ("ann", 1, "tea", 0), ("ann", 1, "jam", 1), ("bob", 2, "tea", 0), ("ann", 3, "oat milk", 2),
    ]  # fmt: skip
    assert log.anonymous is None
    text = "".join(f"order-{n}\ttea\tjam\n" for n in range(12))
    baskets = read(io.BytesIO(text.encode()), layout="baskets", quiet=True).anonymous
    assert baskets is not None
    assert baskets["basket"].unique(maintain_order=True).to_list() == [
        f"order-{n}" for n in range(12)
    ]
    with pytest.raises(ParameterError, match="the ids of user and basket come first"):
        read(io.BytesIO(text.encode()), layout="baskets", user=2)


@pytest.mark.parametrize(
    "text",
    [
        "user,item,rating\nann,tea,5\nbob,jam\nann,jam,3,4\n",
        "ann,tea,5\nbob,jam,3\nann,jam\nbob,tea,4,1\ncid,tea,2\n",
        "a,b\nc,d,e\nf,g,h,i\n",
    ],
)
def test_damaged_tables_are_no_baskets(text: str) -> None:
    assert layout_of_text(text.encode()) is None


def test_lines_of_one_item_are_baskets_and_no_ids_without_items(tmp_path):
    path = tmp_path / "orders.baskets.txt"
    path.write_text(
        "76 13 16\n52\n78\n70 59 62\n77 23\n17 29 69\n27\n72 43\n2\n20 80\n33 46\n32 84\n"
    )
    log = read(path, layout="baskets")
    assert len(log.anonymous) == 23
    assert log.anonymous["basket"].n_unique() == 12

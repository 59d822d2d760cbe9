from __future__ import annotations

import io
import itertools

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.quality.log_check import check
from penchant.data.reading.formats import read_pieces, read_records
from penchant.data.sources.releases import read
from penchant.errors import DataError

HEADED = "user,Matrix,Alien,Fargo\nann,5,,3\nbob,4,2,\ncid,,1,5\n"
BY_HAND = [
    ("ann", "Matrix", 5), ("ann", "Fargo", 3), ("bob", "Matrix", 4), ("bob", "Alien", 2),
    ("cid", "Alien", 1), ("cid", "Fargo", 5),
]  # fmt: skip
JESTER = """3,-7.82,99,99,8.79,-9.66,99
5,4.08,-0.29,99,6.36,4.37,-2.38
2,99,99,99,99,9.03,9.27
3,8.35,99,1.8,99,99,8.16
"""
ZEROS = "3,0,2,4,5\n0,3,2,0,5\n5,2,3,2,5\n0,0,1,4,0\n5,4,4,0,1\n"


def read_text(text: str, **options: object):
    return read(io.BytesIO(text.encode()), quiet=True, **options)  # type: ignore[arg-type]


def rows_of(log, value: str = "rating") -> list[tuple[object, ...]]:
    return list(log.frame().select("user", "item", value).iter_rows())


def test_a_row_per_user_and_a_column_per_item() -> None:
    log = read_text(HEADED)
    assert rows_of(log) == BY_HAND
    assert log.origin.layout == "wide"
    assert log.events["row"].to_list() == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    "text",
    [
        HEADED.replace(",", ";"),
        HEADED.replace(",", "\t"),
        HEADED.replace("user,", ","),
        HEADED.replace(",,", ",99,").replace("2,\n", "2,99\n"),
        HEADED.replace(",,", ",0,").replace("2,\n", "2,0\n"),
        HEADED.replace(",,", ",NaN,").replace("2,\n", "2,NA\n"),
        HEADED.replace(",,", ",-1,").replace("2,\n", "2,-1\n"),
        "movie,ann,bob,cid\nMatrix,5,4,\nAlien,,2,1\nFargo,3,,5\n",
    ],
    ids=["semicolons", "tabs", "unnamed", "99", "0", "NaN", "-1", "a row per item"],
)
def test_forms_of_one_table(text: str) -> None:
    assert sorted(rows_of(read_text(text))) == sorted(BY_HAND)


def test_ratings_with_decimal_commas() -> None:
    log = read_text(HEADED.replace(",", ";").replace("5;", "4,5;"))
    assert rows_of(log)[0] == ("ann", "Matrix", 4.5)


def test_the_form_of_jester(caplog: pytest.LogCaptureFixture) -> None:
    by_hand = [
        (user, item, pytest.approx(float(cell), abs=1e-5))
        for user, line in enumerate(JESTER.splitlines(), 1)
        for item, cell in enumerate(line.split(",")[1:], 1)
        if cell != "99"
    ]
    log = read(io.BytesIO(JESTER.encode()))
    assert rows_of(log) == by_hand
    assert caplog.records[0].message == (
        "the open file: read as wide, a row for each of 4 users; a column for each of 6 items; "
        "the first column is the number of a row's ratings; 11 cells are 99 or empty, which counts "
        "as not rated (with empty=False, --empty none, only empty ones); override with "
        "layout='columns' (--layout columns)."
    )


def test_without_names_and_users_0_is_not_rated() -> None:
    by_hand = [
        (user, item, float(cell))
        for user, line in enumerate(ZEROS.splitlines(), 1)
        for item, cell in enumerate(line.split(","), 1)
    ]
    assert rows_of(read_text(ZEROS)) == [row for row in by_hand if row[2]]
    assert rows_of(read_text(ZEROS, empty=False)) == by_hand
    assert rows_of(read_text(ZEROS, empty=5)) == [row for row in by_hand if row[2] != 5]


def test_0_is_a_rating_where_other_cells_are_empty() -> None:
    ratings = [row[2] for row in rows_of(read_text(HEADED.replace("1", "0")))]
    assert 0 in ratings


def test_users_without_header_are_the_first_column() -> None:
    lines = [f"u{n},{line}" for n, line in enumerate(ZEROS.splitlines())]
    assert rows_of(read_text("\n".join(lines)))[:2] == [("u0", 1, 3.0), ("u0", 3, 2.0)]
    lines = [f"{n},{line}" for n, line in enumerate(ZEROS.splitlines(), 101)]
    assert rows_of(read_text("\n".join(lines)))[:2] == [(101, 1, 3.0), (101, 3, 2.0)]


def test_counts_are_weights_and_equal_cells_are_nothing() -> None:
    plays = "user,a,b,c,d\n" + "".join(
        f"u{n},{n % 3},{0 if n % 2 else n * n},{0 if n % 5 else 900 + n},0\n" for n in range(60)
    )
    log = read_text(plays)
    assert not log.has_ratings
    assert rows_of(log, "weight")[:2] == [("u0", "c", 900), ("u1", "a", 1)]
    bought = read_text("user,a,b,c\nann,1,0,1\nbob,0,1,1\n")
    assert rows_of(bought, "row") == [
        ("ann", "a", 1), ("ann", "c", 2), ("bob", "b", 3), ("bob", "c", 4),
    ]  # fmt: skip
    assert not bought.has_ratings
    assert bought.weights is None


def test_frames_and_parquet(tmp_path) -> None:
    frame = pl.read_csv(io.BytesIO(HEADED.encode()))
    frame.write_parquet(tmp_path / "wide.parquet")
    for source in (frame, tmp_path / "wide.parquet", frame.to_pandas()):
        assert rows_of(read(source, quiet=True)) == BY_HAND
    since = pl.lit("2024-01-01").str.to_date()
    typed = frame.with_columns(since=since, tags=pl.concat_list("Matrix", "Alien"))
    assert rows_of(read(typed, layout="wide", quiet=True)) == BY_HAND


def test_malformed_cells_and_idle_rows_are_listed(tmp_path) -> None:
    text = HEADED + "dan,,,\neve,many,1,2\nfay,1\ngus,2,2,2\n"
    log = read_text(text, layout="wide")
    assert log.origin.skipped is not None
    assert log.origin.skipped.select("problem", "content").rows() == [
        ("a row without ratings", "dan, , , "),
        ("rating 'many' is not a number", "eve, Matrix, many"),
        ("2 columns instead of 4", "fay,1"),
    ]
    rows = [*log.events["row"], *log.origin.skipped["row"]]
    assert sorted(rows) == list(range(1, len(rows) + 1))
    with pytest.raises(DataError, match="a row without ratings in line 5"):
        read_text(text, layout="wide", malformed="raise")
    assert "3 records" in str(check(log))


def test_several_files_of_users(tmp_path) -> None:
    (tmp_path / "1.csv").write_text(HEADED)
    (tmp_path / "2.csv").write_text("user,Matrix,Alien,Fargo\ndan,4,4,4\neve,,,\n")
    log = read(tmp_path, quiet=True)
    assert rows_of(log)[6:] == [("dan", "Matrix", 4), ("dan", "Alien", 4), ("dan", "Fargo", 4)]
    assert log.origin.skipped is not None
    assert log.origin.skipped.select("row", "file", "record").rows() == [(10, "2.csv", 4)]


@pytest.mark.parametrize(
    "text",
    [
        "user,age,income,children\nann,31,52000,2\nbob,45,61000,0\ncid,19,18000,1\n",
        "user,item,rating,helpful\nann,1,5,3\nbob,2,4,1\ncid,3,1,0\n",
        "1,31,5,881250949,2\n2,17,3,881250950,1\n3,31,4,881250951,4\n",
        "user,Matrix,Alien,review\nann,5,4,good\nbob,4,2,bad\n",
        "customer,sku_code,amount,shop\n17,5,4,1\n17,4,2,1\n18,5,1,2\n",
    ],
    ids=["attributes", "a log", "a log without names", "text", "a log with unusual names"],
)
def test_other_tables_are_not_taken_for_wide(text: str) -> None:
    records = read_pieces(io.BytesIO(text.encode()), may_be_wide=True).whole()
    assert records.layout == "columns"


def test_tables_of_items_are_never_taken_for_wide() -> None:
    text = "item,price,stock,margin\ntea,3.5,2,1\njam,2.5,7,0\noil,9,1,3\n"
    assert read_records(io.BytesIO(text.encode())).frame.width == 4
    assert (
        read_text(HEADED, item_table=io.BytesIO(text.replace("tea", "Alien").encode())).n_items == 5
    )


def test_what_is_asked_for_names_the_users() -> None:
    text = "shop,name,Matrix,Alien\n1,ann,5,\n1,bob,4,2\n2,cid,,1\n"
    log = read_text(text, layout="wide", user="name")
    assert ("cid", "Alien", 1.0) in rows_of(log)
    with pytest.raises(DataError, match="no cell has a number that is a rating"):
        read_text("user,a,b\nann,x,y\n", layout="wide")


CELLS = st.sampled_from(["", "1", "2", "3.5", "5"])


@given(st.lists(st.lists(CELLS, min_size=4, max_size=4), min_size=2, max_size=12))
def test_every_cell_with_a_number_is_an_event(table: list[list[str]]) -> None:
    text = "user,a,b,c,d\n" + "".join(f"u{n},{','.join(row)}\n" for n, row in enumerate(table))
    by_hand = [
        (f"u{n}", "abcd"[k], float(cell))
        for n, row in enumerate(table)
        for k, cell in enumerate(row)
        if cell
    ]
    idle = sum(not any(row) for row in table)
    if idle > (len(by_hand) + idle) / 2:
        return
    if len({row[2] for row in by_hand}) == 1:
        by_hand = [(user, item, None) for user, item, _ in by_hand]
    log = read_text(text, layout="wide")
    values = log.ratings.tolist() if log.has_ratings else itertools.repeat(None)
    found = log.frame().select("user", "item").rows()
    assert [(*pair, value) for pair, value in zip(found, values, strict=False)] == by_hand
    assert (0 if log.origin.skipped is None else len(log.origin.skipped)) == idle


@pytest.mark.parametrize("layout", [None, "wide"])
def test_a_table_whose_rows_are_all_malformed_is_refused(layout: str | None) -> None:
    file = io.BytesIO(b"user,i0,i1,i2,i3,i4,i5\nu0,one,4\n")
    with pytest.raises(DataError):
        read(file, layout=layout)

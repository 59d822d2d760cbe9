"""Logs of orders, sessions and kinds of events in pieces are the logs that are read at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penchant.data.reading import formats
from penchant.data.reading.parts import pieces as parts_of_folders
from penchant.data.sources.releases import read
from penchant.errors import DataError
from support.log_outcome import in_pieces_of_a_file, outcome, typed_at_once

N = 900


def lines_of(header: str, line: Callable[[int], object]) -> list[str]:
    return [header, *(str(line(n)) for n in range(N))]


def day(n: int) -> str:
    return f"2024-0{n // 300 + 1}-{n // 12 % 25 + 1:02} 10:{n % 60:02}"


ORDERS = lines_of(
    "order_id,customer,sku,quantity,price,order_date,description",
    lambda n: (
        f"o{n // 3},c{n // 3 % 40},s{n * 7 % 23},{n % 4 + 1},{n % 23}.5,{day(n // 3)},"
        f"Thing {n % 23}"
    ),
)
RETAIL = lines_of(
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country",
    lambda n: (
        f"{536000 + n // 4},{84000 + n % 31},THING {n % 31},{n % 6 + 1},{day(n // 4)},"
        f"{n % 31 / 4 + 1},{'' if n // 4 % 5 == 0 else 12000 + n // 4 % 37},France"
    ),
)
SESSIONS = lines_of(
    "session_id,user,item,time",
    lambda n: (
        f"x{n // 5}-abc-{n // 5 * 7919},u{n // 5 % 30},i{n * 7 % 41},{day(n // 5)}:{n % 60:02}"
    ),
)
EVENTS = lines_of(
    "timestamp,visitorid,event,itemid,transactionid",
    lambda n: (
        f"{1_700_000_000_000 + 977 * n},{n * 13 % 50},"
        f"{('view', 'view', 'addtocart', 'transaction')[n % 4]},{n * 11 % 47},"
        f"{n if n % 4 == 3 else ''}"
    ),
)
STATES = lines_of(
    "order_id,customer,sku,order_status,line_total,qty",
    lambda n: (
        f"{n // 3},{n // 3 % 40 if n % 3 == 0 else ''},{n * 7 % 23},"
        f"{('' if n % 3 else 'refunded' if n % 50 == 0 else 'paid')},"
        f"{(n % 23 + 1) * (n % 4 + 1)}.00,{n % 4 + 1}"
    ),
)


def put(lines: list[str], *more: str, at: int = 500) -> list[str]:
    return [*lines[:at], *more, *lines[at:]]


IN_PIECES: dict[str, tuple[list[str], dict[str, object]]] = {
    "orders": (ORDERS, {}),
    "orders, quoted": ([*ORDERS[:-1], '"o1","c1","s1","1","2","2024-01-02","Thing"'], {}),
    "orders without a user": ([",".join(x.split(",")[:1] + x.split(",")[2:]) for x in ORDERS], {}),
    "malformed lines": (put(ORDERS, "o1,c1", "o1,c1,s1,many,1,2024-01-01,x", "o9,c9,,1,1,,"), {}),
    "an order over two pieces": (put(ORDERS, "o1,,s1,1,2,,x", "o2,NULL,s3,1,2,,x"), {}),
    "a user from a malformed line": (
        put(put(ORDERS, "new1,eve,,1,2,2024-01-02,x", at=100), "new1,,s1,1,2,,x", "new1,?,s2,1,,,"),
        {},
    ),
    "two users of an order": (
        put(put(ORDERS, "z,eve,s1,1,2,2024-01-02,x", "z,ann,s1,1,2,,", at=100), "z,,s1,1,2,,x"),
        {},
    ),
    "no user and no order": (
        put(ORDERS, ",,s1,1,2,,x", ",,s1,1,2,2024-01-02,x", ",c1,s1,1,2,,"), {}
    ),
    "returns": (put(ORDERS, "o1,c1,s7,-1,2,2024-03-02,x", "o2,c2,s1,-99,2,2024-03-02,"), {}),
    "returns before and behind": (
        put(put(ORDERS, "o,c5,s12,-3,2,2023-01-02,", at=5), "o,c5,s12,-3,2,2024-05-02,", at=880),
        {},
    ),
    "returns are kept": (put(ORDERS, "o1,c1,s7,-1,2,2024-03-02,x"), {"returns": "keep"}),
    "quantities weigh": (put(ORDERS, "o1,c1,s7,-1,2,2024-03-02,x"), {"weight": "quantity"}),
    "no quantities": (ORDERS, {"quantity": False, "price": "price"}),
    "prices with signs": (
        put([x.replace(".5,", " €,") for x in ORDERS], "o,c,s1,1,nan,,", 'o,c,s1,1,"1,5",,', at=9),
        {},
    ),
    "few prices": ([x.replace(".5,", ",") if 500 < n < 560 else x for n, x in enumerate(ORDERS)],
                   {}),
    "retail": (RETAIL, {}),
    "retail, cancelled": (
        put(RETAIL, *(f"C53{n}000,{84000 + n},,-1,{day(800)},1,{12000 + n}," for n in range(9))),
        {},
    ),
    "retail, cancelled without users": (
        put(RETAIL, f"C536379,84001,THING 1,-1,{day(800)},4.25,,France"), {}
    ),
    "retail, invoices as users": (RETAIL, {"user": "InvoiceNo"}),
    "sessions": (SESSIONS, {}),
    "sessions, named": (SESSIONS, {"session": "session_id"}),
    "sessions, none": (SESSIONS, {"session": False}),
    "sessions without a name": (put(SESSIONS, ",u1,i1,2024-01-01", " ,u2,i2,", "NULL,u3,i3,"), {}),
    "sessions without users": (put(SESSIONS, "x2-,,i1,2024-01-01", "x3-,NULL,i2,"), {}),
    "sessions are users": ([x.replace("user", "x") for x in SESSIONS], {}),
    "sessions by gaps": (SESSIONS, {"session_gap": "5min"}),
    "sessions by gaps, integers": ([x.replace("u", "").replace("ser", "user") for x in SESSIONS],
                                   {"session_gap": "1d"}),
    "sessions by gaps without a time": (put(SESSIONS, "x,u1,i1,"), {"session_gap": "1h"}),
    "sessions of ratings": (
        [f"{x},{'rating' if n == 0 else n % 5 + 1}" for n, x in enumerate(SESSIONS)],
        {"session": "session_id"},
    ),
    "kinds": (EVENTS, {}),
    "kinds, weighed": (EVENTS, {"events": "view=1,Transaction=5"}),
    "kinds, unknown": (EVENTS, {"events": "view=1,buy=5"}),
    "kinds, missing": (
        put(EVENTS, "1700000000000,1,,2,", "1700000000000,1,odd,2,"), {"events": "view=1"}
    ),
    "kinds, returned": (
        put(EVENTS, f"{1_700_001_000_000},{3 * 13 % 50},refund,{3 * 11 % 47},3"), {}
    ),
    "states": (STATES, {}),
    "states, kept": (STATES, {"returns": "keep"}),
    "totals": (STATES, {"price": "line_total/qty"}),
    "order numbers": (STATES, {"order": "rows"}),
    "further columns that become texts": (
        [f"{x},{('n' if n == 0 else n if n < 700 else 'x')}" for n, x in enumerate(ORDERS)], {}
    ),
    "a text in a malformed line": (
        [
            *(f"{x},{('n' if n == 0 else n if n < 600 else '')}" for n, x in enumerate(ORDERS)),
            *["o9,c9,,1,1,,,word", "o,c,s,1,1,,,"],
        ],
        {},
    ),
    "no ratings, with further columns": (
        lines_of(
            "user,item,time,shop,clicks", lambda n: f"u{n % 9},i{n % 7},{day(n)},a{n % 3},{n}"
        ),
        {},
    ),
}  # fmt: skip

AT_ONCE: dict[str, tuple[list[str], dict[str, object]]] = {
    "orders of many users later": (
        [*ORDERS, *(f"o{n % 200},e{n},s1,1,2,2024-01-02,x" for n in range(N))], {}
    ),
    "prices that are none later": ([*ORDERS, *(f"p{n},c1,s1,1,x,,x" for n in range(N))], {}),
    "kinds that are names later": (
        put(EVENTS, *(f"1700000000000,1,k{n},2," for n in range(40))), {}
    ),
    "titles that differ later": (
        [*ORDERS, *(f"p{n},c1,s1,1,2,,title {n}" for n in range(N))], {}
    ),
    "quantities that are words later": ([*ORDERS, *(f"p{n},c1,s1,x,2,,x" for n in range(N))], {}),
    "amounts with decimals": (
        [x.replace("quantity", "amount").replace(",1,", ",1.5,") if n > 600 else
         x.replace("quantity", "amount") for n, x in enumerate(ORDERS)],
        {},
    ),
    "sessions mostly without users": (
        [*SESSIONS, *(f"y{n // 3},,i{n % 9},2024-01-01" for n in range(N))], {}
    ),
    "users that are mostly missing later": (
        [*lines_of("user,item,time,shop", lambda n: f"u{n % 9},i{n % 7},{day(n)},a"),
         *(f",i{n % 7},{day(n)},a" for n in range(N))],
        {},
    ),
    "words among quantities": ([x.replace("quantity", "plays") for x in ORDERS], {}),
}  # fmt: skip


def both(
    lines: list[str], tmp_path: Path, caplog: pytest.LogCaptureFixture, **options: object
) -> list[int]:
    path = tmp_path / "log.csv"
    path.write_text("\n".join([*lines, ""]))
    return in_pieces_of_a_file(path, path.stat().st_size // 3, caplog, **options)


@pytest.mark.parametrize("name", IN_PIECES)
def test_purchases_and_sessions_are_read_in_pieces(name, tmp_path, caplog):
    lines, options = IN_PIECES[name]
    sizes = both(lines, tmp_path, caplog, **options)
    assert len(sizes) > 2
    assert max(sizes) < len(lines) - 100
    both(lines, tmp_path, caplog, malformed="raise", **options)


@pytest.mark.parametrize("name", AT_ONCE)
def test_what_all_values_decide_is_read_at_once(name, tmp_path, caplog):
    lines, options = AT_ONCE[name]
    assert max(both(lines, tmp_path, caplog, **options)) > N - 10


LINES = [
    *("o1,,s1,1,2,,x", "o7,c9,s1,-1,2,2024-02-02,x", "o1,c1,s7,-3,2,2024-03-02,", ",c1,s1,1,2,,x"),
    *("o400,eve,s1,1,2,2024-01-09,x", "o400,,s2,1,,,", "o400,ann,,1,2,,", ",,s3,1,2,2024-01-02,"),
    *(",,s3,1,2,,", "o1,c1", "o5,NULL,s1,0,2,,x", "o6,?,s1,many,€3,,x", '"o,6","c1",s1,1,nan,,x'),
    *("536,c1,s1,2,1,2024-01-01,x", "C536,c1,s1,2,1,2024-02-01,x", "o9,7,8,1,x,soon,x", ""),
]  # fmt: skip


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    more=st.lists(st.tuples(st.integers(1, N), st.sampled_from(LINES)), max_size=15),
    size=st.integers(12_500, 16_000),
    options=st.sampled_from(
        [{}, {"returns": "keep"}, {"weight": "quantity"}, {"session_gap": "2d"}, {"basket": False}]
    ),
)
def test_any_orders_are_read_in_pieces_as_at_once(more, size, options, tmp_path, caplog):
    lines = list(ORDERS)
    for place, line in sorted(more, reverse=True):
        lines.insert(place, line)
    path = tmp_path / "log.csv"
    path.write_text("\n".join([*lines, ""]))
    in_pieces_of_a_file(path, size, caplog, **options)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    kinds=st.lists(st.sampled_from(["view", "buy", "Buy ", "", "return"]), min_size=7, max_size=7),
    options=st.sampled_from([{}, {"events": "view=1,buy=2"}, {"events": {"buy": 0.5}}]),
    sessions=st.integers(1, 9),
)
def test_any_kinds_are_read_in_pieces_as_at_once(kinds, options, sessions, tmp_path, caplog):
    lines = lines_of(
        "session,user,item,event,amount",
        lambda n: f"x{n // sessions},{n // 90},i{n % 8},{kinds[n * n % 7]},{n % 5}",
    )
    path = tmp_path / "log.csv"
    path.write_text("\n".join([*lines, ""]))
    in_pieces_of_a_file(path, 8000, caplog, **options)


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
@pytest.mark.parametrize("lines", [ORDERS, RETAIL, SESSIONS, EVENTS, STATES])
def test_other_forms(lines, form, tmp_path, caplog):
    frame = pl.read_csv("\n".join(lines).encode())
    path = tmp_path / f"log.{form}"
    if form == "parquet":
        prices = [name for name, dtype in frame.schema.items() if dtype == pl.Float64]
        frame = frame.with_columns(pl.col(prices).cast(pl.Decimal(9, 2)))
        frame.write_parquet(path, row_group_size=100, compression="uncompressed")
        sizes = in_pieces_of_a_file(path, frame.estimated_size() // 3.5, caplog)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in frame.rows(named=True)))
        sizes = in_pieces_of_a_file(path, path.stat().st_size // 3, caplog)
    assert len(sizes) > 2


@pytest.mark.parametrize("lines", [put(ORDERS, "o1,c1,s7,-1,2,2024-03-02,x"), SESSIONS, EVENTS])
def test_folders_and_scratch(lines, tmp_path, caplog, monkeypatch):
    folder, scratch = tmp_path / "log", tmp_path / "scratch"
    folder.mkdir()
    scratch.mkdir()
    for number in range(3):
        part = lines[1:][300 * number : 300 * (number + 1)]
        (folder / f"{number}.csv").write_text("\n".join([lines[0], *part, ""]))
    at_once = outcome(folder, caplog)
    monkeypatch.setattr(parts_of_folders, "PIECE", 1)
    sizes = typed_at_once(monkeypatch)
    assert outcome(folder, caplog) == at_once
    assert outcome(folder, caplog, scratch=scratch) == at_once
    assert sizes == [300] * 6


def test_long_texts_of_baskets_lie_in_memory_once(tmp_path, monkeypatch):
    path = tmp_path / "log.csv"
    path.write_text("\n".join(SESSIONS))
    monkeypatch.setattr(formats, "PIECE", 9000)
    log = read(path, quiet=True)
    assert log.events.schema["basket"] == pl.String
    assert log.events["basket"].n_unique() == N // 5


def test_a_source_that_is_gone_when_returns_are_listed_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "log.csv"
    path.write_text("\n".join(put(ORDERS, "o1,c1,s7,-1,2,2024-03-02,x")))
    monkeypatch.setattr(formats, "PIECE", 9000)
    original = parts_of_folders.Pieces.texts_of

    def changing(pieces, rows):
        path.write_text(path.read_text()[:12_000])
        return original(pieces, rows)

    monkeypatch.setattr(parts_of_folders.Pieces, "texts_of", changing)
    with pytest.raises(DataError, match=r"log\.csv has changed while it was read: read it again"):
        read(path, quiet=True)

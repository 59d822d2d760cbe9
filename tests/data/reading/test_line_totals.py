"""Prices of one piece from totals of lines."""

from __future__ import annotations

import logging

import numpy as np
import polars as pl
import pytest

from penchant.data.reading.line_totals import growth
from penchant.data.reading.log_reader import read
from penchant.errors import DataError

TA_FENG = """\
TRANSACTION_DT,CUSTOMER_ID,AGE_GROUP,PIN_CODE,PRODUCT_SUBCLASS,PRODUCT_ID,AMOUNT,ASSET,SALES_PRICE
11/1/2000,01104905,45-49,115,110411,4710199010372,2,24,30
11/1/2000,00418683,45-49,115,120107,4710857472535,1,48,46
11/2/2000,01057331,35-39,115,100407,4710043654103,4,142,166
"""


def lines(name, *, is_total, n=60):
    """Lines of items in several quantities, with a column of prices of pieces or of totals."""
    rng = np.random.default_rng(0)
    rows = [f"order_id,customer,sku,quantity,date,{name}"]
    for number in range(n):
        item, pieces = number % 5, int(rng.integers(1, 7))
        price = (item + 1) * 2.5
        value = price * pieces if is_total else price
        rows.append(f"{number},c{number % 9},p{item},{pieces},2024-01-{1 + number % 28:02},{value}")
    return "\n".join(rows)


def test_ta_feng_has_totals(write, caplog):
    with caplog.at_level(logging.WARNING):
        log = read(write(TA_FENG))
    assert log.events["price"].to_list() == [15, 46, 41.5]
    assert log.events.schema["price"] == pl.Float32
    assert "price='SALES_PRICE/AMOUNT'" in caplog.text
    assert log.origin.columns["price"] == "SALES_PRICE/AMOUNT"
    assert "plays no part" not in caplog.text
    piece = read(write(TA_FENG), price="SALES_PRICE")
    assert piece.events["price"].to_list() == [30, 46, 166]
    assert "price" not in read(write(TA_FENG), price=False).events.columns
    again = read(write(TA_FENG), price=log.origin.columns["price"])
    assert again.events["price"].equals(log.events["price"])


@pytest.mark.parametrize("name", ["line_total", "Extended Price", "amount", "Total", "SALES_VALUE"])
def test_totals_by_name_and_contents(write, name):
    log = read(write(lines(name, is_total=True)))
    expected = [(int(item[1:]) + 1) * 2.5 for item in log.frame()["item"]]
    np.testing.assert_allclose(log.events["price"].to_numpy(), expected, rtol=1e-6)
    assert log.quantities is not None


@pytest.mark.parametrize("name", ["line_total", "amount", "Total", "subtotal"])
def test_what_does_not_grow_with_the_quantity_is_no_total(write, name):
    log = read(write(lines(name, is_total=False)))
    assert "price" not in log.events.columns or log.origin.columns["price"] == name


def test_the_total_of_an_order_is_none_of_its_lines(write):
    text = "order_id,customer,sku,quantity,date,total\n" + "\n".join(
        f"{order},c{order % 7},p{(order + n) % 6},{1 + (order + n * n) % 4},2024-01-02,{order + 20}"
        for order in range(30)
        for n in range(3)
    )
    assert "price" not in read(write(text)).events.columns


def test_a_price_that_grows_with_the_quantity_is_named(write, caplog):
    with caplog.at_level(logging.WARNING):
        log = read(write(lines("price", is_total=True)))
    assert (
        "price grows with quantity, as totals of lines do, and is taken for the price of one "
        "piece: price='price/quantity' (--price price/quantity) divides it"
    ) in caplog.text
    assert log.origin.columns["price"] == "price"
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        divided = read(write(lines("price", is_total=True)), price="price/quantity")
    assert divided.events["price"].max() == pytest.approx(12.5)
    assert "grows with" not in caplog.text
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        read(write(lines("price", is_total=False)))
    assert "grows with" not in caplog.text


def test_returned_pieces_have_the_price_of_one(write):
    text = (
        "order_id,customer,sku,quantity,date,line_total\n"
        "1,ann,tea,5,2024-01-01,12.50\n2,ann,tea,-2,2024-01-02,-5.00\n3,bob,jam,2,2024-01-03,\n"
        "4,bob,tea,1,2024-01-04,\u20ac2.60\n"
    )
    log = read(write(text))
    assert log.quantities.tolist() == [3, 2, 1]
    prices = log.events["price"].to_list()
    assert prices[0] == 2.5
    assert prices[1] is None
    assert prices[2] == pytest.approx(2.6)
    by_frame = read(pl.read_csv(write(text)), weight=False, price="line_total/quantity")
    assert by_frame.events["price"].to_list()[0] == 2.5


def test_a_wish_for_columns_that_are_not_there(write):
    with pytest.raises(DataError, match="no columns 'total' and 'pieces', of which a price of one"):
        read(write(TA_FENG), price="total/pieces")


def test_growth_is_a_power_of_the_quantity():
    rng = np.random.default_rng(1)
    pieces, item = rng.integers(1, 9, 500), rng.integers(0, 20, 500)
    frame = pl.DataFrame(
        {"i": item, "q": pieces, "total": (item + 1.0) * pieces, "price": item + 1.0}
    )
    assert growth(frame, "i", "total", "q") == pytest.approx(1)
    assert growth(frame, "i", "price", "q") == pytest.approx(0)
    assert growth(frame.with_columns(q=pl.lit(2)), "i", "total", "q") is None


def test_dunnhumby_has_totals(write):
    log = read(
        write(
            "household_key,BASKET_ID,DAY,PRODUCT_ID,QUANTITY,SALES_VALUE,STORE_ID,RETAIL_DISC\n"
            "2375,26984851472,1,1004906,1,1.39,364,-0.60\n"
            "2375,26984851472,1,1033142,2,1.64,364,0.00\n"
            "1364,26984896261,1,842930,1,2.19,31742,0.00\n"
        )
    )
    roles = ("user", "item", "basket", "quantity", "price")
    names = ("household_key", "PRODUCT_ID", "BASKET_ID", "QUANTITY", "SALES_VALUE/QUANTITY")
    assert log.origin.columns == dict(zip(roles, names, strict=True))
    assert log.events["price"].to_list() == pytest.approx([1.39, 0.82, 2.19])


ENGLISH = (
    "Document No,Document Type,Customer No,Item No,Item Description,Quantity,Posting Date,Amount"
)
GERMAN = "Belegnummer;Belegart;Kundennummer;Artikelnummer;Bezeichnung;Menge;Datum;Betrag"


@pytest.mark.parametrize(("names", "separator"), [(ENGLISH, ","), (GERMAN, ";")])
def test_exports_of_accounts_with_credit_notes(write, names, separator):
    """Totals whose name alone leaves it open, dates and decimals as there, and credit notes."""
    sale, credit = ("Invoice", "Credit Memo") if separator == "," else ("Rechnung", "Gutschrift")
    point = "." if separator == "," else ","
    rows = [names]
    for number in range(40):
        item, pieces = number % 4, 1 + number % 3
        total = f"{(item + 1) * 2.5 * pieces:.2f}".replace(".", point)
        row = (
            number,
            sale,
            f"K{number % 5}",
            f"A{item}",
            f"Tea {item}",
            pieces,
            "20.01.2024",
            total,
        )
        rows.append(separator.join(map(str, row)))
    back = (99, credit, "K3", "A3", "Tea 3", 1, "21.01.2024", f"10{point}00")
    log = read(write("\n".join([*rows, separator.join(map(str, back))])))
    columns = names.split(separator)
    assert list(log.origin.columns.values())[:2] == columns[2:4]
    assert log.origin.columns["basket"] == columns[0]
    assert log.origin.columns["price"] == f"{columns[-1]}/{columns[5]}"
    expected = [(int(item[1:]) + 1) * 2.5 for item in log.frame()["item"]]
    np.testing.assert_allclose(log.events["price"].to_numpy(), expected)
    assert log.titles()[0].startswith("Tea ")
    assert log.origin.skipped["problem"].to_list().count("cancellation of earlier purchases") == 1

"""Returns, refunds and cancelled orders by a column of kinds or states, as shops export them."""

from __future__ import annotations

import logging

import polars as pl
import pytest

from penchant.data.quality.filters import where
from penchant.data.quality.log_check import check
from penchant.data.reading.log_reader import read
from penchant.data.reading.returns import returned_lines
from penchant.errors import ParameterError

LINES = """\
order_id,transaction_type,customer,sku,qty,date
1,Sale,ann,tea,5,2024-03-01
1,Sale,ann,jam,1,2024-03-01
2,Sale,bob,tea,2,2024-03-02
3,Refund,ann,tea,2,2024-03-05
4,Refund,bob,tea,2,2024-03-06
5,Refund,bob,rye,1,2024-03-06
6,Sale,ann,tea,1,2024-03-07
"""


def test_lines_of_refunds_take_back_the_latest_earlier_purchases(write, caplog):
    with caplog.at_level(logging.WARNING):
        log = read(write(LINES))
    assert log.frame().select("user", "item", "quantity", "basket").rows() == [
        ("ann", "tea", 3.0, 1),
        ("ann", "jam", 1.0, 1),
        ("ann", "tea", 1.0, 6),
    ]
    assert log.origin.skipped.select("row", "problem").rows() == [
        (3, "cancellation of this purchase came later"),
        (4, "cancellation of earlier purchases"),
        (5, "cancellation of earlier purchases"),
        (6, "cancellation without an earlier purchase"),
    ]
    assert (
        "3 records are cancellations (transaction_type Refund): 2 take back earlier purchases of "
        "the same user and item (1 purchase is left out, 1 counted lower); 1 finds no purchase"
    ) in caplog.text
    assert check(log)["unmatched_cancellations"].count == 1


def test_they_count_as_events_where_that_is_asked_for(write):
    log = read(write(LINES), returns="keep")
    assert len(log) == 7
    with pytest.raises(ParameterError, match="returns is 'net' or 'keep', not 'drop'"):
        read(write(LINES), returns="drop")


@pytest.mark.parametrize(
    "word", ["Storno", "RETURN", "cancelled", "credit note", "Gutschrift", "Rueckgabe", "Retour"]
)
def test_words_of_returns(write, word):
    log = read(write(LINES.replace("Refund", word)))
    assert log.quantities.tolist() == [3, 1, 1]


def test_without_quantities_a_return_takes_one_purchase(write):
    log = read(
        write(
            "order_id,type,customer,sku,date\n1,order,ann,tea,2024-03-01\n"
            "2,order,ann,tea,2024-03-02\n3,return,ann,tea,2024-03-03\n4,order,bob,tea,2024-03-03\n"
        )
    )
    assert log.frame()["row"].to_list() == [1, 4]


EVENTS = """\
time,visitor,event,item
1,ann,view,tea
2,ann,purchase,tea
3,ann,view,tea
4,ann,refund,tea
5,bob,purchase,jam
6,bob,view,tea
"""


def test_refunds_among_events_take_back_purchases_and_no_views(write, caplog):
    with caplog.at_level(logging.WARNING):
        log = read(write(EVENTS))
    assert log.frame()["row"].to_list() == [1, 3, 5, 6]
    assert (
        "1 record is a cancellation (event refund): 1 takes back earlier purchases" in caplog.text
    )
    weighed = read(write(EVENTS), events="view=1,purchase=5")
    assert weighed.weights.tolist() == [1, 1, 5, 1]
    assert "dropped 0 of" in weighed.origin.dropped[0]
    asked = read(write(EVENTS), events="purchase=5,refund=1")
    assert asked.frame()["row"].to_list() == [2, 4, 5]


def test_a_library_takes_books_back_without_undoing_loans(write):
    text = EVENTS.replace("purchase", "checkout").replace("refund", "return")
    assert len(read(write(text))) == 6


STATES = """\
order_id,status,customer,sku,qty
1,shipped,ann,tea,5
1,shipped,ann,jam,1
2,shipped,bob,tea,2
2,returned,bob,tea,1
3,returned,ann,rye,4
4,cancelled,ann,tea,1
5,shipped,bob,jam,1
"""


def test_a_state_is_of_the_line_unless_the_same_item_of_the_order_has_another(write, caplog):
    with caplog.at_level(logging.WARNING):
        log = read(write(STATES))
    assert log.frame().select("row", "quantity").rows() == [(1, 5), (2, 1), (3, 1), (7, 1)]
    assert "1 record is a cancellation (status cancelled or returned): 1 takes back" in caplog.text
    assert (
        "2 records are of orders that were cancelled, refunded or returned (status cancelled or "
        "returned), and left out"
    ) in caplog.text


@pytest.mark.parametrize(
    ("kept", "taken_back"),
    [
        ("versandt", "retourniert"), ("bezahlt", "zurückgesendet"), ("Versendet", "ERSTATTET"),
        ("abgeschlossen", "Zurueckgeschickt"), ("expédiée", "retournee"), ("livré", "Remboursé"),
        ("enviado", "devuelto"), ("pagado", "Reembolsado"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("column", ["status", "Bestellstatus"])
def test_states_in_other_languages(write, kept, taken_back, column, caplog):
    text = STATES.replace("shipped", kept).replace("returned", taken_back)
    with caplog.at_level(logging.WARNING):
        log = read(write(text.replace("status", column)))
    assert log.frame().select("row", "quantity").rows() == [(1, 5), (2, 1), (3, 1), (7, 1)]
    assert "not known" not in caplog.text


def test_states_that_are_not_known_are_named_beside_known_ones(write, caplog):
    text = STATES.replace("returned", "vanished")
    with caplog.at_level(logging.WARNING):
        log = read(write(text))
    assert (
        "by status, records are vanished (2), a state of orders that is not known, and count as "
        "purchases: --where \"status != 'vanished'\" leaves them out"
    ) in caplog.text
    assert len(where(log, "status != 'vanished'")) == len(log) - 2 == 4
    caplog.clear()
    read(write(text), returns="keep")
    read(write(text.replace("shipped", "here").replace("cancelled", "there")))
    read(write("user,item,status\n1,a,shipped\n1,b,vanished\n2,a,shipped\n"))
    assert "not known" not in caplog.text


@pytest.mark.parametrize("flags", [("0", "1"), ("false", "true"), ("no", "yes")])
@pytest.mark.parametrize(("name", "kept"), [("is_return", [1]), ("returned", [1, 2])])
def test_flags(write, flags, name, kept):
    rows = ["1,ann,tea,1,{}", "2,ann,jam,1,{}", "3,ann,jam,1,{}"]
    filled = [row.format(flags[n == 2]) for n, row in enumerate(rows)]
    log = read(write("\n".join([f"order_id,customer,sku,qty,{name}", *filled])))
    assert log.frame()["row"].to_list() == kept


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("type", ["home", "home", "return", "away"]),  # nothing is called a purchase
        ("status", ["active", "cancelled", "active", "active"]),  # of no order
        ("event", ["return", "return", "return", "purchase"]),  # most are returns
        ("returned", ["Mon", "Tue", "1", "0"]),  # no flag
        ("type", [1, 2, 1, 1]),
    ],
)
def test_what_is_not_certain_is_left_alone(column, words):
    frame = pl.DataFrame({"user": [1, 1, 2, 2], "item": [1, 2, 1, 2], column: words})
    assert returned_lines(frame, {}) is None


def test_ratings_are_never_netted(write):
    log = read(write("user,item,rating,type\n1,a,3,sale\n1,a,4,refund\n2,a,3,sale\n"))
    assert len(log) == 3

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from penchant.data.reading.event_kinds import parse_kinds
from penchant.data.reading.log_reader import read
from penchant.errors import DataError, ParameterError

RETAILROCKET = """\
timestamp,visitorid,event,itemid,transactionid
1433221332117,257597,view,355908,
1433224214164,992329,view,248676,
1433221999827,111016,addtocart,318965,
1433222276276,599528,transaction,356475,4000
1433222276277,599528,view,356475,
1433222276278,,view,356475,
"""
WEIGHTS = {"addtocart": 3, "transaction": 5}


@pytest.fixture
def events(tmp_path: Path) -> Path:
    path = tmp_path / "events.csv"
    path.write_text(RETAILROCKET)
    return path


def test_kinds_are_named_with_their_shares(events, caplog):
    with caplog.at_level(logging.WARNING):
        log = read(events)
    assert (
        "events.csv: events are of 3 kinds, view (67 %), addtocart (17 %), transaction (17 %), and "
        "all count alike: weigh them with --events 'view=1,addtocart=2,transaction=3' "
        "(events='view=1,addtocart=2,transaction=3')."
    ) in caplog.text
    assert log.events["event"].to_list() == ["view", "view", "addtocart", "transaction", "view"]
    assert log.events["basket"].to_list() == [None, None, None, 4000, None]
    assert log.weights is None
    assert log.anonymous["event"].to_list() == ["view"]


@pytest.mark.parametrize(
    ("kinds", "example", "left_out"),
    [
        ("checkout renew hold hold hold checkin", "hold=1,renew=2,checkout=3", "checkin"),
        ("Ausleihe Verlängerung Rückgabe Rückgabe Vormerkung",
         "Vormerkung=1,Verlängerung=2,Ausleihe=3", "Rückgabe"),
        ("PageView Buy add_to_cart remove_from_cart view", "PageView=1,view=1,add_to_cart=2,Buy=3",
         "remove_from_cart"),
        ("loan return", "loan=1", "return"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("column", ["transaction_type", "Vorgang"])
def test_weights_of_known_kinds_grow_with_what_they_say(
    kinds, example, left_out, column, tmp_path, caplog
):
    path = tmp_path / "log.csv"
    path.write_text(
        f"user,item,{column}\n" + "".join(f"{n},{n % 3},{k}\n" for n, k in enumerate(kinds.split()))
    )
    with caplog.at_level(logging.WARNING):
        log = read(path)
    assert log.origin.columns["event"] == column
    assert f"--events '{example}' (events='{example}'), which leaves {left_out} out." in caplog.text
    assert len(read(path, events=example)) == len(log) - kinds.split().count(left_out)


def test_kinds_whose_order_is_not_known_get_no_weights(tmp_path, caplog):
    path = tmp_path / "log.csv"
    path.write_text("user,item,event\n1,2,view\n1,3,buy\n2,2,quizzed\n2,3,view\n")
    with caplog.at_level(logging.WARNING):
        read(path)
    assert "give those that count, and how much, with --events 'KIND=WEIGHT,…'" in caplog.text
    assert "=1" not in caplog.text


@pytest.mark.parametrize(
    "kinds", ["addtocart=3, Transaction=5", {"addtocart": 3, "transaction": 5}]
)
def test_kinds_have_weights_and_others_are_left_out(events, kinds, caplog):
    with caplog.at_level(logging.WARNING):
        log = read(events, events=kinds)
    assert "kinds, view" not in caplog.text
    assert log.weights.tolist() == [3.0, 5.0]
    assert log.users.ids.to_list() == [111016, 599528]
    assert log.items.ids.to_list() == [318965, 356475]
    assert log.anonymous is None
    (sentence,) = log.origin.dropped
    assert sentence.endswith("dropped 4 of 6 events: view (4)")


def test_kinds_multiply_what_was_bought_after_cancellations(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(
        "user,item,action,quantity,order\nann,tea,view,1,\nann,tea,buy,4,1\nann,tea,buy,-1,2\n"
        "ann,jam,buy,2,1\nbob,tea,view,1,\n"
    )
    log = read(path, events="buy=10")
    assert log.origin.columns["event"] == "action"
    columns = log.frame().select("item", "weight", "quantity")
    assert columns.rows() == [("tea", 10.0, 3.0), ("jam", 10.0, 2.0)]
    weighed = read(path, events="buy=10", weight="quantity")
    assert weighed.frame().select(columns.columns).rows() == [("tea", 30, 3), ("jam", 20, 2)]


def test_kinds_beside_ratings_and_by_numbers(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("user,item,rating,behavior_type\n1,2,5,1\n1,3,4,4\n2,3,1,1\n")
    assert "event" not in read(path).origin.columns
    log = read(path, events={"4": 2.5})
    assert log.ratings.tolist() == [4.0]
    assert log.weights.tolist() == [2.5]


def test_names_of_events_are_no_kinds(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("user,item,event\n" + "".join(f"{n % 7},{n % 5},e{n}\n" for n in range(40)))
    log = read(path)
    assert "event" not in log.origin.columns
    assert log.events["source_event"].to_list()[:2] == ["e0", "e1"]


@pytest.mark.parametrize("kinds", ["", "v=", "v=0", "v=-1", "v=x", "v=1,v=2", "=3"])
def test_kinds_that_are_none(kinds):
    with pytest.raises(ParameterError, match="written KIND=WEIGHT"):
        parse_kinds(kinds)


def test_a_kind_without_a_weight_counts_one():
    assert parse_kinds("view, buy=2.5") == {"view": 1.0, "buy": 2.5}


def test_unknown_kinds_and_logs_without_kinds(events):
    with pytest.raises(DataError, match="no event is 'purchase'; there are 'view', 'addtocart'"):
        read(events, events="purchase=3")
    with pytest.raises(DataError, match="no column of kinds of events was recognised"):
        read(events, events="view", event=False)

"""Cancellations in a later log take back what a model has learned from an earlier one."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.bundle import restore, save
from penchant.data.reading.log_reader import read
from penchant.errors import DataError
from penchant.models import make

COLUMNS = "InvoiceNo,StockCode,Quantity,InvoiceDate,CustomerID\n"
OLD = (
    "1001,tea,6,2024-01-01 09:00,1\n"
    "1001,jam,2,2024-01-01 09:00,1\n"
    "1002,tea,3,2024-01-02 09:00,1\n"
    "1003,tea,4,2024-01-02 10:00,2\n"
    "1004,nut,1,2024-01-03 10:00,3\n"
)
NEW = (
    "C1010,tea,-5,2024-02-01 09:00,1\n"  # all 3 of order 1002, and 2 of the 6 of 1001
    "C1011,nut,-1,2024-02-01 10:00,3\n"
    "C1012,nut,-1,2024-02-01 10:00,9\n"  # nobody who is known
    "1013,jam,1,2024-02-02 10:00,2\n"
    "1014,nut,2,2024-02-02 10:00,4\n"
    "1015,ale,1,2024-02-02 11:00,0\n"  # comes before all that are known
)


@pytest.fixture
def log_of(tmp_path):
    def of(lines, columns=COLUMNS, **options):
        path = tmp_path / "orders.csv"
        path.write_text(columns + lines)
        return read(path, **options)

    return of


def events(model):
    known = model.histories_
    users = model.users_.take(known.rows).to_list()
    items = model.items_.take(known.items).to_list()
    return list(zip(users, items, known.quantities.tolist(), strict=True))


WHOLE = [(0, "ale", 1), (1, "tea", 4), (1, "jam", 2), (2, "tea", 4), (2, "jam", 1), (4, "nut", 2)]


@pytest.mark.parametrize("spec", ["popular", "item-knn", "ials:dim=2", "basket-co-occurrence"])
def test_known_purchases_are_taken_back_once(spec, log_of, tmp_path, caplog):
    model = make(spec).fit(log_of(OLD))
    with caplog.at_level(logging.INFO, "penchant"):
        model.update(log_of(NEW))
    assert events(model) == WHOLE
    assert (
        "took back purchases that the model knows: 2 events are left out, 1 counted" in caplog.text
    )
    assert model.n_taken_back == 2
    before = model.scores(model.histories_)
    back = restore(save(model, tmp_path / "bundle"))
    for one in (model, back):
        one.update(log_of(NEW))
        assert events(one) == WHOLE
        np.testing.assert_array_equal(one.scores(one.histories_), before)
        assert one.n_taken_back == 0


@pytest.mark.parametrize("weight", [None, "Quantity"])
def test_scores_are_those_of_a_fit_to_both_logs(weight, log_of):
    old, new, both = (log_of(lines, weight=weight) for lines in (OLD, NEW, OLD + NEW))
    model = make("popular").fit(old).update(new)
    whole = make("popular").fit(both)
    assert events(whole) == WHOLE
    for one in (model, whole):
        known = one.histories_
        assert (known.weights is None) == (weight is None)
        if weight:
            np.testing.assert_array_equal(known.weights, known.quantities)
    counts = dict(zip(model.items_.ids, model.popularity_.tolist(), strict=True))
    wanted = (2, 2, 1) if weight is None else (8, 3, 2)
    assert tuple(counts[item] for item in ("tea", "jam", "nut")) == wanted
    np.testing.assert_array_equal(model.popularity_, whole.popularity_)
    assert model.histories_.lengths[model.users_.index(3)] == 0  # all taken back


def test_a_log_that_has_the_purchase_too_takes_it_back_once(log_of):
    """Exports of the last seven days have a purchase again, then with its cancellation."""
    overlapping = OLD.splitlines(keepends=True)[2] + NEW
    model = make("popular").fit(log_of(OLD)).update(log_of(overlapping))
    assert events(model) == WHOLE
    assert events(model.update(log_of(NEW))) == WHOLE
    assert events(model.update(log_of(overlapping))) == WHOLE


def test_lines_of_one_item_in_one_order_are_kept_apart(log_of):
    """The later line of an order is cancelled; the earlier one stays, however often it is read."""
    order = (
        "1001,tea,6,2024-01-01 09:00,1\n1001,tea,2,2024-01-01 09:00,1\n1002,jam,1,2024-01-02,2\n"
    )
    again = order + "C1003,tea,-2,2024-01-03 09:00,1\n1004,jam,1,2024-01-04,3\n"
    model = make("popular").fit(log_of(order))
    for _ in range(2):
        model.update(log_of(again))
        assert events(model) == [(1, "tea", 6), (2, "jam", 1), (3, "jam", 1)]
    assert model.n_taken_back == 0


def test_a_purchase_is_never_taken_back_by_an_earlier_cancellation(log_of):
    model = make("popular").fit(log_of("1001,tea,6,2024-03-01,1\n1002,jam,1,2024-03-01,1\n"))
    model.update(log_of("C1,tea,-6,2024-02-01,1\n7,jam,1,2024-03-02,1\n8,tea,1,2024-03-02,2\n"))
    assert events(model) == [(1, "tea", 6), (1, "jam", 1), (1, "jam", 1), (2, "tea", 1)]


def test_orders_that_a_later_export_calls_cancelled_are_taken_back(log_of):
    columns = "order_id,sku,quantity,created_at,customer_id,status\n"
    old = "1,tea,1,2024-01-01,1,paid\n2,jam,1,2024-01-02,1,paid\n3,tea,1,2024-01-03,2,paid\n"
    new = "2,jam,1,2024-01-02,1,cancelled\n4,nut,1,2024-01-05,2,paid\n5,nut,1,2024-01-05,3,paid\n"
    model = make("popular").fit(log_of(old, columns)).update(log_of(new, columns))
    assert [event[:2] for event in events(model)] == [
        (1, "tea"),
        (2, "tea"),
        (2, "nut"),
        (3, "nut"),
    ]


def test_without_quantities_an_invoice_takes_back_an_event(log_of):
    columns = "InvoiceNo,StockCode,InvoiceDate,CustomerID\n"
    model = make("popular").fit(
        log_of("1,tea,2024-01-01,1\n2,tea,2024-01-02,1\n3,jam,2024-01-02,2\n", columns)
    )
    model.update(log_of("C4,tea,2024-01-03,1\n5,jam,2024-01-04,3\n6,jam,2024-01-04,4\n", columns))
    assert model.histories_.lengths.tolist() == [1, 1, 1, 1]


def test_what_cannot_be_told_is_counted(log_of, caplog):
    events_only = "InvoiceNo,StockCode,InvoiceDate,CustomerID\n"
    model = make("popular").fit(
        log_of("1,tea,2024-01-01,1\n2,tea,2024-01-02,1\n3,jam,2024-01-02,2\n", events_only)
    )
    with caplog.at_level(logging.INFO, "penchant"):
        model.update(log_of(NEW[: NEW.index("1015")]))
    assert "1 cancellation is passed over, for the model does not keep how much" in caplog.text
    assert model.histories_.n_events == 5  # three, and two new ones


def test_weights_are_asked_for_again_and_quantities_are_not(log_of):
    weighed = make("popular").fit(log_of(OLD, weight="Quantity"))
    with pytest.raises(DataError, match=r"have none: --weight Quantity \(weight='Quantity'\)"):
        weighed.update(log_of(NEW))
    model = make("popular").fit(log_of(OLD))
    columns = "InvoiceNo,StockCode,InvoiceDate,CustomerID\n"
    model.update(log_of("1013,jam,2024-02-02 10:00,2\n1014,nut,2024-02-02 10:00,4\n", columns))
    assert events(model)[-1] == (4, "nut", 1)
    weighed_later = make("popular").fit(log_of(OLD)).update(log_of(NEW, weight="Quantity"))
    assert events(weighed_later) == WHOLE
    assert weighed_later.histories_.weights is None


def test_networks_keep_what_they_learned_and_say_so(log_of, caplog):
    model = make("autoencoder:epochs=1").fit(log_of(OLD))
    before = model.histories_.n_events
    with caplog.at_level(logging.INFO, "penchant"):
        model.update(log_of(NEW[: NEW.index("1015")]))
    assert "cancels 3 events that the model knows; Autoencoder learns on" in caplog.text
    assert model.histories_.n_events == before + 2


LINES = st.lists(
    st.tuples(st.integers(1, 3), st.sampled_from("ab"), st.integers(-6, 6).filter(bool)),
    min_size=2,
    max_size=14,
)


@given(LINES, st.integers(1, 13))
@settings(max_examples=12, deadline=None)
def test_parts_of_a_log_leave_what_the_whole_leaves(tmp_path_factory, lines, cut):
    lines = [(9, "a", 1), (8, "b", 1), *lines, (9, "b", 1), (7, "a", 1)]
    rows = [
        f"{1000 + n},{item},{count},2024-01-{n + 1:02} 10:00,{user}\n"
        for n, (user, item, count) in enumerate(lines)
    ]
    folder, cut = tmp_path_factory.mktemp("logs"), 2 + min(cut, len(lines) - 4)

    def part(*some):
        path = folder / "part.csv"
        path.write_text(COLUMNS + "".join(some))
        return read(path)

    model = make("popular").fit(part(*rows[:cut])).update(part(*rows[cut:]))
    whole = make("popular").fit(part(*rows))
    assert sorted(events(model)) == sorted(events(whole))

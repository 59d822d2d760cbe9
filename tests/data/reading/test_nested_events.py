from __future__ import annotations

import io
import json
from typing import Any

import polars as pl
import pytest

from penchant.data.sources.releases import read

EVENTS = [
    {"user": "ann", "item": "tea", "rating": 5},
    {"user": "bob", "item": "jam", "rating": 4},
    {"user": "ann", "item": "jam", "rating": 3},
]
PAIRS = [("ann", "tea"), ("bob", "jam"), ("ann", "jam")]
HITS = [{"_index": "log", "_id": str(n), "_source": event} for n, event in enumerate(EVENTS)]
ROWS = [list(event.values()) for event in EVENTS]
DOCUMENTS: dict[str, Any] = {
    "under several names": {"data": {"ratings": EVENTS}},
    "beside other things": {"count": 3, "next": None, "results": EVENTS},
    "beside another table": {"users": [{"id": "ann", "name": "Ann"}], "ratings": EVENTS},
    "beside a list inside": {"meta": {"links": [{"rel": "next"}]}, "results": EVENTS},
    "with a schema": {"schema": {"fields": [{"name": "user"}]}, "data": EVENTS},
    "hits of a search": {"took": 3, "hits": {"total": 3, "hits": HITS}},
    "rows": ROWS,
    "rows with names": [list(EVENTS[0]), *ROWS],
}
LINES: dict[str, list[Any]] = {
    "hits": HITS,
    "fields in a struct": [{"type": "view", "properties": event} for event in EVENTS],
    "structs in structs": [{"body": {"type": "view", "data": event}} for event in EVENTS],
    "rows": ROWS,
}


def pairs_of(text: str, **options: Any) -> list[tuple[Any, ...]]:
    log = read(io.BytesIO(text.encode()), quiet=True, **options)
    return list(log.frame().select("user", "item").iter_rows())


@pytest.mark.parametrize("form", DOCUMENTS)
def test_the_records_of_a_document(form: str) -> None:
    assert pairs_of(json.dumps(DOCUMENTS[form])) == PAIRS
    assert pairs_of(json.dumps(DOCUMENTS[form], indent=1)) == PAIRS


@pytest.mark.parametrize("form", LINES)
def test_lines_of_wrapped_records(form: str) -> None:
    assert pairs_of("\n".join(map(json.dumps, LINES[form]))) == PAIRS


@pytest.mark.parametrize("between", ["", "\n", ",\n", " ", "\n\n"])
@pytest.mark.parametrize("indent", [None, 2])
def test_objects_one_after_the_other(between: str, indent: int | None) -> None:
    texts = [json.dumps(event, indent=indent) for event in EVENTS]
    assert pairs_of(between.join(texts)) == PAIRS


def test_users_are_keys(caplog: pytest.LogCaptureFixture) -> None:
    assert pairs_of('{"ann": ["tea", "jam"], "bob": ["jam"]}') == [
        ("ann", "tea"), ("ann", "jam"), ("bob", "jam"),
    ]  # fmt: skip
    assert pairs_of('{"ann": ["tea", "jam"], "bob": ["jam", "oil"]}')[-1] == ("bob", "oil")
    log = read(io.BytesIO(b'{"ann": {"tea": 5, "jam": 3}, "bob": {"jam": 4.5}}'))
    assert log.frame().select("user", "item", "rating").rows() == [
        ("ann", "tea", 5), ("ann", "jam", 3), ("bob", "jam", 4.5),
    ]  # fmt: skip
    assert caplog.messages == [
        "the open file: keys are read as users, and their objects as ratings of items."
    ]


ORDERS = [
    {"order_id": 1, "customer_id": "ann", "created_at": "2024-01-01T00:00:00Z",
     "line_items": [{"sku": "tea", "quantity": 1, "price": "3.50"},
                    {"sku": "jam", "quantity": 2, "price": "1.50"}]},
    {"order_id": 2, "customer_id": "bob", "created_at": "2024-01-02T00:00:00Z", "line_items": []},
    {"order_id": 3, "customer_id": "bob", "created_at": "2024-01-02T00:00:00Z",
     "line_items": [{"sku": "jam", "quantity": 4, "price": "1.50"}]},
]  # fmt: skip


@pytest.mark.parametrize("form", ["lines", "array", "frame", "Parquet"])
def test_orders_with_their_lines(form: str, tmp_path, caplog: pytest.LogCaptureFixture) -> None:
    frame = pl.DataFrame(ORDERS)
    frame.write_parquet(tmp_path / "orders.parquet")
    text = json.dumps(ORDERS) if form == "array" else "\n".join(map(json.dumps, ORDERS))
    (tmp_path / "orders.json").write_text(text)
    path = tmp_path / ("orders.parquet" if form == "Parquet" else "orders.json")
    log = read(frame if form == "frame" else path)
    assert log.frame().select("user", "item", "quantity", "basket", "row").rows() == [
        ("ann", "tea", 1, 1, 1), ("ann", "jam", 2, 1, 2), ("bob", "jam", 4, 3, 4),
    ]  # fmt: skip
    assert log.origin.skipped is not None
    assert log.origin.skipped.select("row", "problem").rows() == [(3, "no entry in 'line_items'")]
    assert any("each entry of 'line_items' is an event" in text for text in caplog.messages)


def test_a_single_order_is_a_record() -> None:
    assert pairs_of(json.dumps(ORDERS[0])) == [("ann", "tea"), ("ann", "jam")]


def test_lists_of_ids_and_fields_asked_for() -> None:
    lines = [{"user": "ann", "items": ["tea", "jam"]}, {"user": "bob", "items": ["jam"]}]
    assert pairs_of("\n".join(map(json.dumps, lines))) == [
        ("ann", "tea"), ("ann", "jam"), ("bob", "jam"),
    ]  # fmt: skip
    lines = [{"user": "ann", "cart": [{"what": "tea"}, {"what": "jam"}]}] * 2
    text = "\n".join(map(json.dumps, lines))
    assert pairs_of(text, item="cart.what") == [("ann", "tea"), ("ann", "jam")] * 2


def test_numbers_of_document_stores_are_numbers() -> None:
    event = {"user": {"$numberLong": "7"}, "item": {"$numberInt": "12"}}
    assert pairs_of(json.dumps([event, event])) == [(7, 12)] * 2

"""Events and shown lists of a store as tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from penchant.serving.store.records import Progress
from penchant.serving.store.schema import events, shown

_ROWS = 50_000  # fetched at a time
_STREAMING = {"stream_results": True, "max_row_buffer": _ROWS}

_TIME = pl.Datetime("us")
OUTCOMES = {
    "sequence": pl.Int64,
    "user": pl.String,
    "item": pl.String,
    "kind": pl.String,
    "value": pl.Float64,
    "time": pl.Int64,
}
_LISTS = {
    "list": pl.String,
    "user": pl.String,
    "time": pl.Int64,
    "experiment": pl.String,
    "arm": pl.String,
    "model": pl.String,
}
_PLACES = {
    "position": pl.Int64,
    "item": pl.String,
    "score": pl.Float64,
    "propensity": pl.Float64,
    "explored": pl.Boolean,
    "reasons": pl.String,
}


def outcomes(connection: sa.Connection, after: int = 0, until: int | None = None) -> pl.DataFrame:
    """Events after a number, and up to one, that were not taken back, in their order."""
    undo = events.alias("undo")
    taken_back = sa.select(undo.c.of).where(undo.c.kind == "undo", undo.c.of.is_not(None))
    query = (
        sa.select(*(events.c[name] for name in OUTCOMES))
        .where(
            events.c.kind != "undo",
            events.c.sequence > after,
            events.c.sequence.not_in(taken_back),
        )
        .order_by(events.c.sequence)
    )
    if until is not None:
        query = query.where(events.c.sequence <= until)
    return _frame(connection, query, OUTCOMES).with_columns(pl.col("time").cast(_TIME))


def taken_back(connection: sa.Connection, progress: Progress) -> pl.DataFrame:
    """Events that a bundle has learned and that were taken back, which it does not know."""
    undo = events.alias("undo")
    query = (
        sa.select(*(events.c[name] for name in OUTCOMES))
        .join(undo, undo.c.of == events.c.sequence)
        .where(
            undo.c.kind == "undo",
            undo.c.sequence > progress.removed,
            events.c.sequence <= progress.learned,
        )
        .distinct()
    )
    return _frame(connection, query, OUTCOMES).with_columns(pl.col("time").cast(_TIME))


def shown_places(connection: sa.Connection, experiment: str | None = None) -> pl.DataFrame:
    """Every place of every shown list, in the order of time."""
    query = sa.select(*(shown.c[name] for name in (*_LISTS, "items")))
    if experiment is not None:
        query = query.where(shown.c.experiment == experiment)
    query = query.order_by(shown.c.time, shown.c.list)
    chunks = [pl.DataFrame(schema=_LISTS | _PLACES)]
    for rows in connection.execute(query, execution_options=_STREAMING).partitions(_ROWS):
        places = [
            (*row[:-1], position, *place)
            for row in rows
            for position, place in enumerate(json.loads(row[-1]), 1)
        ]
        chunks.append(pl.DataFrame(places, _LISTS | _PLACES, orient="row"))
    return pl.concat(chunks).with_columns(pl.col("time").cast(_TIME))


def list_to_dict(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A shown list as plain values."""
    names = ("item", "score", "propensity", "explored", "reasons")
    places = [dict(zip(names, place, strict=True)) for place in json.loads(row["items"])]
    for place in places:
        if place["reasons"] is not None:
            place["reasons"] = json.loads(place["reasons"])
    return {name: row[name] for name in _LISTS if name != "user"} | {"items": places}


def insert_of(connection: sa.Connection) -> Callable[[sa.Table], Any]:
    """The INSERT of a database, which can pass over rows that are there."""
    return sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert


def _frame(connection: sa.Connection, query: Any, schema: Mapping[str, Any]) -> pl.DataFrame:
    result = connection.execute(query, execution_options=_STREAMING)
    chunks = [pl.DataFrame(schema=schema)]
    chunks += [
        pl.DataFrame([tuple(row) for row in rows], schema, orient="row")
        for rows in result.partitions(_ROWS)
    ]
    return pl.concat(chunks)

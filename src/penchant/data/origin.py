"""Where a log came from, and what was left out of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

import polars as pl

Layout = Literal["columns", "adjacency", "sequences", "baskets", "wide", "blocks", "impressions"]
"""How a line of text is read: as columns, as `user item item …`, as `item item …` (in order, or
bought together), as a user's ratings of all items, in blocks of an item, or as impressions."""


@dataclass(frozen=True)
class Origin:
    """Where a log came from, and which of its records and events were left out.

    Attributes:
        source: the file, database, frame or data set.
        columns: which column of the source became user, item, rating, time and other roles.
        guessed: the roles whose columns were guessed from names and contents.
        skipped: one row for each record that the reader left out: `row` (counted from 1, without
            a header), `problem` and `content`, and where a log is several files the `file` and the
            number of the `record` there; None where there are none. Cancellations, and purchases
            that were cancelled in full, are among them.
        dropped: what each filter removed since, one sentence each.
        netted: one row for each purchase of a user that was cancelled or lowered, each other line
            of its item in its basket, and each cancellation that found too little: `user` and
            `item` (ids), `time` and `basket` where known, `cancels`, `amount`, what is `left` of it
            (null where no kept number says), and its `unit`: `quantity`, `event`, or null.
            Models take the rest back that know the purchases; None where there are none.
        layout: how lines of a text file were read, as in `penchant.read`.
        date_form: `day-first`, `month-first` or `year-first` where times were read so that have
            another meaning otherwise.
        session_gap: the longest time between two events of a session, where sessions are by gaps.
    """

    source: str = "memory"
    columns: dict[str, str] = field(default_factory=dict)
    guessed: tuple[str, ...] = ()
    skipped: pl.DataFrame | None = None
    dropped: tuple[str, ...] = ()
    netted: pl.DataFrame | None = None
    layout: Layout = "columns"
    date_form: str | None = None
    session_gap: timedelta | None = None

    def __str__(self) -> str:
        columns = ", ".join(
            f"{role}={column}{' (guessed)' if role in self.guessed else ''}"
            for role, column in self.columns.items()
        )
        return f"{self.source}: {columns}" if columns else self.source

"""A quality issue of a log, and the tables of the events, users or items that it concerns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.typing import AnyArray, AnyInt

Level = Literal["wrong", "doubtful", "note"]
MakeRows: TypeAlias = Callable[[int | None], pl.DataFrame]
"""Makes a table of the first `limit` rows, of all rows where limit is None."""

_EXAMPLES = 20
_EVENT_COLUMNS = ("row", "user", "item", "rating", "time")


@dataclass(frozen=True, eq=False)
class QualityIssue:
    """One kind of issue in a log.

    Attributes:
        name: a short fixed name, such as `duplicates`.
        level: "wrong" cannot be right, "doubtful" should be looked at, "note" is good to know.
        count: how many events, users, items or records it concerns.
        share: `count` as a share of all of them, from 0 to 1.
        sentence: a description for a person.
        examples: up to 20 of them with outside ids; `row` is the record's number in its source.
    """

    name: str
    level: Level
    count: int
    share: float
    sentence: str
    examples: pl.DataFrame
    _make_rows: MakeRows = field(repr=False)

    @classmethod
    def of(
        cls, name: str, level: Level, count: int, total: int, sentence: str, make_rows: MakeRows
    ) -> QualityIssue:
        """An issue of `count` out of `total`; the sentence lacks the count that it starts with."""
        return cls(
            name=name,
            level=level,
            count=count,
            share=count / total if total else 0.0,
            sentence=f"{count:,} {sentence}",
            examples=make_rows(_EXAMPLES),
            _make_rows=make_rows,
        )

    def table(self) -> pl.DataFrame:
        """All events, users, items or records concerned, with the columns of `examples`."""
        return self._make_rows(None)

    def to_dict(self) -> dict[str, Any]:
        """The issue and its examples as plain values for JSON."""
        return {
            "name": self.name,
            "level": self.level,
            "count": self.count,
            "share": self.share,
            "sentence": self.sentence,
            "examples": [
                {key: _plain(value) for key, value in row.items()}
                for row in self.examples.to_dicts()
            ],
        }


def event_rows(log: Dataset, positions: AnyInt, further: tuple[str, ...] = ()) -> MakeRows:
    """The events at these positions with outside ids; `further` are columns beside the usual."""

    def make(limit: int | None) -> pl.DataFrame:
        events = log.subset(positions[:limit]).frame()
        return events.select(c for c in (*_EVENT_COLUMNS, *further) if c in events.columns)

    return make


def id_rows(
    log: Dataset,
    noun: str,
    indices: AnyInt,
    further: Mapping[str, AnyArray] | None = None,
) -> MakeRows:
    """The users or items with these indices: first row, id, number of events, further columns."""
    vocabulary = log.users if noun == "user" else log.items
    counts = log.user_counts if noun == "user" else log.item_counts

    def make(limit: int | None) -> pl.DataFrame:
        wanted = indices[:limit]
        index = pl.Series(noun, wanted.astype(np.int32))
        columns = {name: values[:limit] for name, values in (further or {}).items()}
        first_rows = (
            log.events.lazy()
            .filter(pl.col(noun).is_in(index.implode()))
            .group_by(noun)
            .agg(pl.col("row").min())
            .collect()
        )
        rows = index.to_frame().join(first_rows, on=noun, how="left", maintain_order="left")
        return pl.DataFrame(
            {"row": rows["row"], noun: vocabulary.take(wanted), "events": counts[wanted], **columns}
        )

    return make


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | float | str | None) else str(value)

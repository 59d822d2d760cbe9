"""What a check of a log found: one finding a kind, with the rows it concerns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import polars as pl

Level = Literal["wrong", "doubtful", "note"]
_EXAMPLES = 20


@dataclass(frozen=True, eq=False)
class Finding:
    """One kind of oddity in a log.

    Attributes:
        name: a short fixed name, such as `duplicates`.
        level: "wrong" cannot be right, "doubtful" should be looked at, "note" is good to know.
        count: how many events, users, items or records it concerns.
        share: `count` as a share of all of them, from 0 to 1.
        sentence: what was found, for a person.
        examples: up to 20 of them with outside ids; `row` is the record's number in its source.
    """

    name: str
    level: Level
    count: int
    share: float
    sentence: str
    examples: pl.DataFrame
    _all: Callable[[], pl.DataFrame] = field(repr=False)

    @classmethod
    def of(
        cls,
        name: str,
        level: Level,
        count: int,
        total: int,
        sentence: str,
        rows: Callable[[int | None], pl.DataFrame],
    ) -> Finding:
        """A finding whose rows are made by `rows(limit)`, all of them where limit is None.

        The sentence is given without the count that it starts with.
        """
        return cls(
            name=name,
            level=level,
            count=count,
            share=count / total if total else 0.0,
            sentence=f"{count:,} {sentence}",
            examples=rows(_EXAMPLES),
            _all=lambda: rows(None),
        )

    def table(self) -> pl.DataFrame:
        """Everything that was found, with the columns of `examples`."""
        return self._all()

    def to_dict(self) -> dict[str, Any]:
        """The finding and its examples as plain values for JSON."""
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


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | float | str | None) else str(value)

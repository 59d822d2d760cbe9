"""What became of each item's image, as a table and in words."""

from __future__ import annotations

from collections import Counter
from dataclasses import astuple, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from penchant.atomic_write import whole

TABLE = "images.csv"
THERE = ("fetched", "kept")
_SCHEMA: dict[str, type[pl.DataType]] = {
    "status": pl.String,
    "reason": pl.String,
    "url": pl.String,
    "file": pl.String,
    "bytes": pl.Int64,
    "width": pl.Int32,
    "height": pl.Int32,
}


@dataclass(frozen=True)
class Outcome:
    """What became of one item's image.

    Attributes:
        item: the item's id.
        status: `fetched`, `kept` (was there), `missing` (the server has none), `broken` (what it
            sent is no usable image), `refused` (an address that is not asked), `failed` (no
            answer, or an error), or `no address`.
        reason: why there is none, in a few words.
        url: the address, the last one where several were tried.
        file: the name of its file.
        bytes: the size of the file.
        width: in pixels.
        height: in pixels.
    """

    item: Any
    status: str
    reason: str = ""
    url: str | None = None
    file: str | None = None
    bytes: int | None = None
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True)
class Fetched:
    """The outcome of fetching images.

    Attributes:
        folder: where the images lie, and the table `images.csv`.
        outcomes: one for each item, in the order of the addresses.
        seconds: how long it took.
    """

    folder: Path
    outcomes: list[Outcome]
    seconds: float

    @cached_property
    def frame(self) -> pl.DataFrame:
        """A row for each item: item, status, reason, url, file, bytes, width, height."""
        items = pl.Series("item", [o.item for o in self.outcomes], strict=False)
        rest = [astuple(o)[1:] for o in self.outcomes]
        return pl.DataFrame(rest, schema=_SCHEMA, orient="row").insert_column(0, items)

    @property
    def table(self) -> Path:
        """The file with the table."""
        return self.folder / TABLE

    @property
    def counts(self) -> dict[str, int]:
        """How many items ended in which status, most frequent first."""
        return dict(Counter(o.status for o in self.outcomes).most_common())

    @property
    def reasons(self) -> dict[str, int]:
        """Why there is no image, and for how many items, most frequent first."""
        missing = (f"{o.status}: {o.reason}" for o in self.outcomes if o.status not in THERE)
        return dict(Counter(missing).most_common())

    @property
    def n_images(self) -> int:
        """How many items have an image now."""
        return sum(o.status in THERE for o in self.outcomes)

    @property
    def bytes(self) -> int:
        """How many bytes the images have together."""
        return sum(o.bytes or 0 for o in self.outcomes)

    def __str__(self) -> str:
        count, total = self.n_images, len(self.outcomes)
        parts = ", ".join(f"{n:,} {status}" for status, n in self.counts.items())
        head = f"{count:,} of {total:,} items have an image ({self.bytes / 1e6:,.1f} MB): {parts}."
        why = [f"  {n:,} × {reason}" for reason, n in list(self.reasons.items())[:10]]
        return "\n".join([head, *why])


def write_table(found: Fetched) -> None:
    """Write the table beside the images."""
    with whole(found.table) as draft:
        found.frame.write_csv(draft)


def read_table(folder: Path) -> dict[str, tuple[int, str, int, int]]:
    """Bytes, address, width and height by file name, of what an earlier run has fetched.

    A table that cannot be read says nothing.
    """
    try:
        table = pl.read_csv(folder / TABLE, schema_overrides={"item": pl.String, **_SCHEMA})
        rows = table.select("file", "bytes", "url", "width", "height").drop_nulls()
    except (OSError, pl.exceptions.PolarsError):
        return {}
    return {file: (size, url, w, h) for file, size, url, w, h in rows.iter_rows()}

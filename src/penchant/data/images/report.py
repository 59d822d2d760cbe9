"""The result of fetching each item's image, as a table and as text."""

from __future__ import annotations

from collections import Counter
from dataclasses import astuple, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from penchant.atomic_write import atomic_path

TABLE = "images.csv"
WITH_IMAGE = ("fetched", "existing")
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
class ImageResult:
    """The result of fetching one item's image.

    Attributes:
        item: the item's id.
        status: `fetched`, `existing` (was there), `missing` (the server has none), `broken` (it
            sent no usable image), `refused` (an address that is not asked), `failed` (no response,
            or an error), or `no address`.
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
class FetchReport:
    """The results of fetching images.

    Attributes:
        folder: where the images lie, and the table `images.csv`.
        results: one for each item, in the order of the addresses.
        seconds: how long it took.
    """

    folder: Path
    results: list[ImageResult]
    seconds: float

    @cached_property
    def frame(self) -> pl.DataFrame:
        """A row for each item: item, status, reason, url, file, bytes, width, height."""
        items = pl.Series("item", [r.item for r in self.results], strict=False)
        rest = [astuple(r)[1:] for r in self.results]
        return pl.DataFrame(rest, schema=_SCHEMA, orient="row").insert_column(0, items)

    @property
    def table(self) -> Path:
        """The file with the table."""
        return self.folder / TABLE

    @property
    def counts(self) -> dict[str, int]:
        """How many items ended in which status, most frequent first."""
        return dict(Counter(r.status for r in self.results).most_common())

    @property
    def reasons(self) -> dict[str, int]:
        """Why there is no image, and for how many items, most frequent first."""
        missing = (f"{r.status}: {r.reason}" for r in self.results if r.status not in WITH_IMAGE)
        return dict(Counter(missing).most_common())

    @property
    def n_images(self) -> int:
        """How many items have an image now."""
        return sum(r.status in WITH_IMAGE for r in self.results)

    @property
    def bytes(self) -> int:
        """How many bytes the images have together."""
        return sum(r.bytes or 0 for r in self.results)

    def __str__(self) -> str:
        count, total = self.n_images, len(self.results)
        parts = ", ".join(f"{n:,} {status}" for status, n in self.counts.items())
        head = f"{count:,} of {total:,} items have an image ({self.bytes / 1e6:,.1f} MB): {parts}."
        reasons = [f"  {n:,} × {reason}" for reason, n in list(self.reasons.items())[:10]]
        return "\n".join([head, *reasons])


def write_table(report: FetchReport) -> None:
    """Write the table beside the images."""
    with atomic_path(report.table) as draft:
        report.frame.write_csv(draft)


def read_table(folder: Path) -> dict[str, tuple[int, str, int, int]]:
    """Bytes, address, width and height by file name, as an earlier run wrote them.

    Empty where the table cannot be read.
    """
    try:
        table = pl.read_csv(folder / TABLE, schema_overrides={"item": pl.String, **_SCHEMA})
        rows = table.select("file", "bytes", "url", "width", "height").drop_nulls()
    except (OSError, pl.exceptions.PolarsError):
        return {}
    return {file: (size, url, w, h) for file, size, url, w, h in rows.iter_rows()}

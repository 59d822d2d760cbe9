"""The result of fetching each item's image, and the images that an earlier run left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from penchant.atomic_write import atomic_path
from penchant.data.images.image_check import BadImageError, check_image
from penchant.data.images.paths import image_files
from penchant.notebook import ShownAsText
from penchant.wording import counted

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
class FetchReport(ShownAsText):
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
        head = (
            f"{count:,} of {counted(total, 'item')} with an image ({self.bytes / 1e6:,.1f} MB): "
            f"{parts}."
        )
        reasons = [f"  {n:,} × {reason}" for reason, n in list(self.reasons.items())[:10]]
        return "\n".join([head, *reasons])


def write_table(report: FetchReport) -> None:
    """Write the table beside the images."""
    with atomic_path(report.table) as draft:
        report.frame.write_csv(draft)


@dataclass(frozen=True)
class ExistingImages:
    """The image files of a folder, and the rows of the table beside them.

    A row has bytes, address, width and height of the file that is its key.
    """

    files: Mapping[str, Path]
    table: Mapping[str, tuple[int, str, int, int]]
    max_pixels: int

    def get(self, name: str, urls: tuple[str, ...]) -> ImageResult | None:
        """The image with this name, if it is whole and the item's address is still the same.

        A file that the table knows with its size was checked when it was fetched; any other is
        decoded now.
        """
        path = self.files.get(name)
        if path is None:
            return None
        size = path.stat().st_size
        row = self.table.get(path.name)
        if row is not None:
            if urls and row[1] not in urls:
                return None
            if row[0] == size:
                return ImageResult(None, "existing", "", row[1], path.name, size, row[2], row[3])
        try:
            facts = check_image(path, self.max_pixels)
        except BadImageError:
            return None
        url = row[1] if row else None
        return ImageResult(None, "existing", "", url, path.name, size, facts.width, facts.height)

    @classmethod
    def of(cls, folder: Path, max_pixels: int) -> ExistingImages:
        """The images that a folder has, with the table as an earlier run wrote it.

        The table is empty where it cannot be read.

        Raises:
            DataError: there is no such folder.
        """
        try:
            table = pl.read_csv(folder / TABLE, schema_overrides={"item": pl.String, **_SCHEMA})
            known = table.select("file", "bytes", "url", "width", "height").drop_nulls()
            rows = {file: (size, url, w, h) for file, size, url, w, h in known.iter_rows()}
        except (OSError, pl.exceptions.PolarsError):
            rows = {}
        return cls(image_files(folder), rows, max_pixels)

"""Lists in a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from penchant.atomic_write import atomic_path, require_writable
from penchant.batch import workbook
from penchant.run import Run

ENDINGS = (".csv", ".parquet", ".jsonl", workbook.ENDING)
"""Of files of lists."""


@dataclass(frozen=True)
class FileDestination:
    """A file that is the old one or the new one at all times."""

    path: Path

    @classmethod
    def of(cls, path: Path) -> FileDestination:
        """The destination at a path, whose folder is made.

        Raises:
            ParameterError: it is a folder, cannot be written, or has an unknown ending.
            MissingExtraError: it is a workbook, and XlsxWriter is not installed.
        """
        workbook.require_writer(path)
        return cls(require_writable(path, endings=ENDINGS))

    @property
    def parts(self) -> Path:
        """The folder for parts of a run."""
        return self.path.with_name(f"{self.path.name}.parts")

    def check(self, schema: pl.Schema, most_rows: int, *, overwrite: bool) -> None:
        """Refuse, before long work, more rows than the kind of file holds.

        Raises:
            ParameterError: it is a workbook, and there may be more rows than in a sheet.
        """
        if self.path.suffix == workbook.ENDING:
            workbook.require_rows(most_rows)

    def write(self, parts: Sequence[Path], run: Run) -> None:
        """Write the rows of all parts; a CSV and a workbook have no nested columns."""
        with atomic_path(self.path) as draft:
            if self.path.suffix == ".parquet":
                pl.scan_parquet(list(parts)).drop("position").sink_parquet(draft)
                return
            if self.path.suffix == workbook.ENDING:
                rows = pl.concat([pl.read_parquet(part).drop("position") for part in parts])
                workbook.write_workbook(without_nested(rows), draft)
                return
            with draft.open("wb") as file:
                for number, part in enumerate(parts):
                    rows = pl.read_parquet(part).drop("position")
                    if self.path.suffix == ".jsonl":
                        rows.write_ndjson(file)
                    else:
                        without_nested(rows).write_csv(file, include_header=number == 0)

    def __str__(self) -> str:
        return str(self.path)


def without_nested(rows: pl.DataFrame) -> pl.DataFrame:
    """The columns that a table of plain cells can have."""
    return rows.select(name for name, kind in rows.schema.items() if not kind.is_nested())

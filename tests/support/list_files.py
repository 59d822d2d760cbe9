"""Reading lists from each kind of file that they are written to."""

from __future__ import annotations

import polars as pl

READERS = {
    "csv": pl.read_csv,
    "parquet": pl.read_parquet,
    "jsonl": pl.read_ndjson,
    "xlsx": pl.read_excel,
}

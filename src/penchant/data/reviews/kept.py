"""Cleaned tables that are kept as Parquet, under a name that content and settings decide."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from penchant.data.dataset import EVENT_COLUMNS, Dataset
from penchant.data.fetching.cache import cache_folder, staged_folder

_TABLE, _REPORT = "table.parquet", "report.json"


def digest_of(table: pl.DataFrame) -> str:
    """A fingerprint of a table's columns and rows, in hexadecimal."""
    digest = hashlib.sha256(f"{table.height} {table.schema}".encode())
    if table.width:
        digest.update(table.hash_rows(seed=0).to_numpy().tobytes())
    return digest.hexdigest()


def place(log: Dataset, settings: Mapping[str, Any], cache: str | Path | None = None) -> Path:
    """The folder that a table made of this log with these settings is kept in."""
    further = log.events.select(pl.exclude(*EVENT_COLUMNS))
    key = {
        "log": log.fingerprint,
        "further": digest_of(further),
        "items": None if log.item_table is None else digest_of(log.item_table),
        "settings": dict(settings),
        "polars": pl.__version__,  # other versions hash otherwise
    }
    name = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:24]
    return cache_folder(cache) / "reviews" / name


def read(folder: Path) -> tuple[pl.DataFrame, str] | None:
    """A table and its report; None where there is none, or one that is damaged."""
    try:
        return pl.read_parquet(folder / _TABLE), (folder / _REPORT).read_text(encoding="utf-8")
    except (OSError, ValueError, pl.exceptions.PolarsError):
        return None


def write(folder: Path, table: pl.DataFrame, report: str) -> None:
    """Keep a table and its report: both appear, whole, or neither."""
    with staged_folder(folder) as draft:
        table.write_parquet(draft / _TABLE)
        (draft / _REPORT).write_text(report, encoding="utf-8")

"""Tables of items that have a list of attributes for each, as S3-Rec's files have."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from penchant.data.reading.json_documents import KEYS_AND_LISTS
from penchant.data.reading.records import RawRecords
from penchant.errors import DataError

_MOST_BYTES = 500_000_000  # of unpacked names
_NAMES = ("_datamaps.json", "_datamaps.json.gz")  # beside `_item2attributes.json`
_TABLE = "_item2attributes.json"


def with_attributes(records: RawRecords, source: object) -> RawRecords:
    """A row per item with the list `attributes`, where records are of keys and their lists.

    A file `Beauty_item2attributes.json` has numbers of attributes; where `Beauty_datamaps.json` or
    `Beauty_datamaps.json.gz` stands beside it, its `id2attribute` has their names.

    Args:
        records: of a table of items; other ones are given back as they are.
        source: the path of the table, if it is a file.

    Raises:
        DataError: the file of names cannot be read.
    """
    if KEYS_AND_LISTS not in records.remarks:
        return records
    pairs = records.frame.select(pl.all().cast(pl.String))
    remark = "keys are read as items, and their lists as attributes"
    path = _file_of_names(source)
    if path is not None:
        names = _names(path)
        attributes = pl.col("item").replace_strict(names, default=pl.col("item"))
        pairs = pairs.with_columns(attributes)
        remark += f", whose names are those of {path.name}"
    frame = pairs.group_by("user", maintain_order=True).agg(attributes="item")
    return replace(
        records,
        frame=frame.rename({"user": "item"}),
        is_text=True,
        numbers=None,
        lines=None,
        remarks=(remark,),
    )


def _file_of_names(source: object) -> Path | None:
    if not isinstance(source, str | Path) or not str(source).endswith(_TABLE):
        return None
    stem = str(source).removesuffix(_TABLE)
    return next((Path(stem + end) for end in _NAMES if Path(stem + end).is_file()), None)


def _names(path: Path) -> dict[str, str]:
    """The name of each attribute by its number as text."""
    try:
        data = path.read_bytes()
        if path.suffix == ".gz":
            with gzip.open(path) as file:
                data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise ValueError("it is too large")
        names: Any = json.loads(data)["id2attribute"]
        return {str(number): str(name) for number, name in names.items()}
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError):
        raise DataError(
            f"{path.name} beside the table of items does not say by 'id2attribute' what its "
            "attributes are called: correct it, or take it away."
        ) from None

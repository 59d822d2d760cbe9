"""All that is known of a log that was read, so that two ways of reading can be compared."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.data.reading import formats, typed_pieces
from penchant.data.reading.records import RawRecords
from penchant.data.sources.releases import read
from penchant.errors import DataError


def outcome(source: Path, caplog: pytest.LogCaptureFixture, **options: Any) -> object:
    """The log with what was said of it, or why it is refused."""
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        try:
            log = read(source, **options)
        except DataError as error:
            return str(error)
    return facts(log), [record.message for record in caplog.records]


def in_pieces_of_a_file(
    path: Path, size: float, caplog: pytest.LogCaptureFixture, **options: Any
) -> list[int]:
    """Compare a log read at once and in pieces of this size; return the records of each piece."""
    at_once = outcome(path, caplog, **options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(formats, "PIECE", size)
        sizes = typed_at_once(patch)
        assert outcome(path, caplog, **options) == at_once
    return sizes


def typed_at_once(patch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of records that are typed at once, in the order of the source, as they come."""
    sizes: list[int] = []
    original = typed_pieces.type_records

    def counting(records: RawRecords, *args: Any, **options: Any) -> object:
        sizes.append(len(records.frame))
        return original(records, *args, **options)

    patch.setattr(typed_pieces, "type_records", counting)
    return sizes


def _rows(frame: pl.DataFrame | None) -> object:
    return None if frame is None else (frame.schema, frame.rows())


def facts(log: Dataset) -> tuple[object, ...]:
    skipped = log.origin.skipped
    return (
        log.frame().rows(named=True),
        log.frame().schema,
        log.fingerprint,
        None if skipped is None else skipped.rows(),
        (log.origin.columns, log.origin.guessed, log.origin.source, log.name),
        _rows(log.anonymous_frame()),
        (_rows(log.origin.netted), log.origin.dropped, _rows(log.item_table)),
        (log.in_sessions, log.positive, log.scale),
    )

"""Read the files of a log, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from penchant.data.reading.contents import HARMLESS_TABLE, PARQUET, TextForm, read_content
from penchant.data.reading.files import load_bytes
from penchant.data.reading.parquet import sizes_in_trial
from penchant.data.reading.parts.part_files import PartFile, PartFiles
from penchant.data.reading.parts.union import like_first
from penchant.data.reading.records import NoRecordsError, RawRecords
from penchant.data.reading.unpacking import most_unpacked
from penchant.errors import DataError

_BATCH = 2**26  # bytes of files that are in memory at once


def records_of_files(
    parts: PartFiles, form: TextForm, max_bytes: int | None = None, limit: int | None = None
) -> Iterator[RawRecords]:
    """The records of each file, which have equal columns; those without a record are passed over.

    Args:
        parts: the files.
        form: what is known of those that are text.
        max_bytes: the most bytes of all together; by default those of `most_unpacked`.
        limit: read no further file once so many records are there.

    Raises:
        DataError: a file cannot be read, has other columns than the first, or none has a record.
    """
    first: RawRecords | None = None
    packed = unpacked = n_records = 0
    for file, data, sizes in _contents(parts.files, max_bytes):
        packed += file.path.stat().st_size
        if data is None:
            continue
        left = None if max_bytes is None else max(1, max_bytes - unpacked)
        try:
            records = read_content(
                data, file.name, form if first is None else form.like(first), left, sizes
            )
        except NoRecordsError:
            continue
        if not records.n_total and not records.frame.width:  # an empty array of JSON
            continue
        records = like_first(records, file, first)
        if first is None:
            first = replace(records, frame=records.frame.clear())
        unpacked += max(len(data), int(records.frame.estimated_size()))
        if unpacked > (most := most_unpacked(packed, max_bytes, HARMLESS_TABLE)):
            raise DataError(
                f"{parts.source} has more than {most / 1e6:,.0f} MB in its files up to "
                f"{file.name}: raise max_bytes (--max-bytes), or read a part of it."
            )
        n_records += records.n_total
        yield records
        if limit is not None and n_records >= limit:
            break
    if first is None:
        raise NoRecordsError(f"{parts.source} has no file with a record.")


def _contents(
    files: tuple[PartFile, ...], max_bytes: int | None
) -> Iterator[tuple[PartFile, bytes | None, dict[str, int | None]]]:
    """Each file with its content, None where it is empty, and the sizes of Parquet tables."""
    batch: dict[PartFile, bytes | None] = {}
    n_bytes = 0
    for n, file in enumerate(files, 1):
        try:
            data = load_bytes(file.path, max_bytes)
        except NoRecordsError:
            data = None
        batch[file] = data
        n_bytes += 0 if data is None else len(data)
        if n_bytes < _BATCH and n < len(files):
            continue
        tables = {f.name: d for f, d in batch.items() if d is not None and d[:4] == PARQUET}
        most = most_unpacked(sum(map(len, tables.values())), max_bytes, HARMLESS_TABLE)
        sizes = sizes_in_trial(tables, most) if tables else {}
        for read, content in batch.items():
            yield read, content, sizes
        batch, n_bytes = {}, 0

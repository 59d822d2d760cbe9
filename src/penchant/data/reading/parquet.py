"""Read Parquet, after a process of its own has shown that the file does no harm."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Mapping
from itertools import zip_longest

import polars as pl

from penchant.data.reading.memory_limit import LIMIT_MEMORY
from penchant.data.reading.records import RawRecords
from penchant.errors import DataError

# Damaged files make Polars panic, with a trace on standard error, or abort for want of memory.
_TRIAL = (
    LIMIT_MEMORY
    + """
import struct
import polars as pl
while length := sys.stdin.buffer.read(8):
    data = sys.stdin.buffer.read(struct.unpack("<Q", length)[0])
    print(pl.read_parquet(data).estimated_size(), flush=True)
"""
)
_OWN_MEMORY = 4 * 10**9  # addresses that Python and Polars reserve before they read anything
_WORKING_COPIES = 4  # of the table and the file, while it is read
_SECONDS = 60.0  # for a small file
_BYTES_PER_SECOND = 10**6  # that are read at least


def read_parquet(
    data: bytes, name: str, most: int, sizes: Mapping[str, int | None] | None = None
) -> RawRecords:
    """The table of a Parquet file.

    Args:
        data: the file.
        name: the file's name in messages.
        most: the bytes that the table may have in memory.
        sizes: what `sizes_in_trial` says of this file and others, where it has been tried.

    Raises:
        DataError: the file is damaged or unfinished, or becomes larger than that.
    """
    if data[-4:] != b"PAR1":
        raise DataError(
            f"{name} is a damaged or unfinished Parquet file, since its end is missing: fetch or "
            "write it again."
        )
    damaged = (
        f"{name} is a damaged or unfinished Parquet file, or one that unpacks to more than "
        f"{most / 1e6:,.0f} MB: write it again, or raise max_bytes (--max-bytes)."
    )
    size = (sizes_in_trial({name: data}, most) if sizes is None else sizes)[name]
    if size is None or size > most:
        raise DataError(damaged)
    try:
        return RawRecords(frame=pl.read_parquet(data), source=name)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
        raise DataError(damaged) from None


def sizes_in_trial(files: Mapping[str, bytes], most: int) -> dict[str, int | None]:
    """The bytes of the tables of Parquet files as another process has read them, by name.

    None for the first that it could not read, and for those after it; 0 for all where no process
    can be started.
    """
    n_bytes = sum(map(len, files.values()))
    limit = trial_limit(most, max(map(len, files.values()), default=0))
    data = b"".join(struct.pack("<Q", len(data)) + data for data in files.values())
    done = run_trial(_TRIAL, [str(limit)], n_bytes, data)
    if done is None:
        return dict.fromkeys(files, 0)
    sizes, failed = done
    if len(sizes) == len(files) and failed:  # the last one has done harm after all
        sizes.pop()
    return dict(zip_longest(files, sizes))


def trial_limit(most: int, n_bytes: int) -> int:
    """The memory that a trial may take of a file of `n_bytes` whose table may have `most` bytes."""
    return _OWN_MEMORY + _WORKING_COPIES * (most + n_bytes)


def run_trial(
    script: str, arguments: list[str], n_bytes: int, data: bytes = b""
) -> tuple[list[int], bool] | None:
    """Run a script that may fail in a process of its own.

    Args:
        script: it prints integers, one a line.
        arguments: of it.
        n_bytes: how much it reads, which decides how long it may take.
        data: what it reads from standard input.

    Returns:
        What it has printed, and whether it failed; None where no process can be started.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", script, *arguments],
            input=data,
            capture_output=True,
            env=os.environ | {"POLARS_MAX_THREADS": "2"},  # each reserves addresses of its own
            timeout=_SECONDS + n_bytes / _BYTES_PER_SECOND,
        )
    except subprocess.TimeoutExpired as stopped:
        output, failed = stopped.stdout or b"", True
    except OSError:
        return None
    else:
        output, failed = done.stdout, done.returncode != 0
    return [int(line) for line in output.split() if line.isdigit()], failed

"""Read Parquet, after a process of its own has shown that the file does no harm."""

from __future__ import annotations

import os
import subprocess
import sys

import polars as pl

from penchant.data.reading.records import RawRecords
from penchant.errors import DataError

# Damaged files make Polars panic, with a trace on standard error, or abort for want of memory.
_TRIAL = """
import sys
try:
    import resource
    limit = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))
except (ImportError, OSError, ValueError):
    pass
import polars as pl
print(pl.read_parquet(sys.stdin.buffer.read()).estimated_size())
"""
_OWN_MEMORY = 4 * 10**9  # addresses that Python and Polars reserve before they read anything
_WORKING_COPIES = 4  # of the table and the file, while it is read
_SECONDS = 60.0  # for a small file
_BYTES_PER_SECOND = 10**6  # that are read at least


def read_parquet(data: bytes, name: str, most: int) -> RawRecords:
    """The table of a Parquet file.

    Args:
        data: the file.
        name: the file's name in messages.
        most: the bytes that the table may have in memory.

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
    size = _size_in_trial(data, most)
    if size is None or size > most:
        raise DataError(damaged)
    try:
        return RawRecords(frame=pl.read_parquet(data), source=name)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
        raise DataError(damaged) from None


def _size_in_trial(data: bytes, most: int) -> int | None:
    """The bytes of the table as another process has read it; None where it could not.

    0 where no process can be started.
    """
    limit = _OWN_MEMORY + _WORKING_COPIES * (most + len(data))
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", _TRIAL, str(limit)],
            input=data,
            capture_output=True,
            env=os.environ | {"POLARS_MAX_THREADS": "2"},  # each reserves addresses of its own
            timeout=_SECONDS + len(data) / _BYTES_PER_SECOND,
        )
    except subprocess.TimeoutExpired:
        return None
    except OSError:
        return 0
    return int(done.stdout) if done.returncode == 0 and done.stdout.strip().isdigit() else None

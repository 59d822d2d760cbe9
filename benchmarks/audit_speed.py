"""How long an audit takes, and how much memory, at two sizes; prints one JSON line each.

`PENCHANT_MIRROR=… python benchmarks/audit_speed.py` audits a split of MovieLens 1M and a made-up
log of ten million events (`--events` for another size). The marks are 10 s, and 60 s and 6 GB.
"""

from __future__ import annotations

import argparse
import json
import os
import time

import numpy as np
import polars as pl

import penchant as pn
from penchant.data.dataset import Dataset
from penchant.evaluation.cost import measured


def made_up(events: int, seed: int = 0) -> Dataset:
    """A log with users and items as unequal as those of public ones, and times."""
    rng = np.random.default_rng(seed)
    users, items = max(10, events // 60), max(10, events // 250)
    start = np.datetime64("2015-01-01", "us").astype(np.int64)
    times = start + rng.integers(0, 5 * 365 * 86_400, events) * 1_000_000
    frame = pl.DataFrame(
        {
            "user": (users * rng.random(events) ** 2).astype(np.int32),
            "item": (items * rng.random(events) ** 3).astype(np.int32),
            "rating": rng.integers(1, 6, events).astype(np.float32),
            "time": pl.Series(times).cast(pl.Datetime("us")),
        }
    )
    return Dataset.from_frame(frame, name=f"{events:,} events", scale=(1, 5))


def timed(log: Dataset) -> dict[str, object]:
    """Seconds of an audit of a random split and of one by time, and the memory they take."""
    found: dict[str, object] = {"log": log.name, "events": len(log)}
    for way, split in (("random", pn.split_random(log)), ("time", pn.split_by_time(log))):
        started = time.perf_counter()
        with measured() as meter:
            pn.audit(split)
        found[f"{way} seconds"] = round(time.perf_counter() - started, 2)
        peak = meter.peak_bytes
        found[f"{way} peak MB"] = None if peak is None else round(peak / 2**20)
    return found


def main() -> None:
    """Time both logs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000)
    args = parser.parse_args()
    if os.environ.get("PENCHANT_MIRROR"):
        print(json.dumps(timed(pn.load("movielens-1m"))), flush=True)
    print(json.dumps(timed(made_up(args.events))), flush=True)


if __name__ == "__main__":
    main()

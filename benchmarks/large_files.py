"""Files of millions of events: seconds and peak memory of each step from file to lists.

`python benchmarks/large_files.py EVENTS [--kind KIND] [STEP …]` writes a made-up log once, in parts
or, by kinds that begin with `one-`, as one file (`--folder`), with ids that are words, the
popularity of items and the activity of users as skewed as in real logs, and times of two years;
then runs each step in a process of its own, which reads the files first, and prints a JSON line:
seconds and processor seconds of reading and of the step, and the peaks of resident memory of the
process after reading and after the step, on Linux also of that which is no file's. The kind
`encoded` is what `penchant encode` makes of the parts; `one-orders.csv` has lines of orders, of
which one in a hundred takes an earlier one back, and `one-sessions.csv` kinds of events in
sessions. `--at-once` reads single files at once. It exits with 1 where a step failed or had more
memory than `--most-gb`.
"""

from __future__ import annotations

import argparse
import gzip
import json
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from penchant.data.reading import formats

PART = 2_000_000
STEPS = (
    "read", "check", "summary", "k-core", "split-time", "split-random", "popular", "item-knn",
    "ials", "bpr", "dot", "neumf", "sasrec",
)  # fmt: skip
KINDS = (
    *("csv", "parquet", "one-csv", "one-csv.gz", "one-jsonl", "one-parquet", "encoded"),
    *("one-orders.csv", "one-sessions.csv"),
)
YEARS = 2


def write(events: int, kind: str, folder: Path, seed: int = 0) -> Path:
    """The log in parts, as one file or encoded, made where it is missing."""
    if kind == "encoded":
        encoded = folder / f"{events}-encoded"
        if not encoded.exists():
            parts = write(events, "parquet", folder, seed)
            words = [sys.executable, "-m", "penchant", "encode", str(parts), "-o", str(encoded)]
            subprocess.run(words, check=True)
        return encoded
    place = folder / f"{events}-{kind}"
    if kind in ("one-orders.csv", "one-sessions.csv"):
        return _write_shop(events, kind, place, seed)
    if kind.startswith("one-"):
        path = place / f"events.{kind.removeprefix('one-')}"
        if not path.exists():
            place.mkdir(parents=True, exist_ok=True)
            parts = write(events, "csv" if "csv" in kind else "parquet", folder, seed)
            unfinished = path.with_suffix(".unfinished")
            _put_together(sorted(parts.iterdir()), unfinished, path.suffix)
            unfinished.rename(path)
        return path
    if (place / "done").exists():
        return place / "parts"
    (place / "parts").mkdir(parents=True, exist_ok=True)
    n_users, n_items = max(events // 60, 10), max(events // 250, 10)
    start = int(datetime(2024, 1, 1).timestamp())
    for number, first in enumerate(range(0, events, PART)):
        rng = np.random.default_rng([seed, number])
        n = min(PART, events - first)
        frame = pl.DataFrame(
            {
                "user": (n_users * rng.random(n) ** 2).astype(np.int64),
                "item": (n_items * rng.random(n) ** 3).astype(np.int64),
                "rating": rng.integers(1, 11, n).astype(np.float32) / 2,
                # Later parts are later, as a shop's files are.
                "time": start
                + ((first + np.sort(rng.random(n)) * n) / events * YEARS * 31_536_000),
            }
        ).with_columns(
            user=pl.format("u{}", "user"),
            item=pl.format("sku-{}", "item"),
            time=pl.from_epoch(pl.col("time").cast(pl.Int64)),
        )
        path = place / "parts" / f"part-{number:04}.{kind}"
        if kind == "csv":
            frame.write_csv(path)
        else:
            frame.write_parquet(path)
    (place / "done").touch()
    return place / "parts"


def _write_shop(events: int, kind: str, place: Path, seed: int) -> Path:
    """One file of order lines, or of events in sessions, three lines an order or session."""
    path = place / f"events.{kind.removeprefix('one-')}"
    if path.exists():
        return path
    place.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    start = int(datetime(2024, 1, 1).timestamp())
    with unfinished.open("wb") as file:
        for number, first in enumerate(range(0, events, PART)):
            rng = np.random.default_rng([seed, number])
            n = min(PART, events - first)
            order = (first + np.arange(n)) // 3
            of_order = np.random.default_rng([seed, number, 1]).random(n)[(order - order[0])]
            frame = pl.DataFrame(
                {
                    "order": order,
                    "user": (max(events // 60, 10) * of_order**2).astype(np.int64),
                    "item": (max(events // 250, 10) * rng.random(n) ** 3).astype(np.int64),
                    "quantity": rng.integers(1, 5, n),
                    "cents": rng.integers(100, 9999, n),
                    "kind": rng.choice(3, n, p=[0.8, 0.15, 0.05]),
                    "time": start + order * 3 * YEARS * 31_536_000 // events,
                    "returned": rng.random(n) < 0.01,
                }
            )
            frame = _orders(frame) if "orders" in kind else _sessions(frame)
            frame.write_csv(file, include_header=not number)
    unfinished.rename(path)
    return path


def _orders(frame: pl.DataFrame) -> pl.DataFrame:
    """Order lines; what is returned is what the same user bought on the line before."""
    returned = pl.col("returned") & (pl.col("order") == pl.col("order").shift(1, fill_value=-1))
    item = pl.when(returned).then(pl.col("item").shift(1)).otherwise("item")
    return frame.select(
        order_id=pl.format("R{}", 100_000_000 + pl.col("order")),
        customer_id=pl.format("customer-{}", "user"),
        sku=pl.format("sku-{}", item),
        quantity=pl.when(returned).then(-1).otherwise("quantity"),
        unit_price=pl.col("cents") / 100,
        order_date=pl.from_epoch("time"),
    )


def _sessions(frame: pl.DataFrame) -> pl.DataFrame:
    """Events of three kinds in sessions with ids of 36 characters."""
    kinds = pl.Series(["view", "cart", "purchase"])
    return frame.select(
        event_time=pl.from_epoch("time"),
        event_type=kinds.gather(frame["kind"]),
        product_id=pl.format("sku-{}", "item"),
        user_id=pl.format("user-{}", "user"),
        user_session=pl.format(
            "9f6d1c2e-7a3b-4b8e-a{}", (10**15 + pl.col("order")).cast(pl.String)
        ),
    )


def _put_together(files: list[Path], target: Path, ending: str) -> None:
    """One file of the parts of a log, of which each CSV file has a header."""
    if ending == ".parquet":
        pl.scan_parquet(files).sink_parquet(target)
    elif ending == ".jsonl":
        pl.scan_parquet(files).sink_ndjson(target)
    else:
        with gzip.open(target, "wb", 6) if ending == ".gz" else target.open("wb") as whole:
            for number, path in enumerate(files):
                with path.open("rb") as part:
                    if number:
                        part.readline()
                    shutil.copyfileobj(part, whole, 2**20)


def run_step(name: str, place: Path) -> dict[str, Any]:
    """Read the files and do the step."""
    import penchant as pn
    from penchant.models import make

    def fitted(spec: str) -> Callable[[Any], object]:
        return lambda log: make(spec).fit(log).recommend(log.users.take(range(100)).to_list(), 10)

    def by_time(log: Any) -> object:
        split = pn.split_by_time(log)
        return split.train.histories, split.test

    def at_random(log: Any) -> object:
        split = pn.split_random(log)
        return split.train.histories, split.test

    steps: dict[str, Callable[[Any], object]] = {
        "read": lambda log: log.histories,
        "check": pn.check,
        "summary": pn.summary,
        "k-core": lambda log: pn.k_core(log, 5),
        "split-time": by_time,
        "split-random": at_random,
        "popular": fitted("popular"),
        "item-knn": fitted("item-knn"),
        "ials": fitted("ials:epochs=3"),
        "bpr": fitted("bpr:epochs=1"),
        "dot": fitted("dot:epochs=1,target=interaction"),
        "neumf": fitted("neumf:epochs=1"),
        "sasrec": fitted("sasrec:epochs=1,dim=32,max_length=20"),
    }
    own = PeakOfOwnMemory()
    wall, processor = time.perf_counter(), time.process_time()
    log = pn.read(place)
    read = time.perf_counter() - wall, time.process_time() - processor
    peak_of_read = _peak()
    wall, processor = time.perf_counter(), time.process_time()
    steps[name](log)
    done = time.perf_counter() - wall, time.process_time() - processor
    return {
        "step": name,
        "events": len(log),
        "read seconds": round(read[0], 2),
        "read processor seconds": round(read[1], 2),
        "seconds": round(done[0], 2),
        "processor seconds": round(done[1], 2),
        "read peak GB": peak_of_read,
        "peak GB": _peak(),
        "own peak GB": own.stop(),
    }


class PeakOfOwnMemory:
    """The most memory of this process that is no file's, looked at every 20 ms."""

    def __init__(self) -> None:
        self._status = Path("/proc/self/status")
        self._peak, self._stopped = 0.0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while self._status.exists() and not self._stopped.wait(0.02):
            for line in self._status.read_text(encoding="ascii").splitlines():
                if line.startswith("RssAnon:"):
                    self._peak = max(self._peak, int(line.split()[1]) * 1024 / 1e9)

    def stop(self) -> float | None:
        """GB; None where the system does not tell."""
        self._stopped.set()
        self._thread.join()
        return round(self._peak, 3) or None


def _peak() -> float:
    """GB, the most that was resident so far."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9, 3)


def main() -> None:
    """Write the files and run the steps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("events", type=int)
    parser.add_argument("steps", nargs="*", metavar="STEP", help=", ".join(STEPS))
    parser.add_argument("--kind", choices=KINDS, default="parquet")
    parser.add_argument("--folder", type=Path, default=Path("out/large-files"))
    parser.add_argument("--at-once", action="store_true", help="read single files at once")
    parser.add_argument("--most-gb", type=float, help="fail where a process had more resident")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if unknown := sorted({*args.steps} - {*STEPS}):
        parser.error(f"{unknown[0]!r} is none of {', '.join(STEPS)}")
    place = write(args.events, args.kind, args.folder)
    if args.here:
        if args.at_once:
            formats.PIECE = sys.maxsize
        print(json.dumps(run_step(args.steps[0], place)))
        return
    failed = False
    for name in args.steps or STEPS:
        words = [str(args.events), name, "--kind", args.kind, "--folder", str(args.folder)]
        command = [sys.executable, __file__, *words, "--here", *["--at-once"] * args.at_once]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            row = {"step": name, "problem": done.stderr.strip()[-300:]}
        else:
            row = json.loads(done.stdout.strip().splitlines()[-1])
            if args.most_gb is not None and row["peak GB"] > args.most_gb:
                row["problem"] = f"more than {args.most_gb:g} GB"
        failed |= "problem" in row
        print(json.dumps(row), flush=True)
    if failed:
        sys.exit(1)


if __name__ == "__main__":
    main()

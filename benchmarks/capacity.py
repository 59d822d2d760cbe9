"""How time and memory of each step grow with a log: writes what `penchant plan` computes from.

`python benchmarks/capacity.py` makes logs of 1 and 10 million events as `large_files.py` does, runs
each step of `penchant.capacity.STEPS` in a process of its own, models at their defaults (further
ones on a quarter of a million and a million, those that learn in epochs for one), and writes
processor seconds and peaks of memory to `src/penchant/capacity/growth.json`, which goes on where it
was stopped. `--events 100_000_000 --step read-parquet` adds one. `--show` prints all as a table,
and `--predict 100_000_000` what smaller logs predict beside what was measured.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from large_files import write
from penchant.atomic_write import write_text_atomically
from penchant.capacity import STEPS, measured_growth
from penchant.capacity.growth import Measurement
from penchant.capacity.model_steps import MODEL_STEPS
from penchant.capacity.steps import MAIN_STEPS
from penchant.run import versions

ROOT = Path(__file__).resolve().parents[1]
GROWTH = ROOT / "src" / "penchant" / "capacity" / "growth.json"
SIZES = (1_000_000, 10_000_000)
MODEL_SIZES = (250_000, 1_000_000)
LARGEST = {
    "ease": 2_500_000,
    "sparse-ease": 2_500_000,
    "bpr": 2_500_000,
}  # whose matrix fits, and which end in minutes


def run_step(name: str, place: Path) -> dict[str, Any]:
    """Read the files and do the step."""
    import penchant as pn

    started = time.process_time()
    log = pn.read(place, quiet=True)
    _ = log.histories
    peak, more = _peak(), {}
    if not name.startswith("read-"):
        from penchant.evaluation.cost import measured

        do, foretold = _prepared(name, log)
        with measured() as added:
            started = time.process_time()
            do()
            seconds = time.process_time() - started
        more = {"added_bytes": added.peak_bytes, "foretold_bytes": foretold}
    else:
        seconds = time.process_time() - started
    return {
        "step": name,
        "users": log.n_users,
        "items": log.n_items,
        "events": len(log),
        "seconds": round(seconds, 3),
        "peak_bytes": max(peak, _peak()),
    } | {key: value for key, value in more.items() if value is not None}


def _prepared(name: str, log: Any) -> tuple[Callable[[], object], int | None]:
    """What does the step, and for a model the memory that it foretells."""
    import penchant as pn
    from penchant.models import make

    def by_time() -> object:
        split = pn.split_by_time(log)
        return split.train.histories, split.test

    if name == "check":
        return lambda: pn.check(log), None
    if name == "split-time":
        return by_time, None
    if name == "lists":
        fitted = make("ials:epochs=1").fit(log)
        users = log.users.take(range(min(log.n_users, STEPS["lists"].of_lists or 0))).to_list()
        return lambda: fitted.recommend(users, 10), None
    model = make(STEPS[name].spec or name)
    return lambda: model.fit(log), round(model.fitting_cost(log).memory)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def machine() -> str:
    """Processor, cores and memory."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    name = names[0] if names else platform.machine()
    return f"{name}, {len(names)} cores, {memory:.0f} GB"


def measure(name: str, events: int, folder: Path, minutes: float) -> dict[str, Any]:
    """A step in a process of its own, or why it has no figures."""
    place = write(events, "csv" if name == "read-csv" else "parquet", folder)
    command = [sys.executable, __file__, "--here", str(place), "--step", name]
    failed = {"step": name, "events": events}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=60 * minutes
        )
    except subprocess.TimeoutExpired:
        return failed | {"failed": f"takes more than {minutes:g} minutes"}
    if done.returncode:
        return failed | {"failed": done.stderr.strip()[-500:]}
    row: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return row


def show() -> None:
    """The measurements as tables of Markdown: the steps of every plan, and further models."""
    for steps in (MAIN_STEPS, MODEL_STEPS):
        own = {(m.step, m.size.events): m for name in steps for m in measured_growth().of(name)}
        sizes = sorted({events for _, events in own})
        heads = (f"{events / 1e6:g} M: s | GB" for events in sizes)
        print(f"| step | {' | '.join(heads)} | grows with |")
        print("|---" + "|---:|---:" * len(sizes) + "|---|")
        for name, step in steps.items():
            found = [own.get((name, events)) for events in sizes]
            cells = [f"{_seconds(m)} | {m.peak_bytes / 1e9:.2f}" if m else " | " for m in found]
            print(f"| {step.title} | {' | '.join(cells)} | {step.work.name} |")
        print()


def _seconds(of: Measurement) -> str:
    return f"{of.seconds:,.0f}" if of.seconds >= 100 else f"{of.seconds:.3g}"


def predict(events: int) -> None:
    """What logs of a tenth and less predict for this size, beside what was measured."""
    growth = measured_growth()
    smaller = growth.up_to(events / 10 * 1.01)
    for found in growth.measurements:
        if found.size.events > events / 2:
            step = STEPS[found.step]
            seconds = smaller.seconds(found.step, found.size)
            if step.of_lists:
                seconds *= step.of_lists / found.size.users
            peak = smaller.peak_bytes(found.step, found.size)
            print(
                f"| {step.title} | {seconds:,.0f} | {found.seconds:,.0f} | "
                f"{seconds / found.seconds - 1:+.0%} | {peak / 1e9:.1f} | "
                f"{found.peak_bytes / 1e9:.1f} | {peak / found.peak_bytes - 1:+.0%} |"
            )


def main() -> None:
    """Measure what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, action="append", help="Again for more.")
    parser.add_argument("--step", action="append", choices=list(STEPS), help="Again for more.")
    parser.add_argument("--again", action="store_true", help="Measure what there is, too.")
    parser.add_argument("--minutes", type=float, default=30.0, help="That a step may take.")
    parser.add_argument("--predict", type=int, metavar="EVENTS")
    parser.add_argument("--show", action="store_true", help="Measure nothing; print the table.")
    parser.add_argument("--folder", type=Path, default=Path("out/large-files"))
    parser.add_argument("--here", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.here:
        print(json.dumps(run_step(args.step[0], args.here)))
        return
    if args.show:
        show()
        return
    if args.predict:
        predict(args.predict)
        return
    rows = json.loads(GROWTH.read_text("utf-8"))["measurements"] if GROWTH.exists() else []
    for name in args.step or STEPS:
        for events in args.events or (MODEL_SIZES if name in MODEL_STEPS else SIZES):
            size = min(events, LARGEST.get(name, events))
            same = [r for r in rows if (r["step"], r["events"]) == (name, size)]
            if same and not args.again:
                continue
            row = measure(name, size, args.folder, args.minutes)
            print(json.dumps(row), flush=True)
            if "failed" in row:
                continue
            rows = [r for r in rows if r not in same] + [row]
            rows.sort(key=lambda r: (list(STEPS).index(r["step"]), r["events"]))
            content = {
                "machine": machine(),
                "date": datetime.date.today().isoformat(),
                "versions": versions(),
                "command": "python benchmarks/capacity.py",
                "measurements": rows,
            }
            write_text_atomically(json.dumps(content, indent=1) + "\n", GROWTH)


if __name__ == "__main__":
    main()

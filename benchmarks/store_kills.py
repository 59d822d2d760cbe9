"""Kill writers of a store again and again, and count what was lost; time what a store costs.

    python benchmarks/store_kills.py --kills 50

Each writer adds batches of three events from two threads and prints the key of each batch that was
acknowledged; it is killed (SIGKILL) up to .3 s after its first answer. In the end every event
that was acknowledged has to be there, once, with its batch, and numbers have no gaps. This is done
with SQLite in a folder of `--folder` and with a PostgreSQL server of its own (`fsync=on`).
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests")]

from penchant.serving.store import Feedback, Store  # noqa: E402
from support.postgresql_server import running_postgresql  # noqa: E402
from support.storing_process import kill_again_and_again  # noqa: E402


def timings(url: str) -> str:
    with Store.open(url) as store:
        store.since(0)
        checks = []
        for _ in range(50):
            started = time.perf_counter()
            for _ in range(100):
                store.changed()
            checks.append((time.perf_counter() - started) / 100)
        adds = []
        for n in range(300):
            started = time.perf_counter()
            store.add([Feedback(f"u{n}", f"i{n}", key=f"t{n}")])
            adds.append(time.perf_counter() - started)
        added, started = 8 * 50, time.perf_counter()
        threads = [
            threading.Thread(
                target=lambda t: [store.add([Feedback(f"u{t}", f"i{n}")]) for n in range(50)],
                args=(t,),
            )
            for t in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rate = added / (time.perf_counter() - started)
    return (
        f"changed() {statistics.median(checks) * 1e6:.1f} µs, add() of one event "
        f"{statistics.median(adds) * 1e3:.2f} ms (median), eight threads {rate:.0f} events a second"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--folder", type=Path, default=None, help="where the databases are")
    parser.add_argument("--only", choices=["sqlite", "postgresql"], default=None)
    options = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        if options.only != "postgresql":
            failed |= _try(f"sqlite:///{folder}/feedback.db", "SQLite", options.kills)
        if options.only != "sqlite":
            with running_postgresql() as url:
                failed |= _try(url, "PostgreSQL", options.kills)
    sys.exit(failed)


def _try(url: str, name: str, kills: int) -> bool:
    started = time.perf_counter()
    counts = kill_again_and_again(url, kills)
    figures = ", ".join(f"{key} {value:,}" for key, value in counts.items())
    print(f"{name}, {kills} kills in {time.perf_counter() - started:.0f} s: {figures}")
    print(f"{name}: {timings(url)}", flush=True)
    return any(counts[key] for key in ("lost", "in part", "twice", "numbers missing"))


if __name__ == "__main__":
    main()

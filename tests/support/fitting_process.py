"""Fits models to logs of few events in a process of its own, with budgets of time and memory.

    python -P fitting_process.py SIZE CASE:MODEL …

prints a line of JSON for each: what became of it, and what it took.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SECONDS = 60  # for one model, on a busy machine
MEGABYTES = 500  # that one model may add, whatever the log
BYTES_OF_ROW = 10_000  # and for each user and item: some vectors, and blocks of scores
N_EVENTS = 10


def fit_all(size: int, tries: list[str]) -> dict[str, dict[str, Any]]:
    """What became of each `items:MODEL` or `users:MODEL`; one that dies takes no other along."""
    outcomes: dict[str, dict[str, Any]] = {}
    left = list(tries)
    environment = os.environ | {"OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
    while left:
        done = subprocess.run(
            [sys.executable, "-P", __file__, str(size), *left],
            capture_output=True,
            text=True,
            timeout=60 + SECONDS * len(left),
            check=False,
            env=environment,
        )
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        outcomes |= {row["name"]: row for row in rows}
        left = left[len(rows) :]
        if left and done.returncode:
            outcomes[left[0]] = {"died": done.returncode, "stderr": done.stderr[-500:]}
            left = left[1:]
    return outcomes


def few_events(case: str, size: int) -> Any:
    """A log of 10 events by 3 users among so many items, or by 10 of so many users."""
    import numpy as np
    import polars as pl

    import penchant as pn

    n_users, n_items = (3, size) if case == "items" else (size, 5)
    rng = np.random.default_rng(0)
    few, many = np.arange(N_EVENTS), np.sort(rng.choice(size, N_EVENTS, replace=False))
    events = {
        "user": few % n_users if case == "items" else many,
        "item": many if case == "items" else few % n_items,
        "rating": few % 5 + 1.0,
        "time": 1_500_000_000 + few,
    }
    genres, places = np.array(["calm", "dark", "calm|dark"]), np.arange(max(size, 5))
    return pn.read(
        pl.DataFrame(events),
        item_table=pl.DataFrame({"item": places[:n_items], "genres": genres[places[:n_items] % 3]}),
        user_table=pl.DataFrame({"user": places[:n_users], "sex": genres[places[:n_users] % 2]}),
        quiet=True,
    )


def _use(name: str, log: Any) -> dict[str, Any]:
    import numpy as np

    import penchant as pn
    from penchant.errors import PenchantError
    from penchant.models import find

    row: dict[str, Any] = {}
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # the peak is that of this model
    before, started = _megabytes("VmRSS"), time.process_time()
    limit = (_megabytes("VmSize") + MEGABYTES) * 2**20 + BYTES_OF_ROW * (log.n_users + log.n_items)
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
    signal.alarm(SECONDS)
    try:
        model = find(name)().fit(log)
        user = log.users.ids[int(np.flatnonzero(log.user_counts)[0])]
        lists = model.recommend([user])
        with tempfile.TemporaryDirectory() as folder:
            pn.save(model, Path(folder) / "model")
            restored = pn.restore(Path(folder) / "model")
        row["lists"] = len(lists)
        row["same"] = restored.recommend([user]).equals(lists)
    except PenchantError as error:
        row["refused"] = str(error)
    except BaseException as error:  # SystemExit and KeyboardInterrupt would be faults, too
        row["error"] = f"{type(error).__name__}: {error}"[:300]
    signal.alarm(0)
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    return row | {
        "seconds": time.process_time() - started,
        "megabytes": max(0, _megabytes("VmHWM") - before),
    }


def _megabytes(what: str) -> int:
    """A figure of this process as the kernel tells it; 0 where it does not."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return sum(int(line.split()[1]) // 1024 for line in lines if line.startswith(f"{what}:"))


if __name__ == "__main__":
    with contextlib.suppress(ImportError):
        import lightgbm  # noqa: F401  # its import is no cost of a model
    with contextlib.suppress(ImportError):
        import numba  # noqa: F401  # nor is that of a compiler
    logs = {some: few_events(some, int(sys.argv[1])) for some in ("items", "users")}
    for one in sys.argv[2:]:
        used = _use(one.partition(":")[2], logs[one.partition(":")[0]])
        print(json.dumps({"name": one, **used}), flush=True)

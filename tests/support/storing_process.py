"""Writes to a store from a process of its own, which says what was acknowledged until it is killed.

    python -P storing_process.py URL NAME THREADS

prints the key of each batch of three events when `Store.add` has returned.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable

from penchant.serving.store import Feedback, Store

BATCH = 3


def write(url: str, name: str, n_threads: int) -> None:
    """Add batches from several threads without end."""
    store, lock = Store.open(url), threading.Lock()

    def add(thread: int) -> None:
        n = 0
        while True:
            key = f"{name}-{thread}-{n}"
            store.add([Feedback(f"u{n % 7}", f"i{part}", key=f"{key}/{part}") for part in range(3)])
            with lock:
                os.write(1, f"{key}\n".encode())
            n += 1

    for thread in range(1, n_threads):
        threading.Thread(target=add, args=(thread,), daemon=True).start()
    add(0)


def killed(url: str, name: str, seconds: float, n_threads: int = 2) -> list[str]:
    """Let a process write for some time after its first answer, kill it, and see what it said."""
    command = [sys.executable, "-P", __file__, url, name, str(n_threads)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read()
    return (first + rest).decode().split("\n")[:-1]


def survey(url: str, acknowledged: list[str]) -> dict[str, int]:
    """Count what was lost, kept in part, kept twice, and out of order."""
    with Store.open(url) as store:
        events = store.since(0).events
    keys = Counter(str(event.key) for event in events)
    batches = Counter(key.partition("/")[0] for key in keys)
    return {
        "acknowledged": len(acknowledged) * BATCH,
        "kept": len(events),
        "lost": sum(keys[f"{key}/{part}"] == 0 for key in acknowledged for part in range(BATCH)),
        "in part": sum(n != BATCH for n in batches.values()),
        "twice": sum(n > 1 for n in keys.values()),
        "numbers missing": events[-1].sequence - len(events) if events else 0,
    }


def kill_again_and_again(
    url: str, kills: int, seed: int = 0, tell: Callable[[str], None] | None = None
) -> dict[str, int]:
    """Kill writers at random moments, and survey the store in the end."""
    draw, acknowledged = random.Random(seed), []
    for n in range(kills):
        acknowledged += killed(url, f"w{n}", draw.uniform(0, 0.3))
        if tell is not None:
            tell(f"kill {n + 1}: {len(acknowledged) * BATCH} events acknowledged so far")
    return survey(url, acknowledged)


if __name__ == "__main__":
    write(sys.argv[1], sys.argv[2], int(sys.argv[3]))

"""Reads files in a process of its own, with budgets of time and memory for each.

    python -P reading_process.py FILE …

prints a line of JSON for each file: what became of it, its records, and what it took.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

SECONDS = 20  # for one file, on a busy machine
MEGABYTES = 700  # of the whole process
_TRACE = re.compile(r"panicked at|Traceback|stack backtrace")


def read_all(files: list[Path], *options: str) -> dict[str, dict[str, Any]]:
    """What became of each file, by its name; processes that die cost only the file at hand."""
    outcomes: dict[str, dict[str, Any]] = {}
    left = list(files)
    while left:
        done = subprocess.run(
            [sys.executable, "-P", __file__, *options, *map(str, left)],
            capture_output=True,
            text=True,
            timeout=60 + SECONDS * len(left),
            check=False,
        )
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        outcomes |= {row["name"]: row for row in rows}
        trace = _TRACE.search(done.stderr)
        if trace is not None and rows:  # of any of them; the last one stands for all
            outcomes[rows[-1]["name"]]["trace"] = done.stderr[-2000:]
        left = left[len(rows) :]
        if left and done.returncode:
            outcomes[left[0].name] = {"died": done.returncode, "stderr": done.stderr[-500:]}
            left = left[1:]
    return outcomes


def _read(path: Path) -> dict[str, Any]:
    import penchant as pn
    from penchant.errors import PenchantError

    before = os.times()
    row: dict[str, Any] = {"name": path.name}
    signal.alarm(SECONDS)
    try:
        log = pn.read(path, layout=_layout(path.name), quiet=True)
        skipped = log.origin.skipped
        rows = list(log.events["row"])
        if log.anonymous is not None:
            rows += log.anonymous["row"].to_list()
        row |= {"read": len(rows), "skipped": 0 if skipped is None else len(skipped)}
        rows += [] if skipped is None else skipped["row"].to_list()
        row["distinct"] = len(set(rows))
        pn.check(log)
    except PenchantError as error:
        row["refused"] = str(error)
    except BaseException as error:  # those of Rust are no Exception
        row["error"] = f"{type(error).__name__}: {error}"[:300]
    signal.alarm(0)
    after = os.times()
    row["seconds"] = sum(after[:4]) - sum(before[:4])  # of processors, on a busy machine
    row["megabytes"] = _peak_megabytes()
    return row


def _layout(name: str) -> Any:
    """The layout that a name such as `7.blocks.log` asks for."""
    from penchant.data.origin import Layout

    parts = name.split(".")
    return parts[1] if len(parts) > 2 and parts[1] in get_args(Layout) else None


def _peak_megabytes() -> int:
    """The most memory of this process; 0 where the system does not tell.

    `getrusage` would count that of the process which started it, too.
    """
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return sum(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(json.dumps(_read(Path(name))), flush=True)

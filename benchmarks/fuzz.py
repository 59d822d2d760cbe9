"""Run the tests of robustness in their long form, and print a table of figures.

    make fuzz
    make fuzz PENCHANT_FUZZ=5 PENCHANT_FUZZ_SEED=1

`PENCHANT_FUZZ` says how many times as many tries are made as in `make test` (50), and
`PENCHANT_FUZZ_SEED` which (a new seed each time, which is printed).
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FACTOR = 50
COLUMNS = ("what", "tried", "refused", "accepted", "faults", "seconds")


def table(rows: list[dict[str, object]]) -> str:
    """The rows as Markdown, and their sum."""
    total = {name: sum(row[name] for row in rows) for name in COLUMNS[1:]}
    lines = [[str(row[name]) for name in COLUMNS] for row in rows]
    lines.append(["all", *(f"{total[name]:.10g}" for name in COLUMNS[1:])])
    head = [f"| {' | '.join(COLUMNS)} |", "|---|" + "---:|" * (len(COLUMNS) - 1)]
    return "\n".join([*head, *(f"| {' | '.join(line)} |" for line in lines)])


def main() -> int:
    """Run the tests, print their figures, and give pytest's exit code."""
    factor = os.environ.get("PENCHANT_FUZZ") or str(FACTOR)
    seed = os.environ.get("PENCHANT_FUZZ_SEED") or str(secrets.randbelow(2**31))
    print(f"Factor {factor}, seed {seed}.", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.jsonl"
        names = {"": factor, "_SEED": seed, "_REPORT": str(report)}
        command = [sys.executable, "-P", "-m", "pytest", "-q", *sys.argv[1:], "tests/robustness"]
        code = subprocess.run(
            command,
            cwd=ROOT,
            env=os.environ | {f"PENCHANT_FUZZ{end}": value for end, value in names.items()},
            check=False,
        ).returncode
        lines = report.read_text(encoding="utf-8").splitlines() if report.exists() else []
    rows = sorted(map(json.loads, lines), key=lambda row: row["what"])
    print(table(rows) if rows else "No test gave figures.")
    return code


if __name__ == "__main__":
    sys.exit(main())

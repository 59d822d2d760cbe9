"""How often each rule of the audit finds its planted fault, by the fault's strength.

`python benchmarks/audit_detection.py` prints the table of docs/audit.md. Strength 1 is what
`penchant.testing.planted_faults` describes; 0 is the clean twin, so that its column is false
alarms of that rule. `--seeds` says how many cases each cell has.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator

from penchant.auditing import RULES, Findings
from penchant.testing.planted_faults import FAULTS, Fault

STRENGTHS = (0.0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0)
CHECKS = {rule.name: check for rule, check in RULES}


def cells(fault: Fault, seeds: int) -> Iterator[str]:
    """Cases in a hundred that are doubtful or wrong, and wrong in brackets, at each strength."""
    for strength in STRENGTHS:
        counts: Counter[str] = Counter()
        for seed in range(100, 100 + seeds):
            material = fault.make(strength, seed)
            counts[Findings.of("", list(CHECKS[fault.rule](material))).worst] += 1
        objected = 100 * (counts["wrong"] + counts["doubtful"]) / seeds
        wrong = f" ({100 * counts['wrong'] / seeds:.0f})" if fault.level == "wrong" else ""
        yield f"{objected:.0f}{wrong}"


def main() -> None:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    args = parser.parse_args()
    print("| planted, at strength 1 | rule | " + " | ".join(f"{s:g}" for s in STRENGTHS) + " |")
    print("|---|---|" + "---:|" * len(STRENGTHS))
    for fault in FAULTS.values():
        row = " | ".join(cells(fault, args.seeds))
        print(f"| {fault.about} | `{fault.rule}` | {row} |", flush=True)


if __name__ == "__main__":
    main()

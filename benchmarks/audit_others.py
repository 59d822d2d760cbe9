"""Audit what implicit and Surprise predict for a published split of MovieLens 100K, from files.

`python benchmarks/audit_others.py [--part u1] [-o FOLDER]` makes an environment for each library
under `benchmarks/.peers`, has it learn from `u1.base`, and gives its plain files to
`penchant audit`, which knows nothing of either library. Data are found through PENCHANT_MIRROR.
FOLDER keeps the files, the audits as JSON and their pages.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from run import HERE, environment, figures

HEADER = "user\titem\trating\ttime\n"


def parts(folder: Path, part: str, data: Path) -> tuple[Path, Path]:
    """The training and test file with a first line of names, which MovieLens leaves out."""
    found = []
    for side, ending in (("train", "base"), ("test", "test")):
        path = folder / f"{side}.tsv"
        path.write_text(HEADER + (data / f"{part}.{ending}").read_text())
        found.append(path)
    return found[0], found[1]


def audit(folder: Path, train: Path, test: Path, what: str, files: list[Path]) -> dict[str, Any]:
    """Run the command on files, print its text, and return its JSON."""
    command = [sys.executable, "-m", "penchant", "audit", "--train", train, "--test", test]
    command += [argument for file in files for argument in (f"--{what}", file)]
    page = ["-o", folder / f"audit-{what}.html"]
    print(subprocess.run([*command, *page], check=True, capture_output=True, text=True).stdout)
    done = subprocess.run([*command, "--json"], check=True, capture_output=True, text=True)
    (folder / f"audit-{what}.json").write_text(done.stdout)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> None:
    """Have both libraries write files, audit them and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", default="u1", choices=["u1", "u2", "u3", "u4", "u5", "ua", "ub"])
    parser.add_argument("--peers", type=Path, default=HERE / ".peers", help="their environments")
    parser.add_argument("-o", "--output", type=Path, help="keep files and pages in this folder")
    args = parser.parse_args()
    mirror = os.environ.get("PENCHANT_MIRROR")
    if not mirror:
        parser.error("PENCHANT_MIRROR is not set: it names the folder that has movielens-100k")
    data = Path(mirror) / "movielens-100k"
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.output or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        base, held = data / f"{args.part}.base", data / f"{args.part}.test"
        train, test = parts(folder, args.part, data)
        peers = HERE / "peers"
        implicit = environment("implicit", args.peers)
        print(figures([implicit, peers / "implicit_files.py", base, folder]), file=sys.stderr)
        surprise = environment("surprise", args.peers)
        print(figures([surprise, peers / "surprise_files.py", base, held, folder]), file=sys.stderr)
        audit(folder, train, test, "lists", sorted(folder.glob("lists-*.csv")))
        audit(folder, train, test, "predictions", [folder / "predictions.csv"])


if __name__ == "__main__":
    main()

"""Time pandas reading a file of Amazon's reviews, one JSON object a line, packed or not.

Run inside the environment of `implicit.txt`; prints one JSON line.
"""

import argparse
import gzip
import json
import platform
import statistics
import time
from pathlib import Path

import pandas as pd


def main() -> None:
    """Read the file several times and print the seconds of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()

    data = args.path.read_bytes()
    size = len(gzip.decompress(data) if args.path.suffix == ".gz" else data) / 1e6
    del data
    seconds = []
    rows = 0
    for _ in range(args.repeats):
        start = time.perf_counter()
        rows = len(pd.read_json(args.path, lines=True))
        seconds.append(round(time.perf_counter() - start, 4))
    print(
        json.dumps(
            {
                "peer": "pandas",
                "task": "read reviews",
                "rows": rows,
                "seconds": seconds,
                "mb_per_s": {
                    "best": size / min(seconds),
                    "median": size / statistics.median(seconds),
                },
                "versions": {"python": platform.python_version(), "pandas": pd.__version__},
            }
        )
    )


if __name__ == "__main__":
    main()

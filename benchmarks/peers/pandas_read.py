"""Time pandas reading a MovieLens `ratings.dat` with its two-character separator.

Run inside the environment of `implicit.txt`; prints one JSON line.
"""

import argparse
import json
import platform
import statistics
import time
from pathlib import Path

import pandas as pd

COLUMNS = ["user", "item", "rating", "timestamp"]


def read(path: Path) -> pd.DataFrame:
    """Read the file as pandas' users do: the C parser takes no separator of two characters."""
    return pd.read_csv(path, sep="::", engine="python", names=COLUMNS, encoding="latin-1")


def main() -> None:
    """Read the file several times and print the seconds of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path, help="ratings.dat, user::item::rating::timestamp")
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()

    seconds = []
    rows = 0
    for _ in range(args.repeats):
        start = time.perf_counter()
        rows = len(read(args.path))
        seconds.append(round(time.perf_counter() - start, 4))
    print(
        json.dumps(
            {
                "peer": "pandas",
                "task": "read",
                "rows": rows,
                "seconds": seconds,
                "rows_per_s": {
                    "best": round(rows / min(seconds)),
                    "median": round(rows / statistics.median(seconds)),
                },
                "versions": {"python": platform.python_version(), "pandas": pd.__version__},
            }
        )
    )


if __name__ == "__main__":
    main()

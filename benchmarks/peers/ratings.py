"""Options and answers of the scripts that time predicted ratings of neighbours."""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

COLUMNS = ["user", "item", "rating", "timestamp"]
THREADS = int(os.environ.get("BENCH_THREADS", "2"))
NEIGHBOURS = 40
SHARE = 0.1
"""Of the events, drawn at random, which are predicted from the others."""


def arguments(about: str | None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("path", type=Path, help="ratings.dat, user::item::rating::timestamp")
    parser.add_argument("--of", choices=["items", "users"], required=True)
    parser.add_argument("--repeats", type=int, default=3)
    return parser.parse_args()


def parts(path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training and test ratings."""
    frame = pd.read_csv(path, sep="::", engine="python", names=COLUMNS, encoding="latin-1")
    held = np.zeros(len(frame), bool)
    held[np.random.default_rng(0).permutation(len(frame))[: round(SHARE * len(frame))]] = True
    return frame[~held], frame[held]


def reply(
    peer: str, package: str, predict: Callable[[], np.ndarray], ratings: np.ndarray, repeats: int
) -> None:
    """Predict some times, and print the JSON line that the caller reads."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        predicted = predict()
        seconds.append(time.perf_counter() - start)
    error = float(np.sqrt(np.mean((predicted - ratings) ** 2)))
    print(
        json.dumps(
            {
                "peer": peer,
                "version": version(package),
                "threads": THREADS,
                "seconds": seconds,
                "predictions_per_s": {"median": len(ratings) / statistics.median(seconds)},
                "rmse": error,
            }
        )
    )

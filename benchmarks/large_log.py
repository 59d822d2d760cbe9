"""What ten million events take: split, views, check, item neighbours; and EASE beside its floor.

`python benchmarks/large_log.py [--events N]` prints a JSON line for each step on a made-up log:
seconds that passed, processor seconds, and how many times faster than the mark it is.
`--ease` fits EASE to MovieLens 1M (PENCHANT_MIRROR) in turns with what it cannot do without: the
Gram matrix and its inverse in single precision by Cholesky factors.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable

import numpy as np
from scipy.linalg import lapack

import penchant as pn
from audit_speed import made_up
from penchant.data.splits import Split
from penchant.models import EASE, ItemKNN


def timed(name: str, work: Callable[[], object], mark: float | None = None) -> float:
    """Seconds of a piece of work, printed."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    seconds, processor = time.perf_counter() - wall, time.process_time() - cpu
    row: dict[str, object] = {"step": name, "seconds": seconds, "processor seconds": processor}
    if mark is not None:
        row |= {"mark": mark, "times faster than the mark": mark / seconds}
    print(json.dumps(row), flush=True)
    return seconds


def split_and_views(split: Split) -> None:
    """All that models and metrics look at."""
    _ = split.train.histories, split.validation, split.test


def large(events: int) -> None:
    """A log of so many events."""
    log = made_up(events)
    timed("check", lambda: pn.check(log), 2 * events / 1e7)
    timed(
        "split by time and views", lambda: split_and_views(pn.split_by_time(log)), 2 * events / 1e7
    )
    timed("item-knn", lambda: ItemKNN().fit(log), 15 * events / 1e7)


def floor_of_ease(x: np.ndarray, l2: float) -> None:
    """The Gram matrix of float32[n_users, n_items] and the inverse, one triangle."""
    gram = x.T @ x
    gram[np.diag_indices_from(gram)] += np.float32(l2)
    factor, _ = lapack.spotrf(gram.T, lower=0, overwrite_a=1)
    lapack.spotri(factor, lower=0, overwrite_c=1)


def ease(rounds: int) -> None:
    """EASE and its floor in turns."""
    log = pn.load("movielens-1m")
    x = log.histories.matrix().toarray()
    ratios = []
    for _ in range(rounds):
        mine = timed("ease", lambda: EASE().fit(log))
        ratios.append(mine / timed("Gram matrix and inverse", lambda: floor_of_ease(x, 500.0)))
    print(json.dumps({"ease": "beside its floor", "ratio": float(np.median(ratios)), "mark": 1.3}))


def main() -> None:
    """Do what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--ease", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    if args.ease:
        ease(args.rounds)
    else:
        large(args.events)


if __name__ == "__main__":
    main()

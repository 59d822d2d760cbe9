"""How long one user, or one session, waits for a list, known or new; prints a line a model.

`PENCHANT_MIRROR=… python benchmarks/one_user.py [NAME …]` fits each model at its defaults, on
MovieLens 1M or with `--sessions` on Diginetica's sessions, and asks
`recommend` for the top 10 of one user at a time: known users by their ids, new ones by the ids of a
history. It prints the median and the 99th percentile of the time that passed, the median of
processor time, and how many times faster than the mark the slower median is. A machine that
others use, too, has higher percentiles; processor time tells how much.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import penchant as pn
from penchant.models.table import make

MARKS = {  # milliseconds
    "popular": 1.0,
    "ease": 1.0,
    "ials": 1.0,
    "item-knn": 1.0,
    "rp3beta": 1.0,
    "slim": 1.0,
    "user-knn": 3.0,
    "dot": 3.0,
    **dict.fromkeys(
        (
            "markov",
            "sequential-rules",
            "vs-knn",
            "stan",
            "fpmc",
            "gru4rec",
            "sasrec",
            "esasrec",
            "sr-gnn",
            "lightgcn",
        ),
        3.0,
    ),
}


def measured(work: Callable[[Any], object], arguments: list[Any]) -> dict[str, float]:
    """Milliseconds of calls with each argument, but for the first ones."""
    for argument in arguments[:3]:
        work(argument)
    passed, processor = [], []
    for argument in arguments[3:]:
        wall, cpu = time.perf_counter(), time.process_time()
        work(argument)
        processor.append(time.process_time() - cpu)
        passed.append(time.perf_counter() - wall)
    return {
        "p50": float(np.median(passed)) * 1e3,
        "p99": float(np.quantile(passed, 0.99)) * 1e3,
        "cpu": float(np.median(processor)) * 1e3,
    }


def main() -> None:
    """Time the models named, or all that have a mark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(MARKS))
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--sessions", action="store_true", help="of Diginetica in place of users")
    args = parser.parse_args()
    if args.sessions:
        folder = Path(os.environ["PENCHANT_MIRROR"]) / "sessions" / "diginetica"
        log = pn.read(folder / "all_train_seq.txt.gz", layout="sequences")
    else:
        log = pn.load("movielens-1m")
    rng = np.random.default_rng(0)
    users = rng.integers(log.n_users, size=args.calls + 3)
    ids = [[log.users[int(user)]] for user in users]
    histories = []
    for user in users:
        one = log.histories.take([user])
        ratings = None if one.ratings is None else one.ratings.tolist()
        histories.append((log.items.take(one.items).to_list(), ratings))
    for name in args.names or MARKS:
        model = make(name)
        if "epochs" in model.params():
            model = model.clone(epochs=1)  # what a network has learned takes no time
        model.fit(log)
        known = measured(lambda user, model=model: model.recommend(user, 10), ids)
        new = measured(lambda one, model=model: model.recommend(model.history(*one), 10), histories)
        row: dict[str, object] = {"model": name, "known": known, "new": new}
        if name in MARKS:
            row["times faster than the mark"] = MARKS[name] / max(known["p50"], new["p50"])
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()

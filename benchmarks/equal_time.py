"""What a network has learned when its peer's has had as long: lists of held-out last events.

`python benchmarks/equal_time.py [MODEL …]` fits ours at its defaults, with the users' last events
but one to stop by, and then trains RecBole's of the same name at its own for as long, and for some
times as long (`--times 1 10`); an epoch that has begun is finished. Both rank all items that a user
has not had. The peer's environment is made as `run.py` makes it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path

import polars as pl

import penchant as pn
from penchant.data.dataset import Dataset
from penchant.models import make
from penchant.run import Run
from run import HERE, environment

MODELS = ("lightgcn", "gru4rec", "sasrec")
DIM = 64
METRICS = ["ndcg@10", "hr@10"]


def positions(log: Dataset) -> pl.DataFrame:
    """Users, items and the place of each event among all, in the order of time."""
    frame = log.frame()[log.event_order].select("user", "item")
    return frame.with_row_index("position").select("user", "item", "position")


def main() -> None:
    """Print a JSON line for each model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", metavar="MODEL", help=", ".join(MODELS))
    parser.add_argument("--times", type=float, nargs="+", default=[1, 10], metavar="N")
    parser.add_argument("--log", default="movielens-100k")
    parser.add_argument("--peers", type=Path, default=HERE / ".peers", help="Environments.")
    args = parser.parse_args()
    if unknown := sorted({*args.models} - {*MODELS}):
        parser.error(f"{unknown[0]!r} is none of {', '.join(MODELS)}")
    threads = int(os.environ.get("BENCH_THREADS", "2"))
    log = pn.load(args.log)
    split = pn.split_leave_last_out(log)
    python = environment("recbole", args.peers)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "log.csv"
        positions(log).write_csv(path)
        for model in args.models or MODELS:
            table = pn.evaluate(
                {model: make(model).clone(dim=DIM)}, split, METRICS, run=Run(threads=threads)
            ).table()
            entry = table[model]
            seconds = entry.cost.fit_seconds
            wanted = [f"{times * seconds:.3f}" for times in args.times]
            command = [python, HERE / "peers" / "recbole_equal_time.py", path, "--model", model]
            done = subprocess.run(
                [*command, "--dim", str(DIM), "--seconds", *wanted],
                capture_output=True,
                text=True,
                check=False,
                env=os.environ | {"BENCH_THREADS": str(threads)},
            )
            if done.returncode:
                raise SystemExit(f"RecBole's {model} failed:\n{done.stderr[-2000:]}")
            ours = {m: [f.value, f.low, f.high] for m, f in entry.metrics.items()}
            theirs = json.loads(done.stdout.strip().splitlines()[-1])
            trivial = {e.name: e.metrics["ndcg@10"].value for e in table.entries if e.trivial}
            answer = {"model": model, "log": args.log, "threads": threads, "seconds": seconds}
            print(json.dumps(answer | {"ours": ours, "peer": theirs, "trivial": trivial}))


if __name__ == "__main__":
    main()

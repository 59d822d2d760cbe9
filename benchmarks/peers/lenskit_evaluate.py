"""Time LensKit's batch recommendation and run analysis on a random 80/20 split.

Run inside the environment of `lenskit.txt`; prints one JSON line. The scorer keeps the users'
trained embeddings (`user_embeddings="prefer"`), which spares it a solution for each user;
`--fold-in` takes LensKit's default instead.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ.get("BENCH_THREADS", "2")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import argparse
import json
import platform
import statistics
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from lenskit.als import ImplicitMFScorer
from lenskit.batch import recommend
from lenskit.data import Dataset, from_interactions_df
from lenskit.metrics import NDCG, Recall, RunAnalysis
from lenskit.parallel import initialize
from lenskit.pipeline import topn_pipeline
from lenskit.splitting import sample_records
from lenskit.training import TrainingOptions

THREADS = int(os.environ["OMP_NUM_THREADS"])
COLUMNS = ["user_id", "item_id", "rating", "timestamp"]


def load(path: Path) -> Dataset:
    """The ratings as LensKit's data set."""
    frame = pd.read_csv(path, sep="::", engine="python", names=COLUMNS, encoding="latin-1")
    return from_interactions_df(frame[["user_id", "item_id"]])


def main() -> None:
    """Fit, recommend and measure several times, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path, help="ratings.dat, user::item::rating::timestamp")
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--n", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=1, help="processes that recommend")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fold-in", action="store_true", help="solve for each user's embedding")
    args = parser.parse_args()

    initialize(processes=args.jobs, threads=THREADS, backend_threads=THREADS)
    data = load(args.path)
    split = sample_records(data, round(0.2 * data.interaction_count), rng=args.seed)
    pipeline = topn_pipeline(
        ImplicitMFScorer(
            embedding_size=args.dim,
            epochs=args.epochs,
            user_embeddings=True if args.fold_in else "prefer",
        ),
        n=args.n,
    )
    start = time.perf_counter()
    pipeline.train(split.train, TrainingOptions(rng=args.seed))
    fit_seconds = time.perf_counter() - start

    users = len(split.test)
    seconds: dict[str, list[float]] = {"recommend": [], "measure": []}
    metrics: dict[str, float] = {}
    for _ in range(args.repeats):
        start = time.perf_counter()
        lists = recommend(pipeline, split.test, n=args.n, n_jobs=args.jobs)
        middle = time.perf_counter()
        analysis = RunAnalysis(NDCG(n=args.n), Recall(n=args.n))
        means = analysis.measure(lists, split.test).list_summary()["mean"]
        end = time.perf_counter()
        seconds["recommend"].append(round(middle - start, 4))
        seconds["measure"].append(round(end - middle, 4))
        metrics = {str(name): round(float(value), 6) for name, value in means.items()}
    both = [round(a + b, 4) for a, b in zip(*seconds.values(), strict=True)]
    print(
        json.dumps(
            {
                "peer": "lenskit",
                "task": "evaluate",
                "model": "ImplicitMF",
                "dim": args.dim,
                "epochs": args.epochs,
                "fold_in": args.fold_in,
                "users": data.user_count,
                "items": data.item_count,
                "test_users": users,
                "threads": THREADS,
                "jobs": args.jobs,
                "fit_seconds": round(fit_seconds, 4),
                "seconds": both,
                "recommend_seconds": seconds["recommend"],
                "measure_seconds": seconds["measure"],
                "users_per_s": {
                    "best": round(users / min(both), 1),
                    "median": round(users / statistics.median(both), 1),
                },
                "metrics": metrics,
                "versions": {
                    "python": platform.python_version(),
                    "lenskit": version("lenskit"),
                    "torch": torch.__version__,
                    "numpy": np.__version__,
                    "pandas": pd.__version__,
                },
            }
        )
    )


if __name__ == "__main__":
    main()

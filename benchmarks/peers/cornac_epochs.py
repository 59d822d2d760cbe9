"""Time epochs of Cornac's BPR or NeuMF; prints one JSON line.

Run inside the environment of `cornac.txt`. Cornac says nothing of single epochs, so that fits of
few and of more epochs are compared.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ.get("BENCH_THREADS", "2")

import argparse
import json
import time
from importlib.metadata import version
from pathlib import Path

import cornac
import pandas as pd
import torch

THREADS = int(os.environ["OMP_NUM_THREADS"])
COLUMNS = ["user", "item", "rating", "timestamp"]


def model(args: argparse.Namespace, epochs: int) -> cornac.models.Recommender:
    """A model that has not been fitted."""
    if args.model == "bpr":
        return cornac.models.BPR(k=args.dim, max_iter=epochs, num_threads=THREADS, verbose=False)
    return cornac.models.NeuMF(
        num_factors=args.hidden[-1],  # Cornac wants both alike; fewer than ours
        layers=(2 * args.dim, *args.hidden),
        num_epochs=epochs,
        batch_size=args.batch,
        num_neg=args.negatives,
        backend="pytorch",
        verbose=False,
    )


def main() -> None:
    """Fit twice, and print events a second of the epochs that one had more."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path, help="ratings.dat, user::item::rating::timestamp")
    parser.add_argument("--model", choices=["bpr", "neumf"], required=True)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--hidden", type=int, nargs="*", default=[64, 32, 16])
    parser.add_argument("--negatives", type=int, default=4)
    parser.add_argument("--batch", type=int, default=2048, help="events, without negatives")
    parser.add_argument("--events", type=int, help="so many of them, drawn at random")
    parser.add_argument("--epochs", type=int, default=3)
    args = parser.parse_args()
    torch.set_num_threads(THREADS)
    frame = pd.read_csv(args.path, sep="::", engine="python", names=COLUMNS, encoding="latin-1")
    if args.events:
        frame = frame.sample(args.events, random_state=0)
    rows = frame[COLUMNS[:3]].itertuples(index=False, name=None)
    train = cornac.data.Dataset.from_uir([(str(u), str(i), 1.0) for u, i, _ in rows])
    seconds = []
    for epochs in (1, 1 + args.epochs):
        start = time.perf_counter()
        model(args, epochs).fit(train)
        seconds.append(time.perf_counter() - start)
    each = (seconds[1] - seconds[0]) / args.epochs
    print(
        json.dumps(
            {
                "peer": "cornac",
                "version": version("cornac"),
                "threads": THREADS,
                "epoch_seconds": each,
                "events_per_s": {"median": len(frame) / each},
            }
        )
    )


if __name__ == "__main__":
    main()

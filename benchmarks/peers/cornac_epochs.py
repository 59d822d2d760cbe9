"""Time epochs of Cornac's BPR or NeuMF; prints one JSON line.

Run inside the environment of `cornac.txt`. Cornac says nothing of single epochs, so that fits of
few and of more epochs are compared.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ.get("BENCH_THREADS", "2")

import argparse
import time

import cornac
import pandas as pd
import torch
from epochs import THREADS, arguments, reply

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
    args = arguments(__doc__, 2048, "events, without negatives")
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
    reply("cornac", each, len(frame))


if __name__ == "__main__":
    main()

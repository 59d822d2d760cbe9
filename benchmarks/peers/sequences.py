"""What scripts that time epochs of networks of sequences share: options, events and the answer."""

import argparse
import json
import os
import statistics
from importlib.metadata import version
from pathlib import Path

import pandas as pd

THREADS = int(os.environ.get("BENCH_THREADS", "2"))
COLUMNS = ["user_id", "item_id", "rating", "timestamp"]


def arguments(about: str | None, batch: int, batch_help: str) -> argparse.Namespace:
    """The options; the size of batches and what it counts are the library's own."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("path", type=Path, help="ratings.dat, user::item::rating::timestamp")
    parser.add_argument("--model", choices=["sasrec", "gru4rec"], required=True)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--hidden", type=int, default=128, help="of recurrent units")
    parser.add_argument("--length", type=int, default=50)
    parser.add_argument("--heads", type=int, default=1)
    parser.add_argument("--dropout", type=float, default=0.2)
    parser.add_argument("--batch", type=int, default=batch, help=batch_help)
    parser.add_argument("--users", type=int, help="so many, the first ones of the file")
    parser.add_argument("--epochs", type=int, default=3)
    return parser.parse_args()


def events(args: argparse.Namespace) -> pd.DataFrame:
    """The events of the users, each user's in order of time."""
    frame = pd.read_csv(args.path, sep="::", engine="python", names=COLUMNS, encoding="latin-1")
    if args.users:
        frame = frame[frame["user_id"].isin(frame["user_id"].unique()[: args.users])]
    return frame.sort_values(["user_id", "timestamp"], kind="stable")


def reply(peer: str, epoch_seconds: list[float], targets: int) -> None:
    """Print the JSON line that the caller reads."""
    median = statistics.median(epoch_seconds)
    print(
        json.dumps(
            {
                "peer": peer,
                "version": version(peer),
                "threads": THREADS,
                "targets": targets,
                "epoch_seconds": median,
                "events_per_s": {"median": targets / median},
            }
        )
    )

"""Options and answers of the scripts that time epochs of BPR, NeuMF and LightGCN."""

import argparse
import json
import os
from importlib.metadata import version
from pathlib import Path

THREADS = int(os.environ.get("BENCH_THREADS", "2"))


def arguments(about: str | None, batch: int, batch_help: str) -> argparse.Namespace:
    """The options; the size of batches and what it counts are the library's own."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("path", type=Path, help="ratings.dat, user::item::rating::timestamp")
    parser.add_argument("--model", choices=["bpr", "neumf", "lightgcn"], required=True)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--hidden", type=int, nargs="*", default=[64, 32, 16])
    parser.add_argument("--negatives", type=int, default=4)
    parser.add_argument("--batch", type=int, default=batch, help=batch_help)
    parser.add_argument("--events", type=int, help="so many of them, drawn at random")
    parser.add_argument("--epochs", type=int, default=3)
    return parser.parse_args()


def reply(peer: str, epoch_seconds: float, events: int) -> None:
    """Print the JSON line that the caller reads."""
    print(
        json.dumps(
            {
                "peer": peer,
                "version": version(peer),
                "threads": THREADS,
                "epoch_seconds": epoch_seconds,
                "events_per_s": {"median": events / epoch_seconds},
            }
        )
    )

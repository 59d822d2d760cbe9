"""The same work as the peers' scripts do, by penchant; prints one JSON line.

Run it through `benchmarks/run.py`, or alone: `python benchmarks/ours.py read PATH`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

import penchant as pn
from penchant.data.read import read
from penchant.evaluate.ranking import catalogue_of, rank
from penchant.metrics import parse
from penchant.models.dot import DotNetwork, DotProduct
from penchant.models.factor import IALS
from penchant.nn.loop import Schedule, train
from penchant.run import Run
from penchant.topk import top_k


def timed(work: Callable[[], object], repeats: int) -> list[float]:
    """Seconds of each of several runs."""
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return seconds


def rates(amount: int, seconds: list[float]) -> dict[str, float]:
    """Best and median rate."""
    return {"best": amount / min(seconds), "median": amount / float(np.median(seconds))}


def read_log(args: argparse.Namespace) -> dict[str, object]:
    """Read a file of ratings into a log, vocabularies included."""
    columns = {"user": 0, "item": 1, "rating": 2, "time": 3}
    seconds = timed(lambda: read(args.path, quiet=True, **columns), args.repeats)
    return {"seconds": seconds, "rows_per_s": rates(len(read(args.path, quiet=True)), seconds)}


def top_items(args: argparse.Namespace) -> dict[str, object]:
    """The best 10 unseen items for all users by a factor model."""
    log = read(args.path, quiet=True)
    started = time.perf_counter()
    model = IALS(dim=args.dim).fit(log)
    fit = time.perf_counter() - started
    seconds = timed(
        lambda: top_k(model.scores, model.known_, 10, cells=model.block_cells), args.repeats
    )
    frames = timed(lambda: model.recommend(k=10), args.repeats)
    return {
        "fit_seconds": fit,
        "seconds": seconds,
        "users_per_s": rates(log.n_users, seconds),
        "frame_users_per_s": rates(log.n_users, frames),
    }


def evaluation(args: argparse.Namespace) -> dict[str, object]:
    """Full ranking of all test users with three metrics, as `evaluate` does it."""
    split = pn.split_random(read(args.path, quiet=True), validation=0, test=0.2)
    model = IALS(dim=args.dim, epochs=2).fit(split.train)
    metrics = [parse(name) for name in ("recall@10", "ndcg@10", "hr@10")]
    catalogue, run = catalogue_of(split.train), Run()
    seconds = timed(lambda: rank(model, split.test, metrics, catalogue, run), args.repeats)
    return {"seconds": seconds, "users_per_s": rates(split.test.n_users, seconds)}


def dot_network(args: argparse.Namespace) -> dict[str, object]:
    """Train the dot-product network without biases, mean squared error, Adam."""
    if args.data:
        with np.load(args.data) as file:
            data = {name: torch.from_numpy(file[name]) for name in file.files}
    else:
        draw = torch.Generator().manual_seed(0)
        data = {
            "user": torch.randint(args.users, (args.rows,), generator=draw),
            "item": torch.randint(args.items, (args.rows,), generator=draw),
            "rating": torch.randint(1, 6, (args.rows,), generator=draw).float(),
        }
    generator = torch.Generator().manual_seed(args.seed)
    network = DotNetwork(
        args.users, args.items, args.dim, biases=False, by_rows=True, generator=generator
    )
    model = DotProduct(dim=args.dim, biases=False, l2=0, learning_rate=args.lr)
    validate = None
    if "val_user" in data:
        held = (data["val_user"].long(), data["val_item"].long(), data["val_rating"])
        validate = lambda: float((network(*held[:2]) - held[2]).square().mean())  # noqa: E731
    arrays = (data["user"].long(), data["item"].long(), data["rating"].float())
    curve, _ = train(
        network,
        model.training_step(network),
        arrays,
        Schedule(epochs=args.epochs, batch_size=args.batch),
        generator=generator,
        validate=validate,
        run=Run(threads=args.threads),
    )
    spent = np.array([row["seconds"] for row in curve])
    seconds = np.diff(spent, prepend=0).tolist()
    return {
        "seconds": seconds,
        "samples_per_s": rates(len(arrays[0]), seconds),
        "cumulative_seconds": spent.tolist(),
        "val_mse": [row.get("validation_loss") for row in curve],
    }


def main() -> None:
    """Parse the arguments, do the work, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    for name, work in (("read", read_log), ("topn", top_items), ("evaluate", evaluation)):
        command = commands.add_parser(name)
        command.add_argument("path", type=Path)
        command.add_argument("--repeats", type=int, default=7)
        command.add_argument("--dim", type=int, default=64)
        command.set_defaults(work=work)
    command = commands.add_parser("dot")
    for option, default in (
        ("dim", 1),
        ("batch", 128),
        ("rows", 262_144),
        ("epochs", 4),
        ("users", 77_805),
        ("items", 185_973),
        ("seed", 0),
    ):
        command.add_argument(f"--{option}", type=int, default=default)
    command.add_argument("--threads", type=int)
    command.add_argument("--lr", type=float, default=1e-3)
    command.add_argument("--data", type=Path)
    command.set_defaults(work=dot_network)
    args = parser.parse_args()
    print(json.dumps(args.work(args)))


if __name__ == "__main__":
    main()

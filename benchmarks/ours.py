"""The same work as the peers' scripts do, by penchant; prints one JSON line.

Run it through `benchmarks/run.py`, or alone: `python benchmarks/ours.py read PATH`.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import torch

import penchant as pn
from peers.ndcg import ndcg
from penchant.data.dataset import Dataset
from penchant.data.reading.log_reader import read
from penchant.data.sources import amazon
from penchant.evaluation.ranking import catalogue_of, rank
from penchant.metrics import parse
from penchant.models import IALS
from penchant.models.dot.model import DotNetwork, DotProduct
from penchant.models.table import make
from penchant.nn.loop import Schedule, train
from penchant.nn.per_user.activations import ACTIVATIONS
from penchant.nn.per_user.batches import UserData
from penchant.nn.per_user.cells import CELLS
from penchant.nn.per_user.group import TrainingConfig
from penchant.nn.per_user.networks import NetworkShape
from penchant.nn.per_user.training import train_networks
from penchant.run import Run
from penchant.threads import use_threads
from penchant.topk import top_k

THREADS = int(os.environ.get("BENCH_THREADS", "2"))
TOGETHER = 192
"""Users of nearly the same number of ratings, who share groups of networks."""


def timed(work: Callable[[], object], repeats: int) -> list[float]:
    """Seconds of each of several runs."""
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return seconds


def rates(amount: float, seconds: list[float]) -> dict[str, float]:
    """Best and median rate."""
    return {"best": amount / min(seconds), "median": amount / float(np.median(seconds))}


def read_log(args: argparse.Namespace) -> dict[str, object]:
    """Read a file of ratings into a log, vocabularies included."""
    columns = {"user": 0, "item": 1, "rating": 2, "time": 3}
    seconds = timed(lambda: read(args.path, quiet=True, **columns), args.repeats)
    return {"seconds": seconds, "rows_per_s": rates(len(read(args.path, quiet=True)), seconds)}


def read_reviews(args: argparse.Namespace) -> dict[str, object]:
    """Read a file of Amazon's reviews into typed columns, and into a log with vocabularies."""
    parts = timed(lambda: amazon.read_events(args.path), args.repeats)
    whole = timed(lambda: amazon.read(args.path), args.repeats)
    lines = amazon.read_events(args.path)
    size = lines.size / 1e6
    return {
        "rows": len(lines.frame),
        "megabytes": size,
        "seconds": parts,
        "mb_per_s": rates(size, parts),
        "log_mb_per_s": rates(size, whole),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def top_items(args: argparse.Namespace) -> dict[str, object]:
    """The best 10 unseen items for all users by a factor model."""
    log = read(args.path, quiet=True)
    started = time.perf_counter()
    model = IALS(dim=args.dim).fit(log)
    fit = time.perf_counter() - started
    seconds = timed(
        lambda: top_k(model.scores, model.histories_, 10, cells=model.block_cells), args.repeats
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


def predicted_ratings(args: argparse.Namespace) -> dict[str, object]:
    """Predict a tenth of the ratings, drawn at random, by neighbours."""
    use_threads(THREADS)
    split = pn.split_random(read(args.path, quiet=True), validation=0, test=0.1)
    model = make(args.model).clone(neighbours=40).fit(split.train)
    test = split.test
    model.predict(test.rows)  # compiles
    seconds = timed(lambda: model.predict(test.rows), args.repeats)
    error = model.predict(test.rows) - test.ratings
    return {
        "seconds": seconds,
        "predictions_per_s": rates(len(test.items), seconds),
        "rmse": float(np.sqrt(np.mean(error**2))),
    }


def epochs(args: argparse.Namespace) -> dict[str, object]:
    """Train some epochs on all events, or on some drawn at random."""
    log = read(args.path, quiet=True)
    if args.events:
        some = np.random.default_rng(0).permutation(len(log))[: args.events]
        log = log.subset(np.isin(np.arange(len(log)), some))
    sizes = {"mlp_dim": args.dim, "hidden": tuple(args.hidden)} if args.model == "neumf" else {}
    options = {"dim": args.dim, "negatives": args.negatives, **sizes}
    if args.model != "bpr":  # which learns pair by pair
        options["batch_size"] = args.batch
    if args.model == "lightgcn":  # all items are in its softmax, and batches are of users
        options = {"dim": args.dim}
    run = Run(threads=args.threads)
    make(args.model).clone(epochs=1, **options).fit(log, run=run)  # compiles
    model = make(args.model).clone(epochs=args.epochs, **options).fit(log, run=run)
    seconds = np.diff([row["seconds"] for row in model.curve_], prepend=0).tolist()
    return {"epoch_seconds": seconds, "events_per_s": rates(len(log), seconds)}


def sequence_epochs(args: argparse.Namespace) -> dict[str, object]:
    """Train some epochs of a network of order, by a softmax over all items."""
    log = read(args.path, quiet=True)
    if args.users:
        first = log.events["user"].unique(maintain_order=True)[: args.users]
        log = log.subset(log.events["user"].is_in(first.implode()).to_numpy())
    sizes: dict[str, object] = {"hidden": args.hidden}
    if args.model == "sasrec":
        sizes = {"heads": args.heads, "precision": args.precision}
    model = make(args.model).clone(
        dim=args.dim,
        max_length=args.length,
        dropout=args.dropout,
        batch_size=args.batch,
        negatives=None,
        epochs=args.epochs,
        **sizes,
    )
    model.fit(log, run=Run(threads=args.threads))
    seconds = np.diff([row["seconds"] for row in model.curve_], prepend=0).tolist()
    targets = len(log) - log.n_users
    return {"targets": targets, "epoch_seconds": seconds, "events_per_s": rates(targets, seconds)}


def alternating_least_squares(args: argparse.Namespace) -> dict[str, object]:
    """Fit iALS for several numbers of epochs, and judge each by held-out events."""
    held = np.load(args.path)
    frame = {"user": held["user"], "item": held["item"]}
    log = Dataset.from_frame(pl.DataFrame(frame))
    users, items = (v.take(np.arange(len(v))).to_numpy() for v in (log.users, log.items))
    IALS(dim=args.dim, epochs=1).fit(log)  # compiles
    curves: dict[str, list[dict[str, float]]] = {}
    for unobserved in (None, *args.unobserved):
        curve = curves[f"unobserved {unobserved or 'by default'}"] = []
        for n in args.epochs:
            model = IALS(dim=args.dim, epochs=n, unobserved=unobserved)
            seconds = timed(lambda: model.fit(log, run=Run(threads=args.threads)), 1)[0]  # noqa: B023
            by_user = np.zeros((int(held["n_users"]), args.dim), np.float32)
            by_item = np.zeros((int(held["n_items"]), args.dim), np.float32)
            by_user[users], by_item[items] = model.user_factors_, model.item_factors_
            quality = ndcg(by_user, by_item, held)
            curve.append({"epochs": n, "seconds": seconds, "ndcg": quality})
    return {"curves": curves}


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


def networks_of_users(args: argparse.Namespace) -> dict[str, object]:
    """Train a network of its own for each user of MovieLens 1M on 70 % of the user's ratings."""
    patterns, lessons = lessons_of(args.path)
    epoch = sum(-(-len(lesson.patterns) // 10) for lesson in lessons)
    if args.users:
        # Of all sizes, but in runs of neighbours in size: these are trained together.
        lessons = sorted(lessons, key=lambda lesson: len(lesson.patterns))
        firsts = np.linspace(0, len(lessons) - TOGETHER, args.users // TOGETHER + 2)[1:-1]
        lessons = [lessons[int(first) + i] for first in firsts for i in range(TOGETHER)]
    gates = "tanh" if args.cell == "no-forget" else "sigmoid"
    cell = CELLS[args.cell](ACTIVATIONS["sigmoid"], ACTIVATIONS[gates])
    teaching = TrainingConfig(
        output="hard-sigmoid" if args.cell == "no-forget" else "sigmoid",
        epochs=args.epochs,
        batch_size=10,
        learning_rate=1e-3,
        dropout=0.5 if args.cell == "no-forget" else 0.0,
        patience=None,
        seed=0,
    )
    layout = NetworkShape(cell, 18 if args.cell == "no-forget" else 100, 50)
    steps = sum(-(-len(lesson.patterns) // 10) for lesson in lessons) * args.epochs
    run = Run(threads=args.threads)
    seconds = timed(
        lambda: train_networks(layout, teaching, lessons, patterns, run=run), args.repeats
    )
    return {
        "seconds": seconds,
        "user_steps_per_s": rates(steps, seconds),
        "us_per_user_step": float(np.median(seconds)) / steps * 1e6,
        "minutes_of_100_epochs_of_all": float(np.median(seconds)) / steps * epoch * 100 / 60,
    }


def lessons_of(path: Path) -> tuple[np.ndarray, list[UserData]]:
    """The distinct patterns of genres and 70 % of each user's ratings; a like is at least 4."""
    genres = {}
    for line in (path.parent / "movies.dat").read_text("latin-1").splitlines():
        movie, _, names = line.split("::")
        genres[int(movie)] = names.split("|")
    known = sorted({name for names in genres.values() for name in names})
    table = np.zeros((max(genres) + 1, len(known)), np.uint8)
    for movie, names in genres.items():
        table[movie, [known.index(name) for name in names]] = 1
    patterns, of_movie = np.unique(table, axis=0, return_inverse=True)
    rows = np.loadtxt(
        (line.replace("::", " ") for line in path.open()), np.int64, usecols=(0, 1, 2)
    )
    rows = np.random.default_rng(0).permutation(rows)
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    lessons = []
    for user, part in enumerate(np.split(rows, np.flatnonzero(np.diff(rows[:, 0])) + 1)):
        mine = part[: round(0.7 * len(part))]
        lessons.append(UserData(of_movie.reshape(-1)[mine[:, 1]], mine[:, 2] >= 4, user))
    return patterns, lessons


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
    command = commands.add_parser("amazon-read")
    command.add_argument("path", type=Path)
    command.add_argument("--repeats", type=int, default=3)
    command.set_defaults(work=read_reviews)
    command = commands.add_parser("per-user")
    command.add_argument("path", type=Path)
    command.add_argument("--cell", choices=["no-forget", "lstm"], default="no-forget")
    command.add_argument("--users", type=int, default=1152, help="0 for all")
    command.add_argument("--epochs", type=int, default=24)
    command.add_argument("--repeats", type=int, default=1)
    command.add_argument("--threads", type=int)
    command.set_defaults(work=networks_of_users)
    command = commands.add_parser("ratings")
    command.add_argument("path", type=Path)
    command.add_argument("--model", choices=["item-knn", "user-knn"], required=True)
    command.add_argument("--repeats", type=int, default=3)
    command.set_defaults(work=predicted_ratings)
    command = commands.add_parser("epochs")
    command.add_argument("path", type=Path)
    command.add_argument("--model", choices=["bpr", "neumf", "lightgcn"], required=True)
    command.add_argument("--dim", type=int, default=64)
    command.add_argument("--hidden", type=int, nargs="*", default=[64, 32, 16])
    command.add_argument("--negatives", type=int, default=4)
    command.add_argument("--batch", type=int, default=2048)
    command.add_argument("--events", type=int)
    command.add_argument("--epochs", type=int, default=3)
    command.add_argument("--threads", type=int, default=THREADS)
    command.set_defaults(work=epochs)
    command = commands.add_parser("sequence-epochs")
    command.add_argument("path", type=Path)
    command.add_argument("--model", choices=["sasrec", "gru4rec"], required=True)
    for option, default in (
        ("dim", 64),
        ("hidden", 128),
        ("length", 50),
        ("heads", 1),
        ("batch", 2048),
        ("epochs", 3),
        ("threads", THREADS),
    ):
        command.add_argument(f"--{option}", type=int, default=default)
    command.add_argument("--dropout", type=float, default=0.2)
    command.add_argument("--users", type=int, help="so many, the first ones of the file")
    command.add_argument("--precision", default="float32")
    command.set_defaults(work=sequence_epochs)
    command = commands.add_parser("ials")
    command.add_argument("path", type=Path, help="arrays of `least_squares.py`")
    command.add_argument("--dim", type=int, default=64)
    command.add_argument("--epochs", type=int, nargs="*", default=[1, 2, 3, 5, 8, 15])
    command.add_argument("--unobserved", type=float, nargs="*", default=[])
    command.add_argument("--threads", type=int, default=THREADS)
    command.set_defaults(work=alternating_least_squares)
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

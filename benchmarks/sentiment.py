"""Time the published sentiment network beside Keras: the same steps, and time to equal loss.

`python benchmarks/sentiment.py run` prints the ratio of rows a second at batch 16, ours and Keras
in turns, and the seconds that each needs to the same validation loss at the batch size and learning
rate that suit it best. Summaries are those of the four review sets in PENCHANT_MIRROR, or made
ones of the same lengths where it is not set. `ours` is the part that `run` calls. `areas` is no
measurement of time: it compares classifiers on these sets over five splits by user.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from run import HERE, environment, figures

SETS = (
    "amazon-2018/Gift_Cards",
    "amazon-2018/All_Beauty",
    "amazon-2018/AMAZON_FASHION",
    "amazon-2014/Musical_Instruments",
)
BATCHES, RATES = (16, 64, 128, 256), (1e-3, 2e-3, 5e-3, 1e-2)


def ours(args: argparse.Namespace) -> dict[str, Any]:
    """Train by hand-written steps, as `SentimentCNN` does, and time each epoch."""
    import torch
    from torch.nn import functional

    from penchant.encoders.sentiment.cnn.network import WordCNN, WordCNNShape
    from penchant.encoders.sentiment.cnn.training_steps import Repeats, TableSteps
    from penchant.nn.loop import Schedule, train
    from penchant.run import Run

    with np.load(args.data) as file:
        data = {name: torch.from_numpy(file[name]) for name in file.files}
    tokens, held = data["tokens"].long(), data["val_tokens"].long()
    wanted, truth = (functional.one_hot(data[n], 2).float() for n in ("labels", "val_labels"))
    generator = torch.Generator().manual_seed(args.seed)
    network = WordCNN(WordCNNShape(), generator)
    started = time.perf_counter()
    repeats = Repeats.of(tokens, network.shape)
    prepared = time.perf_counter() - started

    def validate() -> float:
        return float(functional.binary_cross_entropy_with_logits(network(held), truth))

    curve, _ = train(
        network,
        TableSteps(network, args.lr, repeats),
        (repeats.text, wanted, torch.ones(len(wanted))),
        Schedule(epochs=args.epochs, batch_size=args.batch),
        generator=generator,
        validate=validate,
        run=Run(threads=args.threads),
    )
    spent = np.array([row["seconds"] for row in curve])
    seconds = np.diff(spent, prepend=0)
    rates = len(tokens) / seconds
    return {
        "prepared": prepared,
        "seconds": seconds.tolist(),
        "samples_per_s": {"best": rates.max(), "median": float(np.median(rates))},
        "val_loss": [row["validation_loss"] for row in curve],
        "cumulative_seconds": (spent + prepared).tolist(),
    }


def reviews() -> Any:
    """The four review sets of the mirror in one frame: user, rating, summary, text."""
    import polars as pl

    import penchant as pn

    logs = [pn.load(name).frame() for name in SETS]
    frame = pl.concat([log.select("user", "rating", "summary", "text") for log in logs])
    return frame.with_columns(pl.col("summary", "text").fill_null(""))


def areas(args: argparse.Namespace) -> dict[str, object]:
    """Compare classifiers on the four review sets over splits by user."""
    from penchant.encoders import sentiment_classifier
    from penchant.encoders.sentiment.evaluation import evaluate_sentiment
    from penchant.run import Run

    frame = reviews()
    comparison = evaluate_sentiment(
        {name: sentiment_classifier(name) for name in args.models},
        frame.select("summary", "text"),
        frame["rating"].to_numpy().astype(float),
        frame["user"].to_numpy(),
        splits=args.splits,
        run=Run(threads=args.threads),
    )
    print(comparison.frame(), file=sys.stderr)
    return comparison.to_dict()


def summaries(path: Path, seed: int = 0) -> int:
    """Write tokens and labels, a fifth of the users to validate; returns the training rows."""
    import polars as pl

    from penchant.encoders.sentiment.evaluation import held_out_users, one_per_user_and_text
    from penchant.encoders.text.tokens import Tokeniser

    if os.environ.get("PENCHANT_MIRROR"):
        frame = reviews()
        kept = one_per_user_and_text(frame["user"].to_numpy(), frame.select("text"))
        frame = frame[kept]
    else:
        rng = np.random.default_rng(seed)
        words = np.array([f"w{n}" for n in range(3000)])
        n = 14_000
        which = (3000 * rng.random((n, 8)) ** 3).astype(int)
        length = rng.integers(1, 8, n)
        frame = pl.DataFrame(
            {
                "user": rng.integers(0, 3000, n),
                "rating": np.where(rng.random(n) < 0.5 + 0.5 * (which[:, 0] > 20), 5.0, 1.0),
                "summary": [" ".join(words[row[:k]]) for row, k in zip(which, length, strict=True)],
            }
        )
    user = np.unique(frame["user"].to_numpy(), return_inverse=True)[1]
    held = held_out_users(user, 0.2, seed)
    tokeniser = Tokeniser(num_words=100).fit(frame["summary"].filter(~held))
    tokens = tokeniser.encode(frame["summary"]).padded(20)
    labels = (frame["rating"].to_numpy() > 3).astype(np.int64)
    np.savez(
        path,
        tokens=tokens[~held],
        labels=labels[~held],
        val_tokens=tokens[held],
        val_labels=labels[held],
    )
    return int((~held).sum())


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Both in turns at batch 16, and to the same loss at each one's best setting."""
    python = environment("keras", args.peers)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "summaries.npz"
        rows = summaries(data)

        def mine(*options: str) -> dict[str, Any]:
            return figures([sys.executable, HERE / "sentiment.py", "ours", data, *options])

        def theirs(*options: str) -> dict[str, Any]:
            script = HERE / "peers" / "keras_sentiment.py"
            return figures([python, script, data, *options], args.backend)

        turns = []
        for _ in range(args.rounds):
            pair = [one("--batch", "16", "--epochs", "3") for one in (mine, theirs)]
            turns.append([found["samples_per_s"]["median"] for found in pair])
            print(f"  batch 16: {turns[-1][0]:,.0f} against {turns[-1][1]:,.0f}", file=sys.stderr)
        speed = np.median(np.array(turns), axis=0)
        curves: dict[str, list[tuple[str, list[float], list[float]]]] = {"ours": [], "keras": []}
        for batch in BATCHES:
            for lr in RATES:
                setting = ["--batch", str(batch), "--lr", str(lr), "--epochs", str(args.epochs)]
                for name, one in (("ours", mine), ("keras", theirs)):
                    found = one(*setting)
                    label = f"batch {batch}, lr {lr}"
                    curves[name].append((label, found["val_loss"], found["cumulative_seconds"]))
    # The loss that both reach, and one part in two hundred of slack.
    reached = {n: min(min(loss) for _, loss, _ in found) for n, found in curves.items()}
    goal = max(reached.values()) * 1.005
    fastest = {
        name: min(
            (seconds[next(i for i, value in enumerate(loss) if value <= goal)], label)
            for label, loss, seconds in found
            if min(loss) <= goal
        )
        for name, found in curves.items()
    }
    return {
        "rows": rows,
        "samples_per_s": {"ours": speed[0], "keras": speed[1], "ratio": speed[0] / speed[1]},
        "turns": turns,
        "goal": goal,
        "seconds_to_goal": fastest,
        "ratio_to_goal": fastest["keras"][0] / fastest["ours"][0],
    }


def main() -> None:
    """Parse the arguments, do the work, print the figures as one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("ours")
    command.add_argument("data", type=Path)
    command.add_argument("--batch", type=int, default=16)
    command.add_argument("--epochs", type=int, default=3)
    command.add_argument("--lr", type=float, default=1e-3)
    command.add_argument("--threads", type=int)
    command.add_argument("--seed", type=int, default=0)
    command.set_defaults(work=ours)
    command = commands.add_parser("areas")
    command.add_argument("models", nargs="*", default=["cnn", "tfidf", "ensemble"])
    command.add_argument("--splits", type=int, default=5)
    command.add_argument("--threads", type=int)
    command.set_defaults(work=areas)
    command = commands.add_parser("run")
    command.add_argument("--rounds", type=int, default=3)
    command.add_argument("--epochs", type=int, default=4)
    command.add_argument("--backend", default="tensorflow", choices=["tensorflow", "jax"])
    command.add_argument("--peers", type=Path, default=HERE / ".peers")
    command.set_defaults(work=run)
    args = parser.parse_args()
    print(json.dumps(args.work(args)))


if __name__ == "__main__":
    main()

"""Time penchant beside its peers in one run, and print the ratios.

`python benchmarks/run.py [NAME …]` runs all benchmarks, or those named. Each peer gets an
environment of its own under `benchmarks/.peers`, made on first use from
`benchmarks/peers/<peer>.txt`. Ours and the peer's turns alternate, so that a machine that grows
slower or faster does so for both; the ratio is of the medians. Real data are found through
PENCHANT_MIRROR; benchmarks that need them are left out, with a reason, where it is not set.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import amazon_log
import least_squares
from side_by_side import BENCHMARKS, REVIEWS, Benchmark

HERE = Path(__file__).parent
RATINGS = "movielens-1m/ratings.dat"


def environment(peer: str, root: Path) -> Path:
    """The Python of a peer's environment, which is made where it is missing."""
    python = root / peer / "bin" / "python"
    if not python.exists():
        print(f"installing {peer} into {root / peer} …", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", root / peer], check=True)
        requirements = HERE / "peers" / f"{peer}.txt"
        pip = [python, "-m", "pip", "install", "-q"]
        subprocess.run([*pip, "-r", requirements], check=True)
        for line in requirements.read_text().splitlines():
            if line.startswith("# no-deps:"):
                package = line.partition(":")[2].strip()
                subprocess.run([*pip, "--no-deps", package], check=True)
    return python


def figures(command: Sequence[str | Path], backend: str = "") -> dict[str, Any]:
    """Run a script and read the JSON line it prints last."""
    env = os.environ | ({"KERAS_BACKEND": backend} if backend else {})
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    if done.returncode:
        raise RuntimeError(f"{command} failed:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def ours(*arguments: str) -> dict[str, Any]:
    """Figures of penchant."""
    return figures([sys.executable, HERE / "ours.py", *arguments])


def compare(benchmark: Benchmark, rounds: int, root: Path, data: str) -> dict[str, Any]:
    """Run both in turns and return medians and their ratio."""
    python = environment(benchmark.peer, root)
    mine, theirs = [], []
    quality: dict[str, list[float]] = {"ours": [], "peer": []}
    files = {"data": data, "reviews": ""}
    if any("{reviews}" in a for a in benchmark.ours):
        made = amazon_log.make(Path(data).parents[1], root / "amazon-log", REVIEWS, 0)
        files["reviews"] = str(made / f"{amazon_log.NAME}.json.gz")
    for _ in range(rounds):
        arguments = [a.format(**files) for a in benchmark.ours]
        own = ours(*arguments)
        mine.append(own[benchmark.figure]["median"])
        script, *rest = (a.format(**files) for a in benchmark.theirs)
        peer = figures([python, HERE / "peers" / script, *rest], benchmark.backend)
        theirs.append(peer[benchmark.figure]["median"])
        if benchmark.quality:
            quality["ours"].append(own[benchmark.quality])
            quality["peer"].append(peer[benchmark.quality])
    found: dict[str, Any] = {
        "ours": float(np.median(mine)),
        "peer": float(np.median(theirs)),
        "ratio": float(np.median(mine) / np.median(theirs)),
        "rounds": [a / b for a, b in zip(mine, theirs, strict=True)],
    }
    if benchmark.quality:
        found[benchmark.quality] = {name: float(np.median(v)) for name, v in quality.items()}
    return found


def quality_of(benchmark: Benchmark, found: dict[str, Any]) -> str:
    """How good both are, where that is measured."""
    if not benchmark.quality:
        return ""
    both = found[benchmark.quality]
    return f". {benchmark.quality}: {both['ours']:.4f} against {both['peer']:.4f}"


def time_to_loss(root: Path) -> dict[str, Any]:
    """Seconds to the same validation loss, each at its own best batch size and learning rate."""
    python = environment("keras", root)
    contenders = {"penchant": "", "keras-tensorflow": "tensorflow", "keras-jax": "jax"}
    curves: dict[str, list[tuple[str, list[float], list[float]]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "log.npz"
        np.savez(data, **book_crossing_shaped())
        for name, backend in contenders.items():
            curves[name] = []
            for batch in (128, 1024, 8192):
                for lr in (0.003, 0.01, 0.03, 0.1):
                    setting = ["--batch", str(batch), "--lr", str(lr), "--data", str(data)]
                    setting += ["--epochs", "4" if batch == 128 else "10"]
                    if backend:
                        command = [python, HERE / "peers" / "keras_dot.py", *setting]
                        run = figures([*command, "--warmup-rows", "20000"], backend)
                    else:
                        run = ours("dot", *setting)
                    label = f"batch {batch}, lr {lr}"
                    curves[name].append((label, run["val_mse"], run["cumulative_seconds"]))
                    print(f"  {name} {label}: {min(run['val_mse']):.4f}", file=sys.stderr)
    # The loss that all of them reach, and one part in two hundred of slack.
    reached = {n: min(min(loss) for _, loss, _ in runs) for n, runs in curves.items()}
    goal = max(reached.values()) * 1.005
    fastest = {
        name: min(
            (seconds[next(i for i, value in enumerate(loss) if value <= goal)], label)
            for label, loss, seconds in runs
            if min(loss) <= goal
        )
        for name, runs in curves.items()
    }
    return {"goal": goal, "best_loss": reached, "seconds": fastest}


def least_squares_times(log: str, mirror: str, rounds: int, root: Path) -> dict[str, Any]:
    """Alternating least squares and implicit's in turns."""
    python = environment("implicit", root)
    with tempfile.TemporaryDirectory() as folder:
        path = least_squares.make(log, mirror, Path(folder))
        command = [python, HERE / "peers" / "implicit_als.py", path]
        more: list[str] = []
        if log == "10-million":
            command += ["--alpha", "1", "4", "--regularization", "3", "10"]
            command += ["--judged", *LARGE_EPOCHS]
            more = ["--epochs", *LARGE_EPOCHS, "--unobserved", "0.1", "1"]
        return least_squares.compare(
            lambda: ours("ials", str(path), *more)["curves"],
            lambda: figures(command)["curves"],
            rounds,
        )


LARGE_EPOCHS = ("1", "2", "3", "5", "8")
LEAST_SQUARES = {f"ials-{n}": n for n in ("movielens-100k", "movielens-1m", "10-million")}
PER_USER = {"per-user-cell": ("no-forget", "1152", "24"), "per-user-lstm": ("lstm", "576", "8")}
"""Networks of users' own, which no peer has: the cell, users of all sizes, and epochs."""


def per_user(name: str, data: str, *, everything: bool) -> dict[str, Any]:
    """The time of a training step of a user's own network; of all users and epochs if asked."""
    cell, users, epochs = PER_USER[name]
    size = ("0", "100") if everything else (users, epochs)
    return ours("per-user", data, "--cell", cell, "--users", size[0], "--epochs", size[1])


def book_crossing_shaped(rows: int = 433_671, seed: int = 0) -> dict[str, np.ndarray]:
    """A log of Book-Crossing's size, skew and scale, with tastes to be learned."""
    rng = np.random.default_rng(seed)
    users, items = 77_805, 185_973
    user = (users * rng.random(rows) ** 4).astype(np.int32)
    item = (items * rng.random(rows) ** 3).astype(np.int32)
    leaning = rng.normal(0, 1.0, users)[user] + rng.normal(0, 0.7, items)[item]
    taste = rng.normal(0, 1.0, users)[user] * rng.normal(0, 1.0, items)[item]
    rating = np.clip(np.round(7.6 + leaning + taste + rng.normal(0, 1, rows)), 1, 10)
    held = rng.random(rows) < 0.1
    columns = {"user": user, "item": item, "rating": rating.astype(np.float32)}
    return {n: c[~held] for n, c in columns.items()} | {
        f"val_{n}": c[held] for n, c in columns.items()
    }


def main() -> None:
    """Run what was asked for and print a table."""
    known = [*(b.name for b in BENCHMARKS), *LEAST_SQUARES, *PER_USER, "time-to-loss"]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(known))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", type=Path, default=HERE / ".peers", help="their environments")
    parser.add_argument("--full", action="store_true", help="per-user: all users, 100 epochs")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    args = parser.parse_args()
    if unknown := set(args.names) - set(known):
        parser.error(f"there is no benchmark {', '.join(unknown)}; known are {', '.join(known)}")
    mirror = os.environ.get("PENCHANT_MIRROR")
    results: dict[str, Any] = {}
    for benchmark in BENCHMARKS:
        if args.names and benchmark.name not in args.names:
            continue
        if any("{" in a for a in benchmark.ours) and not mirror:
            print(f"{benchmark.name}: left out, PENCHANT_MIRROR is not set")
            continue
        found = compare(benchmark, args.rounds, args.peers, f"{mirror}/{RATINGS}")
        results[benchmark.name] = found
        print(
            f"{benchmark.name}: {found['ratio']:.2f} × (mark {benchmark.mark:g} ×), "
            f"{found['ours']:,.0f} against {found['peer']:,.0f} {benchmark.figure}; "
            f"rounds {', '.join(f'{r:.2f}' for r in found['rounds'])}. {benchmark.about}"
            + quality_of(benchmark, found),
            flush=True,
        )
    for name, log in LEAST_SQUARES.items():
        if mirror and (not args.names or name in args.names):
            results[name] = least_squares_times(log, mirror, args.rounds, args.peers)
            print(f"{name}: {json.dumps(results[name])}", flush=True)
    for name in PER_USER:
        if args.names and name not in args.names:
            continue
        if not mirror:
            print(f"{name}: left out, PENCHANT_MIRROR is not set")
            continue
        found = results[name] = per_user(name, f"{mirror}/{RATINGS}", everything=args.full)
        print(
            f"{name}: {found['us_per_user_step']:.0f} µs a step of a user's network, "
            f"{found['minutes_of_100_epochs_of_all']:.1f} min for 100 epochs of all",
            flush=True,
        )
    if not args.names or "time-to-loss" in args.names:
        found = results["time-to-loss"] = time_to_loss(args.peers)
        mine = found["seconds"]["penchant"][0]
        print(f"time-to-loss {found['goal']:.4f}:")
        for name, (seconds, label) in found["seconds"].items():
            print(f"  {name}: {seconds:.2f} s ({label}), {seconds / mine:.2f} × ours")
    if args.json:
        args.json.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()

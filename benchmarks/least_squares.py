"""Alternating least squares beside implicit's: seconds to the same quality, and for an epoch.

Ours is at its defaults, and at some weights of unobserved pairs on the made-up log; implicit's
settings are tried, by conjugate gradients. Whichever is first at the goal counts, which both reach
on held-out events. Called by `run.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

JUDGED = 3000
"""The most users by whom a fit is judged."""
SLACK = 0.995
Curves = dict[str, list[dict[str, float]]]


def tastes(events: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Users and items of a made-up log: groups of users like parts of the catalogue."""
    rng = np.random.default_rng(seed)
    n_users, n_items, groups = events // 60, events // 250, 200
    user = (n_users * rng.random(events) ** 2).astype(np.int64)
    place = (n_items * rng.random(events) ** 3).astype(np.int64)
    # Each group draws its order of items without replacement, by how popular these are.
    waiting = -np.log(rng.random((groups, n_items))) * np.arange(1, n_items + 1)
    liked = np.argsort(waiting, axis=1)
    group = rng.integers(groups, size=n_users)[user]
    own = rng.random(events) < 0.7
    return user, np.where(own, liked[group, place], place)


def make(log: str, mirror: str, folder: Path, seed: int = 0) -> Path:
    """A file of arrays: nine tenths of a log's pairs, and those of some users of the rest."""
    path = folder / f"{log}.npz"
    if log == "10-million":
        user, item = tastes(10_000_000)
    else:
        file = "u.data" if log == "movielens-100k" else "ratings.dat"
        lines = (Path(mirror) / log / file).read_text("latin-1").replace("::", "\t")
        columns = pl.read_csv(lines.encode(), separator="\t", has_header=False).get_columns()[:2]
        user, item = (c.rank("dense").to_numpy().astype(np.int64) - 1 for c in columns)
    n_users, n_items = int(user.max()) + 1, int(item.max()) + 1
    pairs = np.unique(user * n_items + item)
    rng = np.random.default_rng(seed)
    held = rng.random(len(pairs)) < 0.1
    train, rest = pairs[~held], pairs[held]
    judged = rng.permutation(n_users)[:JUDGED]
    rest = rest[np.isin(rest // n_items, judged)]
    np.savez(
        path,
        user=train // n_items,
        item=train % n_items,
        val_user=rest // n_items,
        val_item=rest % n_items,
        n_users=n_users,
        n_items=n_items,
    )
    return path


def compare(ours: Callable[[], Curves], peer: Callable[[], Curves], rounds: int) -> dict[str, Any]:
    """Both in turns: medians over rounds of seconds to the goal and for an epoch, and ratios."""
    found: dict[str, list[Any]] = {"ours": [], "peer": []}
    goals, best = [], {}
    for _ in range(rounds):
        both = {"ours": ours(), "peer": peer()}
        best = {
            who: max(row["ndcg"] for curve in curves.values() for row in curve)
            for who, curves in both.items()
        }
        goals.append(SLACK * min(best.values()))
        for who, curves in both.items():
            rows = [row for curve in curves.values() for row in curve]
            goal = min(row["seconds"] for row in rows if row["ndcg"] >= goals[-1])
            found[who].append((goal, min(epoch_seconds(curve) for curve in curves.values())))
    medians = {who: np.median(seconds, axis=0).tolist() for who, seconds in found.items()}
    (goal, epoch), (peer_goal, peer_epoch) = medians["ours"], medians["peer"]
    return {
        "goal": float(np.median(goals)),
        "best ndcg@10": best,
        "seconds to the goal": {"ours": goal, "peer": peer_goal, "ratio": goal / peer_goal},
        "seconds for an epoch": {"ours": epoch, "peer": peer_epoch, "ratio": epoch / peer_epoch},
    }


def epoch_seconds(curve: list[dict[str, float]]) -> float:
    """Of a curve's first and last row."""
    first, last = curve[0], curve[-1]
    return (last["seconds"] - first["seconds"]) / (last["epochs"] - first["epochs"])

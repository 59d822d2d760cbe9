"""How often intervals of experiments and of off-policy estimates hold the truth.

`python benchmarks/experiments.py` prints the two tables of docs/experiments.md, from simulated
services with known answers; `--table looks` or `--table off-policy` prints one of them, and
`--scale 0.1` makes a tenth of the replications.
"""

from __future__ import annotations

import argparse

import numpy as np
import polars as pl

import penchant as pn
from penchant.testing import ListSimulator

LOOKS = (("users", 1), ("successes", 2))  # metric and seed
OFF_POLICY = (  # users, epsilon, noise of the other model's scores, services, seed
    (500, 0.5, 0.3, 300, 6),
    (1000, 0.3, 0.3, 300, 3),
    (4000, 0.1, 1.5, 100, 4),
    (5000, 0.1, 0.3, 100, 4),
    (10000, 0.05, 0.3, 60, 6),
)


def looks(metric: str, seed: int, replications: int) -> None:
    """Experiments without a difference, looked at again and again."""
    service = ListSimulator(n_users=600, n_items=20, k=3, seed=seed)
    same = service.rankings(1.0)
    wrong = []
    for n in range(replications):
        shown, outcomes = service.run(
            {"a": same, "b": same}, lists_per_user=2.0, seed=10_000 * seed + n
        )
        course = pn.compare_arms(
            shown, outcomes, control="a", metric=metric, planned_users=600
        ).course
        once = (pl.col("low") > 0) | (pl.col("high") < 0)
        always = (pl.col("always_low") > 0) | (pl.col("always_high") < 0)
        row = course.select(
            once.last().alias("at the end"),
            once.any().alias("any look"),
            always.any().alias("any look, always valid"),
        ).with_columns((pl.col("at the end") | pl.col("any look, always valid")).alias("both"))
        wrong.append(row)
    print(metric, len(course), "looks", pl.concat(wrong).mean().row(0, named=True))


def off_policy(users: int, epsilon: float, noise: float, replications: int, seed: int) -> None:
    """Estimates of one model from the lists of another."""
    service = ListSimulator(n_users=users, n_items=30, k=5, seed=seed)
    logging, other = service.rankings(1.5, 1), service.rankings(noise, 2)
    truth = service.true_value(other)
    held: dict[str, list[bool]] = {}
    widths: dict[str, list[float]] = {}
    refused = 0
    for n in range(replications):
        shown, outcomes = service.run({"log": logging}, epsilon=epsilon, seed=n)
        result = pn.estimate_off_policy(shown, outcomes, service.lists(other))
        refused += bool(result.refusal)
        for name, one in result.estimates.items():
            held.setdefault(name, []).append(one.low <= truth <= one.high)
            widths.setdefault(name, []).append((one.high - one.low) / 2)
    shares = {
        name: f"{np.mean(each):.3f} ±{np.mean(widths[name]):.2f}" for name, each in held.items()
    }
    print(users, epsilon, noise, f"truth {truth:.2f}, refused {refused}", shares)


def main() -> None:
    """Print what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", choices=("looks", "off-policy"))
    parser.add_argument("--scale", type=float, default=1.0)
    options = parser.parse_args()
    if options.table != "off-policy":
        for metric, seed in LOOKS:
            looks(metric, seed, max(1, round(400 * options.scale)))
    if options.table != "looks":
        for users, epsilon, noise, replications, seed in OFF_POLICY:
            off_policy(users, epsilon, noise, max(1, round(replications * options.scale)), seed)


if __name__ == "__main__":
    main()

"""What a second log adds: MovieLens 1M to latest-small by titles, All_Beauty to fashion by texts.

    PENCHANT_MIRROR=folder python benchmarks/second_log.py [--models ease two-tower] [--shops 5]

Each model learns from the first log's training part alone, and again with the users of the second
log; nDCG@10 on the same test users, difference with a 95 % interval over users. A fifth of the
events is for test: each user's latest, the latest of all, or random ones; reviews stand there once.
With `--shops 5` the first log is divided into five logs of a fifth of the users each, which learn
apart and are judged together.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import polars as pl

import penchant as pn
from penchant.data.dataset import Dataset
from penchant.models import make
from penchant.studies.fashion.setup import without_copies
from penchant.transfer.gains import gain_of, values_of

CASES = (
    ("movielens-latest-small", "movielens-1m", "title"),
    ("amazon-2018/AMAZON_FASHION", "amazon-2018/All_Beauty", "text"),
)
METRIC = "ndcg@10"
SPLITS = {"per-user": pn.split_per_user, "time": pn.split_by_time, "random": pn.split_random}
MODELS = ("popular", "ease", "content-ease", "two-tower", "ials")


def load(name: str) -> Dataset:
    """A log, of reviews without the copies at each variant of a product."""
    log = pn.load(name, offline=True)
    return without_copies(log) if name.startswith("amazon") else log


def shops(log: Dataset, number: int, seed: int) -> list[Dataset]:
    """The log as that of so many small shops: each has a share of the users, and their items."""
    order = np.random.default_rng(seed).permutation(np.flatnonzero(log.user_counts))
    logs = []
    for users in np.array_split(order, number):
        part = log.subset(np.isin(log.events["user"].to_numpy(), users))
        table = log.item_table
        if table is not None:
            table = table.filter(pl.Series(part.item_counts > 0))
        logs.append(
            Dataset.from_frame(part.frame(), item_table=table, name=log.name, scale=log.scale)
        )
    return logs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--case", type=int, choices=range(len(CASES)), nargs="+", default=[0, 1])
    parser.add_argument("--shops", type=int, default=1, help="divide the first log's users")
    parser.add_argument("--other-users", type=int, help="only so many users of the second log")
    parser.add_argument("--split", choices=SPLITS, nargs="+", default=["per-user"])
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    for case in arguments.case:
        first, second, on = CASES[case]
        log, other = load(first), load(second)
        if arguments.other_users:
            other = shops(other, other.n_users // arguments.other_users, arguments.seed)[0]
        print(f"\n{second} helps {first}: {log!r}, {other!r}, {arguments.shops} shops")
        for kind in arguments.split:
            splits = [
                SPLITS[kind](shop, validation=0.1, test=0.2)
                for shop in shops(log, arguments.shops, arguments.seed)
            ]
            pairs = [(split, pn.joined(split, other, on=on)) for split in splits]
            print(f"{kind}: {pairs[0][1].sentence}", flush=True)
            for name in arguments.models:
                started = time.perf_counter()
                model = make(name).clone(seed=arguments.seed)
                values = [[values_of(model, split, METRIC) for split in pair] for pair in pairs]
                alone, both = (np.concatenate(each) for each in zip(*values, strict=True))
                gain = gain_of(name, METRIC, alone, both, 2000, arguments.seed)
                seconds = time.perf_counter() - started
                print(f"  {gain}; {gain.users:,} users, {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()

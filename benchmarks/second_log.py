"""What a second log adds: MovieLens 1M to latest-small by titles, All_Beauty to fashion by texts.

    PENCHANT_MIRROR=folder python benchmarks/second_log.py [--models ease two-tower] [--users 100]

Each model learns from the first log's training part alone, and again with the users of the second
log; nDCG@10 on the same test users, difference with a 95 % interval over users. A fifth of the
events is for test: each user's latest, the latest of all, or random ones; reviews stand there once.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

import penchant as pn
from penchant.data.dataset import Dataset
from penchant.models import make
from penchant.studies.fashion.setup import without_copies
from penchant.transfer import transfer_gains

CASES = (
    ("movielens-latest-small", "movielens-1m", "title"),
    ("amazon-2018/AMAZON_FASHION", "amazon-2018/All_Beauty", "text"),
)
SPLITS = {"per-user": pn.split_per_user, "time": pn.split_by_time, "random": pn.split_random}
MODELS = ("popular", "ease", "content-ease", "two-tower", "ials")


def load(name: str) -> Dataset:
    """A log, of reviews without the copies at each variant of a product."""
    log = pn.load(name, offline=True)
    return without_copies(log) if name.startswith("amazon") else log


def cut(log: Dataset, users: int | None, seed: int) -> Dataset:
    """The events of so many users, as a small shop would have them."""
    if users is None:
        return log
    drawn = np.random.default_rng(seed).permutation(np.flatnonzero(log.user_counts))[:users]
    return log.subset(np.isin(log.events["user"].to_numpy(), drawn))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--case", type=int, choices=range(len(CASES)), nargs="+", default=[0, 1])
    parser.add_argument("--users", type=int, help="only so many users of the first log")
    parser.add_argument("--split", choices=SPLITS, nargs="+", default=["per-user"])
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    for case in arguments.case:
        first, second, on = CASES[case]
        log, other = cut(load(first), arguments.users, arguments.seed), load(second)
        print(f"\n{second} helps {first}: {log!r}, {other!r}")
        for kind in arguments.split:
            split = SPLITS[kind](log, validation=0.1, test=0.2)
            both = pn.joined(split, other, on=on)
            print(f"{kind}: {both.sentence}")
            for name in arguments.models:
                started = time.perf_counter()
                model = make(name).clone(seed=arguments.seed)
                (gain,) = transfer_gains({name: model}, split, both, seed=arguments.seed)
                seconds = time.perf_counter() - started
                print(f"  {gain}; {gain.users:,} users, {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()

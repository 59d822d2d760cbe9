"""What an update is worth: nDCG@10 before it, after it and by a new fit, and the seconds of each.

`PENCHANT_MIRROR=… python benchmarks/updates.py MODEL [--share 0.1] [--users 2000]` takes the last
events of MovieLens 1M by time, or of some of its users drawn at random, for later ones: half of
them come in with the update, the other half are to be foretold for the users known before. Each row
of the Markdown table has the difference to the model before the update, with its 95 % interval over
users, and the seconds of processor time.
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Callable

import numpy as np

import penchant as pn
from penchant.data.dataset import Dataset
from penchant.metrics import NDCG, Ranked, interval, mean_replicates
from penchant.models import make
from penchant.typing import Bool, Float64

K, REPLICATES = 10, 2000


def main() -> None:
    """Fit, update and fit anew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--share", type=float, default=0.1, help="of the events, that are later")
    parser.add_argument("--users", type=int, help="that are drawn; all by default")
    args = parser.parse_args()
    logging.disable(logging.WARNING)
    log = pn.load("movielens-1m")
    if args.users:
        drawn = np.random.default_rng(0).choice(log.n_users, args.users, replace=False)
        log = log.subset(np.isin(log.events["user"].to_numpy(), drawn))
    rank = np.empty(len(log), np.int64)
    rank[log.events["time"].arg_sort().to_numpy()] = np.arange(len(log))
    n_late = int(args.share * len(log))
    old, known = rank < len(log) - n_late, rank < len(log) - n_late // 2
    users = np.flatnonzero(log.subset(old).user_counts * log.subset(~known).user_counts)
    before, fitting = _timed(lambda: make(args.model).fit(log.subset(old)))
    rows = {"before the update": (_ndcg(before, log, old, known, users), fitting)}
    rows["the same, told the histories"] = _ndcg(before, log, known, known, users), 0.0
    news = Dataset.from_frame(log.subset(known & ~old).frame(), scale=log.scale)
    if hasattr(before, "update"):
        _, seconds = _timed(lambda: before.update(news))
        rows["updated"] = _ndcg(before, log, known, known, users), seconds
    anew, seconds = _timed(lambda: make(args.model).fit(log.subset(known)))
    rows["a new fit"] = _ndcg(anew, log, known, known, users), seconds
    first = rows["before the update"][0]
    judged = np.isfinite(first)
    print(f"{args.model}: {len(news):,} new events, {judged.sum():,} users are judged\n")
    print("| model | nDCG@10 | difference | seconds |\n|---|---|---|---|")
    for name, (values, seconds) in rows.items():
        gains = (values - first)[judged]
        low, high = interval(mean_replicates(gains[:, None], REPLICATES, 0), 0.95)
        difference = f"{gains.mean():+.4f} [{low[0]:+.4f}, {high[0]:+.4f}]"
        print(
            f"| {name} | {values[judged].mean():.4f} | {difference} | {seconds:.1f} |", flush=True
        )


def _ndcg(
    model: pn.Recommender, log: Dataset, told: Bool, known: Bool, users: np.ndarray
) -> Float64:
    """float64[n_users], NaN where nothing is foretold.

    Args:
        model: what lists.
        log: all events.
        told: bool[n_events], those of the histories that the model is told.
        known: bool[n_events], those whose items are not to be foretold.
        users: int64[n_users].
    """
    lists, _ = model.top_items(log.subset(told).histories.take(users), K)
    later, had = (log.subset(part).histories.take(users) for part in (~known, known))
    later = later.subset(~np.isin(later.pairs, had.pairs))
    return NDCG(K)(Ranked.of(lists, later.offsets, later.items))


def _timed(do: Callable[[], pn.Recommender]) -> tuple[pn.Recommender, float]:
    start = time.process_time()
    return do(), time.process_time() - start


if __name__ == "__main__":
    main()

"""How long explained lists take on MovieLens 1M, and what items lose without what reasons name.

`PENCHANT_MIRROR=… python benchmarks/explanations.py [NAME …]` fits a model of each family, most of
them for few epochs, since methods and times hardly depend on that, and prints a row of a Markdown
table for each: where reasons come from, the median milliseconds of processor time that
`explain_lists` takes for ten items and one known user, and, from `explanation_fidelity`, by how
many standard deviations of the user's scores listed items fall further than the median item
without the items that their reasons name, and without as many others, with the 95 % interval over
users of the difference, and the places lost.
"""

from __future__ import annotations

import argparse
import logging
import time

import numpy as np
import polars as pl

import penchant as pn
from penchant.metrics import interval, mean_replicates
from penchant.models import make

FAMILIES = {
    "linear": ("ease", "slim", "rp3beta", "graph-filter"),
    "neighbours": ("item-knn", "user-knn", "jaccard-agreement", "co-occurrence", "tifu-knn"),
    "factors": (
        "ials:epochs=3",
        "nmf:epochs=3",
        "bpr:epochs=3",
        "warp:epochs=3",
        "sampled-softmax:epochs=2",
        "dot:epochs=3",
        "factorisation-machine:epochs=2",
        "svdpp:epochs=2,dim=16",
        "asymmetric-svd:epochs=2,dim=16",
        "neumf:epochs=1",
    ),
    "autoencoders and machines": (
        "mult-vae:epochs=5",
        "autoencoder:epochs=5",
        "autorec:epochs=3",
        "rbm:epochs=5",
        "rating-rbm:epochs=2",
    ),
    "features": (
        "boosted-trees:trees=50",
        "feature-mlp:epochs=1",
        "deep-fm:epochs=1",
        "dnn-regressor:epochs=1",
    ),
    "content": (
        "gaussian-process:epochs=1",
        "two-tower:epochs=2",
        "vbpr:epochs=1",
        "hybrid:epochs=1",
        "content-profile",
        "attribute-network:epochs=1",
    ),
}
REPLICATES = 2000


def main() -> None:
    """Fit and measure the models named, or one or more of each family."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--timed", type=int, default=12)
    args = parser.parse_args()
    logging.disable(logging.WARNING)
    log = pn.load("movielens-1m")
    rng = np.random.default_rng(0)
    users = log.users.take(np.sort(rng.choice(log.n_users, args.users, replace=False))).to_list()
    print("| family | model | method | ms a list | without reasons | without others | ", end="")
    print("difference | places |\n|---|---|---|---|---|---|---|---|", flush=True)
    for family, specs in FAMILIES.items():
        for spec in specs:
            name = spec.partition(":")[0]
            if args.names and name not in args.names:
                continue
            model = make(spec).fit(log)
            seconds = []
            for user in [users[0], *users[: args.timed]]:
                start = time.process_time()
                pn.explain_lists(model, [user], 10)
                seconds.append(time.process_time() - start)
            table = pn.explanation_fidelity(model, users, 5, draws=3)
            row = [family, f"`{name}`", _methods(table), f"{1e3 * np.median(seconds[1:]):.0f}"]
            print(f"| {' | '.join(row + _losses(table))} |", flush=True)


def _methods(table: pl.DataFrame) -> str:
    return ", ".join(sorted(set(table["method"]))) or "–"


def _losses(table: pl.DataFrame) -> list[str]:
    """Means of both losses, the interval of their difference over users, and places."""
    if not len(table):
        return ["–"] * 4
    by_user = table.group_by("user", maintain_order=True).agg(
        (pl.col("drop_named") - pl.col("drop_others")).mean()
    )
    differences = by_user["drop_named"].to_numpy()[:, None]
    low, high = interval(mean_replicates(differences, REPLICATES, 0), 0.95)
    named, others, places, of_others = (
        float(table[c].to_numpy().mean())
        for c in ("drop_named", "drop_others", "places_named", "places_others")
    )
    return [
        f"{named:.2f}",
        f"{others:.2f}",
        f"{named - others:.2f} [{low[0]:.2f}, {high[0]:.2f}]",
        f"{places:.0f} and {of_others:.0f}",
    ]


if __name__ == "__main__":
    main()

"""How long explained lists take, and what items lose without what their reasons name.

`PENCHANT_MIRROR=… python benchmarks/explanations.py [MODEL …]` fits a model of each family to
MovieLens 1M, most of them for few epochs, since methods and times hardly depend on that, and prints
a row of a Markdown table for each: where reasons come from, the median milliseconds of processor
time that `explain_lists` takes for ten items and one known user, and, from `explanation_fidelity`,
by how many standard deviations of the user's scores listed items fall further than the median item
without the items that their reasons name, without as many others, and without as many of the
latest, with the 95 % interval over users of the first difference, and the places lost.

`--family order` fits what reads histories in order, with the graph of users and items, to all but
each user's last event, which says how good the models are that are explained: hr@10 of 2,000 users'
last events. `--log FILE --layout adjacency` (or `sequences`) takes another log.
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
    "order": (
        "markov",
        "sequential-rules",
        "fpmc:epochs=4",
        "vs-knn",
        "stan",
        "gru4rec:epochs=4",
        "sasrec:epochs=4",
        "esasrec:epochs=4",
        "sr-gnn:epochs=2",
        "lightgcn:epochs=10",
    ),
}
COLUMNS = (
    "family",
    "model",
    "hr@10",
    "method",
    "ms a list",
    "without reasons",
    "without others",
    "difference",
    "without the latest",
    "places",
)
WITHOUT = ("named", "others", "latest")
REPLICATES = 2000
JUDGED = 2000


def main() -> None:
    """Fit and measure the models named, or one or more of each family."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", metavar="MODEL", help="a name, or with parameters")
    parser.add_argument("--family", choices=FAMILIES)
    parser.add_argument("--log", help="a file; MovieLens 1M otherwise")
    parser.add_argument("--layout")
    parser.add_argument("--users", type=int, default=20)
    parser.add_argument("--timed", type=int, default=12)
    parser.add_argument("--reasons", type=int, default=3)
    args = parser.parse_args()
    asked = {spec.partition(":")[0]: spec for spec in args.models}
    logging.disable(logging.WARNING)
    log = pn.read(args.log, layout=args.layout) if args.log else pn.load("movielens-1m")
    split = pn.split_leave_last_out(log)
    rng = np.random.default_rng(0)
    users = log.users.take(np.sort(rng.choice(log.n_users, args.users, replace=False))).to_list()
    print(
        "| family | model | hr@10 | method | ms a list | without reasons | without others | ",
        end="",
    )
    print("difference | without the latest | places |\n|" + "---|" * 10, flush=True)
    for family, specs in FAMILIES.items():
        for usual in specs:
            name = usual.partition(":")[0]
            if (asked and name not in asked) or args.family not in (None, family):
                continue
            spec = asked[name] if ":" in asked.get(name, "") else usual
            model = make(spec).fit(split.train if family == "order" else log)
            quality = f"{_hit_rate(model, split):.3f}" if family == "order" else "–"
            seconds = []
            for user in [users[0], *users[: args.timed]]:
                start = time.process_time()
                pn.explain_lists(model, [user], 10)
                seconds.append(time.process_time() - start)
            table = pn.explanation_fidelity(model, users, 5, reasons=args.reasons, draws=3)
            row = [family, f"`{spec}`", quality, _methods(table)]
            row.append(f"{1e3 * np.median(seconds[1:]):.0f}")
            print(f"| {' | '.join(row + _losses(table))} |", flush=True)


def _hit_rate(model: pn.Recommender, split: pn.Split) -> float:
    """The share of some users whose last event is among the ten items listed for them."""
    held = split.test
    some = np.sort(
        np.random.default_rng(0).choice(len(held), min(JUDGED, len(held)), replace=False)
    )
    lists, _ = model.top_items(held.histories.take(some), 10)
    return float((lists == held.items[held.offsets[some], None]).any(1).mean())


def _methods(table: pl.DataFrame) -> str:
    return ", ".join(sorted(set(table["method"]))) or "–"


def _losses(table: pl.DataFrame) -> list[str]:
    """Means of the losses, the interval over users of the first difference, and places."""
    if not len(table):
        return ["–"] * 5
    kinds = [f"{what}_{whose}" for what in ("drop", "places") for whose in WITHOUT]
    by_user = table.group_by("user", maintain_order=True).agg(pl.col(kinds).mean())
    differences = (by_user["drop_named"] - by_user["drop_others"]).to_numpy()
    low, high = interval(mean_replicates(differences[:, None], REPLICATES, 0), 0.95)
    named, others, latest, *places = by_user.select(kinds).to_numpy().mean(0).tolist()
    return [
        f"{named:.2f}",
        f"{others:.2f}",
        f"{named - others:.2f} [{low[0]:.2f}, {high[0]:.2f}]",
        f"{latest:.2f}",
        "{:.0f}, {:.0f} and {:.0f}".format(*places),
    ]


if __name__ == "__main__":
    main()

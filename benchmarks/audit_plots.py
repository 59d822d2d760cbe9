"""Draw the figures of docs/audit.md from public data: `python benchmarks/audit_plots.py`.

Data are found through PENCHANT_MIRROR. The curves of detection are drawn from the table in the
page itself, which `audit_detection.py` makes. The same data give the same files.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import polars as pl

import penchant as pn
from audit_drawing import Value, curves, dots
from penchant.auditing import RULES, Finding, Findings
from penchant.data.splits import Split
from penchant.models import EASE, ItemKNN, Random

DOCS = Path(__file__).parents[1] / "docs"
LOGS = {
    "MovieLens 100K": "movielens-100k",
    "MovieLens 1M": "movielens-1m",
    "Amazon Fashion": "amazon-2018/AMAZON_FASHION",
    "Amazon Beauty": "amazon-2018/All_Beauty",
    "Amazon Gift Cards": "amazon-2018/Gift_Cards",
    "Amazon Instruments": "amazon-2014/Musical_Instruments",
    "Book-Crossing": "book-crossing",
}
WAYS: dict[str, Callable[[pn.Dataset], Split]] = {
    "at random": lambda log: pn.split_random(log, validation=0, test=0.2),
    "within each user": lambda log: pn.split_per_user(log, validation=0, test=0.2),
    "each user's last": lambda log: pn.split_leave_last_out(log, validation=False),
    "by time": lambda log: pn.split_by_time(log, validation=0, test=0.2),
}
OF_SPLITS = {
    "same-event": "test events that training has, too",
    "same-pair": "test events whose user had the item before",
    "same-text": "test events whose user wrote the same text before",
    "copies": "test events of a random split that would have a copy in training",
    "trained-on-future": "test events older than the newest training event (of the user, where "
    "split within users)",
    "cold-items": "test events on items that training does not have",
    "ties-in-time": "test events at the very time of a training event of the user",
}
"""Rules that look at splits alone, and what their figure is a share of."""
OUT_OF_PICTURE = -0.1
"""Gains of RMSE below this are left out: such predictions are noise on purpose."""
BARS = {rule.name: (rule.bar.doubtful, rule.bar.wrong) for rule, _ in RULES}


def of(finding: Finding) -> Value | None:
    """The figure with its interval; None where nothing could be looked at."""
    if finding.figure is None:
        return None
    low, high = finding.low, finding.high
    return finding.figure, finding.figure if low is None else low, high or finding.figure


def lines(path: Path) -> pl.DataFrame:
    """A file of one user a line, then the user's items."""
    found = pl.read_csv(path, has_header=False, separator="\n", new_columns=["line"])
    numbers = found.select(pl.col("line").str.strip_chars().str.split(" ").cast(pl.List(pl.Int64)))
    split = numbers.select(user=pl.col("line").list.first(), item=pl.col("line").list.slice(1))
    return split.explode("item").drop_nulls()


def splits(mirror: Path) -> dict[str, dict[str, Findings]]:
    """Audits by data set and way of splitting, as far as a log allows."""
    found: dict[str, dict[str, Findings]] = {}
    for label, name in LOGS.items():
        log = pn.load(name, mirror=mirror)
        ways = WAYS if log.has_times else {"at random": WAYS["at random"]}
        found[label] = {way: pn.audit(split(log)) for way, split in ways.items()}
        print(f"audited {label}", file=sys.stderr)
    return found


def draw_splits(found: Mapping[str, Mapping[str, Findings]], folder: Path) -> Iterator[Path]:
    """A figure for each rule that looks at splits alone."""
    for rule, what in OF_SPLITS.items():
        rows = {
            label: {way: value for way, f in by_way.items() if (value := of(f[rule])) is not None}
            for label, by_way in found.items()
        }
        rows = {label: row for label, row in rows.items() if row}
        if rule == "copies":  # it looks at the whole log, however that is split
            rows = {
                label: {"the whole log": next(iter(row.values()))} for label, row in rows.items()
            }
        yield dots(folder / f"{rule}.svg", f"Share of {what}", rows, BARS[rule], share=True)


def draw_popularity(
    found: Mapping[str, Mapping[str, Findings]], mirror: Path, folder: Path
) -> Path:
    """How far the Gini index of test items is from that of random re-splits."""
    rows = {
        label: {w: v for w, f in by_way.items() if (v := of(f["popularity-shift"])) is not None}
        for label, by_way in found.items()
    }
    given = {"LightGCN's MovieLens 1M": "movielens-1m/lightgcn", "LightGCN's Gowalla": "gowalla"}
    for label, place in given.items():
        files = {part: lines(mirror / place / f"{part}.txt") for part in ("train", "test")}
        value = of(pn.audit(**files)["popularity-shift"])
        rows[label] = {"as published": value} if value else {}
    title = "Distance of the test items' Gini index from that of random re-splits"
    rows = {label: row for label, row in rows.items() if row}
    return dots(folder / "popularity-shift.svg", title, rows, BARS["popularity-shift"])


def draw_lists(mirror: Path, folder: Path) -> Iterator[Path]:
    """What is said of the lists of four recommenders on MovieLens 100K."""
    log = pn.load("movielens-100k", mirror=mirror)
    models = {"ease": EASE(l2=300), "item-knn": ItemKNN(), "by chance": Random(seed=1)}
    rows: dict[str, dict[str, dict[str, Value]]] = {"same-list": {}, "recommended-from-future": {}}
    for way in ("at random", "by time"):
        split = WAYS[way](log)
        users = split.test.histories.users
        lists = {}
        for name, model in models.items():
            fitted = model.clone().fit(split.train)
            known = log.users.take(users)
            lists[name] = fitted.recommend(known, k=10).select("user", "item", "rank")
        shown = split.train.events["item"].value_counts(sort=True).head(10)["item"].to_numpy()
        lists["ten for everyone"] = pl.DataFrame(
            {
                "user": np.repeat(log.users.take(users).to_numpy(), 10),
                "item": np.tile(log.items.take(shown).to_numpy(), len(users)),
            }
        )
        found = pn.audit(split, lists=lists)
        for rule, row in rows.items():
            if rule == "same-list" and way == "by time":
                continue  # most test users are new there, whom all models show the same
            for finding in (f for f in found if f.rule == rule):
                if (value := of(finding)) is not None:
                    row.setdefault(finding.about, {})[way] = value
    titles = {
        "same-list": "Likeness of the ten items shown to different users (1: the same for all)",
        "recommended-from-future": "Share of recommended items first seen after the test events",
    }
    for rule, row in rows.items():
        yield dots(folder / f"{rule}.svg", titles[rule], row, BARS[rule], share=True)


def draw_features(mirror: Path, folder: Path) -> Path:
    """Item means over training rows and over all rows, each named by how many test rows count."""
    split = WAYS["at random"](pn.load("movielens-1m", mirror=mirror))
    frame = split.log.frame().with_columns(held=pl.Series(split.sides == 2))
    drawn = pl.Series(np.random.default_rng(0).random(len(frame)))
    table = None
    for part in (0, 10, 25, 50, 75, 100):
        some = frame.filter(~pl.col("held") | (drawn < part / 100))
        own = some.group_by("item").agg(pl.col("rating").mean().alias(f"{part} % of test rows"))
        table = own if table is None else table.join(own, on="item", how="left")
    found = pn.audit(split, features=table)
    rows = {
        f.about: {"item's mean rating": value}
        for f in found
        if f.rule == "feature-of-test-rows" and (value := of(f)) is not None
    }
    rows = dict(sorted(rows.items(), key=lambda r: float(r[0].split()[0])))
    title = "MovieLens 1M: share of a feature that only test rows explain, by how many it uses"
    bars = BARS["feature-of-test-rows"]
    return dots(folder / "feature-of-test-rows.svg", title, rows, bars, share=True)


def draw_claim(mirror: Path, folder: Path) -> Path:
    """Four published accuracies for one user beside the constant answers."""
    log = pn.load("movielens-1m", mirror=mirror)
    (first,) = log.users.indices(pl.Series([1]))
    mine = log.frame().drop("row").filter(pl.Series(log.events["user"].to_numpy() == first))
    user = pn.Dataset.from_frame(mine, name="user 1", scale=(1, 5))
    published = {"LSTM": 0.8491, "modified LSTM": 0.8691, "RBM": 0.8662, "autoencoder": 0.8320}
    claim = pn.claim(0.8491, on=user, metric="like-accuracy", like=4)
    rows: dict[str, dict[str, Value]] = {n: {"published": (v, v, v)} for n, v in published.items()}
    best = claim.best
    rows[best.name] = {"without learning": (best.value, best.low, best.high)}
    title = f"User 1 of MovieLens 1M, {len(user)} ratings: accuracy of “likes it”"
    return dots(folder / "claim.svg", title, rows, (None, None), share=True, level=best.value)


def draw_others(audited: Path, folder: Path) -> Path:
    """What the predictions of another library gain over the best trivial answer."""
    found = json.loads(audited.read_text(encoding="utf-8"))["findings"]
    rows = {
        f["about"].split(": ")[-1].removesuffix(" (rating)"): {
            "RMSE below the best trivial answer's": (f["figure"], f["low"], f["high"])
        }
        for f in found
        if f["rule"] == "no-better-than-trivial" and f["figure"] > OUT_OF_PICTURE
    }
    title = "Surprise's models on MovieLens 100K (u1): gain over the best trivial answer"
    return dots(folder / "no-better-than-trivial.svg", title, rows, (None, None), level=0.0)


def main() -> None:
    """Draw everything and say what was written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=DOCS / "audit")
    parser.add_argument(
        "--others", type=Path, metavar="FILE", help="audit-predictions.json of audit_others.py"
    )
    args = parser.parse_args()
    if not (name := os.environ.get("PENCHANT_MIRROR")):
        parser.error("PENCHANT_MIRROR is not set: it names the folder that has the public data")
    mirror, folder = Path(name), args.output
    folder.mkdir(parents=True, exist_ok=True)
    written = [
        curves(folder / "detection.svg", (DOCS / "audit.md").read_text(encoding="utf-8")),
        draw_claim(mirror, folder),
        draw_features(mirror, folder),
        *draw_lists(mirror, folder),
    ]
    if args.others:
        written.append(draw_others(args.others, folder))
    found = splits(mirror)
    written += [*draw_splits(found, folder), draw_popularity(found, mirror, folder)]
    for path in written:
        print(f"{path} ({path.stat().st_size:,} bytes)")


if __name__ == "__main__":
    main()

"""Judge the published figures of `claims.toml` by `pn.claim`, and write `claims.jsonl`.

    PENCHANT_MIRROR=folder python benchmarks/claims.py [--data beauty] [--again]

Figures that have been judged are left as they are unless their value or metric has changed, or
`--again` is given. `benchmarks/quality.py --page-only` then writes `docs/leaderboard.md`.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import sys
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import penchant as pn
from penchant.atomic_write import write_text_atomically
from penchant.claims import Claim
from penchant.data.sources import load_split

HERE = Path(__file__).parent
SETTINGS, RESULTS = HERE / "claims.toml", HERE / "claims.jsonl"
LIKES = {"user_1": 4.0, "book_crossing_counts": 8.0}
_RATINGS = (1770, 2759, 5996, 8904, 50974, 36924, 76457, 103736, 67541, 78610)
"""How often each rating from 1 to 10 stands in the published Book-Crossing."""
Claimed = pn.Dataset | pn.Split


def user_1(mirror: Path) -> Claimed:
    """All ratings of the first user of MovieLens 1M, as published for movies."""
    log = pn.where(pn.load("movielens-1m", mirror=mirror, offline=True), pl.col("user") == 1)
    return pn.Dataset.from_frame(log.frame(), name="user 1 of MovieLens 1M", scale=(1, 5))


def book_crossing_counts(mirror: Path) -> Claimed:
    """A log with a tenth of each rating's number: what a test part of a tenth is drawn from."""
    counts = np.asarray(_RATINGS) // 10
    ratings = np.repeat(np.arange(1.0, 11.0), counts)
    frame = pl.DataFrame({"user": 1, "item": np.arange(len(ratings)), "rating": ratings})
    return pn.Dataset.from_frame(frame, name="Book-Crossing's ratings", scale=(1, 10))


def fashion(mirror: Path) -> Claimed:
    """Reviews of fashion, divided at random as published, copies included."""
    log = pn.load("amazon-2018/AMAZON_FASHION", mirror=mirror, offline=True)
    return pn.split_random(log, validation=0, test=0.2)


def ncf(mirror: Path) -> Claimed:
    """Each user's last film among 99 given ones."""
    given = load_split("movielens-1m", "ncf", mirror=mirror, offline=True)
    return pn.split_predefined(given.train, given.test, candidates=given.candidates, name="NCF")


def u1(mirror: Path) -> Claimed:
    """The first of MovieLens 100K's published splits."""
    given = load_split("movielens-100k", "u1", mirror=mirror, offline=True)
    return pn.split_predefined(given.train, given.test, scale=(1, 5), name="MovieLens 100K")


def gowalla(mirror: Path) -> Claimed:
    """Check-ins as LightGCN's authors divided them."""
    train, test = (
        pn.read(mirror / "gowalla" / f"{part}.txt", layout="adjacency").frame()
        for part in ("train", "test")
    )
    return pn.split_predefined(train, test, name="Gowalla")


def beauty(mirror: Path) -> Claimed:
    """Each user's last item."""
    return _last_item(mirror / "amazon-sequences" / "Beauty.txt")


def sports(mirror: Path) -> Claimed:
    """Each user's last item."""
    return _last_item(mirror / "amazon-sequences" / "Sports_and_Outdoors.txt")


def ml_1m_sequences(mirror: Path) -> Claimed:
    """Each user's last film, in the order of SASRec's file."""
    path = mirror / "movielens-1m" / "sasrec_ml-1m.txt"
    log = pn.read(path, header=False, user=0, item=1, order="rows")
    return pn.split_leave_last_out(log)


def ml_1m_ratings(mirror: Path) -> Claimed:
    """A tenth of the ratings, drawn at random."""
    log = pn.load("movielens-1m", mirror=mirror, offline=True)
    return pn.split_random(log, validation=0, test=0.1)


def _last_item(path: Path) -> Claimed:
    return pn.split_leave_last_out(pn.read(path, layout="adjacency"))


DATA: dict[str, Callable[[Path], Claimed]] = {
    each.__name__: each
    for each in (
        user_1, book_crossing_counts, fashion, ncf, u1, gowalla, beauty, sports, ml_1m_sequences,
        ml_1m_ratings,
    )
}  # fmt: skip
"""What figures are judged on, by its name in `claims.toml`."""


def read(settings: Path = SETTINGS, results: Path = RESULTS) -> list[dict[str, Any]]:
    """The figures in the order of the settings, each with its `result` where there is one."""
    claims: list[dict[str, Any]] = tomllib.loads(settings.read_text(encoding="utf-8"))["claim"]
    lines = results.read_text(encoding="utf-8").splitlines() if results.exists() else []
    known = {key(row): row["result"] for row in map(json.loads, lines)}
    return [
        claim | ({"result": known[key(claim)]} if key(claim) in known else {}) for claim in claims
    ]


def key(claim: dict[str, Any]) -> tuple[str | None, str, float]:
    """What a verdict hangs on."""
    return claim.get("data"), claim["metric"], claim["published"]


def judge(claim: dict[str, Any], on: Claimed) -> Claim:
    """What `pn.claim` says of a figure."""
    like = LIKES.get(claim["data"])
    return pn.claim(claim["published"], on=on, metric=claim["metric"], like=like)


def result_of(said: Claim, on: Claimed) -> dict[str, Any]:
    """The verdict on a figure, with all trivial answers and their intervals, the best first."""
    return {
        "verdict": said.verdict,
        "baselines": {
            each.name: [round(value, 5) for value in (each.value, each.low, each.high)]
            for each in said.baselines
        },
        "rows": said.rows,
        "split": on.fingerprint if isinstance(on, pn.Split) else None,
        "version": pn.__version__,
        "date": datetime.date.today().isoformat(),
    }


def main() -> None:
    """Judge what has no verdict yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", action="append", choices=sorted(DATA), help="Again for more.")
    parser.add_argument("--again", action="store_true", help="Judge what has a verdict, too.")
    args = parser.parse_args()
    mirror = os.environ.get("PENCHANT_MIRROR")
    if not mirror:
        parser.error("PENCHANT_MIRROR must name the folder with copies of data sets")
    on = cache(lambda name: DATA[name](Path(mirror)))
    claims, said = read(), {}
    for claim in claims:
        name = claim.get("data")
        if name is None or (args.data and name not in args.data):
            continue
        if args.again or "result" not in claim:
            judged = said.get((name, claim["metric"])) or judge(claim, on(name))
            said[name, claim["metric"]] = judged
            claim["result"] = result_of(judged.of(claim["published"]), on(name))
            print(judged.of(claim["published"]).sentence, file=sys.stderr, flush=True)
            write_text_atomically(lines_of(claims), RESULTS)


def lines_of(claims: list[dict[str, Any]]) -> str:
    """What is kept of figures that have been judged."""
    names = ("data", "metric", "published")
    rows = {
        key(claim): dict(zip(names, key(claim), strict=True)) | {"result": claim["result"]}
        for claim in claims
        if "result" in claim
    }
    return "".join(f"{json.dumps(row)}\n" for row in rows.values())


if __name__ == "__main__":
    main()

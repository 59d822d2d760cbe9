"""Other libraries' models at their defaults, on the splits of `quality.py`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from penchant.data.vocabulary import Vocabulary
from penchant.metrics import NDCG, Ranked
from run import HERE, environment

_K = 10


def figures(
    words: list[str], spec: str, positive: float | None, out: Path, peers: Path, seconds: float
) -> dict[str, Any]:
    """What a peer's lists are worth for the test users of whom something is known.

    Args:
        words: the log as `penchant split` takes it, with its seed.
        spec: library and model, such as `implicit:als`.
        positive: the lowest rating that counts, if not all do.
        out: a folder for the files of the split.
        peers: where the libraries' environments are or are made.
        seconds: the most that fitting and recommending may take.

    Raises:
        RuntimeError: the peer failed; the text is its last line.
        subprocess.TimeoutExpired: it took too long.
    """
    library, _, model = spec.partition(":")
    python = environment(library, peers)
    folder = out / "parts"
    if not folder.exists():
        command = [sys.executable, "-P", "-m", "penchant", "split", *words, "-q", "-o", str(folder)]
        subprocess.run(command, check=True, capture_output=True)
    lists = out / f"{library}-{model}.csv"
    command = [str(python), str(HERE / "peers" / f"{library}_lists.py"), str(folder), model]
    command += [str(lists), *([] if positive is None else ["--positive", str(positive)])]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds)
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["It failed."])[-1])
    reply = json.loads(done.stdout.strip().splitlines()[-1])
    text = {"user": pl.String, "item": pl.String}
    test = pl.read_csv(folder / "test.csv", schema_overrides=text)
    if positive is not None:
        test = test.filter(pl.col("rating") >= positive)
    # As in penchant's own figures: what a user had before can be in no list.
    for part in ("train.csv", "validation.csv"):
        if (folder / part).exists():
            known = pl.read_csv(folder / part, schema_overrides=text)
            test = test.join(known, on=["user", "item"], how="anti")
    table = pl.read_csv(lists, schema_overrides=text)
    value = round(ndcg(table, test), 5)
    return {
        "figures": {"ndcg@10": [value, None, None]},
        "users": table["user"].n_unique(),
        "fit_seconds": reply["fit_seconds"],
        "versions": {library: reply["version"].partition(" ")[2]},
    }


def ndcg(lists: pl.DataFrame, test: pl.DataFrame) -> float:
    """nDCG@10 over the users of the lists, by the metric that judges penchant's own."""
    users = lists.select("user").unique().join(test, on="user", how="semi")["user"].sort()
    items = Vocabulary(pl.concat([lists["item"], test["item"]]).unique().sort())
    place = Vocabulary(users).indices(lists["user"])
    best = np.full((len(users), _K), -1, np.int32)
    kept = (place >= 0) & (lists["rank"] <= _K).to_numpy()
    best[place[kept], lists["rank"].to_numpy()[kept] - 1] = items.indices(lists["item"])[kept]
    relevant = test.join(users.to_frame(), on="user", how="semi").sort("user", "item")
    owner = Vocabulary(users).indices(relevant["user"])
    offsets = np.append(0, np.cumsum(np.bincount(owner, minlength=len(users))))
    ranked = Ranked.of(best, offsets, items.indices(relevant["item"]))
    return float(np.mean(NDCG(_K)(ranked)))

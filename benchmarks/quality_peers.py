"""Other libraries' models at their defaults, on the splits of `quality.py`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

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
    table = pl.read_csv(lists, schema_overrides=text)
    value = round(ndcg(table, test), 5)
    return {
        "figures": {"ndcg@10": [value, None, None]},
        "users": table["user"].n_unique(),
        "fit_seconds": reply["fit_seconds"],
        "versions": {library: reply["version"].partition(" ")[2]},
    }


def ndcg(lists: pl.DataFrame, test: pl.DataFrame) -> float:
    """nDCG@10 with binary relevance, over the users of the lists.

    Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques" (2002), with the
    ideal of as many relevant items as there are, ten at most, as penchant's own.
    """
    relevant = test.select("user", "item").unique()
    hits = lists.filter(pl.col("rank") <= _K).join(relevant, on=["user", "item"])
    gains = hits.group_by("user").agg(dcg=(1 / (pl.col("rank") + 1).log(2)).sum())
    counts = relevant.group_by("user").len().join(lists.select("user").unique(), on="user")
    ideal = np.cumsum(1 / np.log2(np.arange(2, _K + 2)))
    best = ideal[np.minimum(counts["len"].to_numpy(), _K) - 1]
    joined = counts.with_columns(best=best).join(gains, on="user", how="left")
    return float((joined["dcg"].fill_null(0) / joined["best"]).mean())  # type: ignore[arg-type]

"""The best ten of a million items by products of vectors: exactly, by an index, and by a peer.

    python benchmarks/retrieval.py -o out/retrieval.json

Vectors are made up: items and queries lie around the same centres, and their lengths differ, as
those of recommenders do. Times are of one thread, in seconds that it computes
(`time.thread_time`), so that what else runs on the machine does not count. usearch is tried where
it is installed (`pip install usearch==2.26.6`); it finds nearest neighbours, for which vectors get
one more number, as `penchant.retrieval.clustering.unit_vectors` says.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from penchant.atomic_write import write_text_atomically
from penchant.retrieval.clustering import unit_vectors
from penchant.retrieval.index import ListIndex, list_index
from penchant.run import Run
from penchant.typing import Float32, Int32

K = 10
PROBES = (8, 32, 128)  # lists that a query looks at
EXPANSIONS = (32, 128, 512)  # candidates that a search in usearch's graph keeps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--spread", type=float, default=0.4, help="around centres, beside theirs")
    parser.add_argument("--without-peer", action="store_true")
    parser.add_argument("-o", "--output", type=Path, default=Path("out/retrieval.json"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    items, queries = made_up(options.items, options.queries, options.dim, options.spread)
    truth = [set(np.argpartition(-(items @ q), K)[:K].tolist()) for q in queries]
    rows: list[dict[str, Any]] = []

    def add(name: str, search: Callable[[Float32], Any], n_bytes: int, build: float) -> None:
        rows.append(measured(name, search, queries, truth) | {"bytes": n_bytes, "build": build})
        print(line(rows[-1]), flush=True)
        content = {"items": options.items, "dim": options.dim, "rows": rows}
        write_text_atomically(json.dumps(content, indent=1), options.output)

    print("| search | build, s | p50, ms | p99, ms | recall@10 | memory, MB |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, dtype in (("float32", torch.float32), ("float16", torch.float16)):
        table = torch.from_numpy(items).to(dtype)
        add(f"exact, {name}", exact(table), table.nbytes, 0.0)
    table, scale = int8_table(items)
    add("exact, int8", exact_int8(table, scale), table.nbytes + scale.nbytes, 0.0)
    del table, scale
    started = time.thread_time()
    index = list_index(items, np.arange(len(items), dtype=np.int32), seed=0, run=Run(threads=1))
    build = time.thread_time() - started
    own = index.centres.nbytes + index.order.nbytes + index.offsets.nbytes + index.places.nbytes
    for probes in PROBES:
        name = f"index, {probes} of {index.n_lists:,} lists"
        add(name, by_lists(index, probes), items.nbytes + own, build)
    del index
    if importlib.util.find_spec("usearch") and not options.without_peer:
        peer(items, add)


def made_up(n_items: int, n_queries: int, dim: int, spread: float) -> tuple[Float32, Float32]:
    """float32[n_items, dim] and float32[n_queries, dim] around a centre for each 500 items."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((max(1, n_items // 500), dim), np.float32)

    def drawn(n: int) -> Float32:
        noise = rng.standard_normal((n, dim), np.float32) * np.float32(spread)
        around = centres[rng.integers(len(centres), size=n)] + noise
        return np.asarray(around * rng.lognormal(0, 0.25, (n, 1)), np.float32)

    return drawn(n_items), drawn(n_queries)


def measured(
    name: str, search: Callable[[Float32], Any], queries: Float32, truth: list[set[int]]
) -> dict[str, Any]:
    """Times of single queries, and how many of the best items they find."""
    search(queries[0])
    seconds, found = [], 0
    for query, wanted in zip(queries, truth, strict=True):
        started = time.thread_time()
        items = search(query)
        seconds.append(time.thread_time() - started)
        found += len(wanted & set(np.asarray(items).tolist()))
    p50, p99 = np.percentile(seconds, [50, 99]) * 1e3
    return {"search": name, "p50": p50, "p99": p99, "recall": found / (K * len(queries))}


def exact(table: torch.Tensor) -> Callable[[Float32], Any]:
    """All products, and the largest."""
    return lambda q: torch.topk(table @ torch.from_numpy(q).to(table.dtype), K).indices


def int8_table(items: Float32) -> tuple[torch.Tensor, torch.Tensor]:
    """int8[n, dim] and float32[n], each vector in parts of its largest number."""
    table = torch.from_numpy(items)
    scale = table.abs().amax(1) / 127
    return (table / scale[:, None]).round().to(torch.int8), scale


def exact_int8(table: torch.Tensor, scale: torch.Tensor) -> Callable[[Float32], Any]:
    """The same of eight bits, and exact scores of none: what rounding misses is missed."""

    def search(q: Float32) -> Any:
        query = torch.from_numpy(q)
        unit = query.abs().max() / 127
        rounded = (query / unit).round().to(torch.int8)
        products = torch._int_mm(table, rounded[:, None]).flatten()
        return torch.topk(products * scale, K).indices

    return search


def by_lists(index: ListIndex, probes: int) -> Callable[[Float32], Int32]:
    """Penchant's index."""
    ties = np.arange(len(index.places), dtype=np.int32)
    return lambda q: index.search(q, K, probes, ties)[0]


def peer(items: Float32, add: Callable[[str, Callable[[Float32], Any], int, float], None]) -> None:
    """The graph of usearch."""
    from usearch.index import Index

    vectors = unit_vectors(items)
    index = Index(ndim=vectors.shape[1], metric="l2sq", dtype="f32", connectivity=16)
    started = time.process_time()
    index.add(np.arange(len(items), dtype=np.uint64), vectors, threads=1)
    build = time.process_time() - started
    for expansion in EXPANSIONS:
        index.expansion_search = expansion

        def search(q: Float32) -> Any:
            return index.search(np.append(q / np.linalg.norm(q), np.float32(0)), K, threads=1).keys

        add(f"usearch, {expansion} candidates", search, index.memory_usage, build)


def line(row: dict[str, Any]) -> str:
    """A row of the table."""
    return (
        f"| {row['search']} | {row['build']:.0f} | {row['p50']:.2f} | {row['p99']:.2f} | "
        f"{row['recall']:.3f} | {row['bytes'] / 1e6:,.0f} |"
    )


if __name__ == "__main__":
    main()

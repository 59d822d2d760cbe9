"""Memory of each process that trains a network together, with whole tables and with shards of them.

    python benchmarks/sharded_tables.py 1                 # one process with whole tables
    python benchmarks/sharded_tables.py 4 --shard-tables  # four, with a fourth of the rows each

Each process learns `dot` from the same drawn log for an epoch, and writes what its tables take, the
peak of its resident memory until the end of the epoch beyond what it had before the fit, and the
seconds of the epoch; and the first one the peak until it has the model.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import torch
from torch import distributed, multiprocessing

import penchant as pn
from penchant.nn.embedding_rows import RowTable


def main() -> None:
    """Start the processes and print what they say, a line each."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("processes", type=int)
    parser.add_argument("--shard-tables", action="store_true")
    parser.add_argument("--users", type=int, default=2_000_000)
    parser.add_argument("--items", type=int, default=200_000)
    parser.add_argument("--events", type=int, default=2_000_000)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--batch-size", type=int, default=16_384)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "log.parquet"
        _log(options).write_parquet(path)
        work = partial(_work, options, Path(folder))
        multiprocessing.spawn(work, nprocs=options.processes)
        for rank in range(options.processes):
            print((Path(folder) / f"{rank}.json").read_text())


def _log(options: argparse.Namespace) -> pl.DataFrame:
    """Ratings of every user and item: who has which is drawn, and so are the ratings."""
    random = np.random.default_rng(0)
    return pl.DataFrame(
        {
            "user": random.permutation(np.arange(options.events) % options.users),
            "item": random.permutation(np.arange(options.events) % options.items),
            "rating": random.integers(1, 6, options.events),
        }
    )


def _work(options: argparse.Namespace, folder: Path, rank: int) -> None:
    torch.set_num_threads(1)
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    distributed.init_process_group(
        "gloo", f"file://{folder / 'group'}", rank=rank, world_size=options.processes
    )
    log = pn.Dataset.from_frame(pl.read_parquet(folder / "log.parquet"))
    gc.collect()
    _forget_peak()
    before, found = _peak(), {"process": rank}

    def note(row: Mapping[str, float]) -> None:
        tables = [table for table in gc.get_objects() if issubclass(type(table), RowTable)]
        buffers = [buffer.nbytes for table in tables for buffer in table.buffers()]
        found["tables GB"] = round(sum(buffers) / 1e9, 3)
        found["peak of training GB"] = round(_peak() - before, 3)
        found["seconds"] = round(row["seconds"], 1)

    run = pn.Run(threads=1, replica=True, shard_tables=options.shard_tables, callbacks=(note,))
    model = pn.models.make(f"dot:dim={options.dim},epochs=1,batch_size={options.batch_size}")
    if model.fit(log, run=run).is_fitted:
        found["peak of fit GB"] = round(_peak() - before, 3)
        found["loss"] = model.curve_[0]["loss"]
    found["log GB"] = round(before, 3)
    (folder / f"{rank}.json").write_text(json.dumps(found))
    distributed.destroy_process_group()


def _peak() -> float:
    """GB of resident memory, the most since `_forget_peak`."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(fields["VmHWM"].split()[0]) * 1024 / 1e9


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


if __name__ == "__main__":
    main()

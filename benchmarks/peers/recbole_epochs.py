"""Time epochs of RecBole's BPR, NeuMF or LightGCN; prints one JSON line.

Run inside the environment of `recbole.txt`. Everything is RecBole's default but for the sizes and
the size of batches, at which it is faster than at its own.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ.get("BENCH_THREADS", "2")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import argparse
import contextlib
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from epochs import THREADS, arguments, reply
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.trainer import Trainer
from recbole.utils import get_model, init_seed
from recbole_settings import QUIETLY

NAME = "ratings"
COLUMNS = ["user_id:token", "item_id:token", "rating:float", "timestamp:float"]


def settings(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """RecBole's configuration."""
    sizes: dict[str, Any] = {"embedding_size": args.dim}
    if args.model == "neumf":
        sizes = {
            "mf_embedding_size": args.dim,
            "mlp_embedding_size": args.dim,
            "mlp_hidden_size": args.hidden,
            "dropout_prob": 0.0,
        }
    return sizes | {
        "data_path": str(folder),
        "checkpoint_dir": str(folder / "saved"),
        "load_col": {"inter": ["user_id", "item_id"]},
        "train_batch_size": args.batch,
        "train_neg_sample_args": {
            "distribution": "uniform",
            "sample_num": args.negatives,
            "alpha": 1.0,
            "dynamic": False,
            "candidate_num": 0,
        },
        # All but a thousandth, as there has to be something to validate on.
        "eval_args": {
            "split": {"RS": [0.998, 0.001, 0.001]},
            "group_by": None,
            "order": "RO",
            "mode": "full",
        },
        **QUIETLY,
    }


def main() -> None:
    """Train some epochs and print events a second."""
    args = arguments(__doc__, 10_240, "rows, negatives among them")
    torch.set_num_threads(THREADS)
    sys.argv = sys.argv[:1]  # RecBole would read the options as its own
    path = args.path.resolve()
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        folder = Path(name)  # RecBole writes its logs into the working directory
        frame = pd.read_csv(path, sep="::", engine="python", names=COLUMNS, encoding="latin-1")
        if args.events:
            frame = frame.sample(args.events, random_state=0)
        (folder / NAME).mkdir()
        frame.to_csv(folder / NAME / f"{NAME}.inter", sep="\t", index=False)
        kind = {"bpr": "BPR", "neumf": "NeuMF", "lightgcn": "LightGCN"}[args.model]
        config = Config(model=kind, dataset=NAME, config_dict=settings(args, folder))
        init_seed(config["seed"], config["reproducibility"])
        dataset = create_dataset(config)
        train, _, _ = data_preparation(config, dataset)
        trainer = Trainer(config, get_model(kind)(config, train.dataset))
        seconds = []
        for epoch in range(args.epochs):
            start = time.perf_counter()
            trainer._train_epoch(train, epoch)
            seconds.append(time.perf_counter() - start)
    each = statistics.median(seconds)
    reply("recbole", each, len(frame))


if __name__ == "__main__":
    main()
